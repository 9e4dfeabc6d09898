"""The trace of a page of a search: what each stage took, and when it ran."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import UNSET

from protocol.events import StageSpan
from protocol.records import EndReason

MS: Final = 1000
DIGITS: Final = 3
"""Decimals of a millisecond in a trace."""


class Trace:
    """Sums stages and counts, and keeps when each stage first began and last ended.

    Offsets count from ``arrived``, the reading of ``clock`` when the command came; the time since then is the
    stage ``parse``, but for the time that it ``waited`` for its turn. Without it they count from now, or from
    ``age_ms`` ago for a page that goes on from another process's search.
    """

    def __init__(
        self,
        arrived: float | None = None,
        *,
        waited: tuple[float, float] | None = None,
        age_ms: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        now = clock()
        self._clock = clock
        self._origin = now - age_ms / MS if arrived is None else arrived
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._spans: dict[tuple[str, str], list[float]] = {}
        if arrived is not None:
            if waited is not None:
                self.add("parse", arrived, waited[0])
                self.add("pool_wait", *waited)
                arrived = waited[1]
            self.add("parse", arrived, now)

    @property
    def origin(self) -> float:
        """The reading of the clock from which offsets count."""
        return self._origin

    @property
    def age_ms(self) -> float:
        """Milliseconds since the command arrived."""
        return max(0.0, (self._clock() - self._origin) * MS)

    @contextmanager
    def stage(self, *names: str) -> Iterator[None]:
        """Add the time spent inside to each of ``names``."""
        began = self._clock()
        try:
            yield
        finally:
            ended = self._clock()
            for name in names:
                self.add(name, began, ended)

    def add(self, name: str, began: float, ended: float, of: str = "") -> None:
        """Add a part of a stage between two readings of the clock; ``of`` tells parts of one name apart."""
        self._seconds[name] += ended - began
        span = self._spans.get((name, of))
        if span is None:
            self._spans[name, of] = [began, ended, 1]
        else:
            # Parts may run side by side, so that the last to begin is not the last to end.
            span[0], span[1], span[2] = min(span[0], began), max(span[1], ended), span[2] + 1

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count."""
        self._counts[name] += number

    def report(self) -> dict[str, float]:
        """Return the trace as it is sent: milliseconds by stage, and counts by name."""
        return {name: _ms(seconds) for name, seconds in self._seconds.items()} | self._counts

    def spans(self, name: str | None = None) -> list[StageSpan]:
        """Return when each stage ran, or the parts of one, in the order in which they began."""
        found = [
            StageSpan(
                name=stage,
                start_ms=max(0.0, _ms(span[0] - self._origin)),
                end_ms=max(0.0, _ms(span[1] - self._origin)),
                count=int(span[2]),
                of=of or UNSET,
            )
            for (stage, of), span in self._spans.items()
            if name in {None, stage}
        ]
        return sorted(found, key=lambda span: (span.start_ms, span.end_ms))


class SearchWatch:
    """Is told of the pages that this process runs. This one does nothing."""

    def begun(self, channel: str, search_id: str, trace: Trace) -> None:
        """Hear that a page is about to be announced; ``trace`` grows while it runs."""

    def ended(self, channel: str, search_id: str, trace: Trace, reason: EndReason, *, first: bool) -> None:
        """Hear that the end of a page was published. ``first``: it was not asked for by ``more``."""


def _ms(seconds: float) -> float:
    return round(seconds * MS, DIGITS)
