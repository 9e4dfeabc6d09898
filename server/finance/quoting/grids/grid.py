"""The pencil grid: terms by cash down, of one programme and one discount, or of the best in each cell.

With one programme and one discount a payment never rises with the cash or the term. A cell that the programme
does not take, or only by a row that would raise the payment, is not eligible: no other lender and no other
discount steps in.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from protocol.money.quotes import GridLender, QuoteGrid
from server.finance.architect import Choice, choices, refusal, with_cash
from server.finance.exact.schedule import Accrual, total_of_payments
from server.finance.loans.structures import build_structures
from server.finance.quoting.case import Case
from server.finance.quoting.grids.axes import GridQuestion, cash_columns
from server.finance.quoting.grids.cells import Cell, family_places
from server.finance.quoting.grids.falling import falling_cells
from server.finance.rounding import HUNDREDTHS, hundredths_of_bp
from server.finance.rules.limits import Limit

_OTHER_CARS = (
    Limit.MILEAGE,
    Limit.MODEL_YEAR,
    Limit.LTV_BASIS,
    Limit.NEW_USED,
    Limit.MILEAGE_MIN,
    Limit.MODEL_YEAR_MAX,
)
"""The limits of a programme that never takes the car, whatever the structure."""


def quote_grid(case: Case, asked: GridQuestion, offered: Choice | None) -> QuoteGrid:
    """Return the grid around an offer: its programme at its discount, or what ``asked`` names.

    Empty lists take the structure's own terms, and cash in the store's steps from its cash down to beyond its
    maximum. A cell that only the customer's maximum payment refuses still shows its structure, because people
    pencil above the target and negotiate. Without an offer, and for ``asked.best``, each cell has the
    programme and the discount that are best there.
    """
    structure = case.inputs.structure
    terms = list(asked.terms_months or structure.terms_months)
    step = asked.step_cents or case.inputs.grid_step_cents
    cash = list(asked.cash_down_cents) or cash_columns(
        structure,
        step,
        None if offered is None else offered.cash_down_cents,
        exact=asked.step_cents is not None,
    )
    programme_id = asked.programme_id or (None if offered is None else offered.programme_id)
    if asked.best or programme_id is None:
        programme_id = None
        columns = [_best_column(case, terms, amount) for amount in cash]
    else:
        discount = structure.discount_cents if offered is None else offered.discount_cents
        family = replace(case, programme_id=programme_id).under(
            term_months=None, terms_months=terms, discount_cents=discount
        )
        own = offered if offered is not None and offered.programme_id == programme_id else None
        columns = falling_cells(family_places(family, terms, cash), terms, cash, own)
    cells = [[column[row] for column in columns] for row in range(len(terms))]

    def of(field: str) -> list[list[Any]]:
        return [[getattr(cell, field) for cell in row] for row in cells]

    return QuoteGrid(
        terms_months=terms,
        cash_down_cents=cash,
        payment_cents=of("payment_cents"),
        total_of_payments_cents=_totals(case, terms, cells),
        rate_bp=of("rate_bp"),
        eligible=of("eligible"),
        npv_cents=of("npv_cents"),
        lender=of("lender"),
        discount_cents=of("discount_cents"),
        binding=of("binding"),
        programme_id=programme_id,
        lenders=_lenders(case, terms, offered),
        step_cents=step,
    )


def _totals(case: Case, terms: list[int], cells: list[list[Cell]]) -> list[list[int | None]]:
    """Return the sum of each cell's payments, by its schedule."""
    s = case.inputs.structure
    if s.contract_date is None or s.first_payment_date is None:
        raise ValueError("the structure's dates are not filled in")
    totals: list[list[int | None]] = []
    for term, row in zip(terms, cells, strict=True):
        accrual = Accrual.of(
            s.contract_date, s.first_payment_date, term, s.day_count, engine=case.inputs.engine
        )
        totals.append([_total(cell, accrual) for cell in row])
    return totals


def _total(cell: Cell, accrual: Accrual) -> int | None:
    if cell.payment_cents is None or cell.rate_bp is None or cell.principal_cents is None:
        return None
    return total_of_payments(
        cell.principal_cents, cell.payment_cents, hundredths_of_bp(cell.rate_bp), accrual
    )


def _lenders(case: Case, terms: list[int], offered: Choice | None) -> list[GridLender]:
    """Return the programmes that take the car, each with the offer's own rate, else that of its first row at
    the offer's term, else at its first; a row that takes the structure comes before others.
    """
    plan = replace(case, programme_id=None).under(term_months=None, terms_months=terms).plan
    programmes, structures = plan.programmes, build_structures(plan, case.car)
    at_term = programmes.term == (None if offered is None else offered.term_months)
    takes = programmes.takes_rate & ~np.isin(structures.limit[0], _OTHER_CARS)
    order = np.lexsort((~structures.feasible[0], ~at_term))
    found: dict[str, GridLender] = {}
    for number in order[takes[order]].tolist():
        programme_id = str(programmes.programme_id[number])
        if programme_id in found:
            continue
        rate = float(plan.sell_rate[number]) / HUNDREDTHS
        if offered is not None and offered.programme_id == programme_id:
            rate = offered.rate_bp
        found[programme_id] = GridLender(
            programme_id=programme_id, lender=str(programmes.lender[number]), rate_bp=rate
        )
    return sorted(found.values(), key=lambda each: (each.lender, each.programme_id))


def _best_column(case: Case, terms: Sequence[int], cash_cents: int) -> list[Cell]:
    """Return each term's best structure at this cash, or what refuses it."""
    best = _best_by_term(case, terms, cash_cents)
    refused = {term: _refusal(case.under(term_months=term), cash_cents) for term in terms if term not in best}
    above = [term for term, limit in refused.items() if limit == Limit.PAYMENT_MAX.wire]
    over = _best_by_term(case.under(payment_max_cents=None), above, cash_cents) if above else {}
    return [
        Cell.of(over.get(term), refused[term], eligible=False)
        if term in refused
        else Cell.of(best[term], best[term].binding, eligible=True)
        for term in terms
    ]


def _best_by_term(case: Case, terms: Sequence[int], cash_cents: int) -> dict[int, Choice]:
    pricing = case.under(term_months=None, terms_months=list(terms)).pricing
    best: dict[int, Choice] = {}
    for choice in choices(with_cash(pricing, cash_cents), case.car) if pricing else []:
        best.setdefault(choice.term_months, choice)
    return best


def _refusal(case: Case, cash_cents: int) -> str | None:
    if case.pricing is None:
        return case.plan.empty.wire
    # No fix is computed for a cell: the grid around it shows that.
    found = refusal(replace(with_cash(case.pricing, cash_cents), wider=dict, reduced=tuple), case.car)
    return found.binding if found else None
