"""Confidence bands: of a share of a count, and of a rate that has a Gamma distribution.

Wilson (1927) for monthly hazards: its coverage is 95 % on average also for rare events, where the normal
interval falls short and Clopper and Pearson's exact one is too wide (Brown, Cai and DasGupta 2001). The
quantiles of a Gamma distribution are Wilson and Hilferty's (1931), close from a shape of 1 on.
"""

from typing import Final

import numpy as np

from server.finance.rounding import Floats

Z_95: Final = 1.959963984540054
"""The standard normal quantile of a two-sided band of 95 %."""


def wilson(events: Floats, exposed: Floats) -> tuple[Floats, Floats]:
    """Return the lower and upper limit of the share ``events / exposed``; 0 and 1 if nobody is exposed."""
    known = np.maximum(exposed, 1.0)
    share, square = events / known, Z_95**2
    middle = share + square / (2 * known)
    half = Z_95 * np.sqrt(np.maximum(share * (1 - share), 0.0) / known + square / (4 * known**2))
    low, high = (middle - half) / (1 + square / known), (middle + half) / (1 + square / known)
    return np.where(exposed > 0, np.maximum(low, 0.0), 0.0), np.where(exposed > 0, np.minimum(high, 1.0), 1.0)


def gamma_band(shape: Floats, rate: Floats) -> tuple[Floats, Floats]:
    """Return the band of 95 % of a Gamma distribution with ``shape`` and ``rate``, both above 0."""

    def quantile(z: float) -> Floats:
        root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * np.sqrt(shape))
        at: Floats = shape * np.maximum(root, 0.0) ** 3 / rate
        return at

    return quantile(-Z_95), quantile(Z_95)
