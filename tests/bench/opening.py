"""Measure 100 deals opened at once until every client has every offer, ours and the old design's.

Both have three processes, and the same cars, deals, Postgres and Redis. They arrive at the same NPVs, which
is checked. A second turn counts what ours asks, by proxies. The old design counts itself, without its new
connections.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, unquote, urlsplit

from redis.asyncio import Redis

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.events import SearchValued
from protocol.records import Filters
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.settings import Settings, process_environment
from tests.bench import goals
from tests.bench.figures import Figure, Report, median
from tests.bench.hearing import connected
from tests.bench.old_design.counting import total
from tests.bench.old_design.page import Opened, open_deal
from tests.bench.stage import Stage, running, stock, stopwatch, until_answered
from tests.services import Services, free_port, start_web, start_worker
from tests.trips.counting import CountingProxy, counted
from tests.trips.speech import postgres_reader, redis_reader

CARS: Final = 4_000
DEALS: Final = 100
MANAGERS: Final = 25
WORKERS: Final = 2
MILEAGE_MAX: Final = 20_000
"""What they look for, so that a few hundred cars match."""

LIMIT: Final = 20_000
"""More than there are: the old design knows no limit."""

OLD_PROCESSES: Final = 1 + WORKERS
CARS_A_JOB: Final = (1, 50)
"""One job a car, as the old system had it; and in batches, which it might have had."""

GUARD_SECONDS: Final = 600.0
LATER: Final = {ErrorCode.BUSY, ErrorCode.DEGRADED, ErrorCode.RATE_LIMITED}
AGAIN_SECONDS: Final = 0.5
"""Before something is asked for again that was refused for now."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """All deals opened: each as its client saw it, the milliseconds of all, and the queries it took."""

    opened: list[Opened]
    ms: float
    queries: int = 0


async def measure(services: Services, folder: Path, _repeats: int) -> Report:
    """Measure ours, then the old design with either kind of job."""
    stage = await stock(services, folder, CARS, deals=4 * DEALS)
    deals, managers = await _deals(stage), await _managers(stage)
    ours = await _open_ours(stage, managers, deals)
    ours = replace(ours, queries=await _count_ours(stage, managers, deals))
    figures: list[Figure] = []
    for cars_a_job in CARS_A_JOB:
        old = await _open_old(stage, deals, cars_a_job)
        pairs = zip(ours.opened, old.opened, strict=True)
        differ = sum(one.npvs != other.npvs for one, other in pairs)
        assert not differ, f"{differ} deals have other offers"
        figures += _figures(ours, old, cars_a_job)
    matches = [len(one.npvs) for one in ours.opened]
    notes = [
        f"{len(deals)} deals with {min(matches)} to {max(matches)} matches, {sum(matches):,} in all; "
        "every NPV is the same in both.",
    ]
    return figures, notes


def _figures(ours: Run, old: Run, cars_a_job: int) -> list[Figure]:
    usual = cars_a_job == 1
    what = "old design" if usual else f"old design, {cars_a_job} cars a job"
    time, fewer = (goals.OLD_DESIGN_TIME, goals.OLD_DESIGN_ASKED) if usual else (None, None)
    mine, theirs = (tuple(one.ms for one in run.opened) for run in (ours, old))
    asked, asked_old = (sum(one.asked for one in run.opened) for run in (ours, old))
    name = f"{len(mine)} deals opened at once"
    return [
        Figure(f"{name}, until all are valued", "ms", ours.ms, old.ms, what, time),
        Figure(
            f"{name}, one of them, p50",
            "ms",
            median(mine),
            median(theirs),
            what,
            samples=mine,
            floor_samples=theirs,
        ),
        Figure(f"{name}: requests", "", asked, asked_old, what, fewer),
        Figure(f"{name}: queries", "", ours.queries, old.queries, what, fewer),
    ]


async def _deals(stage: Stage) -> list[str]:
    """Return the ids of so many of the store's deals."""
    async with connect_as_owner(stage.settings.database_owner_url) as connection:
        rows = await connection.fetch(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' ORDER BY deal_id LIMIT $1", DEALS
        )
    assert len(rows) == DEALS
    return [row["deal_id"] for row in rows]


async def _open_ours(stage: Stage, managers: Sequence[str], deals: Sequence[str]) -> Run:
    """Open the deals in clients of their own; return what came of it."""
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(stage.settings, stage.folder))
        for _ in range(WORKERS):
            await stack.enter_async_context(start_worker(stage.settings, stage.folder))
        elapsed = stopwatch()
        async with asyncio.timeout(GUARD_SECONDS):
            opened = await asyncio.gather(
                *(
                    _open_one(web.url, replace(stage, token=managers[place % MANAGERS]), deal_id)
                    for place, deal_id in enumerate(deals)
                )
            )
        wall = elapsed()
    async with Redis.from_url(stage.settings.redis_url) as redis:
        await redis.flushall()
    return Run(opened, wall)


