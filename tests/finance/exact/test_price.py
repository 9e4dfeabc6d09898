"""One contract to the cent: the published checks, what is refused, and what always holds."""

import datetime as dt
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from protocol.deal.structure import StructureError
from protocol.money.pricing import PriceRequest
from protocol.records import BasisPoints, DayCount
from server.finance.calendar import first_period_days
from server.finance.exact.price import price_contract
from tests.finance import plain
from tests.finance.exact.contracts import RATES_BP, contract, contracts

ODD_DAYS = {"price_cents": 3_000_000, "rate_bp": 800, "first_payment_date": "2026-02-16"}
REAL_DAYS = {
    "price_cents": 3_000_000,
    "rate_bp": 800,
    "contract_date": "2025-12-31",
    "first_payment_date": "2026-01-31",
    "day_count": "actual/365",
}


@pytest.mark.parametrize(
    ("fields", "payment", "last"),
    [
        ({"price_cents": 1_000_000, "rate_bp": 1_000, "term_months": 36}, 322_67, 322_75),
        (ODD_DAYS, 610_31, 609_99),
        (REAL_DAYS, 608_26, 608_01),
    ],
)
def test_published_payments(fields: dict[str, Any], payment: int, last: int) -> None:
    """The payment and the last payment of each day count, to the cent."""
    answer = price_contract(contract(**fields))
    assert (answer.payment_cents, answer.last_payment_cents) == (payment, last)


def test_a_loan_from_the_end_of_february_is_regular() -> None:
    """From 28 February to the 28th of March: 608.29 at 8.00 %; older rules counted 28 days."""
    fields = {"price_cents": 3_000_000, "rate_bp": 800, "contract_date": "2026-02-28"}
    answer = price_contract(contract(**fields, first_payment_date="2026-03-28"))
    assert (answer.payment_cents, round(answer.apr_percent, 2)) == (608_29, 8.00)
    assert answer.schedule[0].interest_cents == 200_00
    before = price_contract(contract(**fields, first_payment_date="2026-03-28"), engine=3)
    assert before.schedule[0].interest_cents == 186_67


@pytest.mark.parametrize(
    ("first", "percent"),
    # Five months and one: the unit period is a quarter. Two months and one: a month, the lower.
    [("2026-06-01", 24.7451), ("2026-03-01", 24.9953), ("2026-06-02", 24.2873)],
)
def test_two_payments_without_a_common_period(first: str, percent: float) -> None:
    """Appendix J (b)(4)(iii): the average of both periods is the unit period if the first is whole months."""
    fields = {"price_cents": 10_000_000, "rate_bp": 2_520.32, "term_months": 2, "first_payment_date": first}
    assert price_contract(contract(**fields)).apr_percent == percent
    months_only = price_contract(contract(**fields), engine=3).apr_percent
    assert months_only == (24.2964 if percent == 24.7451 else percent)


def test_a_prepaid_finance_charge_lies_inside_the_principal() -> None:
    """1,000 at 10 %, 50 prepaid: 11 x 87.90 and 87.85; interest 54.75, finance charge 104.75, APR 19.766."""
    answer = price_contract(
        contract(
            price_cents=100_000,
            rate_bp=1_000,
            term_months=12,
            contract_date="2019-01-01",
            first_payment_date="2019-02-01",
            day_count="actual/365",
            prepaid_finance_cents=5_000,
        )
    )
    assert [row.payment_cents for row in answer.schedule] == [87_90] * 11 + [87_85]
    assert answer.total_interest_cents == 54_75
    assert answer.finance_charge_cents == 104_75
    assert (answer.principal_cents, answer.amount_financed_cents) == (1_000_00, 950_00)
    assert answer.apr_percent == pytest.approx(19.766, abs=6e-4)


@pytest.mark.parametrize(("credit", "tax"), [(True, 1_750_00), (False, 2_800_00)])
def test_published_tax(credit: bool, tax: int) -> None:
    """40,000 with a trade of 15,000 at 7 %: 1,750 with credit, 2,800 without."""
    asked = contract(
        price_cents=4_000_000, trade_allowance_cents=1_500_000, trade_credit=credit, tax_rate_bp=700
    )
    answer = price_contract(asked)
    assert answer.tax_cents == tax
    assert answer.principal_cents == 2_500_000 + tax


def test_negative_equity_adds_to_the_principal() -> None:
    """What is owed on the trade beyond its allowance is financed."""
    answer = price_contract(contract(trade_allowance_cents=800_000, payoff_cents=1_000_000))
    assert answer.principal_cents == 2_200_000


