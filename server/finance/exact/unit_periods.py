"""Time as Regulation Z counts it: whole unit periods back from the later date, and a fraction of one.

Source: 12 CFR 1026, Appendix J, (b)(4) and (b)(5).
"""

import datetime as dt
from enum import StrEnum

from server.finance.calendar import DAYS_IN_MONTH_30, MONTHS_IN_YEAR, add_months, months_back

DAYS_IN_YEAR = 365


class UnitPeriod(StrEnum):
    """The intervals that Regulation Z counts in: the commonest one between the payments of a contract."""

    DAY = "day"
    WEEK = "week"
    HALF_MONTH = "half_month"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def per_year(self) -> int:
        """The number of unit periods in a year."""
        return _PER_YEAR[self]


_PAIR = 2
_PER_YEAR = {
    UnitPeriod.DAY: DAYS_IN_YEAR,
    UnitPeriod.WEEK: 52,
    UnitPeriod.HALF_MONTH: 24,
    UnitPeriod.MONTH: MONTHS_IN_YEAR,
    UnitPeriod.QUARTER: 4,
    UnitPeriod.YEAR: 1,
}
_DAYS = {
    UnitPeriod.DAY: 1,
    UnitPeriod.WEEK: 7,
    UnitPeriod.HALF_MONTH: 15,
    UnitPeriod.MONTH: DAYS_IN_MONTH_30,
    UnitPeriod.QUARTER: 3 * DAYS_IN_MONTH_30,
}


def months_of(contract: dt.date, first: dt.date, payments: int) -> int:
    """Return the months in the unit period of ``payments`` monthly payments, the first of them on ``first``.

    A month, the commonest period, if there are three payments or more. Two payments after a first period of
    several whole months have no common period: (b)(4)(iii) takes the average of both, rounded to the nearest
    whole number of months, the lower one of two that are equally near.
    """
    months, odd_days = months_back(contract, first)
    no_common_period = payments == _PAIR and months > 1 and not odd_days
    return (months + 1) // _PAIR if no_common_period else 1


def between_months(earlier: dt.date, later: dt.date, multiple: int) -> tuple[int, float]:
    """Return the whole unit periods of ``multiple`` months between two dates, and the fraction that remains:
    30 days for each month counted back from the later date, plus the days that remain.
    """
    months, days = months_back(earlier, later)
    whole, rest = divmod(months * DAYS_IN_MONTH_30 + days, multiple * DAYS_IN_MONTH_30)
    return whole, rest / (multiple * DAYS_IN_MONTH_30)


def between(earlier: dt.date, later: dt.date, unit: UnitPeriod) -> tuple[int, float]:
    """Return the whole unit periods between two dates, and the fraction of one that remains.

    Half-months and quarters count months of 30 days; the rest of a year counts in twelfths if it is whole
    months, else in days of 365.
    """
    if unit in {UnitPeriod.DAY, UnitPeriod.WEEK}:
        whole, rest = divmod((later - earlier).days, _DAYS[unit])
        return whole, rest / _DAYS[unit]
    months, days = months_back(earlier, later)
    if unit is UnitPeriod.MONTH:
        return months, days / DAYS_IN_MONTH_30
    if unit is UnitPeriod.YEAR:
        years, months = divmod(months, MONTHS_IN_YEAR)
        if days == 0:
            return years, months / MONTHS_IN_YEAR
        return years, (add_months(later, -years * MONTHS_IN_YEAR) - earlier).days / DAYS_IN_YEAR
    whole, rest = divmod(months * DAYS_IN_MONTH_30 + days, _DAYS[unit])
    return whole, rest / _DAYS[unit]


def single_payment(earlier: dt.date, later: dt.date) -> tuple[int, float, float]:
    """Return whole unit periods, fraction and unit periods per year of one advance repaid by one payment.

    The term is the unit period, of which 12 / months or else 365 / days make a year; but a term above a year
    is counted in years.
    """
    if add_months(earlier, MONTHS_IN_YEAR) < later:
        return *between(earlier, later, UnitPeriod.YEAR), float(UnitPeriod.YEAR.per_year)
    months, days = months_back(earlier, later)
    return 1, 0.0, DAYS_IN_YEAR / (later - earlier).days if days else MONTHS_IN_YEAR / months
