"""The contract's payment: one factor for each rate, term and calendar, since a payment is linear in its
principal.

Regulation Z leaves the day count to the contract; both of ours are in FINANCE's terms: ``30/360`` with odd
days before the first payment, and ``actual/365`` between real due dates.
"""

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from protocol.money.inputs import ENGINE
from protocol.records import DayCount
from server.finance.calendar import due_dates, first_period_days
from server.finance.rounding import Cents, Floats, half_up

MONTHS_PER_YEAR = 12

HALF_IS_UP = 1.0 + 8 * float(np.finfo(np.float64).eps)
"""Raises a payment by a few of its last digits, so that a half cent that binary stores slightly too low, such
as 49/98, is rounded up as in the contract.
"""


def annuity_factors(monthly_rate: Floats, term: NDArray[np.int64]) -> Floats:
    """Return the level payment per unit of principal with regular periods; elementwise; rates may be 0."""
    rate = np.where(monthly_rate > 0, monthly_rate, 1.0)
    factor = rate / -np.expm1(-term * np.log1p(rate))
    return np.where(monthly_rate > 0, factor, 1.0 / term)


def payment_factors(
    annual_rate: Floats,
    term: NDArray[np.int64],
    *,
    contract: dt.date,
    first: dt.date,
    day_count: DayCount,
    engine: int = ENGINE,
) -> Floats:
    """Return the unrounded payment per unit of principal.

    ``annual_rate`` are nominal fractions and ``term`` months, both of shape (p,), as is the result. ``first``
    is after ``contract``.
    """
    if day_count is DayCount.THIRTY_360:
        monthly = annual_rate / MONTHS_PER_YEAR
        # The first period earns interest for its days instead of the annuity's whole month.
        first_period = (1.0 + annual_rate * first_period_days(contract, first, engine) / 360) / (
            1.0 + monthly
        )
        return first_period * annuity_factors(monthly, term)
    if not len(term):
        return np.zeros(0)
    longest = int(term.max())
    dates = [contract, *due_dates(first, longest)]
    days = np.diff([date.toordinal() for date in dates])
    discount = np.cumprod(1.0 / (1.0 + annual_rate[:, None] * days / 365), axis=1)
    paid = np.arange(1, longest + 1) <= term[:, None]
    factors: Floats = 1.0 / np.where(paid, discount, 0.0).sum(axis=1)
    return factors


def payments_cents(principal: Cents, factors: Floats) -> Cents:
    """Return contract payments in cents, halves upwards; the arguments broadcast."""
    return half_up(principal * (factors * HALF_IS_UP))


def largest_principal(payment_max: Cents, factors: Floats) -> Cents:
    """Return the largest principal whose rounded payment is at most ``payment_max``; elementwise, 0 if
    there is none.

    The quotient is never too small, because payments are raised by more than it is rounded. Near a whole cent
    it may be a cent too large, so it is checked by its payment.
    """
    guess = np.floor((payment_max + 0.5) / factors).astype(np.int64)
    guess -= payments_cents(guess, factors) > payment_max
    return guess * (payment_max > 0)
