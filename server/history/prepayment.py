"""The speed of prepayment in the ABS model, from counts by age.

In the model a fraction ``a`` of the original loans prepays each month, so of those alive in month k it is
``SMM_k = a / (1 - a (k - 1))``. The estimate is the ``a`` at which as many prepay as did.
"""

from typing import Final

import numpy as np

from server.finance.rounding import Floats
from server.finance.rules.programmes import Whole

FASTEST: Final = 0.2
STEPS: Final = 60


def single_month_mortality(speed: float, age: Whole) -> Floats:
    """Return the share of living loans that prepay in the month of each age."""
    left = 1.0 - speed * (age - 1)
    return np.where(speed * age >= 1.0, 1.0, speed / np.maximum(left, 1e-12))


def expected_prepaid(speed: float, age: Whole, exposed: Floats) -> float:
    """Return how many of ``exposed`` loans of each age prepay."""
    return float((single_month_mortality(speed, age) * exposed).sum())


def speed_for(prepaid: float, age: Whole, exposed: Floats) -> float:
    """Return the speed at which ``prepaid`` loans prepay, by bisection; at most FASTEST."""
    low, high = 0.0, FASTEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        if expected_prepaid(middle, age, exposed) < prepaid:
            low = middle
        else:
            high = middle
    return (low + high) / 2
