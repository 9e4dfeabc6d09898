"""Histograms of plain numbers: one addition to each of two lists' cells costs less than a lock. No I/O."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

CALL_SECONDS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Bounds for what takes a trip or a few: a statement takes 0.2 ms at best, and times out after 10 s."""

WORK_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""Bounds for work: a search shows its first cars after 5 ms, a chunk is given up after 20 s."""

OTHER: Final = "other"
MOST_LABELS: Final = 150


class Histogram:
    """Counts values by the least bound that they do not exceed; the last count is of those above all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = CALL_SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.counts)

    def above(self, bound: float) -> int:
        """Return how many values were larger than a bound, which must be one of the bounds."""
        return sum(self.counts[bisect_right(self.bounds, bound) :])

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Histograms(Mapping[str, Histogram]):
    """Histograms by label. When there are ``most`` labels, further ones are counted as ``other``."""

    def __init__(self, bounds: Sequence[float] = CALL_SECONDS, most: int = MOST_LABELS) -> None:
        self._bounds = bounds
        self._most = most
        self._found: dict[str, Histogram] = {}

    def __getitem__(self, label: str) -> Histogram:
        return self._found[label]

    def __iter__(self) -> Iterator[str]:
        # A copy is made in one step, so that another thread may read while labels are added.
        return iter(list(self._found))

    def __len__(self) -> int:
        return len(self._found)

    def of(self, label: str) -> Histogram:
        """Return the histogram of a label, which is empty at first."""
        found = self._found.get(label)
        if found is None:
            if len(self._found) >= self._most:
                label = OTHER
            found = self._found.setdefault(label, Histogram(self._bounds))
        return found
