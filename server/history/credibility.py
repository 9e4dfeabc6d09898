"""Bühlmann and Straub's credibility for counts: how far a thin cell's own experience is believed.

For cells with ``actual`` events where ``expected`` were, X = actual / expected and weights w = expected:

    K = s² / t²,  Z = w / (w + K),  estimate = Z X + (1 - Z) m

``m`` is the whole's actual over expected, ``s² = m`` because counts are Poisson, and ``t²`` the variance
between cells, by the unbiased estimator for unequal weights, not below 0. With a Gamma prior of shape K m
and rate K the estimate is the posterior mean (Jewell 1974), which gives its confidence band.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from server.finance.rounding import Floats
from server.history.intervals import gamma_band

NO_DIFFERENCE: Final = 1e9
"""K if the cells differ no more than chance makes them: no cell is believed on its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """Ratios to what was expected, of the shape of the cells, with Z, and K.

    ``events`` is how many events a ratio rests on, the prior's included: its relative variance is 1 / events.
    """

    ratio: Floats
    z: Floats
    events: Floats
    k: float

    @property
    def band(self) -> tuple[Floats, Floats]:
        """The band of 95 % of the ratios."""
        return gamma_band(self.events, self.events / self.ratio)


def believe(actual: Floats, expected: Floats, behind: Floats) -> Believed:
    """Return the believed ratio of actual to expected events of each cell; arrays of any one shape.

    ``behind`` is how many events the expectation itself rests on, the cell's own among them: what is taken
    from it is not worth more than the others. Cells where nothing was expected get the mean of the whole.
    """
    k, mean = _constant(actual, expected)
    events = np.maximum(actual + np.minimum(k * mean, np.maximum(behind - actual, 0.0)), 1.0)
    return Believed(
        ratio=(actual + k * mean) / (expected + k), z=expected / (expected + k), events=events, k=k
    )


def _constant(actual: Floats, expected: Floats) -> tuple[float, float]:
    """Return K, and the mean ratio of the whole."""
    there = expected > 0
    x, w = actual[there] / expected[there], expected[there]
    total = float(w.sum())
    mean = float(actual[there].sum()) / total if total > 0 else 1.0
    if mean <= 0:
        return NO_DIFFERENCE, 1.0
    spread = total - float((w**2).sum()) / total
    between = (float((w * (x - mean) ** 2).sum()) - (len(x) - 1) * mean) / spread if spread > 0 else 0.0
    return (mean / between if between > mean / NO_DIFFERENCE else NO_DIFFERENCE), mean
