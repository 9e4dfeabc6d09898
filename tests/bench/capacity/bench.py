"""One deployment whose use of the processor is read, and its clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg
from redis.asyncio import Redis

from client import Overflow, Workspace
from tests.bench.capacity.meters import Meter, Spent
from tests.bench.fanout import Ours, load_token
from tests.bench.stage import Stage

EVENT_BYTES: Final = 512
EVENTS: Final = 200
REST_SECONDS: Final = 20.0
"""As long as the server waits between two pings to a socket."""

SETTLE_SECONDS: Final = 1.0
KIB: Final = 1_024


@dataclass(frozen=True, slots=True)
class Bench:
    """A deployment, and what it uses in a second at rest.

    Everybody is on one web process. The other one has a port of its own, and watches where it is asked to.
    """

    stage: Stage
    ours: Ours
    other_port: int
    meter: Meter
    rest: Spent

    async def spent(self, work: Callable[[], Awaitable[None]], count: int = 1) -> Spent:
        """Return what ``work`` uses for each of ``count``, less what the deployment uses at rest."""
        loop = asyncio.get_running_loop()
        before, began = self.meter.read(), loop.time()
        await work()
        lasted = loop.time() - began
        return (self.meter.read() - before - self.rest.times(lasted)).times(1 / count)


@asynccontextmanager
async def connected(bench: Bench) -> AsyncIterator[Workspace]:
    """Connect a program that takes every event as it comes, and on which no limit is set."""
    url = f"ws://127.0.0.1:{bench.stage.settings.port}/ws"
    token = await load_token(bench.stage, everything=True)
    async with Workspace.connect(url, token, overflow=Overflow.REFRESH) as workspace:
        yield workspace


async def used_kib(redis: Redis) -> float:
    """Return the memory that Redis uses."""
    return int((await redis.info("memory"))["used_memory"]) / KIB


async def size_kib(database: asyncpg.Connection) -> float:
    """Return the size of the database."""
    return int(await database.fetchval("SELECT pg_database_size(current_database())")) / KIB
