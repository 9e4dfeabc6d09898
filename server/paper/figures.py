"""The figures of customers' paper, taken from stored pencils.

Only what a customer may see is read from a pencil: never a value, a cost, a buy rate, a reserve, a tier or a
score. Amounts are integer cents, signed as they add up.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from msgspec import UnsetType

from protocol.deal.deal_parts import OfferedCar
from protocol.deal.structure import Structure, StructureError
from protocol.money.inputs import DealInputs
from protocol.money.lending import RateSheet, RiskModel
from protocol.money.quotes import QuotedStructure
from protocol.records import BasisPoints
from server.database.deals.pencils import StoredPencil
from server.finance.exact.price import down_payment_cents, price_contract
from server.finance.products import with_products
from server.finance.quoting import Case

VALID_DAYS: Final = 7
"""How long a paper's figures stand if nothing ends them earlier."""

_NO_SHEET: Final = RateSheet(version="", programmes=())
_NO_MODEL: Final = RiskModel(version="", curves=())


@dataclass(frozen=True, slots=True)
class Line:
    """An amount of a sum; the lines of a car add up to ``amount_financed_cents``."""

    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class ProductLine:
    """Optional products with the payment that the customer would have without them."""

    name: str
    price_cents: int
    payment_without_cents: int | None


@dataclass(frozen=True, slots=True)
class PaperCar:
    """One car with its contract. ``apr_percent`` has four decimals; ``version`` is the pencil's id."""

    vehicle_id: str
    headline: str
    stock_no: str
    vin: str
    mileage: int
    lines: tuple[Line, ...]
    amount_financed_cents: int
    prepaid_cents: int
    payment_cents: int
    payments: int
    last_payment_cents: int
    apr_percent: float
    contract_date: dt.date
    first_payment_date: dt.date
    last_payment_date: dt.date
    finance_charge_cents: int
    total_of_payments_cents: int
    total_sale_price_cents: int
    cash_down_cents: int
    allowance_cents: int
    payoff_cents: int
    products: tuple[ProductLine, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A page for a customer: one car is a proposal, two or three are a comparison."""

    store: str
    customer: str
    salesperson: str
    deal_id: str
    printed_on: dt.date
    valid_until: dt.date
    cars: tuple[PaperCar, ...]


def car_figures(pencil: StoredPencil, car: OfferedCar) -> PaperCar:
    """Return what a customer's paper says of a pencil.

    Raises StructureError if the pencil has no contract.
    """
    answer, structure = pencil.answer, pencil.inputs.structure
    schedule, payment = answer.schedule, answer.payment_cents
    if isinstance(schedule, UnsetType) or isinstance(payment, UnsetType):
        raise StructureError("vehicle_id", f"expected a car with a contract: {car.stock_no} has none")
    cash, financed = _cents(answer.cash_down_cents), _cents(answer.amount_financed_cents)
    total = _cents(answer.total_of_payments_cents)
    return PaperCar(
        vehicle_id=pencil.vehicle_id,
        headline=" ".join(str(part) for part in (car.year, car.make, car.model, car.trim) if part),
        stock_no=car.stock_no,
        vin=car.vin,
        mileage=car.mileage,
        lines=_lines(answer, structure, answer.rebate_cents - structure.rebate_cents),
        amount_financed_cents=financed,
        prepaid_cents=structure.prepaid_finance_cents,
        payment_cents=payment,
        payments=len(schedule),
        last_payment_cents=schedule[-1].payment_cents,
        apr_percent=0.0 if isinstance(answer.apr_percent, UnsetType) else answer.apr_percent,
        contract_date=answer.contract_date,
        first_payment_date=answer.first_payment_date,
        last_payment_date=schedule[-1].date,
        finance_charge_cents=_cents(answer.finance_charge_cents),
        total_of_payments_cents=total,
        total_sale_price_cents=total + _down_payment_cents(answer, structure),
        cash_down_cents=cash,
        allowance_cents=structure.trade_allowance_cents,
        payoff_cents=answer.payoff_cents,
        products=_products(pencil),
        version=pencil.pencil_id,
    )


def valid_until(printed_on: dt.date, pencils: tuple[StoredPencil, ...]) -> dt.date:
    """Return the last day on which the figures of all pencils stand.

    That is VALID_DAYS after printing, but not after a payoff quote's good-through date, when its per diem
    begins, and not after the day before a first payment.
    """
    ends = [printed_on + dt.timedelta(days=VALID_DAYS)]
    for pencil in pencils:
        good_through = pencil.inputs.structure.payoff_good_through
        if good_through is not None and good_through >= printed_on and pencil.answer.payoff_cents:
            ends.append(good_through)
        ends.append(max(printed_on, pencil.answer.first_payment_date - dt.timedelta(days=1)))
    return min(ends)


def _lines(answer: QuotedStructure, structure: Structure, manufacturer_cents: int) -> tuple[Line, ...]:
    """Return the itemization: from the price to the amount financed. Amounts of 0 are in it."""
    s = structure
    taxes = [] if isinstance(answer.taxes, UnsetType) else answer.taxes
    named = len(taxes) > 1
    return (
        Line("Price", answer.price_cents),
        Line("Discount", -_cents(answer.discount_cents)),
        Line("Manufacturer rebate", -manufacturer_cents),
        Line("Rebate", -s.rebate_cents),
        Line("Doc fee", s.doc_fee_cents),
        Line("Government and other fees", s.fees_cents - s.doc_fee_cents),
        *(Line(f"Tax, {tax.jurisdiction}" if named else "Tax", tax.tax_cents) for tax in taxes),
        Line("Optional products", s.products_cents),
        Line("Trade-in allowance", -s.trade_allowance_cents),
        Line("Trade-in payoff", answer.payoff_cents),
        Line("Cash down", -_cents(answer.cash_down_cents)),
        Line("Prepaid finance charge", -s.prepaid_finance_cents),
    )


def _down_payment_cents(answer: QuotedStructure, structure: Structure) -> int:
    return down_payment_cents(
        cash_down_cents=_cents(answer.cash_down_cents),
        rebate_cents=answer.rebate_cents,
        allowance_cents=structure.trade_allowance_cents,
        payoff_cents=answer.payoff_cents,
    )


def _products(pencil: StoredPencil) -> tuple[ProductLine, ...]:
    """Return the products one by one as they were quoted; a sum of them is one line."""
    structure, listed = pencil.inputs.structure, pencil.answer.products
    if not structure.products_cents:
        return ()
    if not isinstance(listed, UnsetType):
        return tuple(
            ProductLine(each.name, each.price_cents, each.payment_without_cents or None) for each in listed
        )
    return (ProductLine("Optional products", structure.products_cents, payment_without_products(pencil)),)


def payment_without_products(pencil: StoredPencil) -> int | None:
    """Return the payment of the same contract without products; None if nothing is left to finance."""
    answer = pencil.answer
    case = _case(with_products(pencil.inputs, ()), pencil.car)
    request = case.request(
        term_months=_cents(answer.term_months),
        rate_bp=BasisPoints(0) if isinstance(answer.rate_bp, UnsetType) else answer.rate_bp,
        cash_cents=_cents(answer.cash_down_cents),
        discount_cents=_cents(answer.discount_cents),
        rebate_cents=answer.rebate_cents,
    )
    try:
        return price_contract(request, case.tax_cents).payment_cents
    except StructureError:
        return None


def _case(inputs: DealInputs, car: dict[str, int]) -> Case:
    """Return a case that can be priced, but not valued: paper needs no sheet and no model."""
    return Case(inputs=inputs, numbers=car, sheet=_NO_SHEET, model=_NO_MODEL)


def _cents(amount: int | UnsetType) -> int:
    return 0 if isinstance(amount, UnsetType) else amount
