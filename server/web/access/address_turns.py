"""Turns by address: a few callers work at a time, and waiting addresses take turns.

An address with many waiting callers delays itself and costs each other address one turn.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

STALLED_SECONDS: Final = 5.0
"""If callers wait and no turn was given for this long, the working ones are stuck."""


class Crowded(Exception):
    """Too many callers already wait, from this address or in all."""


class AddressTurns:
    """Lets ``at_once`` callers work at a time; up to ``most`` wait, ``most_of_place`` of them from one
    address.

    When the queue is full, an address with fewer waiting callers displaces one of the address with the most.
    """

    def __init__(
        self,
        at_once: int,
        *,
        most: int,
        most_of_place: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._last_turn = clock()
        self._free = at_once
        self._most = most
        self._most_of_place = most_of_place
        # The address at the front is next; after its turn it moves to the end.
        self._places: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """The number of waiting callers."""
        return sum(map(len, self._places.values()))

    @property
    def is_stalled(self) -> bool:
        """Whether callers wait and no turn was given for STALLED_SECONDS."""
        return self.waiting > 0 and self._clock() - self._last_turn >= STALLED_SECONDS

    @asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        """Wait for a turn of ``place`` and hold it during the context.

        Raises Crowded.
        """
        await self._take(place)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, place: str) -> None:
        if self._free:
            self._free -= 1
            self._last_turn = self._clock()
            return
        self._make_room(place)
        turn = asyncio.get_running_loop().create_future()
        self._places.setdefault(place, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The turn was given while its owner was leaving.
                self._pass_on()
            else:
                self._leave(place, turn)
            raise

    def _make_room(self, place: str) -> None:
        own = len(self._places.get(place, ()))
        if own >= self._most_of_place:
            raise Crowded
        if self.waiting < self._most:
            return
        longest = max(self._places, key=lambda name: len(self._places[name]))
        if len(self._places[longest]) <= own + 1:
            raise Crowded
        # The last arrival there would have waited longest.
        last = self._places[longest].pop()
        if not last.done():
            last.set_exception(Crowded())

    def _leave(self, place: str, turn: "asyncio.Future[None]") -> None:
        waiting = self._places.get(place)
        if waiting is not None and turn in waiting:
            waiting.remove(turn)
            if not waiting:
                del self._places[place]

    def _pass_on(self) -> None:
        while self._places:
            place = next(iter(self._places))
            waiting = self._places.pop(place)
            following = waiting.popleft()
            if waiting:
                self._places[place] = waiting
            if not following.done():
                self._last_turn = self._clock()
                following.set_result(None)
                return
        self._free += 1
