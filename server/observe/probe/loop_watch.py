"""How long an event loop lets its callbacks wait, measured by a thread.

The thread hands the loop a beat ten times a second and notes how late each one runs. A beat that does not run
means that something blocks the loop; the thread can say what, because it does not depend on the loop.
"""

import asyncio
import sys
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from server.observe.probe.stacks import frames_of

BEAT_SECONDS: Final = 0.1
BLOCKED_SECONDS: Final = 0.25
"""A loop that is late by more than this is reported once, with its stack."""

BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BEATS_OF_A_MINUTE: Final = 600
SECONDS_OF_A_MINUTE: Final = 60.0
MS: Final = 1000

log = structlog.get_logger("loop")


@dataclass(frozen=True, slots=True)
class Lag:
    """Percentiles of the last minute, in seconds. ``blocked`` is how long the current beat has waited."""

    p50: float
    p99: float
    most: float
    blocked: float


class Lags:
    """The lags that were measured: a histogram since the start, and those of the last minute. No I/O."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_SECONDS) + 1)
        self.sum_seconds = 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=BEATS_OF_A_MINUTE)

    def add(self, at: float, lag: float) -> None:
        """Add the lag of a beat that ran at ``at``, both in seconds."""
        self.counts[bisect_left(BUCKETS_SECONDS, lag)] += 1
        self.sum_seconds += lag
        self._recent.append((at, lag))

    def of_last_minute(self, now: float, blocked: float) -> Lag:
        """Return the percentiles of the last minute; a loop that is blocked now counts with that time."""
        recent = sorted(lag for at, lag in tuple(self._recent) if at > now - SECONDS_OF_A_MINUTE)
        if blocked > BEAT_SECONDS or not recent:
            recent.append(blocked)
            recent.sort()
        last = len(recent) - 1
        return Lag(recent[last // 2], recent[round(last * 0.99)], recent[last], blocked)


class LoopWatch:
    """Watches the running event loop from ``start`` until ``stop``."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lags = Lags()
        self._sent: float | None = None
        self._stopped = threading.Event()
        self._thread_id = 0
        self._reported = False

    @property
    def lags(self) -> Lags:
        """All lags since the start."""
        return self._lags

    def lag(self) -> Lag:
        """Return the lag of the last minute. Any thread may ask."""
        return self._lags.of_last_minute(self._clock(), self._waiting())

    def stack(self) -> list[str]:
        """Return what the loop's thread is in, outermost first: ``module.function:line``."""
        frame = sys._current_frames().get(self._thread_id)
        return [] if frame is None else frames_of(frame)

    def start(self) -> None:
        """Begin. Call it in the loop's own thread."""
        self._thread_id = threading.get_ident()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, args=(loop,), name="loop watch", daemon=True).start()

    def stop(self) -> None:
        """End at the next beat."""
        self._stopped.set()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            if self._sent is None:
                self._reported = False
                self._sent = self._clock()
                try:
                    loop.call_soon_threadsafe(self._beat)
                except RuntimeError:  # the loop is closed
                    return
            elif not self._reported and self._waiting() > BLOCKED_SECONDS:
                self._reported = True
                log.warning("loop blocked", ms=round(self._waiting() * MS), stack=self.stack())

    def _beat(self) -> None:
        sent, now = self._sent, self._clock()
        if sent is not None:
            self._lags.add(now, now - sent)
        self._sent = None

    def _waiting(self) -> float:
        sent = self._sent
        return 0.0 if sent is None else self._clock() - sent
