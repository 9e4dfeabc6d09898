"""What is recovered of charged-off balances, and how late, by development of the lags.

Recoveries of the youngest charge-offs are not in yet. So the share recovered at each lag is taken from the
charge-offs that were seen for that long, and the shares are added: the additive method of loss reserving.
Its standard error is the delta method's, from each charge-off's contribution to the ratios.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from server.finance.rounding import Floats
from server.history.aggregates.counts import Recoveries
from server.history.intervals import Z_95

LONGEST_LAG: Final = 36
FEWEST_AT_LAG: Final = 10
"""A lag that fewer charge-offs were seen for adds nothing: one loan would speak for all."""

HIGHEST: Final = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Severity:
    """The share recovered of a charged-off balance with its band of 95 %, and the mean lag in months.

    ``charge_offs`` are how many it rests on; ``by_lag`` the share recovered at each lag from 0, which is
    known for ``lags_seen`` lags and 0 from there on.
    """

    recovery: float
    low: float
    high: float
    lag_months: float
    charge_offs: int
    lags_seen: int
    by_lag: Floats


def severity(rows: Recoveries, tier: str) -> Severity:
    """Return the severity of a tier's charge-offs; nothing recovered if it has none."""
    mine = rows.tier == tier
    if not mine.any():
        return Severity(0.0, 0.0, 0.0, 0.0, 0, 0, np.zeros(LONGEST_LAG + 1))
    _, first, number = np.unique(rows.charge_off[mine], return_index=True, return_inverse=True)
    owed, seen = rows.owed[mine][first], np.minimum(rows.seen_for[mine][first], LONGEST_LAG)
    lag, amount = rows.lag[mine], rows.amount[mine]
    kept = (lag >= 0) & (lag <= LONGEST_LAG)
    size, lags = LONGEST_LAG + 1, np.arange(LONGEST_LAG + 1)
    # How many charge-offs, and what balances, were seen for at least each lag.
    seen_for = np.bincount(seen, minlength=size)[::-1].cumsum()[::-1]
    balance = np.maximum(np.bincount(seen, weights=owed, minlength=size)[::-1].cumsum()[::-1], 1.0)
    enough = seen_for >= FEWEST_AT_LAG
    recovered = np.bincount(lag[kept], weights=amount[kept], minlength=size)
    by_lag = np.where(enough, recovered / balance, 0.0)
    total = float(by_lag.sum())
    kept &= enough[np.maximum(np.minimum(lag, LONGEST_LAG), 0)]
    # Of no rows at all numpy counts whole numbers, whatever the weights are.
    pull = np.bincount(number[kept], weights=amount[kept] / balance[lag[kept]], minlength=len(first)).astype(
        np.float64
    )
    pull -= owed * np.cumsum(by_lag / balance)[seen]
    error = float(np.sqrt((pull**2).sum()))
    return Severity(
        recovery=min(max(total, 0.0), HIGHEST),
        low=max(total - Z_95 * error, 0.0),
        high=min(total + Z_95 * error, HIGHEST),
        lag_months=float((by_lag * lags).sum() / total) if total > 0 else 0.0,
        charge_offs=len(first),
        lags_seen=int(enough.sum()),
        by_lag=by_lag,
    )
