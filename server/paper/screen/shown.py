"""What a customer's screen shows of a car: the figures of the paper, and the cells around them.

One function for a computing process. Figures are taken from stored pencils, as the paper takes them, and
every cell is computed from what its pencil was computed from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol import disclosures
from protocol.deal.deal_parts import OfferedCar
from protocol.deal.presenting import (
    MAX_SHOWN,
    CellFigures,
    ShownCell,
    ShownLine,
    ShownPlace,
    ShownProduct,
    ShownWay,
)
from protocol.deal.structure import StructureError
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet, RiskModel
from protocol.records import DealKind
from server.database.deals.pencils import StoredPencil
from server.finance.quoting import Case, GridQuestion, quote_grid, quote_lease_grid, quote_structure
from server.paper.cars import AnyCar, CashCar, CreditCar, LeaseCar, Line
from server.paper.figures import car_figures
from server.paper.payment_grid import case_of, contract_of
from server.paper.wording.statements import assumption, estimate_of, lease_statements

Rows = list[list[ShownCell | None]]


@dataclass(frozen=True, slots=True)
class ToShow:
    """One way to pay for one car: its pencil with the tables of its versions, and the terms and amounts of
    cash that are asked for, empty for those around the pencil's own.
    """

    kind: DealKind
    pencil: StoredPencil
    car: OfferedCar
    sheet: RateSheet
    model: RiskModel = field(repr=False)
    leases: LeaseSheet | None = field(default=None, repr=False)
    terms_months: Sequence[int] = ()
    cash_down_cents: Sequence[int] = ()
    is_deal: bool = False
    is_signed: bool = False


def shown_ways(asked: Sequence[ToShow]) -> list[ShownWay | None]:
    """Return each way as a customer's screen shows it; None if its car is not available in that way."""
    return [_way(each) for each in asked]


def headline_of(car: OfferedCar) -> str:
    """Return what a car is called on paper and on screens."""
    return " ".join(str(part) for part in (car.year, car.make, car.model, car.trim) if part)


def _way(asked: ToShow) -> ShownWay | None:
    try:
        car = car_figures(asked.pencil, asked.car)
    except StructureError:
        return None
    if _kind_of(car) is not asked.kind:
        return None
    own = _own_cell(car)
    terms, cash, cells = _grid(asked, own)
    place = _place(terms, cash, own)
    if place is not None:
        # What the paper says counts.
        cells[place.row][place.column] = own
    return ShownWay(
        kind=asked.kind,
        is_deal=asked.is_deal,
        terms_months=terms,
        cash_down_cents=cash,
        cells=cells,
        own=own,
        own_place=place if cells else None,
        lines=_lines(car.lines),
        reductions=_lines(car.reductions if isinstance(car, LeaseCar) else ()),
        signing=_lines(car.signing if isinstance(car, LeaseCar) else ()),
        products=[
            ShownProduct(name=each.name, price_cents=each.price_cents, without_cents=each.without_cents)
            for each in car.products
        ],
        miles_per_year=car.miles_per_year if isinstance(car, LeaseCar) else None,
        excess_mile_cents=car.excess_mile_cents if isinstance(car, LeaseCar) else None,
        first_payment_date=car.first_payment_date if isinstance(car, CreditCar) else None,
        contract_date=car.contract_date,
        estimate=disclosures.SIGNED if asked.is_signed else estimate_of(car),
        disclosures=[assumption(car), *lease_statements(car)],
        version=car.version,
    )


def _kind_of(car: AnyCar) -> DealKind:
    if isinstance(car, LeaseCar):
        return DealKind.LEASE
    return DealKind.CASH if isinstance(car, CashCar) else DealKind.FINANCE


def _lines(lines: Sequence[Line]) -> list[ShownLine]:
    return [ShownLine(name=line.name, cents=line.cents) for line in lines if line.cents]


def _own_cell(car: AnyCar) -> ShownCell:
    """Return the structure that the paper prints."""
    if isinstance(car, CashCar):
        return ShownCell(cash_down_cents=0, figures=CellFigures(total_cents=car.out_the_door_cents))
    if isinstance(car, LeaseCar):
        figures = CellFigures(
            total_cents=car.total_of_payments_cents,
            payment_cents=car.payment_cents,
            due_at_signing_cents=car.due_at_signing_cents,
        )
    else:
        figures = CellFigures(
            total_cents=car.total_of_payments_cents,
            payment_cents=car.payment_cents,
            apr_percent=car.apr_percent,
            amount_financed_cents=car.amount_financed_cents,
            finance_charge_cents=car.finance_charge_cents,
        )
    return ShownCell(term_months=car.payments, cash_down_cents=car.cash_down_cents, figures=figures)


