"""Who is told that a service is away, when, and that it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from protocol.events import Notice
from server.hub.upkeep.outages import RECOVERED, Outages, WatchedService
from server.observe.standing import Standing

GUARD_SECONDS = 60.0
DATABASE, UPDATES = Notice(code="degraded", message="db"), Notice(code="degraded", message="live")


@dataclass(eq=False)
class Told:
    """A connection that remembers what it was told."""

    notices: list[Notice] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)
        self.news.set()

    async def until(self, *expected: Notice) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while len(self.notices) < len(expected):
                self.news.clear()
                await self.news.wait()
        assert self.notices == list(expected)


@dataclass
class Scene:
    postgres: Standing
    redis: Standing
    outages: Outages
    told: Told


@asynccontextmanager
async def scene(notice_after_seconds: float) -> AsyncIterator[Scene]:
    """Both services stand, and one person is connected."""
    postgres, redis, told = Standing(), Standing(), Told()
    services = (WatchedService("postgres", postgres, "db"), WatchedService("redis", redis, "live"))
    connections: Any = {told}
    outages = Outages(services, connections, notice_after_seconds=notice_after_seconds)
    running = asyncio.create_task(outages.run())
    postgres.rise()
    redis.rise()
    await asyncio.sleep(0.01)
    yield Scene(postgres, redis, outages, told)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_everybody_is_told_once_of_an_outage_and_of_its_end() -> None:
    """Degraded while it lasts, also to those who come in; then recovered."""
    async with scene(0.0) as now:
        assert now.outages.notice is None
        now.redis.fall()
        await now.told.until(UPDATES)
        assert now.outages.notice == UPDATES
        now.redis.rise()
        await now.told.until(UPDATES, RECOVERED)
        assert now.outages.notice is None


async def test_what_is_back_at_once_is_nobodys_business() -> None:
    """A connection that breaks and stands again within the patience is not told of."""
    async with scene(5.0) as now:
        now.redis.fall()
        await asyncio.sleep(0.01)
        now.redis.rise()
        await asyncio.sleep(0.01)
        assert (now.told.notices, now.outages.notice) == ([], None)


async def test_of_two_outages_the_graver_one_is_told() -> None:
    """Nothing is recovered while something is away; what is said then is what is still true."""
    async with scene(0.0) as now:
        now.redis.fall()
        await now.told.until(UPDATES)
        now.postgres.fall()
        await now.told.until(UPDATES, DATABASE)
        now.postgres.rise()
        await now.told.until(UPDATES, DATABASE, UPDATES)
        now.redis.rise()
        await now.told.until(UPDATES, DATABASE, UPDATES, RECOVERED)


async def test_a_service_that_was_never_there_is_waited_for() -> None:
    """A process that starts tells nobody of what is not up yet: it is not ready, so nobody is there."""
    told, standing = Told(), Standing()
    connections: Any = {told}
    outages = Outages([WatchedService("redis", standing, "live")], connections, notice_after_seconds=0.0)
    running = asyncio.create_task(outages.run())
    await asyncio.sleep(0.01)
    assert told.notices == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
