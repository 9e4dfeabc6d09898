"""The customer, the trade and the terms of a whole deal, and its figures by hand."""

import datetime as dt
from typing import Final

from protocol.money.quotes import QuoteReply
from tests.flow.deals.by_hand import Loan, Sale
from tests.flow.desk import Both

CUSTOMER: Final = {
    "name": "Dana Whitfield",
    "phone": "(937) 555-0147",
    "address_line": "12 Elm Street",
    "city": "Riverside",
    "state": "OH",
    "postal_code": "45424",
    "monthly_income_cents": 8_400_00,
    "other_debt_cents": 310_00,
}
OHIO_BP: Final = (600, 125)
"""The state's tax and that of postal codes from 454."""

# The first of a month and the first of the next: every period is regular.
SIGNED_ON, FIRST_DUE = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
OWED_CENTS, PER_DIEM_CENTS, QUOTED_ON = 13_350_00, 3_14, dt.date(2026, 2, 24)
PAYOFF_CENTS: Final = OWED_CENTS + 5 * PER_DIEM_CENTS
"""What the lienholder wants on the day of signing."""

ALLOWANCE_CENTS, ACV_CENTS = 9_000_00, 8_641_00
TRADE: Final = {
    "id": "trade-1",
    "year": 2019,
    "make": "Honda",
    "model": "CR-V",
    "mileage": 61_200,
    "lienholder": "Harbor Credit Union",
    "allowance_cents": ALLOWANCE_CENTS,
    "payoff_cents": OWED_CENTS,
    "payoff_quoted_on": QUOTED_ON.isoformat(),
    "payoff_per_diem_cents": PER_DIEM_CENTS,
}
GAP, CONTRACT = ("gap", 895_00, False), ("service-contract", 1_995_00, True)
"""Each product with its price, and whether Ohio taxes it."""

TARGET_CENTS, ROOM_CENTS = 850_00, 120_00
"""The most that the customer pays a month, and what products and a dearer rate may still add to it."""

USED_MILES: Final = 10_000
STIPULATIONS: Final = ["Proof of income", "Proof of residence"]
MORE_CENTS: Final = 500_00
SCORE: Final = 717


def sale_of(both: Both, quote: QuoteReply, discount_cents: int | None = None) -> Sale:
    """Return the worksheet of a quoted car: its price as advertised, the deal's fees, products and trade."""
    terms = both.manager.state.structure
    advertised = both.manager.rows[quote.vehicle_id].match["price_cents"]
    assert quote.price_cents == advertised
    assert isinstance(quote.discount_cents, int)
    taxable = sum(
        price
        for name, price, taxed in (GAP, CONTRACT)
        if taxed and name in {line["product_id"] for line in terms["products"]}
    )
    return Sale(
        price_cents=advertised,
        discount_cents=quote.discount_cents if discount_cents is None else discount_cents,
        fees_cents=terms["fees_cents"],
        taxable_fees_cents=terms["taxable_fees_cents"],
        rebate_cents=quote.rebate_cents,
        allowance_cents=ALLOWANCE_CENTS,
        payoff_cents=PAYOFF_CENTS,
        rates_bp=OHIO_BP,
        products_cents=sum(line["price_cents"] for line in terms["products"]),
        taxable_products_cents=taxable,
    )


def loan_of(quote: QuoteReply, sale: Sale) -> Loan:
    """Return the loan of a quote's lender, rate, term and cash on a worksheet."""
    assert isinstance(quote.cash_down_cents, int) and isinstance(quote.term_months, int)
    assert isinstance(quote.rate_bp, float)
    return sale.financed(
        cash_cents=quote.cash_down_cents, rate_bp=quote.rate_bp, term_months=quote.term_months
    )


def check_contract(quote: QuoteReply, sale: Sale) -> None:
    """Assert that a quote's figures are those of its worksheet, to the cent."""
    loan = loan_of(quote, sale)
    assert (quote.contract_date, quote.first_payment_date) == (SIGNED_ON, FIRST_DUE)
    assert quote.tax_cents == sale.tax_cents
    assert quote.principal_cents == loan.principal_cents
    assert quote.payment_cents == loan.payment_cents
    assert quote.total_of_payments_cents == loan.total_cents
