"""What is owed before cash, and the discount that brings it down."""

import datetime as dt
import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs
from server.finance.contract import (
    least_discount_cents,
    owed_before_cash_cents,
    payoff_cents,
    selling_price_cents,
)
from tests.finance import reference
from tests.finance.cases import inputs
from tests.finance.strategies import deals


def test_negative_equity_adds_to_the_principal() -> None:
    """A payoff above the allowance is financed with the car."""
    structure = Structure(trade_allowance_cents=800_000, payoff_cents=1_000_000)
    assert owed_before_cash_cents(inputs(structure), 2_000_000, 0, 0) == 2_200_000


def test_a_payoff_grows_past_its_good_through_date() -> None:
    """The quote holds through its date; each day after it costs the per diem."""
    structure = Structure(
        payoff_cents=1_000_000,
        payoff_per_diem_cents=300,
        payoff_good_through=dt.date(2026, 1, 10),
        contract_date=dt.date(2026, 1, 15),
    )
    assert payoff_cents(structure) == 1_000_000 + 5 * 300
    early = Structure(payoff_cents=1_000_000, payoff_good_through=dt.date(2026, 2, 1))
    assert payoff_cents(early) == 1_000_000


def test_no_car_sells_above_its_advertised_price() -> None:
    """A stated price replaces the advertised one where that is higher."""
    prices = selling_price_cents(Structure(price_cents=2_000_000), np.array([1_500_000, 2_500_000]))
    assert prices.tolist() == [1_500_000, 2_000_000]


@given(
    deal=deals(), prices=st.lists(st.integers(0, 100_000), min_size=1, max_size=5), rebate=st.integers(0, 900)
)
def test_principal_agrees_with_the_reference(deal: DealInputs, prices: list[int], rebate: int) -> None:
    """In bulk and one by one, to the cent, for every mixture of amounts."""
    discount = deal.structure.discount_cents
    owed = owed_before_cash_cents(deal, np.array(prices), discount, rebate)
    assert owed.tolist() == [reference.principal(deal, price, discount, rebate) for price in prices]
    assert owed_before_cash_cents(deal, prices[0], discount, rebate) == owed[0]


@given(deal=deals(), price=st.integers(2_000, 9_000), rebate=st.integers(0, 900), lower=st.integers(0, 1_500))
def test_the_least_discount_is_the_first_that_suffices(
    deal: DealInputs, price: int, rebate: int, lower: int
) -> None:
    """From the structure's own discount up, no smaller one brings what is owed down to the amount."""
    asked = deal.structure.discount_cents
    target = reference.principal(deal, price, asked, rebate) - lower
    found = least_discount_cents(deal, np.array([price]), np.array([rebate]), np.array([target]))
    first = next(d for d in itertools.count(asked) if reference.principal(deal, price, d, rebate) <= target)
    assert found.tolist() == [first]
