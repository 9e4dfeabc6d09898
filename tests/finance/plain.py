"""The law of the money once more, in its plainest form: bisection, loops, fractions, nothing of the engine.

Amounts are dollars unless a name says cents.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

Timing = Sequence[tuple[int, float]]


def cents(amount: Fraction) -> int:
    """Round dollars half up to cents."""
    return int((amount * 100 + Fraction(1, 2)) // 1)


def annuity(principal: Fraction, rate: Fraction, term: int, days: int = 30) -> Fraction:
    """Solve the level payment from the balance after the last one, which is linear in the payment."""

    def left(payment: Fraction) -> Fraction:
        balance = principal * (1 + rate * days / 360) - payment
        for _ in range(term - 1):
            balance += balance * rate / 12 - payment
        return balance

    at_nothing, at_one = left(Fraction(0)), left(Fraction(1))
    return at_nothing / (at_nothing - at_one)


def daily(principal: Fraction, rate: Fraction, dates: Sequence[dt.date]) -> Fraction:
    """Solve the level payment with interest by real days over 365; ``dates`` begin with the contract's."""
    ends = []
    for payment in (Fraction(0), Fraction(1)):
        balance = principal
        for before, due in pairwise(dates):
            balance += balance * rate * (due - before).days / 365 - payment
        ends.append(balance)
    return ends[0] / (ends[0] - ends[1])


def run_down(principal: int, growth: Sequence[Fraction], payment: int) -> tuple[int, int]:
    """Return the last payment and the total interest in cents; ``growth`` is each period's rate."""
    balance, interest = principal, 0
    for one in growth:
        charged = cents(Fraction(balance) * one / 100)
        interest += charged
        balance += charged - payment
    return balance + payment, interest


def apr_percent(
    financed: float, payments: Sequence[tuple[float, int, Fraction]], periods_per_year: float
) -> float:
    """Bisect the general equation of Appendix J; payments are (amount, whole periods, fraction)."""
    with localcontext() as context:
        context.prec = 40
        low, high = Decimal(0), Decimal(1)
        for _ in range(80):
            middle = (low + high) / 2
            worth = sum(
                (
                    Decimal(repr(amount))
                    / (1 + Decimal(f.numerator) / f.denominator * middle)
                    / (1 + middle) ** t
                    for amount, t, f in payments
                ),
                Decimal(0),
            )
            low, high = (middle, high) if worth > Decimal(repr(financed)) else (low, middle)
        return float(low * 100 * Decimal(repr(periods_per_year)))


def npv(
    principal: float,
    rate: float,
    term: int,
    *,
    funding: float = 0.0,
    cnl: float = 0.0,
    timing: Timing = (),
    recovery: float = 0.0,
    gross: float | None = None,
    lag: int = 0,
    speed: float = 0.0,
    servicing: float = 0.0,
) -> float:
    """Add up a contract's expected cash month by month, each discounted as it falls due.

    ``gross`` are gross defaults as a share of principal where they are not ``cnl / (1 - recovery)``.
    """
    i, worth, alive, balance = rate / 12, -principal, 1.0, principal
    level = principal / term if rate == 0 else principal * i / (1 - (1 + i) ** -term)
    defaults = cnl / (1 - recovery) if gross is None else gross

    def discounted(amount: float, month: int) -> float:
        return amount / (1 + funding / 12) ** month

    for month in range(1, term + 1):
        due = defaults * principal * (_lost(timing, month) - _lost(timing, month - 1))
        default = min(alive * balance, due)
        worth += discounted(default * recovery, month + lag) - discounted(servicing * alive, month)
        paying = alive - default / balance
        after = balance * (1 + i) - level if month < term else 0.0
        gone = 1.0 if speed * month >= 1 else speed / (1 - speed * (month - 1))
        worth += discounted(paying * (balance * (1 + i) - after + gone * after), month)
        alive, balance = paying * (1 - gone), after
        if alive <= 0:
            break
    return worth


def _lost(timing: Timing, month: int) -> float:
    for (start, before), (end, after) in pairwise([(0, 0.0), *timing]):
        if start <= month <= end and end > start:
            return before + (after - before) * (month - start) / (end - start)
    return 1.0 if timing else 0.0
