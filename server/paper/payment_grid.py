"""The payment grid of customers' paper: terms by cash down, of the pencil's lender program and discount.

It is computed from what the pencil was computed from, and every cell is a whole contract.
"""

from typing import Final

import msgspec
from msgspec import UnsetType

from protocol.deal.structure import StructureError
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet, RiskModel
from protocol.money.pricing import PriceAnswer
from protocol.records import BasisPoints
from server.database.deals.pencils import StoredPencil
from server.finance.exact.price import price_contract
from server.finance.quoting import Case, GridQuestion, quote_grid, quote_structure
from server.finance.versions import engine_number
from server.paper.cars import GridCell, GridRow, PaymentGrid
from server.paper.lines import cents_of

MOST_TERMS: Final = 6
COLUMNS_BESIDE: Final = 2
"""The columns on each side of the pencil's own cash down."""


def payment_grid(pencil: StoredPencil, sheet: RateSheet, model: RiskModel) -> PaymentGrid | None:
    """Return the grid around a financed pencil; None if there is nothing to choose.

    ``sheet`` and ``model`` are those of its versions. A cell that the program does not take is None; an
    amount of cash that it takes for no term has no column.
    """
    answer = pencil.answer
    if pencil.choice is None or isinstance(answer.term_months, UnsetType):
        return None
    case = case_of(pencil, sheet, model)
    terms = sorted({*case.inputs.structure.terms_months[:MOST_TERMS], answer.term_months})
    cash = cash_beside(cents_of(answer.cash_down_cents), case.inputs.grid_step_cents)
    question = GridQuestion(terms_months=terms, cash_down_cents=cash)
    grid = quote_grid(case, question, quote_structure(case).choice)
    rows = tuple(
        GridRow(
            term,
            tuple(
                None if rate is None else _cell(case, pencil, term, amount, rate)
                for amount, rate in zip(cash, rates, strict=True)
            ),
        )
        for term, rates in zip(terms, grid.rate_bp, strict=True)
    )
    taken = [place for place in range(len(cash)) if any(row.cells[place] for row in rows)]
    columns = tuple(cash[place] for place in taken)
    own = cents_of(answer.cash_down_cents)
    if own not in columns or sum(cell is not None for row in rows for cell in row.cells) < 2:
        return None
    rows = tuple(GridRow(row.term_months, tuple(row.cells[place] for place in taken)) for row in rows)
    return PaymentGrid(columns, rows, answer.term_months, columns.index(own))


def cash_beside(own_cents: int, step_cents: int) -> list[int]:
    """Return the pencil's cash down with the next round amounts on either side, none below 0, ascending."""
    below = -(-own_cents // step_cents) - 1
    above = own_cents // step_cents + 1
    lower = [place * step_cents for place in range(max(0, below - COLUMNS_BESIDE + 1), below + 1)]
    return [*lower, own_cents, *(place * step_cents for place in range(above, above + COLUMNS_BESIDE))]


def case_of(
    pencil: StoredPencil, sheet: RateSheet, model: RiskModel, leases: LeaseSheet | None = None
) -> Case:
    """Return what a pencil was computed from. The tables are those of its versions."""
    return Case(
        inputs=msgspec.structs.replace(pencil.inputs, engine=engine_number(pencil.versions.engine)),
        numbers=pencil.car,
        sheet=sheet,
        model=model,
        programme_id=pencil.inputs.programme_id,
        leases=leases,
        car_name=pencil.inputs.car_name,
    )


def contract_of(
    case: Case, pencil: StoredPencil, term: int, cash_cents: int, rate_bp: float
) -> PriceAnswer | None:
    """Return a pencil's contract with another term, cash and rate; None if it cannot be one."""
    request = case.request(
        term_months=term,
        rate_bp=BasisPoints(str(rate_bp)),
        cash_cents=cash_cents,
        discount_cents=cents_of(pencil.answer.discount_cents),
        rebate_cents=pencil.answer.rebate_cents,
    )
    try:
        return price_contract(request, case.tax_cents, engine=case.inputs.engine)
    except StructureError:
        # Such as cash that pays for the whole car.
        return None


def _cell(case: Case, pencil: StoredPencil, term: int, cash_cents: int, rate_bp: float) -> GridCell | None:
    contract = contract_of(case, pencil, term, cash_cents, rate_bp)
    if contract is None:
        return None
    return GridCell(contract.payment_cents, contract.total_of_payments_cents, contract.apr_percent)
