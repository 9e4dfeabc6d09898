"""The cells of a grid of one programme: cash and discount are given, so each row of it has one structure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from protocol.money.lending import Programme
from server.finance.architect import Choice, Pricing
from server.finance.architect.space.candidates import Candidates, build_at
from server.finance.architect.space.corners import upper_ends
from server.finance.architect.space.pairs import Pairs
from server.finance.loans.structures import Headroom, Structures, build_structures
from server.finance.quoting.case import Case
from server.finance.rounding import HUNDREDTHS
from server.finance.rules.limits import Limit


@dataclass(frozen=True, slots=True)
class Cell:
    """A term with a cash amount: its structure, or the refusing limit and, if that is only the customer's
    maximum payment, the structure without it.
    """

    binding: str | None
    eligible: bool
    payment_cents: int | None = None
    principal_cents: int | None = None
    npv_cents: int | None = None
    discount_cents: int | None = None
    rate_bp: float | None = None
    lender: str | None = None

    @classmethod
    def of(cls, choice: Choice | None, binding: str | None, *, eligible: bool) -> "Cell":
        """Return the cell of a choice."""
        if choice is None:
            return cls(binding, eligible)
        return cls(
            binding,
            eligible,
            payment_cents=choice.payment_cents,
            principal_cents=choice.principal_cents,
            npv_cents=choice.npv_cents,
            discount_cents=choice.discount_cents,
            rate_bp=choice.rate_bp,
            lender=choice.lender,
        )


@dataclass(frozen=True, slots=True)
class Way:
    """A cell by one row of the rate sheet, with its payment in cents."""

    row: Programme
    payment: int
    cell: Cell


@dataclass(frozen=True, slots=True)
class Place:
    """What the programme's rows make of a cell: the ways, from the best NPV down, or ``refused`` if there are
    none. ``limits`` are what refuses each row of the term, None where nothing does.
    """

    ways: tuple[Way, ...]
    refused: str | None
    limits: tuple[tuple[Programme, str | None], ...] = ()

    def limit_of(self, row: Programme) -> str:
        """Return why a row does not apply here: it has no such term, its limit, or a cheaper rate."""
        limit = next((limit for each, limit in self.limits if each == row), Limit.TERM.wire)
        return limit or Limit.RATE.name.lower()


def family_places(case: Case, terms: Sequence[int], cash: Sequence[int]) -> list[list[Place]]:
    """Return for each cash the places of the terms, by the one programme and the discount of the case."""
    places = _places(case, terms, cash)
    if case.inputs.structure.payment_max_cents is None:
        return places
    free = _places(case.under(payment_max_cents=None), terms, cash)
    return [
        [_above(place, other) for place, other in zip(column, others, strict=True)]
        for column, others in zip(places, free, strict=True)
    ]


def _above(place: Place, free: Place) -> Place:
    """Return a place that only the customer's maximum payment refuses with the structures above it."""
    over = Limit.PAYMENT_MAX.wire
    if place.ways or place.refused != over:
        return place
    ways = (replace(way, cell=replace(way.cell, binding=over, eligible=False)) for way in free.ways)
    return replace(free, ways=tuple(ways), refused=over)


def _places(case: Case, terms: Sequence[int], cash: Sequence[int]) -> list[list[Place]]:
    pricing = case.pricing
    if pricing is None:
        return [[Place((), case.plan.empty.wire) for _ in terms] for _ in cash]
    # One row for each amount of cash, as if each were a car of its own.
    cars = case.car.at(np.zeros(len(cash), dtype=np.intp))
    amount = np.array(cash, dtype=np.int64)
    discount = np.full(len(cash), case.inputs.structure.discount_cents, dtype=np.int64)
    structures = build_structures(pricing.plan, cars, Headroom(amount, amount, discount))
    pairs = Pairs.feasible(pricing, cars, structures)
    made = build_at(pricing, pairs, upper_ends(np.arange(len(pairs)), pairs.highest))
    known = bool(case.car.cost_known.all())
    ways: dict[tuple[int, int], list[Way]] = {}
    for at in np.lexsort((made.payment, -made.npv)).tolist():
        if made.npv[at] >= pricing.plan.inputs.npv_floor_cents:
            term = int(pricing.plan.programmes.term[made.programme[at]])
            ways.setdefault((int(made.car[at]), term), []).append(
                _way(pricing, structures, made, at, known=known)
            )
    of_term = {term: _offered(pricing, term) for term in terms}
    return [
        [_place(pricing, structures, place, of_term[term], ways.get((place, term), [])) for term in terms]
        for place in range(len(cash))
    ]


def _offered(pricing: Pricing, term: int) -> list[int]:
    """Return the numbers of the rows that may be offered at a term."""
    programmes = pricing.plan.programmes
    numbers: list[int] = np.flatnonzero(programmes.takes_rate & (programmes.term == term)).tolist()
    return numbers


def _place(
    pricing: Pricing, structures: Structures, column: int, numbers: list[int], ways: list[Way]
) -> Place:
    if not numbers:
        return Place((), Limit.TERM.wire)
    feasible = structures.feasible[column]
    limits = {number: Limit(int(structures.limit[column, number])).wire for number in numbers}
    nearest = min(numbers, key=lambda number: int(structures.shortfall[column, number]))
    return Place(
        tuple(ways),
        Limit.NPV_FLOOR.wire if any(feasible[number] for number in numbers) else limits[nearest],
        tuple(
            (pricing.plan.programmes.row[number], None if feasible[number] else limit)
            for number, limit in limits.items()
        ),
    )


def _way(pricing: Pricing, structures: Structures, made: Candidates, at: int, *, known: bool) -> Way:
    number, payment = int(made.programme[at]), int(made.payment[at])
    programmes = pricing.plan.programmes
    cell = Cell(
        Limit(int(structures.limit[made.car[at], number])).wire,
        eligible=True,
        payment_cents=payment,
        principal_cents=int(made.principal[at]),
        npv_cents=int(made.npv[at]) if known else None,
        discount_cents=int(made.discount[at]),
        rate_bp=float(pricing.plan.sell_rate[number]) / HUNDREDTHS,
        lender=str(programmes.lender[number]),
    )
    return Way(programmes.row[number], payment, cell)
