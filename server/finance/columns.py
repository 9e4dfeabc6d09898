"""Columns of the wire for all cars, from values that only some of the cars have."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.finance.rounding import Flags
from server.finance.rules.limits import Limit

Index = NDArray[np.intp]

_WIRE = np.array([limit.wire for limit in Limit], dtype=object)
"""The names of the limits on the wire, by number: limits are numbered from 0 without a gap."""


class Spread:
    """Makes columns of ``count`` cars from values of the cars ``at``, which differ; None for the others.

    A column is made of the values or of the Nones, whichever are more, and only the rest is filled in.
    """

    def __init__(self, at: Index, count: int) -> None:
        self._at, self._count = at, count
        self._is_sparse = 2 * len(at) < count
        self._place = np.zeros(count, dtype=np.intp)
        self._place[at] = np.arange(len(at))
        has = np.zeros(count, dtype=np.bool_)
        has[at] = True
        self.others: list[int] = np.flatnonzero(~has).tolist()

    def column(self, values: NDArray[Any]) -> list[Any]:
        """Return the column of these values, one for each of the cars ``at``."""
        if self._is_sparse:
            column: list[Any] = [None] * self._count
            for car, value in zip(self._at.tolist(), values.tolist(), strict=True):
                column[car] = value
            return column
        column = values.take(self._place).tolist()
        for car in self.others:
            column[car] = None
        return column


def without(column: list[Any], which: Flags) -> list[Any]:
    """Return the column with None for the marked cars."""
    for car in np.flatnonzero(which).tolist():
        column[car] = None
    return column


def wire_limits(limits: NDArray[np.int64]) -> list[str | None]:
    """Return the names of these limits on the wire."""
    names: list[str | None] = _WIRE.take(limits).tolist()
    return names
