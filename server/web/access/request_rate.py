"""Rate limit of a person's HTTP requests, per process, like that of a socket's commands."""

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from protocol.closing import CommandError, ErrorCode

REQUESTS: Final = 300
WINDOW_SECONDS: Final = 10
MOST_PEOPLE: Final = 10_000
"""The most people in memory; beyond it those with the oldest requests are dropped."""


class RequestRate:
    """Counts the requests of each person in the last window; refused ones do not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Each person's last request is at the end of their queue, and the last person at the end of the map.
        self._times: dict[str, deque[float]] = {}

    def __len__(self) -> int:
        """Return the number of people in memory."""
        return len(self._times)

    def check(self, person: str) -> None:
        """Count a request. Raises CommandError(rate_limited), which says how long to wait."""
        now = self._clock()
        while self._times and self._is_over(now, next(iter(self._times.values()))[-1]):
            del self._times[next(iter(self._times))]
        times = self._times.get(person, deque())
        while times and self._is_over(now, times[0]):
            times.popleft()
        if len(times) >= REQUESTS:
            seconds = max(1, math.ceil(times[0] + WINDOW_SECONDS - now))
            raise CommandError(
                ErrorCode.RATE_LIMITED,
                "Too many requests. Wait a little and try again.",
                retry_after_seconds=seconds,
            )
        times.append(now)
        self._times.pop(person, None)
        self._times[person] = times
        if len(self._times) > MOST_PEOPLE:
            del self._times[next(iter(self._times))]

    @staticmethod
    def _is_over(now: float, asked: float) -> bool:
        return now - asked >= WINDOW_SECONDS
