"""Background work: it gets a turn when it is woken, when its time has come, and again after an outage."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.observe.background import Background

GUARD_SECONDS = 60.0


@asynccontextmanager
async def working(work: Callable[[], Awaitable[float | None]]) -> Any:
    """Run background work for a while."""
    background = Background(
        work, name="test", failed="test_failed", outages=(ConnectionError,), retry_seconds=0.0
    )
    running = asyncio.create_task(background.run())
    try:
        async with asyncio.timeout(GUARD_SECONDS):
            yield background
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_is_woken() -> None:
    """The first turn comes at once; the next one when it is asked for, also while a turn goes on."""
    turns: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def work() -> None:
        may_end = asyncio.Event()
        turns.put_nowait(may_end)
        await may_end.wait()

    async with working(work) as background:
        first = await turns.get()
        background.wake()
        background.wake()
        first.set()
        (await turns.get()).set()
        # Both calls asked for one turn, and nobody asks for another.
        for _ in range(10):
            await asyncio.sleep(0)
        assert turns.empty()
        background.wake()
        (await turns.get()).set()


async def test_it_comes_by_itself() -> None:
    """A turn says when the next one is due."""
    turns = asyncio.Semaphore(0)

    async def work() -> float:
        turns.release()
        return 0.0

    async with working(work):
        for _ in range(3):
            await turns.acquire()


async def test_it_goes_on_after_an_outage() -> None:
    """An outage gives it another turn; any other error ends it."""
    turns: list[Exception] = [ConnectionError(), ConnectionError(), ValueError("a fault of ours")]

    async def work() -> None:
        raise turns.pop(0)

    background = Background(
        work, name="test", failed="test_failed", outages=(ConnectionError,), retry_seconds=0.0
    )
    with pytest.raises(ValueError, match="a fault of ours"):
        async with asyncio.timeout(GUARD_SECONDS):
            await background.run()
    assert not turns
