"""Turns within a process: nobody is passed over, nobody takes all places."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sharing.lanes import Lane
from server.sharing.turns import Crowded, Shares, TookTooLong, Turns

ANN, BOB, CAT = Lane("riverside", "ann"), Lane("riverside", "bob"), Lane("northgate", "cat")


class Work:
    """Pieces of work that begin when their turns come and end when they are told to."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.begun: list[str] = []

    async def ask(self, name: str, lane: Lane, wait_seconds: float | None = None) -> None:
        """Begin a piece of work as soon as its turn comes."""
        self._ends[name] = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._do(name, lane, wait_seconds)))
        await settled()

    async def end(self, name: str) -> None:
        """End a piece of work."""
        self._ends[name].set()
        await settled()

    async def end_all(self) -> None:
        """End each piece of work, and wait for all."""
        for end in self._ends.values():
            end.set()
        await asyncio.gather(*self._tasks)

    async def _do(self, name: str, lane: Lane, wait_seconds: float | None) -> None:
        async with self._turns.turn(lane, wait_seconds):
            self.begun.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    """Let everybody go on who can."""
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def working(shares: Shares) -> AsyncIterator[Work]:
    """Work in turns; all of it has ended on the way out, and no place is taken."""
    turns = Turns(shares)
    work = Work(turns)
    yield work
    await work.end_all()
    assert turns.at_it == 0
    assert [turns.waiting(lane) for lane in (ANN, BOB, CAT)] == [0, 0, 0]


async def test_a_person_takes_half_and_a_store_all_but_one() -> None:
    """However many wait: the other places are for others."""
    async with working(Shares.of(5, waiting=100)) as work:
        for number in range(10):
            await work.ask(f"a{number}", ANN)
        assert work.begun == ["a0", "a1"]
        for number in range(10):
            await work.ask(f"b{number}", BOB)
        assert work.begun == ["a0", "a1", "b0", "b1"]
        await work.ask("c0", CAT)
        assert work.begun[4:] == ["c0"]


async def test_turns_go_round_stores_and_people() -> None:
    """With one place: the store that had no turn for the longest time, and in it such a person."""
    async with working(Shares.of(1, waiting=100)) as work:
        for number in range(4):
            await work.ask(f"a{number}", ANN)
        for name, lane in (("b0", BOB), ("b1", BOB), ("c0", CAT), ("c1", CAT), ("c2", CAT)):
            await work.ask(name, lane)
        for _ in range(8):
            await work.end(work.begun[-1])
        assert work.begun == ["a0", "a1", "c0", "b0", "c1", "a2", "c2", "b1", "a3"]


async def test_too_many_in_line_are_turned_away_at_once() -> None:
    """Beyond the bound a person is told; who waits without a limit of time is not, nor is anybody else."""
    turns = Turns(Shares(all=1, store=1, person=1, waiting=2))
    work = Work(turns)
    for number in range(3):
        await work.ask(f"a{number}", ANN, 60)
    with pytest.raises(Crowded):
        async with turns.turn(ANN, 60):
            pass
    await work.ask("patient", ANN)
    await work.ask("b", BOB, 60)
    await work.end_all()
    assert sorted(work.begun) == ["a0", "a1", "a2", "b", "patient"]


async def test_who_waits_too_long_is_told_and_forgotten() -> None:
    """The place in line is free again."""
    async with working(Shares.of(1, waiting=1)) as work:
        await work.ask("b", BOB)
        turns = work._turns
        for _ in range(3):
            with pytest.raises(TookTooLong):
                async with turns.turn(ANN, 0.001):
                    pass
        assert turns.waiting(ANN) == 0


async def test_who_goes_when_called_passes_the_turn_on() -> None:
    """A turn that comes in the moment of a cancellation is not lost."""
    async with working(Shares.of(1, waiting=9)) as work:
        await work.ask("a", ANN)
        leaving = asyncio.create_task(work._do("leaving", BOB, None))
        await settled()
        await work.ask("c", CAT)
        work._ends["a"].set()
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await settled()
        assert "c" in work.begun


@given(
    slots=st.integers(1, 6),
    steps=st.lists(st.tuples(st.sampled_from([ANN, BOB, CAT]), st.booleans()), max_size=60),
)
def test_shares_hold_and_all_is_done(slots: int, steps: list[tuple[Lane, bool]]) -> None:
    """Whatever comes and ends: the shares hold, no place is idle that somebody may take; all is done."""
    asyncio.run(_play(slots, steps))


async def _play(slots: int, steps: list[tuple[Lane, bool]]) -> None:
    shares = Shares.of(slots, waiting=1_000)
    turns = Turns(shares)
    work = Work(turns)
    lanes: dict[str, Lane] = {}
    ended: set[str] = set()
    for number, (lane, ends) in enumerate(steps):
        lanes[str(number)] = lane
        await work.ask(str(number), lane)
        running = [name for name in work.begun if name not in ended]
        people = Counter(lanes[name] for name in running)
        stores = Counter(lanes[name].store_id for name in running)
        assert turns.at_it == len(running) <= shares.all
        assert all(count <= shares.person for count in people.values())
        assert all(count <= shares.store for count in stores.values())
        for one in (ANN, BOB, CAT):
            blocked = people[one] == shares.person or stores[one.store_id] == shares.store
            assert not turns.waiting(one) or blocked or len(running) == shares.all
        if ends and running:
            ended.add(running[0])
            await work.end(running[0])
    await work.end_all()
    assert sorted(work.begun, key=int) == [str(number) for number in range(len(steps))]
    assert turns.at_it == 0


async def test_waits_are_known() -> None:
    """Who waits now, and how long each caller waited, also those who did not have to or gave up."""
    turns = Turns(Shares.of(1, waiting=5))
    lane = Lane("riverside", "ann")

    async def take() -> None:
        async with turns.turn(lane, None):
            pass

    async with turns.turn(lane, None):
        assert (turns.now_waiting, turns.waits.count) == (0, 1)
        waiting = [asyncio.create_task(take()) for _ in range(2)]
        await asyncio.sleep(0)
        assert turns.now_waiting == 2
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        assert (turns.now_waiting, turns.waits.count) == (1, 2)
    await waiting[1]
    assert (turns.now_waiting, turns.waits.count) == (0, 3)


async def test_a_turn_that_was_taken_is_given_back_once() -> None:
    """Whoever holds one gives it back at a time limit and again at its end."""
    turns = Turns(Shares(all=2, store=1, person=1, waiting=5))
    give_back = await turns.take(ANN, None)
    give_back()
    second = await turns.take(BOB, None)
    give_back()
    with pytest.raises(TookTooLong):
        await turns.take(ANN, 0.0)
    second()
    assert turns.at_it == 0
