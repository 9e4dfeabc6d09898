"""Time as Regulation Z counts it."""

import datetime as dt

import pytest

from server.finance.exact.unit_periods import (
    UnitPeriod,
    between,
    between_months,
    months_back,
    months_of,
    single_payment,
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("earlier", "later", "counted"),
    [
        ("2026-01-10", "2026-03-01", (1, 22)),
        ("2026-01-31", "2026-02-28", (0, 28)),
        ("2026-02-28", "2026-03-31", (1, 0)),
        ("2026-03-01", "2026-03-31", (0, 30)),
        ("2025-12-31", "2026-12-31", (12, 0)),
    ],
)
def test_months_are_counted_back_from_the_later_date(
    earlier: str, later: str, counted: tuple[int, int]
) -> None:
    """Clamped to the months' ends; what is left is real days."""
    assert months_back(day(earlier), day(later)) == counted


@pytest.mark.parametrize(
    ("unit", "later", "whole", "fraction"),
    [
        (UnitPeriod.DAY, "2026-03-17", 65, 0.0),
        (UnitPeriod.WEEK, "2026-03-17", 9, 2 / 7),
        (UnitPeriod.HALF_MONTH, "2026-03-17", 4, 6 / 15),
        (UnitPeriod.MONTH, "2026-03-17", 2, 6 / 30),
        (UnitPeriod.QUARTER, "2026-03-17", 0, 66 / 90),
        (UnitPeriod.QUARTER, "2026-07-11", 2, 0.0),
        (UnitPeriod.YEAR, "2027-04-11", 1, 3 / 12),
        (UnitPeriod.YEAR, "2027-04-14", 1, 93 / 365),
    ],
)
def test_unit_periods_since_11_january(unit: UnitPeriod, later: str, whole: int, fraction: float) -> None:
    """Appendix J (b)(5): half-months and quarters by months of 30 days, years by months or else by days."""
    assert between(day("2026-01-11"), day(later), unit) == (whole, pytest.approx(fraction))


@pytest.mark.parametrize(
    ("first", "payments", "months"),
    [
        ("2026-02-11", 2, 1),
        ("2026-03-11", 2, 1),
        ("2026-04-11", 2, 2),
        ("2026-05-11", 2, 2),
        ("2026-06-11", 2, 3),
        ("2027-01-11", 2, 6),
        ("2026-06-11", 3, 1),
        ("2026-06-12", 2, 1),
    ],
)
def test_the_unit_period_is_the_common_one_or_the_average(first: str, payments: int, months: int) -> None:
    """Appendix J (b)(4): with three payments a month is common; the average of two goes down."""
    assert months_of(day("2026-01-11"), day(first), payments) == months


def test_periods_of_several_months() -> None:
    """Appendix J (b)(5)(iii): 30 days for each month and the days that remain, over 90 for a quarter."""
    assert between_months(day("2026-01-11"), day("2026-06-11"), 3) == (1, pytest.approx(2 / 3))
    assert between_months(day("2026-01-11"), day("2026-07-11"), 3) == (2, 0.0)


@pytest.mark.parametrize(
    ("later", "counted"),
    [
        ("2026-07-11", (1, 0.0, 2.0)),
        ("2026-09-23", (1, 0.0, 365 / 255)),
        ("2027-01-11", (1, 0.0, 1.0)),
        ("2027-07-11", (1, 0.5, 1.0)),
    ],
)
def test_a_single_payment_is_one_unit_period(later: str, counted: tuple[int, float, float]) -> None:
    """Of whole months or of days; above a year it is counted in years."""
    assert single_payment(day("2026-01-11"), day(later)) == pytest.approx(counted)


def test_unit_periods_a_year() -> None:
    """As many as the regulation gives each."""
    assert [unit.per_year for unit in UnitPeriod] == [365, 52, 24, 12, 4, 1]
