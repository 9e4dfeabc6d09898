"""One result of a costly call, shared by all concurrent callers and cached for a short time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Calls ``ask`` on demand, at most once at a time, and again ``seconds`` after its answer at the
    earliest.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[T]], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._asking = asyncio.Lock()
        self._answer: tuple[T, float] | None = None

    async def __call__(self) -> T:
        """Return the answer. Raises what ``ask`` raises, which is not cached."""
        # A caller that waits here uses the result of the one that asks; if that one left, the next one asks.
        async with self._asking:
            if self._answer is None or self._clock() - self._answer[1] >= self._seconds:
                found = await self._ask()
                self._answer = (found, self._clock())
            return self._answer[0]
