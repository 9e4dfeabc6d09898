"""Candidate structures: the corners of a space in which the NPV is linear between corners.

For one car and programme the NPV is linear in the principal within a band, and falls by a cent with each cent
of discount, so the best structure is at a band's edge or at an end of the reachable range. Candidates are the
largest and the smallest principal in reach, the one at which cash runs out and discount begins, and the upper
edge of every LTV, PTI and payment band between. If a smaller principal may be worth more, the cent above an
edge is also a candidate: it is the best of the next band.

Shapes: n pairs of a car and a feasible programme, e edges of each, m structures of all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import Pricing, front_gross_cents
from server.finance.cars import Cars
from server.finance.contract import least_discount_cents, owed_before_cash_cents
from server.finance.payment import largest_principal, payments_cents
from server.finance.rounding import WHOLE, Cents
from server.finance.structures import Structures

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
    """Return the candidates of every feasible pair, valued; each is within every limit to the cent."""
    plan, sales = pricing.plan, structures.sales
    car, programme, wanted = _wanted(pricing, structures)
    principal, cash, discount = _reached(pricing, structures, car, wanted)
    # If the cash is fixed, the smallest loan may be missed by a cent.
    lacking = principal < plan.floor[programme]
    if lacking.any():
        car, programme, principal, cash, discount = (
            each[~lacking] for each in (car, programme, principal, cash, discount)
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


def _wanted(pricing: Pricing, structures: Structures) -> tuple[Index, Index, Cents]:
    """Return car, programme and principal of every corner in reach; shape (m,)."""
    sales = structures.sales
    car, programme = structures.feasible.nonzero()
    highest = structures.principal[car, programme][:, None]
    lowest = structures.lowest[car, programme][:, None]
    cash_runs_out = (sales.owed - sales.headroom.cash_max)[car][:, None]
    edges = np.concatenate(
        [
            band_edges(pricing, structures.basis[car, programme], programme),
            _payment_edges(pricing.plan.factors[programme], lowest[:, 0], highest[:, 0]),
            cash_runs_out,
        ],
        axis=1,
    )
    wanted = np.concatenate([highest, edges, lowest], axis=1)
    within = (wanted >= lowest) & (wanted < highest)
    within[:, 0] = True
    pair = within.nonzero()[0]
    return car[pair], programme[pair], wanted[within]


def band_edges(pricing: Pricing, basis: Cents, programme: Index) -> Cents:
    """Return the principals at the upper edges of LTV and PTI bands; shape (n, e).

    Includes the cent above each, if a smaller principal is worth more anywhere.
    """
    ltv = basis[:, None] * pricing.valuation.bands.ltv_edges[:-1] // WHOLE
    edges = np.concatenate([ltv, pricing.pti_principals[programme]], axis=1)
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


def _reached(
    pricing: Pricing, structures: Structures, car: Index, wanted: Cents
) -> tuple[Cents, Cents, Cents]:
    """Return principal, cash and discount that come up to the wanted principals: cash first, and only then
    the least discount. A cent of discount changes the amount owed by a cent or two, so a principal may be a
    cent short if the cash is fixed.
    """
    inputs, sales = pricing.plan.inputs, structures.sales
    owed = sales.owed[car]
    discount = np.full(wanted.shape, inputs.structure.discount_cents, dtype=np.int64)
    owed_most = wanted + sales.headroom.cash_max[car]
    needs = owed > owed_most
    if needs.any():
        which = car[needs]
        price, rebate = sales.price[which], sales.rebate[which]
        discount[needs] = least_discount_cents(inputs, price, rebate, owed_most[needs])
        owed[needs] = owed_before_cash_cents(inputs, price, discount[needs], rebate)
    cash = np.maximum(owed - wanted, sales.headroom.cash_min[car])
    return owed - cash, cash, discount
