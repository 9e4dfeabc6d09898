"""Measure what a search of 20,000 matches takes of memory: of the hub, with watchers, and of Redis.

The hub keeps no rows, so its memory must not grow with the matches. The floor is the same search of 500.
"""

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

from redis.asyncio import Redis

from client import Deal
from protocol.events import SearchValued
from tests.bench.clients.hearing import connected, search
from tests.bench.results.figures import Figure, Report
from tests.bench.stage import make_easy, stock
from tests.services import Services, start_web, start_worker

CARS = 60_000
FEW, MATCHES = 500, 20_000
WATCHERS = 20
MIB = 1 << 20
WORKERS = 2


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure with one watcher and with WATCHERS, each of whom receives every row."""
    stage = await stock(services, folder, CARS)
    figures, notes = [], list[str]()
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await running.enter_async_context(start_worker(stage.settings, folder))
        deals = []
        for _ in range(WATCHERS):
            workspace = await running.enter_async_context(connected(web.url, stage))
            deals.append(await workspace.join(stage.channel))
        redis = await running.enter_async_context(Redis.from_url(stage.settings.redis_url))
        before = resident(web.pid)
        await _searches(deals, FEW, repeats)
        few, few_redis = resident(web.pid), await _used(redis)
        await _searches(deals, MATCHES, repeats)
        many, many_redis = resident(web.pid), await _used(redis)
    figures.append(
        Figure(
            f"hub after {MATCHES:,} matches, {WATCHERS} watchers",
            "MiB",
            many / MIB,
            few / MIB,
            f"the same hub after {FEW} matches",
        )
    )
    notes.append(f"Hub before any search, MiB: {before / MIB:.0f}")
    notes.append(f"Redis, MiB, after {FEW} and {MATCHES:,}: {few_redis / MIB:.1f}, {many_redis / MIB:.1f}")
    return figures, notes


async def _searches(deals: list[Deal], matches: int, repeats: int) -> None:
    for _ in range(repeats):
        async with asyncio.TaskGroup() as tasks:
            for deal in deals[1:]:
                tasks.create_task(_follow(deal))
            await search(deals[0], matches, SearchValued)


async def _follow(deal: Deal) -> None:
    """Take everything up to the end, as a page does."""
    async for event in deal:
        if isinstance(event, SearchValued):
            return


async def _used(redis: Redis) -> int:
    found = await redis.info("memory")
    return int(found["used_memory"])


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
