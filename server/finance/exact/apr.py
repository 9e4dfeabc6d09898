"""The annual percentage rate by Regulation Z: the actuarial method of 12 CFR 1026, Appendix J.

A flow of ``c`` that changes hands ``t`` whole unit periods and a fraction ``f`` of one after the beginning is
worth ``c / ((1 + f*i) * (1 + i)**t)`` then; the rate ``i`` of a unit period makes all advances worth all
payments, and ``w`` unit periods a year make it annual: ``APR = w*i``. No tolerance for minor irregularities.
"""

import numpy as np
from numpy.typing import NDArray

from protocol.deal.structure import StructureError
from protocol.money.pricing import AprAnswer, AprFlow, AprRequest
from server.finance.rounding import Floats

MAX_ITERATIONS = 200
MAX_PERIODIC_RATE = 1e14
RELATIVE_PRECISION = 1e-14
DECIMALS = 4


def periodic_rates(flows: Floats, periods: NDArray[np.int64], fractions: Floats) -> Floats:
    """Return the rate of a unit period of each of many loans; shape (l,), NaN where none fits.

    All arguments have shape (l, k) for l loans with up to k flows: ``flows`` are payments, and advances as
    negative amounts, in any unit of money; ``periods`` and ``fractions`` are the time of each; unused flows
    are 0. No rate fits if payments are less than advances, or more than any rate allows.

    Newton from 0, if the value is at its highest; a step that leaves the bracket becomes a bisection.
    """
    rate, low = np.zeros(len(flows)), np.zeros(len(flows))
    high = np.full(len(flows), MAX_PERIODIC_RATE)
    value, _ = _value_and_slope(flows, periods, fractions, high)
    total = flows.sum(axis=1)
    # Amounts with cents do not add up exactly in binary: differences in the last digits are ignored.
    solvable = (total >= -1e-12 * np.abs(flows).sum(axis=1)) & (value < 0)
    pending = np.flatnonzero(solvable & (total > 0))
    for _ in range(MAX_ITERATIONS):
        if not len(pending):
            break
        at = rate[pending]
        value, slope = _value_and_slope(flows[pending], periods[pending], fractions[pending], at)
        low[pending] = np.where(value >= 0, at, low[pending])
        high[pending] = np.where(value <= 0, at, high[pending])
        step = at - np.divide(value, slope, out=np.full(len(at), np.inf), where=slope < 0)
        inside = (step >= low[pending]) & (step <= high[pending])
        after = np.where(inside, step, (low[pending] + high[pending]) / 2)
        rate[pending] = after
        pending = pending[np.abs(after - at) > RELATIVE_PRECISION * (1 + after)]
    return np.where(solvable, rate, np.nan)


def apr_percent(periodic_rate: float, unit_periods_per_year: float) -> float:
    """Return the APR in percent, rounded half up to four decimals."""
    scale = 10**DECIMALS
    return float(np.floor(periodic_rate * unit_periods_per_year * 100 * scale + 0.5) / scale)


def annual_percentage_rate(request: AprRequest) -> AprAnswer:
    """Return the APR of one loan.

    Raises:
        StructureError: no advance, payments below advances, or no rate that makes them equal.
    """
    advances = request.advances if isinstance(request.advances, list) else [AprFlow(request.advances)]
    if not any(advance.amount for advance in advances):
        raise StructureError("advances", "expected an amount above 0")
    flows = [*advances, *request.payments]
    amounts = [-advance.amount for advance in advances] + [payment.amount for payment in request.payments]
    rate = periodic_rates(
        np.array([amounts]),
        np.array([[flow.unit_periods for flow in flows]]),
        np.array([[flow.fraction for flow in flows]]),
    )[0]
    if np.isnan(rate):
        raise StructureError("payments", "expected payments after the advances that repay them at some rate")
    return AprAnswer(apr_percent(float(rate), request.unit_periods_per_year))


def _value_and_slope(
    flows: Floats, periods: NDArray[np.int64], fractions: Floats, rate: Floats
) -> tuple[Floats, Floats]:
    """Return the present value of each loan's flows at its rate, and how it changes with the rate; (l,)."""
    i = rate[:, None]
    odd = 1.0 + fractions * i
    worth = flows * np.exp(-periods * np.log1p(i)) / odd
    slope = -worth * (fractions / odd + periods / (1.0 + i))
    return worth.sum(axis=1), slope.sum(axis=1)
