"""Turns within one process: a limited number at once, and the longest without a turn is next."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from server.observe.metrics.histogram import CALL_SECONDS, Histogram
from server.sharing.lanes import Lane


class Crowded(Exception):
    """A person has as many pieces of work in line as one may have."""


class TookTooLong(Exception):
    """No turn came in time."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many may be at it at once: in all, of one store, of one person; and how many of a person wait."""

    all: int
    store: int
    person: int
    waiting: int

    @classmethod
    def of(cls, slots: int, *, waiting: int) -> "Shares":
        """Return shares of so many places: no store takes all of them, and no person more than half."""
        return cls(all=slots, store=max(1, slots - 1), person=max(1, slots // 2), waiting=waiting)


class Turns:
    """Gives turns: to the store that had none for the longest time, and there to such a person.

    ``waits`` has how long each caller waited, also those that did not have to; ``now_waiting`` is how many
    wait now.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self.waits = Histogram(CALL_SECONDS)
        self.now_waiting = 0
        self._at_it: Counter[str] = Counter()
        # Both in the order of their last turns.
        self._stores: dict[str, dict[Lane, deque[asyncio.Future[None]]]] = {}

    @property
    def shares(self) -> Shares:
        """How the places are shared."""
        return self._shares

    @property
    def at_it(self) -> int:
        """How many are at it."""
        return self._at_it[""]

    def is_free(self, lane: Lane) -> bool:
        """Return whether a turn would come at once: there is room, and nobody is overtaken."""
        return not self._stores and self._has_room(lane)

    def waiting(self, lane: Lane) -> int:
        """Return how many pieces of a person's work wait for their turns."""
        return len(self._stores.get(lane.store_id, {}).get(lane, ()))

    @asynccontextmanager
    async def turn(self, lane: Lane, wait_seconds: float | None) -> AsyncIterator[None]:
        """Hold a turn for the length of the context. Raises as ``take``."""
        give_back = await self.take(lane, wait_seconds)
        try:
            yield
        finally:
            give_back()

    async def take(self, lane: Lane, wait_seconds: float | None) -> Callable[[], None]:
        """Return what gives the turn back once it has come; only the first call of that counts.

        Raises Crowded at once, TookTooLong after ``wait_seconds``; without them there is no limit to the wait
        or the number of waiting callers.
        """
        if wait_seconds is not None and self.waiting(lane) >= self._shares.waiting:
            raise Crowded
        if self.is_free(lane):
            self._at_it.update(_names(lane))
            self.waits.add(0.0)
        else:
            await self._wait(lane, wait_seconds)
        return once(partial(self._leave, lane))

    async def _wait(self, lane: Lane, wait_seconds: float | None) -> None:
        began, mine = time.perf_counter(), asyncio.get_running_loop().create_future()
        self.now_waiting += 1
        self._stores.setdefault(lane.store_id, {}).setdefault(lane, deque()).append(mine)
        self._call_next()
        try:
            async with asyncio.timeout(wait_seconds):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():
                # The turn came in the moment in which it was given up.
                self._leave(lane)
            else:
                self._forget(lane, mine)
            if isinstance(error, TimeoutError):
                raise TookTooLong from None
            raise
        finally:
            self.now_waiting -= 1
            self.waits.add(time.perf_counter() - began)

    def _forget(self, lane: Lane, mine: asyncio.Future[None]) -> None:
        people = self._stores.get(lane.store_id, {})
        if mine in people.get(lane, ()):
            people[lane].remove(mine)
            self._keep(lane, people)

    def _leave(self, lane: Lane) -> None:
        for name in _names(lane):
            self._at_it[name] -= 1
            if not self._at_it[name]:
                del self._at_it[name]
        self._call_next()

    def _call_next(self) -> None:
        while self._at_it[""] < self._shares.all:
            lane = self._next()
            if lane is None:
                return
            people = self._stores[lane.store_id]
            called = people[lane].popleft()
            # Both go behind the others.
            people[lane] = people.pop(lane)
            self._stores[lane.store_id] = self._stores.pop(lane.store_id)
            self._keep(lane, people)
            if not called.done():
                self._at_it.update(_names(lane))
                called.set_result(None)

    def _next(self) -> Lane | None:
        for store_id, people in self._stores.items():
            if self._at_it[f"store {store_id}"] >= self._shares.store:
                continue
            for lane in people:
                if self._at_it[f"person {lane}"] < self._shares.person:
                    return lane
        return None

    def _has_room(self, lane: Lane) -> bool:
        _, store, person = _names(lane)
        return (
            self._at_it[""] < self._shares.all
            and self._at_it[store] < self._shares.store
            and self._at_it[person] < self._shares.person
        )

    def _keep(self, lane: Lane, people: dict[Lane, deque[asyncio.Future[None]]]) -> None:
        if not people[lane]:
            del people[lane]
        if not people:
            del self._stores[lane.store_id]


def _names(lane: Lane) -> tuple[str, str, str]:
    return "", f"store {lane.store_id}", f"person {lane}"


def once(act: Callable[[], None]) -> Callable[[], None]:
    """Return a function that acts the first time it is called."""
    left = [act]

    def act_once() -> None:
        if left:
            left.pop()()

    return act_once
