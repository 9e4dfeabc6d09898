"""Cents and basis points in bulk: exact in integers if a product is exact, rounded half up once if it
is not.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

Cents = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HUNDREDTHS = 100
"""Rates have at most two decimals of a basis point, so hundredths of a basis point are whole."""

WHOLE = 10_000 * HUNDREDTHS
"""100 % in hundredths of a basis point."""


def half_up(amount: Floats) -> Cents:
    """Return ``amount`` in whole cents, halves upwards."""
    return np.floor(amount + 0.5).astype(np.int64)


def hundredths_of_bp(rate_bp: Decimal | float) -> int:
    """Return basis points as whole hundredths."""
    return round(rate_bp * HUNDREDTHS)


def annual_fraction(rate: NDArray[np.int64]) -> Floats:
    """Return annual rates in hundredths of a basis point as fractions: 79900 is 0.0799."""
    return rate / WHOLE
