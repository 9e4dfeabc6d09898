"""The cells of a grid of one programme: cash and discount are given, so each has one structure."""

from dataclasses import dataclass, replace

import numpy as np

from server.finance.architect import Choice, Pricing
from server.finance.architect.candidates import Candidates, Wanted, build_at
from server.finance.limits import Limit
from server.finance.quoting.case import Case
from server.finance.rounding import HUNDREDTHS
from server.finance.structures import Headroom, Structures, build_structures


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


def family_cells(case: Case, terms: list[int], cash: list[int]) -> list[list[Cell]]:
    """Return for each cash the cells of the terms, by the one programme and the discount of the case."""
    cells = _priced(case, terms, cash)
    if case.inputs.structure.payment_max_cents is None:
        return cells
    free = _priced(case.under(payment_max_cents=None), terms, cash)
    return [
        [
            replace(other, binding=cell.binding, eligible=False)
            if cell.binding == Limit.PAYMENT_MAX.wire and not cell.eligible
            else cell
            for cell, other in zip(column, others, strict=True)
        ]
        for column, others in zip(cells, free, strict=True)
    ]


def _priced(case: Case, terms: list[int], cash: list[int]) -> list[list[Cell]]:
    pricing = case.pricing
    if pricing is None:
        return [[Cell(case.plan.empty.wire, eligible=False) for _ in terms] for _ in cash]
    # One row for each amount of cash, as if each were a car of its own.
    rows = case.car.at(np.zeros(len(cash), dtype=np.intp))
    amount = np.array(cash, dtype=np.int64)
    discount = np.full(len(cash), case.inputs.structure.discount_cents, dtype=np.int64)
    structures = build_structures(pricing.plan, rows, Headroom(amount, amount, discount))
    row, programme = structures.feasible.nonzero()
    wanted = Wanted(row, programme, structures.principal[row, programme], np.zeros(len(row), dtype=np.bool_))
    made = build_at(pricing, rows, structures, wanted)
    known = bool(case.car.cost_known.all())
    place = {pair: number for number, pair in enumerate(zip(row.tolist(), programme.tolist(), strict=True))}
    offered = pricing.plan.programmes.takes_rate
    of_term: dict[int, list[int]] = {}
    for number, months in enumerate(pricing.plan.programmes.term.tolist()):
        if offered[number]:
            of_term.setdefault(months, []).append(number)

    def applied(column: int, term: int) -> int | None:
        """Return the row that applies to a cell; if none does, the first that says why."""
        rows = of_term.get(term, [])
        return next((row for row in rows if structures.feasible[column, row]), rows[0] if rows else None)

    return [
        [
            _cell(pricing, structures, made, (column, applied(column, term)), place, known=known)
            for term in terms
        ]
        for column in range(len(cash))
    ]


def _cell(
    pricing: Pricing,
    structures: Structures,
    made: Candidates,
    pair: tuple[int, int | None],
    place: dict[tuple[int, int], int],
    *,
    known: bool,
) -> Cell:
    column, programme = pair
    if programme is None:
        return Cell(Limit.TERM.wire, eligible=False)
    limit = Limit(int(structures.limit[column, programme])).wire
    number = place.get((column, programme))
    if number is None:
        return Cell(limit, eligible=False)
    npv = int(made.npv[number])
    if npv < pricing.plan.inputs.npv_floor_cents:
        return Cell(Limit.NPV_FLOOR.wire, eligible=False)
    return Cell(
        limit,
        eligible=True,
        payment_cents=int(made.payment[number]),
        principal_cents=int(made.principal[number]),
        npv_cents=npv if known else None,
        discount_cents=int(made.discount[number]),
        rate_bp=float(pricing.plan.sell_rate[programme]) / HUNDREDTHS,
        lender=str(pricing.plan.programmes.lender[programme]),
    )
