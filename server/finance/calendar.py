"""Dates of a contract: due dates, day counts, and the dates that a structure leaves open."""

import calendar
import datetime as dt

import msgspec

from protocol.deal.structure import Structure, check_bounds
from protocol.money.inputs import ENGINE
from server.finance.versions import WHOLE_MONTHS_ENGINE

DAYS_IN_MONTH_30 = 30
MONTHS_IN_YEAR = 12
FEBRUARY = 2


def add_months(date: dt.date, months: int) -> dt.date:
    """Return the same day ``months`` later, clamped to the month's end: 31 January + 1 is 28 February."""
    years, month = divmod(date.month - 1 + months, 12)
    year, month = date.year + years, month + 1
    return dt.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def months_back(earlier: dt.date, later: dt.date) -> tuple[int, int]:
    """Return the whole months counted back from ``later`` (clamped to the months' ends), and the days that
    remain.
    """
    months = (later.year - earlier.year) * MONTHS_IN_YEAR + later.month - earlier.month
    if add_months(later, -months) < earlier:
        months -= 1
    return months, (add_months(later, -months) - earlier).days


def due_dates(first: dt.date, count: int) -> list[dt.date]:
    """Return ``count`` monthly due dates that keep the first one's day: 31, 28, 31."""
    return [add_months(first, number) for number in range(count)]


def days_30_360(start: dt.date, end: dt.date) -> int:
    """Return the days from ``start`` to ``end`` by 30/360 US, the end of February counting as the 30th."""
    start_day, end_day = start.day, end.day
    if _ends_february(start):
        if _ends_february(end):
            end_day = DAYS_IN_MONTH_30
        start_day = DAYS_IN_MONTH_30
    if end_day == 31 and start_day >= DAYS_IN_MONTH_30:
        end_day = DAYS_IN_MONTH_30
    start_day = min(start_day, DAYS_IN_MONTH_30)
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + end_day - start_day


def after_days(contract: dt.date, days: int) -> dt.date:
    """Return the day that is ``days`` after ``contract``, 30 to a month: 45 is a month and 15 days."""
    months, rest = divmod(days, DAYS_IN_MONTH_30)
    return add_months(contract, months) + dt.timedelta(days=rest)


def days_to_first_payment(structure: Structure) -> int:
    """Return the days from the contract to the first payment as ``after_days`` counts them; the dates must be
    filled in.
    """
    contract, first = structure.contract_date, structure.first_payment_date
    if structure.first_payment_days is not None:
        return structure.first_payment_days
    if contract is None or first is None:
        raise ValueError("the structure's dates are not filled in")
    months = 12 * (first.year - contract.year) + first.month - contract.month
    months -= add_months(contract, months) > first
    return DAYS_IN_MONTH_30 * months + (first - add_months(contract, months)).days


def first_period_days(contract: dt.date, first: dt.date, engine: int = ENGINE) -> int:
    """Return the days of a 30/360 contract's first period: 30 for each month if it is of whole months, as
    Appendix J counts them, else ``days_30_360``. From 28 February to the 28th of March is a month, not the 28
    days that the bond convention counts, and that older engines took.
    """
    months, odd_days = months_back(contract, first)
    if odd_days or engine < WHOLE_MONTHS_ENGINE:
        return days_30_360(contract, first)
    return DAYS_IN_MONTH_30 * months


def with_dates(structure: Structure, today: dt.date) -> Structure:
    """Return ``structure`` with its contract date (else ``today``) and first payment date (else
    ``first_payment_days`` later, else a month).

    Raises:
        StructureError: the first payment does not lie within a year after the contract, or an amount that an
            older version stored is out of bounds.
    """
    contract = structure.contract_date or today
    first = structure.first_payment_date or after_days(
        contract, structure.first_payment_days or DAYS_IN_MONTH_30
    )
    dated = msgspec.structs.replace(structure, contract_date=contract, first_payment_date=first)
    check_bounds(dated)
    return dated


def _ends_february(date: dt.date) -> bool:
    return date.month == FEBRUARY and (date + dt.timedelta(days=1)).month != FEBRUARY
