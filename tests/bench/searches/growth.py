"""Measure a search as the stock grows: 4,000, 40,000, 400,000 and 4,000,000 cars of one store.

One web process, two workers, a client; each stock in a database of its own, one after the other. What must
not grow with the stock: the first matches, a search of so many matches, the memory of the processes.
``python -m tests.bench.searches.growth FILE.svg`` draws the plot of ``docs/capacity.md``.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from client import Deal
from protocol.events import SearchEnded, SearchValued
from server.database.core.pool import connect_as_owner
from tests.bench import goals
from tests.bench.clients.audience import resident_kib
from tests.bench.clients.hearing import Heard, connected, search
from tests.bench.results.curves import Curve, draw_curves
from tests.bench.results.figures import Figure, Report, median, show
from tests.bench.stage import make_easy, open_services, stock
from tests.services import Services, start_web, start_worker

STOCKS: Final = (4_000, 40_000, 400_000, 4_000_000)
WORKERS: Final = 2
MATCHES: Final = 2_000
MOST: Final = 20_000
WARM_UP: Final = 3
PAUSE_SECONDS: Final = 0.5
MIB: Final = 1 << 20
KIB: Final = 1 << 10


@dataclass(frozen=True, slots=True)
class Grown:
    """One stock: milliseconds, and MiB after all searches."""

    cars: int
    first: list[float]
    valued: list[float]
    all_ended: list[float]
    all_matches: int
    web_mib: float
    redis_mib: float
    database_mib: float
    seed_seconds: float


async def grown(services: Services, folder: Path, cars: int, repeats: int) -> Grown:
    """Measure one stock."""
    began = time.monotonic()
    stage = await stock(services, folder, cars, stores=1)
    seeded = time.monotonic() - began
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await stack.enter_async_context(start_worker(stage.settings, folder))
        workspace = await stack.enter_async_context(connected(web.url, stage))
        deal = await workspace.join(stage.channel)
        await _searches(deal, MATCHES, WARM_UP)
        some = await _searches(deal, MATCHES, repeats)
        most = [await search(deal, MOST, SearchEnded) for _ in range(max(1, repeats // 5))]
        redis = await stack.enter_async_context(Redis.from_url(stage.settings.redis_url))
        used = int((await redis.info("memory"))["used_memory"])
        web_kib = resident_kib(web.pid)
        await redis.flushall()
    async with connect_as_owner(stage.settings.database_owner_url) as database:
        name = await database.fetchval("SELECT current_database()")
        size = await database.fetchval("SELECT pg_database_size(current_database())")
    # The next stock may be ten times as large: two at once need not fit the disk.
    services.run_sql(f"DROP DATABASE {name} WITH (FORCE)")
    return Grown(
        cars,
        [one.first for one in some],
        [one.valued for one in some],
        [one.ended for one in most],
        most[-1].rows,
        web_kib / KIB,
        used / MIB,
        size / MIB,
        seeded,
    )


async def _searches(deal: Deal, matches: int, count: int) -> list[Heard]:
    heard = []
    for _ in range(count):
        heard.append(await search(deal, matches, SearchValued))
        await asyncio.sleep(PAUSE_SECONDS)
    return heard


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure every stock, against the one before it."""
    return report([await grown(services, folder, cars, repeats) for cars in STOCKS])


def report(stocks: list[Grown]) -> Report:
    """Return the figures of each stock against the smallest, and what else was seen."""
    least = stocks[0]
    figures = []
    for one in stocks[1:]:
        figures += [
            _figure(f"first matches, {one.cars:,} cars", one.first, least.first, goals.MILLION_CARS),
            _figure(f"all values of {MATCHES:,} matches, {one.cars:,} cars", one.valued, least.valued, None),
            Figure(
                f"web process after searches of up to {MOST:,}, {one.cars:,} cars",
                "MiB",
                one.web_mib,
                least.web_mib,
                f"the same of {least.cars:,}",
            ),
        ]
    notes = [
        f"{one.cars:,} cars: filled in {one.seed_seconds:.0f} s, database {one.database_mib:,.0f} MiB,"
        f" Redis {one.redis_mib:.1f} MiB, web {one.web_mib:.0f} MiB;"
        f" {one.all_matches:,} matches ended after {median(one.all_ended):,.0f} ms"
        for one in stocks
    ]
    return figures, notes


def _figure(name: str, ours: list[float], floor: list[float], goal: float | None) -> Figure:
    return Figure(
        name,
        "ms",
        median(ours),
        median(floor),
        f"the same of {STOCKS[0]:,} cars",
        goal=goal,
        samples=tuple(ours),
        floor_samples=tuple(floor),
    )


def plot(stocks: list[Grown]) -> str:
    """Return the plot as SVG."""
    cars = [one.cars for one in stocks]
    return draw_curves(
        "cars in stock",
        (
            Curve("first matches, ms", cars, [median(one.first) for one in stocks]),
            Curve(f"all values of {MATCHES:,} matches, ms", cars, [median(one.valued) for one in stocks]),
            Curve("web process, MiB", cars, [one.web_mib for one in stocks]),
            Curve("Redis, MiB", cars, [one.redis_mib for one in stocks]),
        ),
    )


async def _all(services: Services, folder: Path) -> list[Grown]:
    return [await grown(services, folder, cars, 15) for cars in STOCKS]


if __name__ == "__main__":
    with open_services() as (opened, own_folder):
        found = asyncio.run(_all(opened, own_folder))
    show(*report(found))
    Path(sys.argv[1]).write_text(plot(found))
