"""A cash deal: the out-the-door price with its parts, to the cent."""

from collections.abc import Callable

from protocol.deal.structure import StructureError
from protocol.money.pricing import CashAnswer, CashRequest, SaleRequest
from protocol.records import DealKind
from server.finance.exact.price import stated_tax_cents, with_product_sums


def cash_price(request: CashRequest, tax_of: Callable[[SaleRequest], int] = stated_tax_cents) -> CashAnswer:
    """Return the out-the-door price: price - discount + fees + tax + products - rebate - (allowance -
    payoff).

    ``tax_of`` returns the tax, by default at the request's own rate. Raises StructureError naming the field
    that contradicts another.
    """
    r = with_product_sums(request)
    rules = (
        (r.discount_cents <= r.price_cents, "discount_cents", "expected at most price_cents"),
        (r.taxable_fees_cents <= r.fees_cents, "taxable_fees_cents", "expected at most fees_cents"),
        (r.taxable_products_cents <= r.products_cents,
         "taxable_products_cents", "expected at most products_cents"),
    )  # fmt: skip
    for holds, field, expected in rules:
        if not holds:
            raise StructureError(field, expected)
    tax = tax_of(r)
    equity = r.trade_allowance_cents - r.payoff_cents
    total = r.price_cents - r.discount_cents + r.fees_cents + tax + r.products_cents - r.rebate_cents - equity
    return CashAnswer(
        kind=DealKind.CASH,
        price_cents=r.price_cents,
        discount_cents=r.discount_cents,
        fees_cents=r.fees_cents,
        tax_cents=tax,
        products_cents=r.products_cents,
        rebate_cents=r.rebate_cents,
        trade_allowance_cents=r.trade_allowance_cents,
        payoff_cents=r.payoff_cents,
        out_the_door_cents=total,
        cash_down_cents=r.cash_down_cents,
        balance_due_cents=total - r.cash_down_cents,
    )
