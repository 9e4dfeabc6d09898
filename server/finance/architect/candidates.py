"""Candidate structures: the corners of a space in which the NPV is linear between corners.

For one car and programme the NPV is linear in the principal within a band, and falls by a cent with each cent
of discount, so the best structure is at a band's edge or at an end of the reachable range. Candidates are the
largest and the smallest principal in reach, the one at which cash runs out and discount begins, the upper
edge of every LTV, PTI and payment band between, and both edges of what a cheaper row of the lender lends. A
reserve that the lender caps bends the value at one more principal. If a smaller principal may be worth more,
the cent above an edge is also a candidate: it is the best of the next band.

Found cash is a whole number of the store's steps, or the customer's own least or most. It is rounded so that
the principal stays on the wanted side of its edge; if no step lies within the limits, the cash is exact.

Shapes: n pairs of a car and a feasible programme, e edges of each, m structures of all.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import Pricing, front_gross_cents
from server.finance.cars import Cars
from server.finance.contract import owed_before_cash_cents
from server.finance.payment import largest_principal, payments_cents
from server.finance.rounding import WHOLE, Cents, Flags
from server.finance.rules.cheapest import gap_edges, is_covered
from server.finance.structures import Structures, reach

PAYMENT_BAND_CENTS = 50_00
"""The width of the payment bands; an upper edge belongs to its band."""

MAX_PAYMENT_BANDS = 400
"""The most bands below a structure's highest payment: $20,000 a month. The bands of a car for millions, paid
over a few months, would exhaust memory.
"""

Index = NDArray[np.intp]


class Wanted(NamedTuple):
    """Principals to be reached, of shape (m,) in cents, for feasible pairs. At a ``lower_end`` a smaller
    principal would leave the band, at others a larger one.
    """

    car: Index
    programme: Index
    principal: Cents
    lower_end: Flags


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

    def at(self, index: NDArray[Any]) -> "Candidates":
        """Return some of them, by number or mark."""
        return self._of(lambda name: getattr(self, name)[index])

    def joined(self, other: "Candidates") -> "Candidates":
        """Return these and then the others."""
        return self._of(lambda name: np.concatenate([getattr(self, name), getattr(other, name)]))

    def _of(self, column: Callable[[str], NDArray[Any]]) -> "Candidates":
        return Candidates(**{each.name: column(each.name) for each in fields(self)})


class Reached(NamedTuple):
    """The amounts of structures of some pairs, in cents; shape (m,)."""

    car: Index
    programme: Index
    principal: Cents
    cash: Cents
    discount: Cents


def build_candidates(pricing: Pricing, cars: Cars, structures: Structures) -> Candidates:
    """Return the candidates of every feasible pair, valued; each is within every limit to the cent, and no
    cheaper row of its lender fits.
    """
    reached = _reached(pricing, structures, _wanted(pricing, structures))
    enough = may_be_offered(structures, reached)
    if not enough.all():
        place = np.flatnonzero(enough)
        reached = Reached(*(each.take(place) for each in reached))
    return _valued(pricing, cars, structures, reached)


def build_at(pricing: Pricing, cars: Cars, structures: Structures, wanted: Wanted) -> Candidates:
    """Return the valued structures that come nearest to the wanted principals of feasible pairs; shape (m,).

    If the cash is fixed, the smallest loan may be missed by a cent.
    """
    return _valued(pricing, cars, structures, _reached(pricing, structures, wanted))


def may_be_offered(structures: Structures, made: Candidates | Reached) -> Flags:
    """Return which structures are in the range of their pair, and no cheaper row lends them; shape (m,)."""
    pair, covered = structures.pairs(made.car, made.programme), structures.covered
    marks: Flags = made.principal >= structures.floor.take(pair)
    if len(covered.low):
        marks &= made.principal <= structures.principal.take(pair)
        marks &= ~is_covered(covered, pair, made.principal)
    return marks


def _valued(pricing: Pricing, cars: Cars, structures: Structures, reached: Reached) -> Candidates:
    plan, (car, programme, principal, cash, discount) = pricing.plan, reached
    payment = payments_cents(principal, plan.factors.take(programme))
    basis = structures.basis.take(structures.pairs(car, programme))
    band = band_of(pricing, principal, payment, basis)
    front = front_gross_cents(plan.inputs, cars, structures.sales.price, 0).take(car) - discount
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


def _wanted(pricing: Pricing, structures: Structures) -> Wanted:
    """Return car, programme and principal of every corner in reach, and whether the principal is the lower
    end of its range, so that it may be exceeded but not missed, and cash is rounded down; shape (m,).

    The corners of a pair are in the order of ``parts``.
    """
    sales, plan = structures.sales, pricing.plan
    car, programme = structures.feasible.nonzero()
    place = structures.pairs(car, programme)
    highest, lowest = structures.principal.take(place), structures.lowest.take(place)
    least, most = structures.least_tried.take(place), structures.most_tried.take(place)
    every = np.arange(len(car))
    edges = band_edges(pricing, structures.basis.take(place), programme)
    pair, dearest = _payment_edges(plan.factors.take(programme), lowest, highest)
    cash_runs_out = sales.owed.take(place) - sales.headroom.cash_max.take(car)
    below, above = gap_edges(structures.covered, place)

    def columns(*some: Cents) -> tuple[Index, Cents]:
        table = np.column_stack(some)
        return np.repeat(every, table.shape[1]), table.ravel()

    parts = [columns(edges), (pair, dearest), columns(cash_runs_out, below)]
    upper = len(parts)
    if falls_anywhere(pricing):
        parts += [columns(edges + 1), (pair, dearest + 1)]
    parts.append(columns(lowest, above))
    every = np.flatnonzero(highest <= most)
    bottom, top = np.maximum(lowest, least), np.minimum(highest, most + 1)
    inside = [_between(part, bottom, top) for part in parts]
    numbers = np.concatenate([every, *(number for number, _ in inside)])
    principal = np.concatenate([highest.take(every), *(wanted for _, wanted in inside)])
    lower_end = np.zeros(len(numbers), dtype=np.bool_)
    lower_end[len(every) + sum(len(number) for number, _ in inside[:upper]) :] = True
    order = np.argsort(numbers, kind="stable")
    numbers = numbers.take(order)
    return Wanted(car.take(numbers), programme.take(numbers), principal.take(order), lower_end.take(order))


def _between(part: tuple[Index, Cents], lowest: Cents, highest: Cents) -> tuple[Index, Cents]:
    """Return the numbers and principals that lie below the highest principal of their pair, and not below the
    lowest.
    """
    pair, wanted = part
    inside = np.flatnonzero((wanted >= lowest.take(pair)) & (wanted < highest.take(pair)))
    return pair.take(inside), wanted.take(inside)


def falls_anywhere(pricing: Pricing) -> bool:
    """Return whether a smaller principal is worth more with any programme in any band."""
    return bool((pricing.valuation.slope < 0).any())


def band_edges(pricing: Pricing, basis: Cents, programme: Index) -> Cents:
    """Return the principals at the upper edges of LTV and PTI bands, and where a reserve reaches its cap;
    shape (n, e).
    """
    ltv = basis[:, None] * pricing.valuation.bands.ltv_edges[:-1] // WHOLE
    edges = np.concatenate([ltv, pricing.pti_principals[programme]], axis=1)
    capped = pricing.valuation.capped_from
    if capped is None:
        return edges
    return np.concatenate([edges, capped[programme][:, None] + [0, 1]], axis=1)


def band_of(pricing: Pricing, principal: Cents, payment: Cents, basis: Cents) -> NDArray[np.int64]:
    """Return the number of the risk band; if the income is not known, that of the highest PTI."""
    income = np.asarray(pricing.plan.inputs.monthly_income_cents or 0, dtype=np.int64)
    return pricing.valuation.bands.index_of(principal, basis, payment, income)


def _payment_edges(factors: NDArray[np.float64], lowest: Cents, highest: Cents) -> tuple[Index, Cents]:
    """Return the largest principals of the payment bands between two principals, the dearest first, at most
    MAX_PAYMENT_BANDS of a pair; and before them the numbers of their pairs.
    """
    top = payments_cents(highest, factors) // PAYMENT_BAND_CENTS
    reach = top - payments_cents(lowest, factors) // PAYMENT_BAND_CENTS
    count = np.clip(reach + 1, 0, MAX_PAYMENT_BANDS)
    pair = np.repeat(np.arange(len(factors)), count)
    edges = (top + np.cumsum(count) - count).take(pair) - np.arange(len(pair))
    return pair, largest_principal(edges * PAYMENT_BAND_CENTS, factors.take(pair))


def _reached(pricing: Pricing, structures: Structures, wanted: Wanted) -> Reached:
    """Return the structures at the wanted principals, the cash in whole steps."""
    plan, sales = pricing.plan, structures.sales
    car, programme = wanted.car, wanted.programme
    principal, cash, discount = reach(plan, structures, car, programme, wanted.principal)
    short = wanted.lower_end & (principal < wanted.principal)
    if len(structures.covered.low) and short.any():
        # A cent less of discount gives the next larger principal.
        which = car[short]
        discount[short] -= 1
        price, rebate = sales.price[which], sales.rebate[which, programme[short]]
        owed = owed_before_cash_cents(plan.inputs, price, discount[short], rebate)
        cash[short] = sales.headroom.cash_max[which]
        principal[short] = owed - cash[short]
    if plan.inputs.cash_step_cents > 1:
        owed = principal + cash
        cash = _stepped(pricing, structures, wanted, owed, cash)
        principal = owed - cash
    return Reached(car, programme, principal, cash, discount)


def _stepped(pricing: Pricing, structures: Structures, wanted: Wanted, owed: Cents, cash: Cents) -> Cents:
    """Return cash in whole steps, or the customer's own least or most: the smallest above ``cash``, or the
    largest below it where the principal is the lower end of its range. If that breaks a limit, the other; if
    both do, ``cash`` itself.
    """
    step, car = pricing.plan.inputs.cash_step_cents, wanted.car
    pair = structures.pairs(car, wanted.programme)
    least, most = structures.cash_min.take(pair), structures.sales.headroom.cash_max.take(car)
    smallest, largest = structures.floor.take(pair), structures.principal.take(pair)
    up = np.minimum(-(-cash // step) * step, most)
    down = np.maximum(cash // step * step, least)
    first = np.where(wanted.lower_end, down, up)
    left = owed - first
    stepped = np.where(cash == least, cash, first)
    odd = np.flatnonzero(((left < smallest) | (left > largest)) & (cash != least))
    if odd.size:
        second = np.where(wanted.lower_end, up, down).take(odd)
        left = owed.take(odd) - second
        fits = (left >= smallest.take(odd)) & (left <= largest.take(odd))
        stepped[odd] = np.where(fits, second, cash.take(odd))
    return stepped
