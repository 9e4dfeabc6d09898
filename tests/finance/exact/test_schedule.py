"""Payments and schedules against numpy-financial, QuantLib, a plain decimal schedule and the bulk engine."""

import datetime as dt
from decimal import Decimal

import numpy as np
import numpy_financial
import pytest
import QuantLib as ql

from protocol.money.pricing import PriceRequest
from protocol.records import DayCount
from server.finance.calendar import first_period_days
from server.finance.exact.price import annual_rate, price_contract
from server.finance.exact.schedule import Accrual, half_up, level_payment, repay
from server.finance.payment import payment_factors, payments_cents
from tests.finance import reference
from tests.finance.exact.contracts import random_contracts

REGULAR = Accrual.of(dt.date(2026, 1, 15), dt.date(2026, 2, 15), 60, DayCount.THIRTY_360)


def test_half_a_cent_is_a_cent() -> None:
    """Also where 50 digits were not enough to hold the half."""
    assert [half_up(Decimal(text)) for text in ("0.5", "0.49", "1.5", f"0.4{'9' * 40}")] == [1, 0, 2, 1]


def test_schedules_agree_with_a_plain_one() -> None:
    """2,000 random contracts of both day counts, every payment to the cent."""
    for asked in random_contracts(2_000, seed=1):
        answer = price_contract(asked)
        rows = [row.payment_cents for row in answer.schedule]
        if min(rows) < answer.payment_cents - 10_000:
            continue  # a payment cut at what is owed: the plain schedule goes on below 0
        assert rows == _plain_schedule(asked, answer.payment_cents, [row.date for row in answer.schedule])


def test_regular_payments_agree_with_numpy_financial() -> None:
    """5,000 random regular contracts: within a millionth of a cent of the rounding."""
    chance = np.random.default_rng(2)
    principal = chance.integers(300_000, 12_000_000, 5_000)
    rate = chance.integers(1, 240_000, 5_000)
    term = chance.integers(2, 97, 5_000)
    theirs = -numpy_financial.pmt(rate / 1e6 / 12, term, principal)
    ours = [
        level_payment(note, _regular(months).annuity(Decimal(hundredths) / 1_000_000))
        for note, hundredths, months in zip(principal.tolist(), rate.tolist(), term.tolist(), strict=True)
    ]
    assert np.abs(np.array(ours) - theirs).max() <= 0.5 + 1e-6


def test_interest_agrees_with_numpy_financial() -> None:
    """Each month's interest, within what rounding 60 payments and interests can add up to."""
    rate = Decimal("0.0799")
    payment = level_payment(3_000_000, REGULAR.annuity(rate))
    rows = repay(3_000_000, payment, rate, REGULAR)
    theirs = -numpy_financial.ipmt(0.0799 / 12, np.arange(1, 61), 60, 3_000_000)
    assert np.abs(np.array([row.interest_cents for row in rows]) - theirs).max() < 2


def test_annuities_agree_with_quantlib() -> None:
    """The present value of payments of 1, discounted by QuantLib's actual/365 day count on the same dates."""
    counter = ql.Actual365Fixed()
    for asked in random_contracts(300, seed=3):
        assert asked.contract_date is not None
        assert asked.first_payment_date is not None
        dates = (asked.contract_date, asked.first_payment_date)
        accrual = Accrual.of(*dates, asked.term_months, DayCount.ACTUAL_365)
        rate, worth, discount, before = float(annual_rate(asked)), 0.0, 1.0, _ql(dates[0])
        for due in accrual.due:
            discount /= ql.InterestRate(rate, counter, ql.Simple, ql.Annual).compoundFactor(before, _ql(due))
            worth, before = worth + discount, _ql(due)
        assert float(accrual.annuity(annual_rate(asked))) == pytest.approx(worth, rel=1e-12)


def test_regular_principals_amortise_as_quantlibs() -> None:
    """The unrounded balances of QuantLib's sinking notionals; ours differ by rounding alone."""
    period, months = ql.Period(5, ql.Years), ql.Monthly
    notionals = ql.sinkingNotionals(period, months, 0.0799, 3_000_000.0)
    rate = Decimal("0.0799")
    rows = repay(3_000_000, level_payment(3_000_000, REGULAR.annuity(rate)), rate, REGULAR)
    theirs = np.array(list(notionals)[1:61])
    assert np.abs(np.array([row.balance_cents for row in rows])[: len(theirs)] - theirs).max() < 60


def test_bulk_payments_are_the_contracts() -> None:
    """40,000 random contracts: the search's float payment is the contract's decimal one, to the cent.

    Exact halves go upwards in both: the bulk factor is lifted by a few of its last digits. The two could
    differ only where the exact payment lies within about 1e-15 of itself below a half.
    """
    chance = np.random.default_rng(4)
    for asked in random_contracts(400, seed=4):
        factor, annuity = _factor_and_annuity(asked)
        principal = chance.integers(100_000, 12_000_000, 100)
        bulk = payments_cents(principal, np.array([factor]))
        assert bulk.tolist() == [level_payment(note, annuity) for note in principal.tolist()]


def test_bulk_payments_round_exact_halves_as_the_contract() -> None:
    """Without interest every even term has principals that divide into half cents; all go upwards."""
    for term in range(2, 121, 2):
        principal = np.arange(0, 20_000) * term + term // 2
        assert (payments_cents(principal, np.array([1.0 / term])) == np.arange(1, 20_001)).all()


def _regular(term: int) -> Accrual:
    return Accrual(REGULAR.due, (30,) * term, 360)


def _ql(date: dt.date) -> ql.Date:
    return ql.Date(date.day, date.month, date.year)


def _plain_schedule(asked: PriceRequest, payment: int, due: list[dt.date]) -> list[int]:
    assert asked.contract_date is not None
    rate, term = annual_rate(asked), asked.term_months
    if asked.day_count is DayCount.ACTUAL_365:
        return reference.schedule_actual_365(asked.price_cents, rate, payment, [asked.contract_date, *due])
    days = first_period_days(asked.contract_date, due[0])
    return reference.schedule_30_360(asked.price_cents, rate, payment, term, days)


def _factor_and_annuity(asked: PriceRequest) -> tuple[float, Decimal]:
    contract, first = asked.contract_date, asked.first_payment_date
    assert contract is not None
    assert first is not None
    factors = payment_factors(
        np.array([float(asked.rate_bp) / 10_000]),
        np.array([asked.term_months]),
        contract=contract,
        first=first,
        day_count=asked.day_count,
    )
    accrual = Accrual.of(contract, first, asked.term_months, asked.day_count)
    return float(factors[0]), accrual.annuity(annual_rate(asked))
