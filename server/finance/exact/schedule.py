"""A contract month by month: due dates, the level payment, and the schedule whose last payment balances.

Both day counts of FINANCE are one formula. With B days in a year and d_k days in period k, interest is
``balance * rate * d_k / B`` and a level payment is ``principal / annuity``, where
``annuity = sum over k of prod over j <= k of 1 / (1 + rate * d_j / B)``. For ``30/360`` (B = 360) the first
period has its own days and every other 30, which gives the closed form of FINANCE; for ``actual/365``
(B = 365, in leap years too) all periods have their real days.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from itertools import pairwise

from protocol.money.inputs import ENGINE
from protocol.money.pricing import ScheduleRow
from protocol.records import DayCount
from server.finance.calendar import DAYS_IN_MONTH_30, due_dates, first_period_days
from server.finance.rounding import WHOLE

ARITHMETIC = Context(prec=50)
"""Ten-digit principals over 120 periods keep far more than twenty digits after the cent."""

_CENT = Decimal(1)
_EXACT_HALF = Decimal("1e-20")


@dataclass(frozen=True, slots=True)
class Accrual:
    """The periods of a contract: when each ends, and its ``days`` of a year that has ``year_days``."""

    due: tuple[dt.date, ...]
    days: tuple[int, ...]
    year_days: int

    @classmethod
    def of(
        cls, contract: dt.date, first: dt.date, term: int, day_count: DayCount, *, engine: int = ENGINE
    ) -> "Accrual":
        """Return the ``term`` monthly periods from ``contract``, of which the first ends on ``first``."""
        due = due_dates(first, term)
        if day_count is DayCount.THIRTY_360:
            days = [first_period_days(contract, first, engine), *[DAYS_IN_MONTH_30] * (term - 1)]
            return cls(tuple(due), tuple(days), 360)
        days = [(after - before).days for before, after in pairwise([contract, *due])]
        return cls(tuple(due), tuple(days), 365)

    def annuity(self, rate: Decimal) -> Decimal:
        """Return the present value of 1 paid at each due date; ``rate`` is a nominal annual fraction."""
        with localcontext(ARITHMETIC):
            value = Decimal(0)
            for days in reversed(self.days):
                value = (1 + value) / (1 + rate * days / self.year_days)
            return value


def half_up(amount: Decimal) -> int:
    """Return ``amount``, which is not negative, in whole cents, halves upwards.

    A quotient that was cut after 50 digits may miss an exact half by its last digit, so anything within 1e-20
    of a half counts as a half.
    """
    with localcontext(ARITHMETIC):
        return int(amount.quantize(_EXACT_HALF, ROUND_HALF_UP).quantize(_CENT, ROUND_HALF_UP))


def level_payment(principal_cents: int, annuity: Decimal) -> int:
    """Return the level payment in cents of a principal in cents."""
    with localcontext(ARITHMETIC):
        return half_up(principal_cents / annuity)


def repay(principal_cents: int, payment_cents: int, rate: Decimal, accrual: Accrual) -> list[ScheduleRow]:
    """Return the schedule of a principal that ``payment_cents`` repays; the last payment is the balance plus
    interest.

    Each interest is rounded half up. No payment exceeds the amount owed, so a payment that was rounded up
    never makes the last one negative. ``rate`` is a nominal annual fraction.
    """
    rows, balance, last = [], principal_cents, len(accrual.due)
    for number, (due, days) in enumerate(zip(accrual.due, accrual.days, strict=True), start=1):
        interest = _interest(balance, rate, days, accrual.year_days)
        owed = balance + interest
        paid = owed if number == last else min(payment_cents, owed)
        balance = owed - paid
        rows.append(ScheduleRow(number, due, paid, interest, paid - interest, balance))
    return rows


def total_of_payments(principal_cents: int, payment_cents: int, rate: int, accrual: Accrual) -> int:
    """Return the sum of the payments of ``repay``, in whole numbers; ``rate`` is in hundredths of a basis
    point a year. The pencil grid sums dozens of schedules at a time.
    """
    balance, total, whole, last = principal_cents, 0, WHOLE * accrual.year_days, len(accrual.days)
    for number, days in enumerate(accrual.days, start=1):
        owed = balance + (2 * balance * rate * days + whole) // (2 * whole)
        paid = owed if number == last else min(payment_cents, owed)
        balance = owed - paid
        total += paid
    return total


def _interest(balance: int, rate: Decimal, days: int, year_days: int) -> int:
    with localcontext(ARITHMETIC):
        return half_up(balance * rate * days / year_days)
