"""The trace of a search: milliseconds by stage, and counts."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

MS = 1000


class Trace:
    """Sums stages (``pool_wait``, ``db_first_row``, ``db_total``, ``screen``, ``publish``) and counts."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._counts: defaultdict[str, int] = defaultdict(int)

    @contextmanager
    def stage(self, *names: str) -> Iterator[None]:
        """Add the time spent inside to each of ``names``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            for name in names:
                self._seconds[name] += time.perf_counter() - began

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count."""
        self._counts[name] += number

    def report(self) -> dict[str, float]:
        """Return the trace as it is sent: milliseconds by stage, and counts by name."""
        return {name: round(seconds * MS, 3) for name, seconds in self._seconds.items()} | self._counts
