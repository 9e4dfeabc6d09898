"""The value of one contract in ``decimal``, a month at a time, from FINANCE's lines as they stand there."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

from protocol.money.lending import RiskCurve

DIGITS = 34


@dataclass(frozen=True)
class Worth:
    """A contract of principal 1: ``value`` is before servicing and acquisition; others as in Factors."""

    value: Decimal
    servicing: Decimal
    unearned: Decimal
    ended: Decimal
    net_loss: Decimal


def worth(
    rate: float, term: int, curve: RiskCurve, *, window: int = 0, defaults: str = "1", recovered: str = "1"
) -> Worth:
    """Value one contract; ``defaults`` multiplies G, ``recovered`` then the recovery."""
    with localcontext(prec=DIGITS):
        i, y, a = Decimal(rate) / 12, Decimal(curve.funding_rate) / 12, Decimal(curve.abs_speed)
        recovery = Decimal(curve.recovery)
        g = Decimal(curve.cnl) / (1 - recovery) * Decimal(defaults)
        recovery *= Decimal(recovered)
        payment = i / (1 - (1 + i) ** -term) if i else Decimal(1) / term
        alive, balance = Decimal(1), Decimal(1)
        value, servicing, unearned, ended, lost = Decimal(-1), Decimal(0), Decimal(0), Decimal(0), Decimal(0)
        for k in range(1, term + 1):
            if alive <= 0 or balance <= 0:
                break
            discount = (1 + y) ** -k
            share = _timing(curve, k, term) - _timing(curve, k - 1, term)
            default = min(alive * balance, g * share)
            paying = alive - default / balance
            smm = Decimal(1) if a * k >= 1 else a / (1 - a * (k - 1))
            after = balance * (1 + i) - payment if k < term else Decimal(0)
            value += paying * (i * balance + balance - after + smm * after) * discount
            value += recovery * default * (1 + y) ** -(k + curve.recovery_lag_months)
            servicing += alive * discount
            left = paying * (1 - smm)
            if k < term:
                unearned += (1 - Decimal(k) / term) * (alive - left) * discount
                ended += alive - left if k <= window else 0
            lost += (1 - recovery) * default
            alive, balance = left, after
        return Worth(value, servicing, unearned, ended, lost)


def _timing(curve: RiskCurve, month: int, term: int) -> Decimal:
    if not month:
        return Decimal(0)
    share, reached = Decimal(month / term), Decimal(0)
    for (x0, y0), (x1, y1) in pairwise([(0.0, 0.0), *curve.loss_timing]):
        low, high = Decimal(x0), Decimal(x1)
        if high <= share:
            reached = Decimal(y1)
        elif low < share:
            return Decimal(y0) + (Decimal(y1) - Decimal(y0)) * (share - low) / (high - low)
    return reached
