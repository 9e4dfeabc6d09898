"""A circuit breaker: what keeps failing is refused at once, and tried again by one probe at a time. No I/O.

Closed: every call is let through, and its outcome is noted. If enough of the last calls failed, the breaker
opens: calls are refused at once instead of after a timeout. After a pause one probe may pass, and the breaker
is half open until its outcome: it closes if the probe succeeds; else the next pause is twice as long. Probes
are work of the process itself. So nobody's own call has to wait for a dependency that is probably still away.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from server.observe.standing import Standing


class Circuit(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpen(ConnectionError):
    """A call was refused, because the calls before it failed. It is an outage like any other.

    ``name`` is that of the breaker; ``retry_after_seconds`` is when a call may pass again, 1 or more.
    """

    def __init__(self, name: str, retry_after_seconds: int) -> None:
        super().__init__(name, retry_after_seconds)
        self.name, self.retry_after_seconds = name, retry_after_seconds

    def __str__(self) -> str:
        return f"{self.name} keeps failing: the next attempt is in {self.retry_after_seconds} s"


@dataclass(frozen=True, slots=True)
class BreakerBounds:
    """When a breaker opens, and for how long.

    It opens if at least ``least`` of the last ``window`` calls failed within ``memory_seconds``, and these
    are at least ``share`` of the calls in that time. A call that took longer than ``slow_seconds`` counts as
    failed. Pauses grow from ``pause_seconds`` to ``longest_pause_seconds``.
    """

    slow_seconds: float
    least: int = 3
    share: float = 0.5
    window: int = 20
    memory_seconds: float = 60.0
    pause_seconds: float = 1.0
    longest_pause_seconds: float = 8.0


class Call:
    """A call that was let through. It must be ended once: with ``end`` or ``cancel``; later ends are void."""

    __slots__ = ("_breaker", "_ended", "began", "generation")

    def __init__(self, breaker: "Breaker", generation: int, began: float) -> None:
        self._breaker = breaker
        self._ended = False
        self.generation = generation
        self.began = began

    def end(self, *, failed: bool) -> None:
        """Note the outcome."""
        if not self._ended:
            self._ended = True
            self._breaker.ended(self, failed=failed)

    def cancel(self) -> None:
        """Note that the caller gave up: an outcome only if the call had taken too long by then."""
        if not self._ended:
            self._ended = True
            self._breaker.cancelled(self)


class Breaker:
    """The breaker of one dependency in one process. ``standing`` is up while it is closed.

    ``clock`` returns monotonic seconds; ``error`` is raised for a refused call. ``opened`` counts how often
    it opened, ``refused`` the refused calls.
    """

    def __init__(
        self,
        name: str,
        bounds: BreakerBounds,
        *,
        clock: Callable[[], float] = time.monotonic,
        error: type[CircuitOpen] = CircuitOpen,
    ) -> None:
        self.name = name
        self.opened = self.refused = 0
        self.standing = Standing()
        self.standing.rise()
        self._bounds = bounds
        self._clock = clock
        self._error = error
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=bounds.window)
        self._generation = 0
        """Grows with each change of state: a call of an earlier generation tells nothing about this one."""
        self._probe: Call | None = None
        self._pause = bounds.pause_seconds
        self._retry_at = 0.0
        self._closed = True

    @property
    def state(self) -> Circuit:
        """Whether calls pass; half open while a probe is on its way."""
        if self._closed:
            return Circuit.CLOSED
        return Circuit.OPEN if self._probe is None else Circuit.HALF_OPEN

    @property
    def is_closed(self) -> bool:
        """Whether every call passes."""
        return self._closed

    @property
    def retry_after_seconds(self) -> int:
        """In how many seconds, rounded up and at least 1, a refused caller may try again."""
        return max(1, math.ceil(self._retry_at - self._clock()))

    def check(self) -> None:
        """Raise CircuitOpen if a call would be refused now; let nothing through."""
        if not self._closed:
            self.refused += 1
            raise self._error(self.name, self.retry_after_seconds)

    def begin(self) -> Call:
        """Let a call through, which its caller must end. Raises CircuitOpen."""
        self.check()
        return Call(self, self._generation, self._clock())

    def begin_probe(self) -> Call:
        """Let the next probe through, which its caller must end.

        Raises CircuitOpen during a pause and while another probe is on its way. A probe that takes too long
        has failed: the next one may pass.
        """
        now = self._clock()
        late = self._probe is not None and now - self._probe.began > self._bounds.slow_seconds
        if not self._closed and ((self._probe is not None and not late) or now < self._retry_at):
            raise self._error(self.name, self.retry_after_seconds)
        if self._closed:
            return Call(self, self._generation, now)
        self._generation += 1
        self._probe = Call(self, self._generation, now)
        return self._probe

    def trip(self) -> None:
        """Open at once: something else has shown that the dependency is away."""
        if self._closed:
            self._open(self._clock())

    def ended(self, call: Call, *, failed: bool) -> None:
        """Take the outcome of a call; ``Call.end`` calls this."""
        if call.generation != self._generation:
            return
        now = self._clock()
        failed = failed or now - call.began > self._bounds.slow_seconds
        if call is self._probe:
            self._probe = None
            if failed:
                self._pause = min(2 * self._pause, self._bounds.longest_pause_seconds)
                self._retry_at = now + self._pause
            else:
                self._close()
            return
        self._outcomes.append((now, failed))
        if failed and self._closed and self._fails(now):
            self._open(now)

    def cancelled(self, call: Call) -> None:
        """Take a call that was given up; ``Call.cancel`` calls this."""
        if self._clock() - call.began > self._bounds.slow_seconds:
            self.ended(call, failed=True)
        elif call is self._probe:
            # It showed nothing, so the next call may be the probe.
            self._probe = None

    def _fails(self, now: float) -> bool:
        recent = [failed for at, failed in self._outcomes if now - at <= self._bounds.memory_seconds]
        failures = sum(recent)
        return failures >= self._bounds.least and failures >= self._bounds.share * len(recent)

    def _open(self, now: float) -> None:
        self._closed = False
        self._generation += 1
        self.opened += 1
        self._probe = None
        self._pause = self._bounds.pause_seconds
        self._retry_at = now + self._pause
        self.standing.fall()

    def _close(self) -> None:
        self._closed = True
        self._generation += 1
        self._outcomes.clear()
        self.standing.rise()
