"""Latencies by name and phase, in histograms of the HdrHistogram library.

Each is measured from the time that the schedule intended, so a server that stalls cannot hide what it kept
waiting (coordinated omission). Values are microseconds inside, milliseconds outside.
"""

from collections.abc import Iterator
from typing import Any, Final

from hdrh.histogram import HdrHistogram

from client.load.planning.schedule import Phase

LONGEST_SECONDS: Final = 3_600
MICROSECONDS: Final = 1_000_000
DIGITS: Final = 3
PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9)
CURVE: Final = (0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100)
"""Percentiles of a plot."""


def _empty(digits: int = DIGITS) -> Any:
    return HdrHistogram(1, LONGEST_SECONDS * MICROSECONDS, digits)


class Latencies:
    """Histograms by (name, phase), and by second of the run for one of the names."""

    def __init__(self, followed: str = "") -> None:
        self.followed = followed
        self._by: dict[tuple[str, Phase], Any] = {}
        self._seconds: dict[int, Any] = {}

    def record(self, name: str, phase: Phase, seconds: float, at: float = -1.0) -> None:
        """Take a latency. ``at`` is when it was intended, in seconds of the run."""
        micros = max(1, min(int(seconds * MICROSECONDS), LONGEST_SECONDS * MICROSECONDS))
        histogram = self._by.get((name, phase))
        if histogram is None:
            histogram = self._by[name, phase] = _empty()
        histogram.record_value(micros)
        if name == self.followed and at >= 0:
            self._of_second(int(at)).record_value(micros)

    def add(self, other: dict[str, Any]) -> None:
        """Add what another process encoded."""
        for name, phase, text in other["by"]:
            key = name, Phase(phase)
            self._by.setdefault(key, _empty()).decode_and_add(text.encode())
        for second, text in other["seconds"]:
            self._of_second(int(second)).decode_and_add(text.encode())

    def encode(self) -> dict[str, Any]:
        """Return all of it in the library's format, for another process."""
        by = [[name, phase, each.encode().decode()] for (name, phase), each in self._by.items()]
        return {"by": by, "seconds": [[at, each.encode().decode()] for at, each in self._seconds.items()]}

    def names(self) -> list[str]:
        """Return what was measured, by name."""
        return sorted({name for name, _ in self._by})

    def count(self, name: str, phase: Phase = Phase.STEADY) -> int:
        """Return how many latencies were taken."""
        found = self._by.get((name, phase))
        return 0 if found is None else int(found.get_total_count())

    def percentile(self, name: str, percent: float, phase: Phase = Phase.STEADY) -> float | None:
        """Return a percentile in milliseconds; None if nothing was measured."""
        found = self._by.get((name, phase))
        if found is None or not found.get_total_count():
            return None
        return float(found.get_value_at_percentile(percent)) / 1000

    def summary(self, name: str, phase: Phase) -> dict[str, float] | None:
        """Return count and milliseconds: mean, percentiles, maximum. None if nothing was measured."""
        found = self._by.get((name, phase))
        if found is None or not found.get_total_count():
            return None
        figures = {"count": int(found.get_total_count()), "mean_ms": round(found.get_mean_value() / 1000, 3)}
        for percent in PERCENTILES:
            figures[f"p{percent:g}_ms"] = found.get_value_at_percentile(percent) / 1000
        return figures | {"max_ms": found.get_max_value() / 1000}

    def curve(self, name: str) -> list[tuple[float, float]]:
        """Return (percentile, milliseconds) of the steady phase, for a plot."""
        found = self._by.get((name, Phase.STEADY))
        if found is None or not found.get_total_count():
            return []
        # A percentile that fewer than one value lies above says no more than the maximum.
        finest = 100.0 * (1 - 1 / found.get_total_count())
        return [
            (percent, found.get_value_at_percentile(percent) / 1000)
            for percent in CURVE
            if percent <= finest or percent == 100
        ]

    def hdr(self, name: str) -> str | None:
        """Return the steady histogram in the library's text format, which its other tools read."""
        found = self._by.get((name, Phase.STEADY))
        return None if found is None else str(found.encode().decode())

    def seconds(self) -> Iterator[dict[str, float]]:
        """Yield the followed latency by second of the run."""
        for at in sorted(self._seconds):
            found = self._seconds[at]
            figures = {
                f"p{percent}_ms": found.get_value_at_percentile(percent) / 1000 for percent in (50, 95)
            }
            yield {"at": at, "count": int(found.get_total_count()), **figures}

    def _of_second(self, at: int) -> Any:
        found = self._seconds.get(at)
        if found is None:
            found = self._seconds[at] = _empty(2)
        return found