async def _open_one(url: str, stage: Stage, deal_id: str) -> Opened:
    elapsed, opened = stopwatch(), Opened(asked=1)
    async with connected(url, stage) as workspace:
        deal = await _insist(opened, partial(workspace.join, f"deal:{deal_id}"))
        search = partial(deal.search, filters=Filters(mileage_max=MILEAGE_MAX), limit=LIMIT)
        async with asyncio.TaskGroup() as both:
            both.create_task(_insist(opened, search))
            both.create_task(_until_valued(deal))
        opened.ms = elapsed()
        opened.npvs = {
            vehicle_id: (row.offer or {}).get("npv_cents") for vehicle_id, row in deal.rows.items()
        }
    return opened


async def _insist(opened: Opened, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask, again where the workspace says to try again, as a page does."""
    while True:
        opened.asked += 1
        try:
            return await ask()
        except CommandError as error:
            if error.code not in LATER:
                raise
        await asyncio.sleep(AGAIN_SECONDS)


async def _until_valued(deal: Deal) -> None:
    async for event in deal:
        if isinstance(event, SearchValued):
            return


async def _managers(stage: Stage) -> list[str]:
    """Add managers to the store, and return a token of each: one person may not have so many searches."""
    async with connect_as_owner(stage.settings.database_owner_url) as connection:
        rows = await connection.fetch(
            "INSERT INTO users (login, name, role, store_id)"
            " SELECT 'desk-' || n, 'Desk ' || n, role, store_id FROM users, generate_series(1, $1) n"
            " WHERE login = 'riverside-manager' RETURNING user_id::text",
            MANAGERS,
        )
        lasts = dt.timedelta(hours=1)
        return [
            await issue_credential(connection, row["user_id"], CredentialKind.BEARER, lasts) for row in rows
        ]


async def _count_ours(stage: Stage, managers: Sequence[str], deals: Sequence[str]) -> int:
    """Open the deals once more, every process behind proxies; return the trips to Postgres and Redis."""
    async with AsyncExitStack() as stack:
        settings, proxies = await _proxied(stack, stage)
        await _open_ours(replace(stage, settings=settings), managers, deals)
        return sum(len(proxy.trips) for proxy in proxies)


async def _proxied(stack: AsyncExitStack, stage: Stage) -> tuple[Settings, list[CountingProxy]]:
    folder, settings = stage.folder / "proxies", stage.settings
    folder.mkdir()
    database = Path(unquote(urlsplit(settings.database_url).query.partition("host=")[2].partition("&")[0]))
    port = settings.database_url.rpartition("port=")[2].partition("&")[0]
    name = f".s.PGSQL.{port}"
    postgres = await stack.enter_async_context(counted(folder / name, database / name, postgres_reader))
    target = Path(unquote(urlsplit(settings.redis_url).path))
    redis = await stack.enter_async_context(counted(folder / "redis", target, redis_reader))
    moved = {
        field: _moved(getattr(settings, field), database, folder)
        for field in ("database_url", "database_system_url")
    }
    moved["redis_url"] = _moved(settings.redis_url, target, folder / "redis")
    listening = settings.database_listen_url or settings.database_url
    return replace(settings, **moved, database_listen_url=listening), [postgres, redis]


def _moved(url: str, old: Path, new: Path) -> str:
    found = url.replace(quote(str(old)), quote(str(new))).replace(
        quote(str(old), safe=""), quote(str(new), safe="")
    )
    assert found != url
    return found


async def _open_old(stage: Stage, deals: Sequence[str], cars_a_job: int) -> Run:
    """Open the deals in pages of the old design; return what came of it."""
    ports = [free_port() for _ in range(OLD_PROCESSES)]
    counts = [stage.folder / f"counts-{cars_a_job}-{port}.json" for port in ports]
    environment = process_environment() | stage.settings.environment()
    async with AsyncExitStack() as stack:
        for port, path in zip(ports, counts, strict=True):
            arguments = ("-m", "tests.bench.old_design.app", str(port), str(path), str(cars_a_job))
            await stack.enter_async_context(running(arguments, environment))
            await until_answered(port, "/")
        elapsed = stopwatch()
        async with asyncio.timeout(GUARD_SECONDS):
            opened = await asyncio.gather(
                *(
                    open_deal(ports[place % len(ports)], deal_id, MILEAGE_MAX)
                    for place, deal_id in enumerate(deals)
                )
            )
        wall = elapsed()
    async with Redis.from_url(stage.settings.redis_url) as redis:
        await redis.flushall()
    return Run(opened, wall, total(counts).total())
