"""A quoted car as a cash deal: the price out the door, and what it earns."""

from msgspec import UNSET, UnsetType

from protocol.money.quotes import QuotedCash, QuoteValue
from protocol.structure import StructureError
from server.finance.architect import front_gross_cents
from server.finance.cars import Cars
from server.finance.contract import selling_price_cents
from server.finance.exact.cash import cash_price
from server.finance.quoting.case import Case
from server.finance.value.valuation import product_gross_cents


def quote_in_cash(case: Case) -> QuotedCash | None:
    """Return the car of a case paid in full; None if its amounts contradict each other."""
    request = case.cash_request()
    try:
        answer = cash_price(request, case.tax_cents)
    except StructureError:
        # Such as a discount above the price: the quote itself names the limit.
        return None
    return QuotedCash(
        out_the_door_cents=answer.out_the_door_cents,
        price_cents=answer.price_cents,
        discount_cents=answer.discount_cents,
        fees_cents=answer.fees_cents,
        tax_cents=answer.tax_cents,
        products_cents=answer.products_cents,
        rebate_cents=answer.rebate_cents,
        trade_allowance_cents=answer.trade_allowance_cents,
        payoff_cents=answer.payoff_cents,
        covered=answer.out_the_door_cents <= case.plan.cash_max,
        value=_value(case, case.car, answer.discount_cents),
    )


def _value(case: Case, car: Cars, discount: int) -> QuoteValue | UnsetType:
    """Return front and product gross. The money comes at once and in full, so nothing is discounted."""
    if not car.cost_known[0]:
        return UNSET
    price = selling_price_cents(case.inputs.structure, car.price_cents)
    front = int(front_gross_cents(case.inputs, car, price, discount)[0])
    products = product_gross_cents(case.inputs)
    return QuoteValue(npv_cents=front + products, parts={"front_gross": front, "product_gross": products})
