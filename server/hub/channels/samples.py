"""Samples of how soon a search's messages reach the sockets: the hub's part of its trace.

Of each search that this process runs, four messages are timed: the first matches, the first offers, and those
that say that all are there. Nothing is looked at in any other event.
"""

import datetime as dt
import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from protocol.events import PAINT_STAGES, StageSpan
from server.clock import utc_now
from server.search.trace import Trace

_STAGES: Final = dict(
    zip((b"matches", b"offers", b"search_ended", b"search_valued"), PAINT_STAGES, strict=True)
)
_HEAD: Final = re.compile(
    rb'\{"type":"(%b)","channel":"[^"]*","at":"([^"]*)","search_id":"([^"]*)"' % b"|".join(_STAGES)
)


class Sample:
    """The timed messages of one search. ``told`` hears of each as soon as it is written to the sockets."""

    def __init__(
        self,
        search_id: str,
        trace: Trace,
        told: "Callable[[Sample, StageSpan], None]" = lambda sample, span: None,
        now: Callable[[], dt.datetime] = utc_now,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.search_id = search_id
        self.trace = trace
        self.page_ended = False
        self._told = told
        self._now = now
        self._clock = clock
        self._awaited = dict(_STAGES)

    @property
    def is_complete(self) -> bool:
        """Whether every message was timed."""
        return not self._awaited

    @property
    def pushed(self) -> Sequence[StageSpan]:
        """The messages that were written so far."""
        return self.trace.spans("push")

    def awaits(self, body: bytes) -> tuple[str, float] | None:
        """Return the stage of a logged event that is to be timed, and the seconds since it was published.

        ``written`` must be called once it is written. Publication is by the clock of the process that
        published it, so that another machine's error of its clock is in the figure.
        """
        head = _HEAD.match(body)
        if head is None or head[3] != self.search_id.encode():
            return None
        stage = self._awaited.pop(head[1], None)
        if stage is None:
            return None
        published = dt.datetime.fromisoformat(head[2].decode())
        return stage, max(0.0, (self._now() - published).total_seconds())

    def written(self, stage: str, heard: float, waited: float) -> None:
        """Take that a message, ``heard`` when it was published ``waited`` seconds before, is written now."""
        began = max(self.trace.origin, heard - waited)
        self.trace.add("push", began, self._clock(), of=stage)
        span = next(each for each in self.trace.spans("push") if each.of == stage)
        self._told(self, span)
