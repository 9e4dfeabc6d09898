"""The queue for a hash: every address has a turn after the other, whoever sends how much."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from server.web.access.address_turns import STALLED_SECONDS, AddressTurns, Crowded

AT_ONCE = 2


class Queue:
    """People who want a turn, each of which ends when the test says so."""

    def __init__(self, *, most: int = 1_000, most_of_place: int = 1_000) -> None:
        self.turns = AddressTurns(AT_ONCE, most=most, most_of_place=most_of_place)
        self.served: list[str] = []
        self.refused: list[str] = []
        self._steps = asyncio.Semaphore(0)

    async def come(self, name: str) -> None:
        """Want a turn at the place that ``name`` begins with, and hold it until a step is made."""
        try:
            async with self.turns.turn(name[0]):
                self.served.append(name)
                await self._steps.acquire()
        except Crowded:
            self.refused.append(name)

    async def step(self) -> None:
        """End one turn, and let whoever is next begin."""
        self._steps.release()
        await settle()


async def settle() -> None:
    """Let everybody do what they can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def all_served(queue: Queue, names: Sequence[str]) -> list[asyncio.Task[None]]:
    """Let people come, in this order."""
    tasks = [asyncio.create_task(queue.come(name)) for name in names]
    await settle()
    return tasks


async def test_a_flood_costs_others_one_turn() -> None:
    """Behind sixty of one address somebody of another has the second turn that comes free."""
    queue = Queue()
    tasks = await all_served(queue, [f"a{number}" for number in range(60)])
    tasks += await all_served(queue, ["b"])
    assert queue.served == ["a0", "a1"]
    await queue.step()
    await queue.step()
    assert queue.served == ["a0", "a1", "a2", "b"]
    for _ in range(60):
        await queue.step()
    await asyncio.gather(*tasks)
    assert queue.served[4:] == [f"a{number}" for number in range(3, 60)]


@given(names=st.lists(st.sampled_from("abcd"), min_size=1, max_size=40))
def test_places_take_turns(names: list[str]) -> None:
    """Whoever comes waits, of each other place, for no more turns than people of the own place go before."""
    named = [f"{place}{number}" for number, place in enumerate(names)]

    async def served() -> list[str]:
        queue = Queue()
        tasks = await all_served(queue, named)
        for _ in named:
            await queue.step()
        await asyncio.gather(*tasks)
        assert queue.turns.waiting == 0
        return queue.served

    order = asyncio.run(served())
    assert sorted(order) == sorted(named)
    for position, name in enumerate(order[AT_ONCE:], AT_ONCE):
        before = order[AT_ONCE:position]
        own = sum(other[0] == name[0] for other in before)
        assert [other for other in before if other[0] == name[0]] == [
            other for other in named if other in before and other[0] == name[0]
        ]
        for place in set(names) - {name[0]}:
            assert sum(other[0] == place for other in before) <= own + 1


async def test_one_place_has_only_so_much_room() -> None:
    """More than may wait of one address are refused at once, and leave others their room."""
    queue = Queue(most=5, most_of_place=3)
    tasks = await all_served(queue, [f"a{number}" for number in range(8)])
    assert queue.refused == ["a5", "a6", "a7"]
    tasks += await all_served(queue, ["b1", "c1"])
    assert queue.refused == ["a5", "a6", "a7"]
    # All room is taken: whoever has less of it takes from whoever has most.
    tasks += await all_served(queue, ["d1"])
    assert queue.refused == ["a5", "a6", "a7", "a4"]
    tasks += await all_served(queue, ["b2", "e1"])
    assert queue.refused == ["a5", "a6", "a7", "a4", "b2", "a3"]
    tasks += await all_served(queue, ["f1"])
    assert queue.refused[-1] == "f1"
    for _ in range(12):
        await queue.step()
    await asyncio.gather(*tasks)
    assert queue.served == ["a0", "a1", "a2", "b1", "c1", "d1", "e1"]


async def test_who_leaves_holds_nobody_up() -> None:
    """Somebody who goes while waiting is passed over."""
    queue = Queue()
    tasks = await all_served(queue, ["a0", "a1", "b0", "c0"])
    tasks[2].cancel()
    await settle()
    for _ in range(3):
        await queue.step()
    assert queue.served == ["a0", "a1", "c0"]
    assert queue.turns.waiting == 0
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in done] == [type(None), type(None), asyncio.CancelledError, type(None)]


async def test_who_leaves_as_the_turn_comes_gives_it_on() -> None:
    """A turn that came to somebody who went in the same moment is not lost."""
    turns = AddressTurns(1, most=10, most_of_place=10)
    queue = Queue()
    queue.turns = turns
    async with turns.turn("a"):
        tasks = await all_served(queue, ["b0", "c0"])
    # Nobody has run since the turn was passed on to b0.
    tasks[0].cancel()
    await settle()
    assert queue.served == ["c0"]
    await queue.step()
    async with turns.turn("d"):
        assert turns.waiting == 0
    assert isinstance((await asyncio.gather(*tasks, return_exceptions=True))[0], asyncio.CancelledError)


async def test_a_line_that_does_not_move_is_stalled() -> None:
    """Readiness sees it: somebody waits, and who works does not come to an end."""
    now = 0.0
    turns = AddressTurns(1, most=10, most_of_place=10, clock=lambda: now)
    ended = asyncio.Event()

    async def work(place: str) -> None:
        async with turns.turn(place):
            await ended.wait()

    first = asyncio.create_task(work("a"))
    await settle()
    now = 2 * STALLED_SECONDS
    assert not turns.is_stalled
    second = asyncio.create_task(work("b"))
    await settle()
    assert turns.is_stalled
    ended.set()
    await asyncio.gather(first, second)
    assert not turns.is_stalled