def _grid(asked: ToShow, own: ShownCell) -> tuple[list[int], list[int], Rows]:
    """Return terms, cash and cells of a way. What was signed leaves nothing to choose."""
    if own.term_months is None:
        return [], [], [[own]]
    if asked.is_signed:
        return [own.term_months], [own.cash_down_cents], [[own]]
    case = case_of(asked.pencil, asked.sheet, asked.model, asked.leases)
    cash = sorted(set(asked.cash_down_cents)) or cash_around(own.cash_down_cents, case.inputs.grid_step_cents)
    if asked.kind is DealKind.LEASE:
        return _lease_grid(asked, case, own, cash)
    structure = case.inputs.structure
    terms = sorted(set(asked.terms_months)) or terms_around(own.term_months, structure.terms_months)
    grid = quote_grid(
        case, GridQuestion(terms_months=terms, cash_down_cents=cash), quote_structure(case).choice
    )
    cells: Rows = [
        [
            None if rate is None else _credit_cell(case, asked.pencil, (term, amount), rate)
            for amount, rate in zip(cash, rates, strict=True)
        ]
        for term, rates in zip(terms, grid.rate_bp, strict=True)
    ]
    return terms, cash, cells


def _credit_cell(case: Case, pencil: StoredPencil, at: tuple[int, int], rate_bp: float) -> ShownCell | None:
    term, cash_cents = at
    contract = contract_of(case, pencil, term, cash_cents, rate_bp)
    if contract is None:
        return None
    return ShownCell(
        term_months=term,
        cash_down_cents=cash_cents,
        figures=CellFigures(
            total_cents=contract.total_of_payments_cents,
            payment_cents=contract.payment_cents,
            apr_percent=contract.apr_percent,
            amount_financed_cents=contract.amount_financed_cents,
            finance_charge_cents=contract.finance_charge_cents,
        ),
    )


def _lease_grid(
    asked: ToShow, case: Case, own: ShownCell, cash: list[int]
) -> tuple[list[int], list[int], Rows]:
    """Return the grid of a lease. Terms that no lease of the program has are left out; if none is left, they
    are those around the lease's own.
    """
    own_term = own.term_months or 0
    grid = quote_lease_grid(case, GridQuestion(cash_down_cents=cash))
    known = [] if grid is None else grid.terms_months
    terms = sorted(set(asked.terms_months) & set(known)) or terms_around(own_term, known)
    if grid is None:
        return [own_term], [own.cash_down_cents], [[own]]
    rows = {term: row for row, term in enumerate(known)}
    cells: Rows = []
    for term in terms:
        if term not in rows:
            cells.append([None] * len(cash))
            continue
        paid, totals, due = (
            each[rows[term]]
            for each in (grid.payment_cents, grid.total_of_payments_cents, grid.due_at_signing_cents)
        )
        cells.append(
            [
                None
                if paid[column] is None
                else ShownCell(
                    term_months=term,
                    cash_down_cents=amount,
                    figures=CellFigures(
                        total_cents=totals[column] or 0,
                        payment_cents=paid[column],
                        due_at_signing_cents=due[column],
                    ),
                )
                for column, amount in enumerate(cash)
            ]
        )
    return terms, cash, cells


def _place(terms: Sequence[int], cash: Sequence[int], own: ShownCell) -> ShownPlace | None:
    if own.term_months is None:
        return ShownPlace(row=0, column=0)
    if own.term_months not in terms or own.cash_down_cents not in cash:
        return None
    return ShownPlace(row=list(terms).index(own.term_months), column=list(cash).index(own.cash_down_cents))


def cash_around(own_cents: int, step_cents: int) -> list[int]:
    """Return the own cash down and the next round amounts below and above it; two above if none is below."""
    below = (-(-own_cents // step_cents) - 1) * step_cents
    above = (own_cents // step_cents + 1) * step_cents
    if below < 0:
        return [own_cents, above, above + step_cents]
    return [below, own_cents, above]


def terms_around(own: int, terms: Sequence[int]) -> list[int]:
    """Return up to MAX_SHOWN terms, ascending: the own one and those nearest to it."""
    others = sorted({*terms} - {own}, key=lambda term: (abs(term - own), term))
    return sorted([own, *others[: MAX_SHOWN - 1]])


def trade_of(asked: ToShow) -> tuple[int, int]:
    """Return the allowance of a pencil's trades and what is owed on them."""
    return asked.pencil.inputs.structure.trade_allowance_cents, asked.pencil.answer.payoff_cents
