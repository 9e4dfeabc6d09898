"""The paper of a financed car: the itemization of the amount financed, and the cost of the credit."""

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
from server.paper.cars import CreditCar, Line, ProductLine
from server.paper.lines import cents_of, facts_of, fee_lines, price_lines, tax_lines

_NO_SHEET: Final = RateSheet(version="", programmes=())
_NO_MODEL: Final = RiskModel(version="", curves=())


def credit_figures(pencil: StoredPencil, car: OfferedCar) -> CreditCar:
    """Return a financed car's figures; its lines add up to the amount financed.

    Raises StructureError if the pencil has no contract.
    """
    answer, structure = pencil.answer, pencil.inputs.structure
    schedule, payment = answer.schedule, answer.payment_cents
    if isinstance(schedule, UnsetType) or isinstance(payment, UnsetType):
        raise StructureError("vehicle_id", f"expected a car with a contract: {car.stock_no} has none")
    total = cents_of(answer.total_of_payments_cents)
    return CreditCar(
        **facts_of(pencil, car),
        lines=_lines(pencil),
        amount_financed_cents=cents_of(answer.amount_financed_cents),
        prepaid_cents=structure.prepaid_finance_cents,
        payment_cents=payment,
        payments=len(schedule),
        last_payment_cents=schedule[-1].payment_cents,
        apr_percent=0.0 if isinstance(answer.apr_percent, UnsetType) else answer.apr_percent,
        first_payment_date=answer.first_payment_date,
        last_payment_date=schedule[-1].date,
        finance_charge_cents=cents_of(answer.finance_charge_cents),
        total_of_payments_cents=total,
        total_sale_price_cents=total + _down_payment_cents(answer, structure),
        cash_down_cents=cents_of(answer.cash_down_cents),
        products=_products(pencil),
    )


def _lines(pencil: StoredPencil) -> tuple[Line, ...]:
    """Return the itemization: from the price to the amount financed. Amounts of 0 are in it."""
    answer, s = pencil.answer, pencil.inputs.structure
    return (
        *price_lines(pencil, cents_of(answer.discount_cents), answer.rebate_cents),
        *fee_lines(s),
        *tax_lines(pencil, cents_of(answer.tax_cents)),
        Line("Optional products", s.products_cents),
        Line("Trade-in allowance", -s.trade_allowance_cents),
        Line("Trade-in payoff", answer.payoff_cents),
        Line("Cash down", -cents_of(answer.cash_down_cents)),
        Line("Prepaid finance charge", -s.prepaid_finance_cents),
    )


def _down_payment_cents(answer: QuotedStructure, structure: Structure) -> int:
    return down_payment_cents(
        cash_down_cents=cents_of(answer.cash_down_cents),
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
    case = unvalued(with_products(pencil.inputs, ()), pencil.car)
    request = case.request(
        term_months=cents_of(answer.term_months),
        rate_bp=BasisPoints(0) if isinstance(answer.rate_bp, UnsetType) else answer.rate_bp,
        cash_cents=cents_of(answer.cash_down_cents),
        discount_cents=cents_of(answer.discount_cents),
        rebate_cents=answer.rebate_cents,
    )
    try:
        return price_contract(request, case.tax_cents).payment_cents
    except StructureError:
        return None


def unvalued(inputs: DealInputs, car: dict[str, int]) -> Case:
    """Return a case that can be priced, but not valued: paper needs no sheet and no model."""
    return Case(inputs=inputs, numbers=car, sheet=_NO_SHEET, model=_NO_MODEL)
