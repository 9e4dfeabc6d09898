"""Measure 100 deals opened at once until every client has every offer, ours and the old design's.

Both have three processes, and the same cars, deals, Postgres and Redis. They arrive at the same cars and the
same offers, which is checked. Ours has a turn before and after each of the old design's; its median counts.
Another turn counts what ours asks, by proxies. The old design counts itself, without its new connections. It
has a bound: what it has not valued by then is cut off, and it is said to be at least so slow.
"""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote, urlsplit

from redis.asyncio import Redis

from client import Deal
from client.rows import KEY_COLUMNS, Row
from protocol.closing import CommandError, ErrorCode
from protocol.events import SearchValued
from protocol.records import Filters
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.settings import Settings, process_environment
from tests.bench import goals
from tests.bench.clients.hearing import connected
from tests.bench.old_design.comparing import check_equal
from tests.bench.old_design.counting import total
from tests.bench.old_design.page import Opened, open_deal
from tests.bench.results.figures import Figure, Report, median
from tests.bench.stage import Stage, running, stock, stopwatch, until_answered
from tests.services import Services, free_port, start_web, start_worker
from tests.trips.counting import CountingProxy, counted
from tests.trips.speech import postgres_reader, redis_reader

STORES: Final = 4
CARS: Final = 2_000 * STORES
DEALS: Final = 100
WORKERS: Final = 2
MILEAGE_MAX: Final = 20_000
"""What they look for, so that a few hundred cars match."""

LIMIT: Final = 20_000
"""More than there are: the old design knows no limit."""

OLD_PROCESSES: Final = 1 + WORKERS
CARS_A_JOB: Final = (1, 50)
"""One job a car, as the old system had it; and in batches, which it might have had."""

GUARD_SECONDS: Final = 300.0
OLD_SECONDS: Final = 240.0
"""So much time has the old design."""

LATER: Final = {ErrorCode.BUSY, ErrorCode.DEGRADED, ErrorCode.RATE_LIMITED}
REQUESTS: Final = 3
"""The upgrade, a join and a search."""

AGAIN_SECONDS: Final = 0.5
"""Before something is asked for again that was refused for now, if the answer does not say when."""

MOST_KINDS: Final = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """All deals opened: each as its client saw it, the milliseconds of all, and the queries it took."""

    opened: list[Opened]
    ms: float
    queries: int = 0
    kinds: tuple[tuple[str, int], ...] = ()

    @property
    def whole(self) -> int:
        """How many deals had every offer."""
        return sum(one.whole for one in self.opened)


