"""Counts by label, in one dictionary. No I/O."""

from collections.abc import Iterator, Mapping

from server.observe.metrics.histogram import MOST_LABELS, OTHER


class Tally(Mapping[str, int]):
    """How often each label was counted. When there are ``most`` labels, further ones count as ``other``."""

    def __init__(self, *labels: str, most: int = MOST_LABELS) -> None:
        self._counts = dict.fromkeys(labels, 0)
        self._most = most

    def __getitem__(self, label: str) -> int:
        return self._counts[label]

    def __iter__(self) -> Iterator[str]:
        # A copy is made in one step, so that another thread may read while labels are added.
        return iter(list(self._counts))

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, label: str, number: int = 1) -> None:
        """Count a label. Those that were named at the start are reported from the start, with 0."""
        counts = self._counts
        if label not in counts and len(counts) >= self._most:
            label = OTHER
        counts[label] = counts.get(label, 0) + number
