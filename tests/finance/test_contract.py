"""Tax and principal."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import BasisPoints, Structure
from server.finance.contract import owed_before_cash_cents, payoff_cents, selling_price_cents, tax_cents
from tests.finance import reference
from tests.finance.strategies import structures

SEVEN_PERCENT = BasisPoints(Decimal(700))


@pytest.mark.parametrize(("credit", "tax"), [(True, 1_750_00), (False, 2_800_00)])
def test_trade_credit_lowers_the_tax(credit: bool, tax: int) -> None:
    """40,000 with a trade of 15,000 at 7 %: 1,750 with credit, 2,800 without."""
    structure = Structure(trade_allowance_cents=1_500_000, trade_credit=credit, tax_rate_bp=SEVEN_PERCENT)
    assert tax_cents(structure, 4_000_000) == tax


def test_trade_credit_is_capped() -> None:
    """Only the cap counts where the allowance is above it."""
    structure = Structure(
        trade_allowance_cents=1_500_000,
        trade_credit=True,
        trade_credit_cap_cents=1_000_000,
        tax_rate_bp=SEVEN_PERCENT,
    )
    assert tax_cents(structure, 4_000_000) == 2_100_00


def test_tax_is_never_negative() -> None:
    """A trade worth more than the car brings no tax back."""
    structure = Structure(trade_allowance_cents=9_000_000, trade_credit=True, tax_rate_bp=SEVEN_PERCENT)
    assert tax_cents(structure, 4_000_000) == 0


def test_half_a_cent_of_tax_is_a_cent() -> None:
    """0.5 cents are rounded up, exactly."""
    assert tax_cents(Structure(tax_rate_bp=BasisPoints(Decimal(500))), 10) == 1


def test_negative_equity_adds_to_the_principal() -> None:
    """A payoff above the allowance is financed with the car."""
    structure = Structure(trade_allowance_cents=800_000, payoff_cents=1_000_000)
    assert owed_before_cash_cents(structure, 2_000_000) == 2_200_000


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


@given(structure=structures(), prices=st.lists(st.integers(0, 100_000), min_size=1, max_size=5))
def test_principal_agrees_with_the_reference(structure: Structure, prices: list[int]) -> None:
    """In bulk and one by one, to the cent, for every mixture of amounts."""
    owed = owed_before_cash_cents(structure, np.array(prices))
    assert owed.tolist() == [reference.principal(structure, price, cash=0) for price in prices]
    assert owed_before_cash_cents(structure, prices[0]) == owed[0]
