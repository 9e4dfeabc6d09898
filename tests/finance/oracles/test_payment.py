"""Contract payments against the published checks, numpy-financial and a decimal schedule."""

import datetime as dt
from decimal import Decimal

import numpy as np
import numpy_financial
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import DayCount
from server.finance.calendar import due_dates, first_period_days
from server.finance.payment import annuity_factors, largest_principal, payment_factors, payments_cents
from tests.finance.reference import schedule_30_360, schedule_actual_365

RATES = st.integers(0, 3_600).map(lambda bp: bp / 10_000)
TERMS = st.integers(1, 120)


def factor(rate: float, term: int, contract: str, first: str, day_count: DayCount) -> float:
    factors = payment_factors(
        np.array([rate]),
        np.array([term]),
        contract=dt.date.fromisoformat(contract),
        first=dt.date.fromisoformat(first),
        day_count=day_count,
    )
    return float(factors[0])


def payment(principal: int, *contract: object) -> int:
    return int(payments_cents(np.array([principal]), np.array([factor(*contract)]))[0])  # type: ignore[arg-type]


def test_a_regular_contract() -> None:
    """10,000 at 10 % over 36 months costs 322.67 a month."""
    assert payment(1_000_000, 0.10, 36, "2026-01-01", "2026-02-01", DayCount.THIRTY_360) == 322_67


def test_odd_days_by_30_360() -> None:
    """30,000 at 8 % over 60 months with 45 days to the first payment: 610.31, the last 609.99."""
    level = payment(3_000_000, 0.08, 60, "2026-01-01", "2026-02-16", DayCount.THIRTY_360)
    assert level == 610_31
    assert schedule_30_360(3_000_000, Decimal("0.08"), level, 60, 45)[-1] == 609_99


def test_real_days_by_actual_365() -> None:
    """30,000 at 8 % over 60 months from 31 December to 31 January: 608.26, the last 608.01."""
    contract, first = "2025-12-31", "2026-01-31"
    level = payment(3_000_000, 0.08, 60, contract, first, DayCount.ACTUAL_365)
    dates = [dt.date.fromisoformat(contract), *due_dates(dt.date.fromisoformat(first), 60)]
    assert level == 608_26
    assert schedule_actual_365(3_000_000, Decimal("0.08"), level, dates)[-1] == 608_01


def test_a_small_contract_by_actual_365() -> None:
    """1,000 at 10 % over 12 months: 11 x 87.90 and 87.85, 54.75 interest."""
    contract, first = "2019-01-01", "2019-02-01"
    level = payment(100_000, 0.10, 12, contract, first, DayCount.ACTUAL_365)
    dates = [dt.date.fromisoformat(contract), *due_dates(dt.date.fromisoformat(first), 12)]
    payments = schedule_actual_365(100_000, Decimal("0.10"), level, dates)
    assert payments == [87_90] * 11 + [87_85]
    assert sum(payments) - 100_000 == 54_75


@pytest.mark.parametrize("day_count", list(DayCount))
def test_without_interest_a_payment_is_the_principals_share(day_count: DayCount) -> None:
    """A rate of 0 divides the principal evenly, halves of a cent upwards."""
    assert payment(100_050, 0.0, 100, "2026-01-01", "2026-03-01", day_count) == 10_01


@given(rate=RATES, term=TERMS)
def test_regular_factors_agree_with_numpy_financial(rate: float, term: int) -> None:
    """The annuity is that of numpy-financial."""
    ours = annuity_factors(np.array([rate / 12]), np.array([term]))[0]
    assert ours == pytest.approx(-numpy_financial.pmt(rate / 12, term, 1.0), rel=1e-11)


@given(
    rate=RATES,
    term=TERMS,
    principal=st.integers(100_000, 20_000_000),
    contract=st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)),
    wait=st.integers(1, 60),
    day_count=st.sampled_from(DayCount),
)
def test_payments_pay_the_contract_off(  # noqa: PLR0917 (one argument for each drawn value)
    rate: float, term: int, principal: int, contract: dt.date, wait: int, day_count: DayCount
) -> None:
    """With rounded payments and interests, the last payment differs by less than rounding can add up to."""
    first = contract + dt.timedelta(days=wait)
    level = payment(principal, rate, term, contract.isoformat(), first.isoformat(), day_count)
    exact = Decimal(str(rate))
    if day_count is DayCount.THIRTY_360:
        payments = schedule_30_360(principal, exact, level, term, first_period_days(contract, first))
    else:
        payments = schedule_actual_365(principal, exact, level, [contract, *due_dates(first, term)])
    drift = term * (1 + rate / 12) ** term
    assert abs(payments[-1] - level) <= drift + 1


@given(payment_max=st.integers(-5, 500_000) | st.integers(500_000, 100_000_000_00), rate=RATES, term=TERMS)
def test_the_largest_principal_is_the_largest(payment_max: int, rate: float, term: int) -> None:
    """Its payment is within the maximum, and a cent more is not."""
    factors = annuity_factors(np.array([rate / 12]), np.array([term]))
    largest = largest_principal(np.array([payment_max]), factors)
    if payment_max <= 0:
        assert largest[0] == 0
    else:
        assert payments_cents(largest, factors)[0] <= payment_max
        assert payments_cents(largest + 1, factors)[0] > payment_max