def test_due_dates_keep_their_day() -> None:
    """The 31st becomes the month's last day and comes back."""
    answer = price_contract(contract(**REAL_DAYS))
    dates = [row.date.isoformat() for row in answer.schedule[:3]]
    assert dates == ["2026-01-31", "2026-02-28", "2026-03-31"]


def test_the_first_payment_is_a_month_later_unless_stated() -> None:
    """No first payment date is one month after the contract."""
    assert price_contract(contract(contract_date="2026-01-31")).schedule[0].date == dt.date(2026, 2, 28)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"discount_cents": 2_000_001}, "discount_cents"),
        ({"taxable_fees_cents": 1}, "taxable_fees_cents"),
        ({"taxable_products_cents": 1}, "taxable_products_cents"),
        ({"first_payment_date": "2026-01-01"}, "first_payment_date"),
        ({"first_payment_date": "2025-12-31"}, "first_payment_date"),
        ({"first_payment_date": "2300-01-01"}, "first_payment_date"),
        ({"contract_date": "1980-01-01"}, "contract_date"),
        ({"contract_date": None}, "contract_date"),
        ({"cash_down_cents": 2_000_000}, "principal_cents"),
        ({"cash_down_cents": 2_500_000}, "principal_cents"),
        ({"prepaid_finance_cents": 2_000_000}, "prepaid_finance_cents"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    """The error names the field to mend."""
    with pytest.raises(StructureError) as refused:
        price_contract(contract(**fields))
    assert refused.value.field == field


def test_a_tax_computed_elsewhere_takes_the_place_of_the_rate() -> None:
    """Tax by the rules of an address goes into the principal as the request's own would."""
    answer = price_contract(contract(tax_rate_bp=700), tax_of=lambda _: 123_45)
    assert (answer.tax_cents, answer.principal_cents) == (123_45, 2_000_000 + 123_45)


def test_a_payment_below_a_cent_leaves_nothing_negative() -> None:
    """70 cents over 120 months: a cent a month until nothing is owed."""
    rows = price_contract(contract(price_cents=70, rate_bp=0, term_months=120)).schedule
    assert [row.payment_cents for row in rows] == [1] * 70 + [0] * 50


@given(asked=contracts())
def test_a_contract_balances(asked: PriceRequest) -> None:
    """The schedule ends at 0, each row adds up, and the totals are those of the rows."""
    answer = price_contract(asked)
    balance = answer.principal_cents
    for row in answer.schedule:
        assert row.payment_cents == row.interest_cents + row.principal_cents
        balance -= row.principal_cents
        assert row.balance_cents == balance
    assert balance == 0
    assert sum(row.payment_cents for row in answer.schedule) == answer.total_of_payments_cents
    assert sum(row.interest_cents for row in answer.schedule) == answer.total_interest_cents
    assert answer.finance_charge_cents == answer.total_interest_cents + asked.prepaid_finance_cents
    assert answer.amount_financed_cents + answer.finance_charge_cents == answer.total_of_payments_cents


@given(asked=contracts())
@settings(max_examples=40)
def test_payment_and_last_payment_agree_with_plain_fractions(asked: PriceRequest) -> None:
    """To the cent, by a linear equation in the payment and a run-down in fractions of a dollar."""
    answer = price_contract(asked)
    assert asked.contract_date is not None
    principal, rate = Fraction(answer.principal_cents, 100), Fraction(asked.rate_bp) / 10_000
    dates = [asked.contract_date, *(row.date for row in answer.schedule)]
    if asked.day_count is DayCount.ACTUAL_365:
        exact = plain.daily(principal, rate, dates)
        growth = [rate * (b - a).days / 365 for a, b in pairwise(dates)]
    else:
        days = first_period_days(dates[0], dates[1])
        exact = plain.annuity(principal, rate, asked.term_months, days)
        growth = [rate * days / 360, *[rate / 12] * (asked.term_months - 1)]
    level = plain.cents(exact)
    last, interest = plain.run_down(answer.principal_cents, growth, level)
    assume(last >= 0)
    assert answer.payment_cents == level
    assert (answer.last_payment_cents, answer.total_interest_cents) == (last, interest)


@given(asked=contracts(), more=st.integers(1, 500_000), rate=RATES_BP)
def test_payments_rise_with_principal_and_rate(asked: PriceRequest, more: int, rate: BasisPoints) -> None:
    """A dearer car and a higher rate never cost less a month."""
    dearer = msgspec.structs.replace(asked, price_cents=asked.price_cents + more)
    assert price_contract(dearer).payment_cents >= price_contract(asked).payment_cents
    higher = msgspec.structs.replace(asked, rate_bp=max(rate, asked.rate_bp))
    assert price_contract(higher).payment_cents >= price_contract(asked).payment_cents
