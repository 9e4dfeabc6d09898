"""A quoted car as a cash deal: the price out the door, and what it earns."""

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType

from protocol.deal.structure import StructureError
from protocol.events import Fix
from protocol.money.pricing import CashRequest
from protocol.money.quotes import TaxLine
from protocol.money.values import QuoteValue
from protocol.money.ways import QuotedCash
from protocol.records import DealKind
from server.finance.architect import front_gross_cents
from server.finance.cash_sales import CashSales, cash_fix, cash_sales
from server.finance.exact.cash import cash_price
from server.finance.quoting.case import Case
from server.finance.rules.limits import Limit
from server.finance.value.valuation import product_gross_cents


@dataclass(frozen=True, slots=True)
class InCash:
    """The car of a case paid in full: its figures, and the limit that keeps the store from selling it, with
    the change that meets that limit. ``request`` is the sale that was priced.
    """

    quoted: QuotedCash
    request: CashRequest
    limit: Limit
    fix: Fix | None

    @property
    def sold(self) -> bool:
        """Whether the customer's cash pays for the car at a price that the store takes."""
        return self.limit is Limit.NONE


def in_cash(case: Case) -> InCash | None:
    """Return the car of a case paid in full; None if its amounts contradict each other, such as a discount
    above the price.
    """
    sales = cash_sales(case.plan, case.car)
    request = case.cash_request(int(sales.discount[0]))
    try:
        answer = cash_price(request, case.tax_cents)
    except StructureError:
        return None
    quoted = QuotedCash(
        out_the_door_cents=answer.out_the_door_cents,
        price_cents=answer.price_cents,
        discount_cents=answer.discount_cents,
        fees_cents=answer.fees_cents,
        tax_cents=answer.tax_cents,
        products_cents=answer.products_cents,
        rebate_cents=answer.rebate_cents,
        trade_allowance_cents=answer.trade_allowance_cents,
        payoff_cents=answer.payoff_cents,
        covered=not sales.missing[0],
        value=_value(case, sales),
    )
    return InCash(quoted, request, Limit(int(sales.limit[0])), cash_fix(case.plan, sales, 0))


def cash_answer(case: Case, found: InCash) -> dict[str, Any]:
    """Return the fields of a ``QuotedStructure`` that a cash deal has."""
    taxes = case.taxes(found.request)
    return {
        "kind": DealKind.CASH,
        "cash": found.quoted,
        "discount_cents": found.request.discount_cents,
        "tax_cents": found.quoted.tax_cents,
        "taxes": [TaxLine(jurisdiction=place, tax_cents=tax) for place, tax in taxes],
    }


def _value(case: Case, sales: CashSales) -> QuoteValue | UnsetType:
    """Return front and product gross. The money comes at once and in full, so nothing is discounted."""
    if not case.car.cost_known[0]:
        return UNSET
    front = int(front_gross_cents(case.inputs, case.car, sales.price, sales.discount)[0])
    products = product_gross_cents(case.inputs)
    worth = front + products
    return QuoteValue(npv_cents=worth, parts={"front_gross": front, "product_gross": products})
