"""Dates of a contract."""

import datetime as dt

import pytest

from protocol.deal.structure import Structure, StructureError
from server.finance.calendar import add_months, days_30_360, due_dates, first_period_days, with_dates


def test_due_dates_keep_the_first_payments_day() -> None:
    """A 31st is clamped to short months and comes back in long ones."""
    dates = due_dates(dt.date(2026, 1, 31), 4)
    assert dates == [dt.date(2026, 1, 31), dt.date(2026, 2, 28), dt.date(2026, 3, 31), dt.date(2026, 4, 30)]


def test_months_carry_into_the_next_year() -> None:
    """December and one month is January; a leap day stays in a leap year only."""
    assert add_months(dt.date(2025, 12, 15), 1) == dt.date(2026, 1, 15)
    assert add_months(dt.date(2028, 2, 29), 12) == dt.date(2029, 2, 28)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-01-01", "2026-02-16", 45),
        ("2026-01-15", "2026-02-15", 30),
        ("2026-01-31", "2026-03-31", 60),
        ("2026-01-15", "2026-03-31", 76),
        ("2026-02-28", "2026-03-31", 30),
        ("2024-02-29", "2025-02-28", 360),
        ("2024-02-28", "2024-03-28", 30),
    ],
)
def test_days_by_30_360_us(start: str, end: str, days: int) -> None:
    """Months have 30 days; the end of February counts as the 30th."""
    assert days_30_360(dt.date.fromisoformat(start), dt.date.fromisoformat(end)) == days


@pytest.mark.parametrize(
    ("contract", "first", "days"),
    [
        ("2026-02-28", "2026-03-28", 30),
        ("2026-02-28", "2026-03-29", 30),
        ("2026-02-28", "2026-03-31", 30),
        ("2026-02-28", "2026-04-28", 60),
        ("2026-02-28", "2026-04-14", 44),
        ("2028-02-29", "2028-03-29", 30),
        ("2026-04-30", "2026-05-31", 30),
        ("2026-01-31", "2026-02-28", 28),
        ("2026-01-01", "2026-02-16", 45),
        ("2026-04-10", "2026-05-31", 51),
    ],
)
def test_a_first_period_of_whole_months_has_30_days_for_each(contract: str, first: str, days: int) -> None:
    """Counted back from the first payment, as the APR counts it; odd days by 30/360, as ever."""
    dates = dt.date.fromisoformat(contract), dt.date.fromisoformat(first)
    assert first_period_days(*dates) == days
    assert first_period_days(*dates, engine=3) == days_30_360(*dates)


def test_open_dates_become_today_and_a_month_later() -> None:
    """A structure without dates is a contract of today; stated dates stay."""
    filled = with_dates(Structure(), dt.date(2026, 1, 31))
    assert (filled.contract_date, filled.first_payment_date) == (dt.date(2026, 1, 31), dt.date(2026, 2, 28))
    stated = Structure(contract_date=dt.date(2026, 3, 1), first_payment_date=dt.date(2026, 4, 20))
    assert with_dates(stated, dt.date(2026, 1, 31)) == stated


def test_a_first_payment_before_the_contract_is_refused_by_name() -> None:
    """A stated first payment may be overtaken by a contract of today."""
    with pytest.raises(StructureError) as caught:
        with_dates(Structure(first_payment_date=dt.date(2026, 1, 31)), dt.date(2026, 1, 31))
    assert caught.value.field == "first_payment_date"
