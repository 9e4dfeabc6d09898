"""The structures around a quote: the pencil grid of terms and cash, and the frontier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from protocol.money.quotes import FrontierPoint, PaymentBand, QuoteGrid, StressedPoint
from server.finance.architect import (
    PAYMENT_BAND_CENTS,
    Choice,
    best_by_payment_band,
    choices,
    frontier,
    rank_reversals,
    refusal,
    with_cash,
)
from server.finance.limits import Limit
from server.finance.quoting.case import Case

CASH_STEPS = 5
"""The number of cash amounts in a grid that was requested without any."""

CASH_ROUND_CENTS = 100_00


@dataclass(frozen=True, slots=True)
class _Cell:
    """A term with a cash amount: the best structure, or the refusing limit and the structure without it."""

    choice: Choice | None
    binding: str | None
    eligible: bool


def quote_grid(case: Case, terms_months: Sequence[int], cash_down_cents: Sequence[int]) -> QuoteGrid:
    """Return the best structure of the case for each term and each exact amount of cash.

    Empty lists take the structure's own terms, and amounts from its cash down to its maximum. Discount and
    programme stay free in each cell. A cell that only the customer's maximum payment refuses still shows its
    structure, because people pencil above the target and negotiate.
    """
    structure = case.inputs.structure
    terms = list(terms_months or structure.terms_months)
    cash = list(cash_down_cents or _own_cash(structure.cash_down_cents, structure.cash_down_max_cents))
    columns = [_column(case, terms, amount) for amount in cash]
    cells = [[column[row] for column in columns] for row in range(len(terms))]

    def of_chosen(field: str) -> list[list[Any]]:
        return [[getattr(cell.choice, field) if cell.choice else None for cell in row] for row in cells]

    return QuoteGrid(
        terms_months=terms,
        cash_down_cents=cash,
        payment_cents=of_chosen("payment_cents"),
        rate_bp=of_chosen("rate_bp"),
        eligible=[[cell.eligible for cell in row] for row in cells],
        npv_cents=of_chosen("npv_cents"),
        lender=of_chosen("lender"),
        binding=[[cell.binding for cell in row] for row in cells],
    )


def quote_frontier(case: Case) -> tuple[list[StressedPoint], list[PaymentBand]]:
    """Return the structures that no other beats in both payment and NPV, by rising payment, and the best
    structure of each payment band; both empty if the car has none.

    Each point counts the points with lower NPV that are worth more under stress.
    """
    pricing = case.pricing
    if pricing is None:
        return [], []
    bands = [
        PaymentBand(over_cents=highest - PAYMENT_BAND_CENTS, to_cents=highest, best=frontier_point(best))
        for highest, best in best_by_payment_band(pricing, case.car).items()
    ]
    points = frontier(pricing, case.car)
    npvs = [point.npv_cents for point in points if point.npv_cents is not None]
    stressed = [point.stress_npv_cents for point in points if point.stress_npv_cents is not None]
    if len(npvs) < len(points):
        return [StressedPoint(**_shown(point)) for point in points], bands
    passed = rank_reversals(npvs, stressed)
    return [
        StressedPoint(**_shown(point), passed_by=by) for point, by in zip(points, passed, strict=True)
    ], bands


def _own_cash(least: int, most: int | None) -> list[int]:
    """Return amounts from the least to the most cash, those between rounded to hundreds of dollars."""
    span = 0 if most is None else most - least
    steps = [
        least + span * step // (CASH_STEPS - 1) // CASH_ROUND_CENTS * CASH_ROUND_CENTS
        for step in range(CASH_STEPS - 1)
    ]
    return sorted({*steps, least + span})


def _column(case: Case, terms: list[int], cash_cents: int) -> list[_Cell]:
    """Return each term's best structure at this cash, or what refuses it."""
    best = _best_by_term(case, terms, cash_cents)
    refused = {term: _refusal(case.under(term_months=term), cash_cents) for term in terms if term not in best}
    above = [term for term, limit in refused.items() if limit == Limit.PAYMENT_MAX.wire]
    over = _best_by_term(case.under(payment_max_cents=None), above, cash_cents) if above else {}
    return [
        _Cell(over.get(term), refused[term], eligible=False)
        if term in refused
        else _Cell(best[term], best[term].binding, eligible=True)
        for term in terms
    ]


def _best_by_term(case: Case, terms: list[int], cash_cents: int) -> dict[int, Choice]:
    pricing = case.under(term_months=None, terms_months=terms).pricing
    best: dict[int, Choice] = {}
    for choice in choices(with_cash(pricing, cash_cents), case.car) if pricing else []:
        best.setdefault(choice.term_months, choice)
    return best


def _refusal(case: Case, cash_cents: int) -> str | None:
    if case.pricing is None:
        return case.plan.empty.wire
    # No fix is computed for a cell: the grid around it shows that.
    found = refusal(replace(with_cash(case.pricing, cash_cents), wider={}), case.car)
    return found.binding if found else None


def frontier_point(choice: Choice) -> FrontierPoint:
    """Return a choice as the wire shows it."""
    return FrontierPoint(**_shown(choice))


def _shown(choice: Choice) -> dict[str, Any]:
    # Some screens show a score instead of an NPV; it is not computed here.
    names = (name for name in FrontierPoint.__struct_fields__ if name != "score")
    fields = {name: getattr(choice, name) for name in names}
    fields["excluded_rebates"] = list(choice.excluded_rebates) or None
    return {name: value for name, value in fields.items() if value is not None}
