"""How much of the warehouse a sync may use: its share of the time, its hours, and its patience."""

import asyncio
import datetime as dt
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from server.warehouse.errors import LayoutError

_HOURS: Final = re.compile(r"([01]?\d|2[0-4])-([01]?\d|2[0-4])")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a warehouse that fails is asked again: the pause doubles from ``first`` to ``longest``
    seconds, with jitter.
    """

    attempts: int = 10
    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    statement_seconds: float = 120.0
    connect_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of the day (UTC) in which a sync works: from ``first``, up to ``last``, over midnight if that
    is less.
    """

    first: int = 0
    last: int = 24

    def hold(self, at: dt.datetime) -> bool:
        """Return whether a moment is within the hours."""
        if self.first < self.last:
            return self.first <= at.hour < self.last
        return at.hour >= self.first or at.hour < self.last


def parse_hours(text: str) -> Hours:
    """Return hours such as ``22-6``. Raises LayoutError."""
    found = _HOURS.fullmatch(text)
    if found is None or found[1] == found[2]:
        raise LayoutError(f"--hours {text}", "two hours of the day (UTC) such as 22-6")
    return Hours(int(found[1]) % 24, int(found[2]))


@dataclass(slots=True)
class Pacing:
    """Keeps the warehouse busy for at most ``share`` of the time: after each query it is left alone for as
    long as that takes. Time that passes otherwise, such as for storing, counts.
    """

    share: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    busy_seconds: float = 0.0
    _free_at: float = field(default=0.0)

    async def wait(self) -> None:
        """Wait until the warehouse may be asked again."""
        left = self._free_at - self.clock()
        if left > 0:
            await self.sleep(left)

    def took(self, seconds: float) -> None:
        """Note that a query has just ended, and took so long."""
        self.busy_seconds += seconds
        self._free_at = self.clock() + seconds * (1 / self.share - 1)
