"""Who goes first on the event loop: searches that show nothing yet, before the later rows of other stores'.

Someone looks at an empty screen until the first matches come. They take a few steps of less than a
millisecond, but each step waits for what other searches have ready: to screen their next rows, to publish
them. A search that shows matches already can wait for a moment.
"""

import asyncio
from collections import Counter
from typing import Final

PAUSE_SECONDS: Final = 0.02
"""How long a search gives way at most, each time: about as long as the first steps of another one take."""


class Precedence:
    """The searches of a process that show nothing yet."""

    def __init__(self, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._pause_seconds = pause_seconds
        self._first: Counter[str] = Counter()
        self._paused: set[asyncio.Future[None]] = set()

    def begin(self, store_id: str) -> None:
        """Give a search of the store precedence."""
        self._first[store_id] += 1

    async def give_way(self, store_id: str) -> None:
        """Pause while a search of another store has precedence, but not for long."""
        if not self._others(store_id):
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pause_seconds
        while self._others(store_id) and loop.time() < until:
            paused = loop.create_future()
            self._paused.add(paused)
            timer = loop.call_at(until, _wake, paused)
            try:
                await paused
            finally:
                timer.cancel()
                self._paused.discard(paused)

    def end(self, store_id: str) -> None:
        """Take the precedence of a search of the store away."""
        self._first[store_id] -= 1
        if not self._first[store_id]:
            del self._first[store_id]
            for paused in self._paused:
                _wake(paused)

    def _others(self, store_id: str) -> bool:
        return len(self._first) > (store_id in self._first)


class Rank:
    """The rank of one search of a store among those of its process. At first it has no precedence."""

    __slots__ = ("_is_first", "_precedence", "_store_id")

    def __init__(self, precedence: Precedence, store_id: str) -> None:
        self._precedence = precedence
        self._store_id = store_id
        self._is_first = False

    def gain(self) -> None:
        """Have precedence: the search begins to read."""
        if not self._is_first:
            self._is_first = True
            self._precedence.begin(self._store_id)

    def lose(self) -> None:
        """Have no precedence any more: the first matches are published, or the search is over."""
        if self._is_first:
            self._is_first = False
            self._precedence.end(self._store_id)

    async def give_way(self) -> None:
        """Pause while a search of another store has precedence, but not for long."""
        await self._precedence.give_way(self._store_id)


def _wake(paused: asyncio.Future[None]) -> None:
    if not paused.done():
        paused.set_result(None)