async def measure(services: Services, folder: Path, _repeats: int) -> Report:
    """Measure ours, and the old design with either kind of job, in turns."""
    stage = await stock(services, folder, CARS, deals=4 * DEALS, stores=STORES)
    deals = await deals_of(stage, DEALS)
    people = await people_of(stage, deals)
    with_proxies = await _count_ours(stage, people, deals)
    turns, others = [await open_ours(stage, people, deals)], []
    for cars_a_job in CARS_A_JOB:
        others.append(await open_old(stage, deals, cars_a_job))
        check_equal(turns[-1].opened, others[-1].opened)
        turns.append(await open_ours(stage, people, deals))
        check_equal(turns[-1].opened, others[-1].opened)
    # Ours takes seconds, and the old design minutes: what else the machine does hits one of several turns.
    ours = replace(sorted(turns, key=lambda run: run.ms)[len(turns) // 2], queries=with_proxies.queries)
    matches = [len(one.offers) for one in ours.opened]
    refused = sum(one.asked for one in ours.opened) - REQUESTS * len(deals)
    notes = [
        f"{len(deals)} deals of as many people in {STORES} stores, with {min(matches)} to {max(matches)}"
        f" matches, {sum(matches):,} in all; every offer is the same in both. Refused by ours: {refused}.",
        "Ours asks most: " + ", ".join(f"{count:,} {kind}" for kind, count in with_proxies.kinds) + ".",
    ]
    figures: list[Figure] = []
    for cars_a_job, old in zip(CARS_A_JOB, others, strict=True):
        figures += _figures(ours, old, cars_a_job, tuple(run.ms for run in turns))
        if old.whole < len(deals):
            valued = sum(len(one.offers) for one in old.opened)
            notes.append(
                f"The old design, {cars_a_job} cars a job, was cut off after {OLD_SECONDS:.0f} s with"
                f" {valued:,} matches valued and {old.whole} deals whole: its times and counts are the least."
            )
    return figures, notes


def _figures(ours: Run, old: Run, cars_a_job: int, turns: tuple[float, ...]) -> list[Figure]:
    """Return the figures of the median of our turns against the old design's; ``turns`` in milliseconds."""
    usual = cars_a_job == 1
    what = "old design" if usual else f"old design, {cars_a_job} cars a job"
    if old.whole < len(old.opened):
        what += ", cut off"
    time, fewer = (goals.OLD_DESIGN_TIME, goals.OLD_DESIGN_ASKED) if usual else (None, None)
    mine, theirs = (tuple(one.ms for one in run.opened) for run in (ours, old))
    asked, asked_old = (sum(one.asked for one in run.opened) for run in (ours, old))
    name = f"{len(mine)} deals opened at once"
    return [
        Figure(
            f"{name}, until all are valued",
            "ms",
            ours.ms,
            old.ms,
            what,
            time,
            samples=turns,
            floor_samples=(old.ms,),
        ),
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


async def deals_of(stage: Stage, count: int) -> list[str]:
    """Return the ids of so many deals, as many of each store."""
    async with connect_as_owner(stage.settings.database_owner_url) as database:
        rows = await database.fetch(
            "SELECT deal_id::text, row_number() OVER (PARTITION BY store_id ORDER BY deal_id) place"
            " FROM deals ORDER BY place, store_id LIMIT $1",
            count,
        )
    assert len(rows) == count
    return [row["deal_id"] for row in rows]


async def open_ours(stage: Stage, people: Sequence[str], deals: Sequence[str], workers: int = WORKERS) -> Run:
    """Open the deals in clients of their own, each with somebody's token; return what came of it."""
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(stage.settings, stage.folder))
        for _ in range(workers):
            await stack.enter_async_context(start_worker(stage.settings, stage.folder))
        elapsed = stopwatch()
        async with asyncio.timeout(GUARD_SECONDS):
            opened = await asyncio.gather(
                *(
                    _open_one(web.url, replace(stage, token=token), deal_id)
                    for token, deal_id in zip(people, deals, strict=True)
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
        opened.ms, opened.whole = elapsed(), True
        opened.offers = {vehicle_id: _offer_of(row) for vehicle_id, row in deal.rows.items()}
    return opened


def _offer_of(row: Row) -> dict[str, Any]:
    """Return the columns of a row's offer without its keys; none if it was not valued."""
    return {name: value for name, value in (row.offer or {}).items() if name not in KEY_COLUMNS}


async def _insist(opened: Opened, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask, again where the workspace says to try again, as a page does."""
    while True:
        opened.asked += 1
        try:
            return await ask()
        except CommandError as error:
            if error.code not in LATER:
                raise
            seconds = error.detail.get("retry_after_seconds", AGAIN_SECONDS)
        await asyncio.sleep(seconds)


async def _until_valued(deal: Deal) -> None:
    async for event in deal:
        if isinstance(event, SearchValued):
            return


async def people_of(stage: Stage, deals: Sequence[str]) -> list[str]:
    """Add a manager for each deal, and return their tokens: a person has a share of what a store may ask."""
    lasts = dt.timedelta(hours=1)
    async with connect_as_owner(stage.settings.database_owner_url) as database:
        rows = await database.fetch(
            "INSERT INTO users (login, name, role, store_id)"
            " SELECT 'desk-' || place, 'Desk ' || place, 'desk_manager', store_id"
            " FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (deal_id, place) JOIN deals USING (deal_id)"
            " RETURNING user_id::text, login",
            deals,
        )
        by_place = sorted(rows, key=lambda row: int(row["login"].removeprefix("desk-")))
        return [
            await issue_credential(database, row["user_id"], CredentialKind.BEARER, lasts) for row in by_place
        ]


async def _count_ours(stage: Stage, people: Sequence[str], deals: Sequence[str]) -> Run:
    """Open the deals once more, every process behind proxies, which count the trips to Postgres and Redis."""
    async with AsyncExitStack() as stack:
        settings, proxies = await _proxied(stack, stage)
        run = await open_ours(replace(stage, settings=settings), people, deals)
        kinds = Counter(trip.asks for proxy in proxies for trip in proxy.trips)
        return replace(run, queries=kinds.total(), kinds=tuple(kinds.most_common(MOST_KINDS)))


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


async def open_old(
    stage: Stage, deals: Sequence[str], cars_a_job: int, processes: int = OLD_PROCESSES
) -> Run:
    """Open the deals in pages of the old design; return what came of it."""
    ports = [free_port() for _ in range(processes)]
    counts = [stage.folder / f"counts-{cars_a_job}-{port}.json" for port in ports]
    environment = process_environment() | stage.settings.environment()
    async with AsyncExitStack() as stack:
        for port, path in zip(ports, counts, strict=True):
            arguments = ("-m", "tests.bench.old_design.app", str(port), str(path), str(cars_a_job))
            await stack.enter_async_context(running(arguments, environment))
        await asyncio.gather(*(until_answered(port, "/") for port in ports))
        elapsed = stopwatch()
        async with asyncio.timeout(GUARD_SECONDS):
            opened = await asyncio.gather(
                *(
                    open_deal(ports[place % len(ports)], deal_id, MILEAGE_MAX, OLD_SECONDS)
                    for place, deal_id in enumerate(deals)
                )
            )
        wall = elapsed()
    async with Redis.from_url(stage.settings.redis_url) as redis:
        await redis.flushall()
    return Run(opened, wall, total(counts).total())
