"""The out-the-door price of a cash deal."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import convert
from protocol.deal.structure import StructureError
from protocol.money.pricing import CashRequest, PriceRequest
from server.finance.exact.cash import cash_price
from server.finance.exact.price import stated_tax_cents


def sale(**fields: Any) -> CashRequest:
    """Return a cash sale of 40,000 with a trade of 15,000 at 7 %, with changes."""
    standard = {
        "kind": "cash",
        "price_cents": 4_000_000,
        "trade_allowance_cents": 1_500_000,
        "tax_rate_bp": 700,
    }
    return convert(CashRequest, standard | fields)


@pytest.mark.parametrize(
    ("credit", "tax", "total"), [(True, 1_750_00, 26_750_00), (False, 2_800_00, 27_800_00)]
)
def test_the_published_tax(credit: bool, tax: int, total: int) -> None:
    """40,000 less a trade of 15,000: 1,750 with the credit, 2,800 without."""
    answer = cash_price(sale(trade_credit=credit))
    assert (answer.tax_cents, answer.out_the_door_cents) == (tax, total)


@given(
    st.fixed_dictionaries(
        {
            "price_cents": st.integers(500_000, 9_000_000),
            "discount_cents": st.integers(0, 500_000),
            "fees_cents": st.integers(0, 200_000),
            "products_cents": st.integers(0, 500_000),
            "rebate_cents": st.integers(0, 500_000),
            "trade_allowance_cents": st.integers(0, 3_000_000),
            "payoff_cents": st.integers(0, 3_000_000),
            "cash_down_cents": st.integers(0, 9_000_000),
            "tax_rate_bp": st.integers(0, 1_200),
        }
    )
)
def test_the_parts_make_the_price(amounts: dict[str, int]) -> None:
    """They add up as stated, and the tax is that of a financed sale."""
    answer = cash_price(sale(**amounts))
    financed = convert(PriceRequest, amounts | {"rate_bp": 700, "term_months": 60})
    assert answer.tax_cents == stated_tax_cents(financed)
    assert answer.out_the_door_cents == (
        answer.price_cents
        - answer.discount_cents
        + answer.fees_cents
        + answer.tax_cents
        + answer.products_cents
        - answer.rebate_cents
        - (answer.trade_allowance_cents - answer.payoff_cents)
    )
    assert answer.balance_due_cents == answer.out_the_door_cents - amounts["cash_down_cents"]


def test_a_trade_worth_more_than_the_car_is_cash_to_the_customer() -> None:
    """Then the store pays."""
    assert cash_price(sale(price_cents=1_000_000, tax_rate_bp=0)).out_the_door_cents == -5_000_00


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"discount_cents": 4_000_001}, "discount_cents"),
        ({"taxable_fees_cents": 1}, "taxable_fees_cents"),
        ({"taxable_products_cents": 1}, "taxable_products_cents"),
    ],
)
def test_fields_that_contradict_each_other_are_named(fields: dict[str, Any], field: str) -> None:
    """The error names the field to mend."""
    with pytest.raises(StructureError) as refused:
        cash_price(sale(**fields))
    assert refused.value.field == field
