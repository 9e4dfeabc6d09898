"""Who is moved back to the processes of their store, and when."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from protocol.closing import CloseCode
from server.hub.connections.connection import Connection
from server.observe.metrics.tally import Tally
from server.web.handover.moving import LOOK_SECONDS, REASON, SPREAD_SECONDS, STAY_SECONDS, Moving
from server.web.handover.stores import StoreList
from server.web.handover.taking import Handover
from tests.virtual_time import run_virtually

STORES = ("alpha", "beta")
SOON = STAY_SECONDS + 2 * LOOK_SECONDS


class Machine:
    """Process 1, the numbers of the others, and which of them answer."""

    def __init__(self, *others: int) -> None:
        self.number: int | None = 1
        self.there = [*others]
        self.answering = {self.number, *others}
        self.counts = Tally("moved")
        self.asked = 0

    def others(self) -> list[int]:
        return self.there

    async def answers(self, number: int) -> bool:
        self.asked += 1
        return number in self.answering


class Stores:
    """Two stores, in a database that may be away."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0

    async def place_of(self, store_id: str) -> tuple[int, int]:
        self.asked += 1
        if self.is_away:
            raise OSError
        return {store: place for place, store in enumerate(STORES)}[store_id], len(STORES)


@dataclass(eq=False)
class Person:
    """A connection."""

    store_id: str
    closed: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def account(self) -> Any:
        return SimpleNamespace(store_id=self.store_id)

    def close(self, *given: Any) -> None:
        self.closed.append((*given, asyncio.get_running_loop().time()))


class Hall:
    """A process at work, with its people."""

    def __init__(self, *others: int) -> None:
        self.machine, self.stores = Machine(*others), Stores()
        self.people: set[Person] = set()
        self._moving = Moving(
            cast(Handover, self.machine), cast(StoreList, self.stores), cast(set[Connection], self.people)
        )

    async def comes(self, store_id: str) -> Person:
        """Let somebody connect."""
        self.people.add(person := Person(store_id))
        return person

    async def __aenter__(self) -> "Hall":
        self._task = asyncio.create_task(self._moving.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        assert self._task.cancelled(), self._task.exception()


def test_people_go_back_to_the_process_of_their_store() -> None:
    async def run() -> None:
        async with Hall(2) as hall:
            ours, theirs = await hall.comes("alpha"), await hall.comes("beta")
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(SOON)
            assert ours.closed == []
            ((code, reason, at),) = theirs.closed
            assert (code, reason) == (CloseCode.RESTART, REASON)
            assert at - began >= STAY_SECONDS
            assert hall.machine.counts["moved"] == 1

    run_virtually(run())


def test_they_do_not_go_all_at_once() -> None:
    async def run() -> None:
        async with Hall(2) as hall:
            people = [await hall.comes("beta") for _ in range(200)]
            await asyncio.sleep(SOON)
            moments = sorted(at for person in people for *_, at in person.closed)
            assert len(moments) == len(people)
            assert SPREAD_SECONDS / 2 < moments[-1] - moments[0] <= SPREAD_SECONDS < LOOK_SECONDS

    run_virtually(run())


def test_nobody_moves_until_the_other_process_answers() -> None:
    """One that died, or hangs, would only send them back."""

    async def run() -> None:
        async with Hall(2) as hall:
            hall.machine.answering.clear()
            person = await hall.comes("beta")
            await asyncio.sleep(2 * SOON)
            assert person.closed == []
            hall.machine.answering.add(2)
            await asyncio.sleep(2 * LOOK_SECONDS)
            assert len(person.closed) == 1

    run_virtually(run())


def test_one_of_a_store_s_processes_is_enough() -> None:
    async def run() -> None:
        async with Hall(2, 3, 4) as hall:
            hall.machine.answering = {4}
            person = await hall.comes("beta")
            await asyncio.sleep(SOON)
            assert len(person.closed) == 1

    run_virtually(run())


def test_everybody_stays_for_a_while() -> None:
    """Whoever is sent back at once by a process that is not well rests here before the next attempt."""

    async def run() -> None:
        async with Hall(2) as hall:
            moves, began = 0, asyncio.get_running_loop().time()
            person = await hall.comes("beta")
            while asyncio.get_running_loop().time() - began < 10 * STAY_SECONDS:
                await asyncio.sleep(1)
                if person.closed:
                    moves += 1
                    hall.people.clear()
                    person = await hall.comes("beta")
            assert 5 <= moves <= 10

    run_virtually(run())


@pytest.mark.parametrize("why", ["alone", "takes part in nothing", "no database"])
def test_they_stay(why: str) -> None:
    """Without asking anybody."""

    async def run() -> None:
        async with Hall(2) as hall:
            match why:
                case "alone":
                    hall.machine.there.clear()
                case "takes part in nothing":
                    hall.machine.number = None
                case _:
                    hall.stores.is_away = True
            person = await hall.comes("beta")
            await asyncio.sleep(2 * SOON)
            assert (person.closed, hall.machine.asked) == ([], 0)
            assert hall.stores.is_away or not hall.stores.asked

    run_virtually(run())


def test_the_time_begins_anew_when_there_was_nowhere_to_go() -> None:
    """Nobody is remembered meanwhile."""

    async def run() -> None:
        async with Hall(2) as hall:
            person = await hall.comes("beta")
            await asyncio.sleep(STAY_SECONDS / 2)
            hall.machine.there.clear()
            await asyncio.sleep(STAY_SECONDS)
            hall.machine.there.append(2)
            await asyncio.sleep(STAY_SECONDS / 2)
            assert person.closed == []
            await asyncio.sleep(SOON)
            assert len(person.closed) == 1

    run_virtually(run())


def test_an_unknown_store_stays() -> None:
    async def run() -> None:
        async with Hall(2) as hall:
            person = await hall.comes("gamma")
            await asyncio.sleep(SOON)
            assert person.closed == []

    run_virtually(run())
