"""A search has precedence over other stores' from its turn to read until its first matches are published."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from protocol.closing import CommandError
from protocol.jobs import JobPointer
from server.log.channel_log import Entry
from server.sharing.precedence import Precedence
from tests.search.answers.world import Process, SlowLog, World, replaced
from tests.twin.memory_log import MemoryLog

CHANNEL, DELAY, MANY_TICKS = "deal:1", 3, 200


class Watched:
    """A search, and at each tick how many chunks were published and whether it had precedence."""

    def __init__(self) -> None:
        self.published = 0
        self.seen: list[tuple[int, bool]] = []

    def ring(self, _channel: str, entry: Entry) -> None:
        """Count the chunks."""
        self.published += entry.body.startswith(b'{"type":"matches"')

    async def watch(self, precedence: Precedence) -> None:
        """Look at each tick."""
        for _ in range(MANY_TICKS):
            waiting = asyncio.ensure_future(precedence.give_way("another store"))
            await asyncio.sleep(0)
            self.seen.append((self.published, not waiting.done()))
            waiting.cancel()


@asynccontextmanager
async def searching(monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> AsyncIterator[Watched]:
    """Search, and watch it to its end."""
    replaced(monkeypatch.setattr)
    watched, world, queue = Watched(), World(), list[JobPointer]()
    world.delay, world.failures = DELAY, failures
    log = MemoryLog(ring=watched.ring)
    log.searches = SlowLog(log)
    log.searches.world = world
    head = await log.head(CHANNEL)
    await log.set_base(CHANNEL, head.epoch, 1)
    process = Process(world, log, queue)
    search = asyncio.create_task(process.search(CHANNEL, 100))
    await watched.watch(process.searches._runs._precedence)
    with contextlib.suppress(CommandError):
        await search
    yield watched
    await process.searches.aclose()


async def test_it_has_precedence_until_its_first_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    async with searching(monkeypatch) as watched:
        assert watched.published > 1
        assert (0, True) in watched.seen
        assert not any(first for published, first in watched.seen if published > 1)


async def test_a_search_that_fails_has_none_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with searching(monkeypatch, failures=1) as watched:
        assert watched.published == 0
        assert (0, True) in watched.seen
        assert watched.seen[-1] == (0, False)
