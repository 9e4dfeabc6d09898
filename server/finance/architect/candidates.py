"""Candidate structures: the corners of a space in which the NPV is linear between corners.

For one car and programme the NPV is linear in the principal within a band, and falls by a cent with each cent
of discount, so the best structure is at a band's edge or at an end of the reachable range. Candidates are the
largest and the smallest principal in reach, the one at which cash runs out and discount begins, the upper
edge of every LTV, PTI and payment band between, and both edges of what a cheaper row of the lender lends. A
reserve that the lender caps bends the value at one more principal. If a smaller principal may be worth more,
the cent above an edge is also a candidate: it is the best of the next band.

Shapes: n pairs of a car and a feasible programme, e edges of each, m structures of all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import Pricing, front_gross_cents
from server.finance.cars import Cars
from server.finance.cheapest import gap_edges, is_covered
from server.finance.contract import owed_before_cash_cents
from server.finance.payment import largest_principal, payments_cents
from server.finance.plan import Plan
from server.finance.rounding import WHOLE, Cents, Flags
from server.finance.structures import Structures, reach

PAYMENT_BAND_CENTS = 50_00
"""The width of the payment bands; an upper edge belongs to its band."""

MAX_PAYMENT_BANDS = 400
"""The most bands below a structure's highest payment: $20,000 a month. The bands of a car for millions, paid
over a few months, would exhaust memory.
"""

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Structures of shape (m,) in cents, ordered by car, then sheet; within a pair the largest loan comes
    first.

    ``car`` and ``programme`` are indices, ``band`` that of the risk band. ``npv`` includes the front gross.
    """

    car: Index
    programme: Index
    principal: Cents
    cash: Cents
    discount: Cents
    payment: Cents
    band: NDArray[np.int64]
    front_gross: Cents
    npv: Cents

    def __len__(self) -> int:
        return len(self.car)


def build_candidates(pricing: Pricing, cars: Cars, structures: Structures) -> Candidates:
    """Return the candidates of every feasible pair, valued; each is within every limit to the cent, and no
    cheaper row of its lender fits.
    """
    plan, sales = pricing.plan, structures.sales
    wanted = _wanted(pricing, structures)
    car, programme = wanted.car, wanted.programme
    principal, cash, discount = _reached(plan, structures, wanted)
    # If the cash is fixed, the smallest loan may be missed by a cent.
    dropped = principal < structures.floor[car, programme]
    if plan.cheaper.shape[1]:
        dropped |= principal > structures.principal[car, programme]
        dropped |= is_covered(plan.cheaper, structures.lent, car, programme, principal)
    if dropped.any():
        car, programme, principal, cash, discount = (
            each[~dropped] for each in (car, programme, principal, cash, discount)
        )
    payment = payments_cents(principal, plan.factors[programme])
    band = band_of(pricing, principal, payment, structures.basis[car, programme])
    front = front_gross_cents(plan, cars, sales.price, 0)[car] - discount
    return Candidates(
        car=car,
        programme=programme,
        principal=principal,
        cash=cash,
        discount=discount,
        payment=payment,
        band=band,
        front_gross=front,
        npv=pricing.valuation.npv_cents(programme, band, principal) + front,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """Principals to be reached, shape (m,); ``at_least`` marks those that may be exceeded but not missed."""

    car: Index
    programme: Index
    principal: Cents
    at_least: Flags


def _wanted(pricing: Pricing, structures: Structures) -> _Wanted:
    """Return car, programme and principal of every corner in reach."""
    sales, plan = structures.sales, pricing.plan
    car, programme = structures.feasible.nonzero()
    highest = structures.principal[car, programme][:, None]
    lowest = structures.lowest[car, programme][:, None]
    cash_runs_out = (sales.owed[car, programme] - sales.headroom.cash_max[car])[:, None]
    corners = [
        highest,
        band_edges(pricing, structures.basis[car, programme], programme),
        _payment_edges(plan.factors[programme], lowest[:, 0], highest[:, 0]),
        cash_runs_out,
    ]
    if plan.cheaper.shape[1]:
        below, above = gap_edges(plan.cheaper, structures.lent, car, programme)
        corners += [below, lowest, above]
        exceeded = above.shape[1] + 1
    else:
        corners.append(lowest)
        exceeded = 0
    wanted = np.concatenate(corners, axis=1)
    within = (wanted >= lowest) & (wanted < highest)
    within[:, 0] = True
    pair, column = within.nonzero()
    at_least = column >= wanted.shape[1] - exceeded
    return _Wanted(car[pair], programme[pair], wanted[within], at_least)


def band_edges(pricing: Pricing, basis: Cents, programme: Index) -> Cents:
    """Return the principals at the upper edges of LTV and PTI bands, and where a reserve reaches its cap;
    shape (n, e).

    Includes the cent above each, if a smaller principal is worth more anywhere.
    """
    ltv = basis[:, None] * pricing.valuation.bands.ltv_edges[:-1] // WHOLE
    edges = np.concatenate([ltv, pricing.pti_principals[programme]], axis=1)
    capped = pricing.valuation.capped_from
    if capped is not None:
        edges = np.concatenate([edges, capped[programme][:, None] + [0, 1]], axis=1)
    falls = (pricing.valuation.slope < 0).any()
    return np.concatenate([edges, edges + 1], axis=1) if falls else edges


def band_of(pricing: Pricing, principal: Cents, payment: Cents, basis: Cents) -> NDArray[np.int64]:
    """Return the number of the risk band; if the income is not known, that of the highest PTI."""
    income = np.asarray(pricing.plan.inputs.monthly_income_cents or 0, dtype=np.int64)
    return pricing.valuation.bands.index_of(principal, basis, payment, income)


def _payment_edges(factors: NDArray[np.float64], lowest: Cents, highest: Cents) -> Cents:
    """Return the largest principal of the payment bands between two principals, from the dearest
    MAX_PAYMENT_BANDS; shape (n, bands).
    """
    if not len(factors):
        return np.empty((0, 0), dtype=np.int64)
    top = payments_cents(highest, factors) // PAYMENT_BAND_CENTS
    reach = top - payments_cents(lowest, factors) // PAYMENT_BAND_CENTS
    count = min(int(reach.max()) + 1, MAX_PAYMENT_BANDS)
    edges = (top[:, None] - np.arange(count)) * PAYMENT_BAND_CENTS
    return largest_principal(edges, factors[:, None])


def _reached(plan: Plan, structures: Structures, wanted: _Wanted) -> tuple[Cents, Cents, Cents]:
    """Return principal, cash and discount of the wanted principals."""
    car, programme = wanted.car, wanted.programme
    principal, cash, discount = reach(plan, structures, car, programme, wanted.principal)
    short = wanted.at_least & (principal < wanted.principal)
    if short.any():
        # A cent less of discount gives the next larger principal.
        sales, which = structures.sales, car[short]
        discount[short] -= 1
        price, rebate = sales.price[which], sales.rebate[which, programme[short]]
        owed = owed_before_cash_cents(plan.inputs, price, discount[short], rebate)
        cash[short] = np.maximum(sales.headroom.cash_max[which], structures.cash_min[which, programme[short]])
        principal[short] = owed - cash[short]
    return principal, cash, discount
