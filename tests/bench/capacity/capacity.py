"""Measure what one of each thing costs: a socket, an open deal, a delivery, a decision, a quote, a search.

Processor time of every process of a deployment, by part, over many of each and less what the deployment uses
at rest. ``tests.bench.capacity.simulation`` reckons with it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from redis.asyncio import Redis

from client import Deal, Overflow, Workspace
from client.rows import Row
from protocol.events import SearchValued
from protocol.records import View
from server.database.core.pool import connect_as_owner
from server.hub.upkeep.keeper import STIRRED_SECONDS
from tests.bench.capacity.costs import OPERATIONS, Costs, write
from tests.bench.capacity.meters import Meter, Spent
from tests.bench.clients.audience import seated
from tests.bench.clients.hearing import search
from tests.bench.fanout import Ours, load_token, open_ours, seats_of
from tests.bench.results.figures import Figure, Report
from tests.bench.results.machine import describe
from tests.bench.stage import Stage, make_easy, stock
from tests.services import Services, start_worker

CARS: Final = 4_000
CHANNELS: Final = 400
STIRRED: Final = 100
SOCKETS: Final = 1_000
WATCHERS: Final = 300
EVENT_BYTES: Final = 512
EVENTS: Final = 200
CREW: Final = 5
"""Connections that decide in turns: one has 50 commands in ten seconds."""

WINDOW_SECONDS: Final = 11.0
WORKERS: Final = 2
FEW, MANY = 500, 2_000
REST_SECONDS: Final = 20.0
"""As long as the server waits between two pings to a socket."""

SETTLE_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.05
WARM_UP: Final = 3
KIB: Final = 1_024


@dataclass(frozen=True, slots=True)
class Bench:
    """A deployment with one web process, and what it uses in a second at rest."""

    stage: Stage
    ours: Ours
    meter: Meter
    rest: Spent

    async def spent(self, work: Callable[[], Awaitable[None]], count: int = 1) -> Spent:
        """Return what ``work`` uses for each of ``count``, less what the deployment uses at rest."""
        loop = asyncio.get_running_loop()
        before, began = self.meter.read(), loop.time()
        await work()
        lasted = loop.time() - began
        return (self.meter.read() - before - self.rest.times(lasted)).times(1 / count)


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure every cost; write them as JSON beside the bench's results."""
    stage = await stock(services, folder, CARS, deals=CHANNELS, stores=1)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(open_ours(stage, folder))
        await make_easy(f"http://127.0.0.1:{stage.settings.port}", stage)
        workers = [
            await stack.enter_async_context(start_worker(stage.settings, folder)) for _ in range(WORKERS)
        ]
        meter = Meter(ours.pid, tuple(worker.pid for worker in workers), folder)
        await asyncio.sleep(SETTLE_SECONDS)
        before = meter.read()
        await asyncio.sleep(REST_SECONDS)
        rest = (meter.read() - before).times(1 / REST_SECONDS)
        bench = Bench(stage, ours, meter, rest)
        costs = _without_noise(await _all(bench, repeats))
    write(costs, Path(".data/bench/capacity.json"))
    figures = [
        Figure(
            f"{name.replace('_', ' ')}, all processes", "ms CPU", sum(getattr(costs, name).parts), None, ""
        )
        for name in OPERATIONS
    ]
    return figures, [f"At rest, milliseconds of processor time a second: {_parts(rest)}", *_said(costs)]


async def _all(bench: Bench, repeats: int) -> Costs:
    watching = await _watching(bench)
    channels = await _channels(bench)
    deciding = await _deciding(bench, repeats)
    # A decision has its event in it, but not those who watch.
    watched = watching.delivery.times(CREW)
    return Costs(
        machine=describe(),
        socket_second=watching.socket_second,
        channel_second=channels.second,
        stirred_second=channels.stirred,
        join=watching.join,
        event=watching.event,
        delivery=watching.delivery,
        note=deciding.note - watched,
        select=deciding.select - watched,
        quote=deciding.quote,
        search=deciding.search,
        match=deciding.match,
        socket_kib=watching.socket_kib,
        channel_kib=channels.kib,
        channel_redis_kib=channels.redis_kib,
        match_redis_kib=deciding.match_redis_kib,
        note_postgres_kib=deciding.note_kib,
        select_postgres_kib=deciding.select_kib,
    )


@dataclass(frozen=True, slots=True)
class Watching:
    """What sockets and deliveries cost."""

    socket_second: Spent
    socket_kib: float
    join: Spent
    event: Spent
    delivery: Spent


async def _watching(bench: Bench) -> Watching:
    ours, meter = bench.ours, bench.meter
    async with AsyncExitStack() as stack:
        # What a first audience frees is used again by the next one.
        async with seated(seats_of(ours, WATCHERS), ours.token):
            await asyncio.sleep(SETTLE_SECONDS)
        await asyncio.sleep(SETTLE_SECONDS)
        kib = meter.web_kib()

        async def come() -> None:
            await stack.enter_async_context(seated(seats_of(ours, SOCKETS), ours.token))

        join = await bench.spent(come, SOCKETS)
        await asyncio.sleep(SETTLE_SECONDS)
        socket_kib = (meter.web_kib() - kib) / SOCKETS
        second = await bench.spent(partial(asyncio.sleep, REST_SECONDS), SOCKETS)
    # The channel of these sockets is open, too: its second is small beside a thousand sockets'.
    alone = await _events(bench, 1)
    all_of_them = await _events(bench, WATCHERS)
    delivery = (all_of_them - alone).times(1 / (WATCHERS - 1))
    return Watching(second.times(1 / REST_SECONDS), socket_kib, join, alone - delivery, delivery)


async def _events(bench: Bench, watchers: int) -> Spent:
    ours = bench.ours
    async with seated(seats_of(ours, watchers), ours.token) as audience:

        async def tell() -> None:
            for _ in range(EVENTS):
                await audience.hearing(1)
                await ours.tell(1, EVENT_BYTES)
                await audience.heard()

        return await bench.spent(tell, EVENTS)


@dataclass(frozen=True, slots=True)
class Channels:
    """What open deals cost."""

    second: Spent
    stirred: Spent
    kib: float
    redis_kib: float


async def _channels(bench: Bench) -> Channels:
    async with connect_as_owner(bench.stage.settings.database_owner_url) as database:
        rows = await database.fetch("SELECT deal_id::text FROM deals ORDER BY deal_id LIMIT $1", CHANNELS)
    async with _workspace(bench) as workspace:
        kib, used = bench.meter.web_kib(), await _used(bench.ours.redis)
        for row in rows[:STIRRED]:
            await workspace.join(f"deal:{row['deal_id']}", View.MANAGER)
        # Whoever joins stirs a channel; later it is looked at less often. Few are joined at once.
        stirred = await bench.spent(partial(asyncio.sleep, STIRRED_SECONDS / 2), STIRRED)
        for row in rows[STIRRED:]:
            await workspace.join(f"deal:{row['deal_id']}", View.MANAGER)
        await asyncio.sleep(STIRRED_SECONDS)
        more, kept = bench.meter.web_kib() - kib, await _used(bench.ours.redis) - used
        rest = await bench.spent(partial(asyncio.sleep, REST_SECONDS), len(rows))
    return Channels(
        rest.times(1 / REST_SECONDS),
        stirred.times(2 / STIRRED_SECONDS),
        more / len(rows),
        kept / len(rows),
    )


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decisions, quotes and searches cost."""

    note: Spent
    note_kib: float
    select: Spent
    select_kib: float
    quote: Spent
    search: Spent
    match: Spent
    match_redis_kib: float


async def _deciding(bench: Bench, repeats: int) -> Deciding:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_as_owner(bench.stage.settings.database_owner_url))
        crew = []
        for _ in range(CREW):
            workspace = await stack.enter_async_context(_workspace(bench))
            crew.append(await workspace.join(bench.stage.channel, View.MANAGER))
        deal = crew[0]
        # Plans, caches and code are warm in a system that runs.
        await _searches(deal, MANY, WARM_UP)
        few = await bench.spent(partial(_searches, deal, FEW, repeats), repeats)
        used = await _used(bench.ours.redis)
        many = await bench.spent(partial(_searches, deal, MANY, repeats), repeats)
        more = await _used(bench.ours.redis) - used
        match = (many - few).times(1 / (MANY - FEW))
        cars = [row.vehicle_id for row in deal.rows.values() if _is_offered(row)][:EVENTS]
        assert len(cars) == EVENTS, "too few cars have an offer"
        size = await _size(database)
        await _in_turns(crew, _select, cars[:CREW])
        await _in_turns(crew, _quote, cars[:CREW])
        await asyncio.sleep(WINDOW_SECONDS)
        note = await bench.spent(partial(_in_turns, crew, _note, cars), EVENTS)
        noted = await _size(database)
        await asyncio.sleep(WINDOW_SECONDS)
        select = await bench.spent(partial(_in_turns, crew, _select, cars), EVENTS)
        selected = await _size(database)
        await asyncio.sleep(WINDOW_SECONDS)
        quote = await bench.spent(partial(_in_turns, crew, _quote, cars), EVENTS)
    return Deciding(
        note=note,
        note_kib=(noted - size) / EVENTS,
        select=select,
        select_kib=(selected - noted) / EVENTS,
        quote=quote,
        search=few - match.times(FEW),
        match=match,
        match_redis_kib=more / (MANY - FEW),
    )


async def _searches(deal: Deal, matches: int, repeats: int) -> None:
    for _ in range(repeats):
        await search(deal, matches, SearchValued)
        await asyncio.sleep(PAUSE_SECONDS)


async def _in_turns(crew: list[Deal], act: Callable[[Deal, str], Awaitable[None]], cars: list[str]) -> None:
    for number, car in enumerate(cars):
        await act(crew[number % len(crew)], car)


async def _note(deal: Deal, car: str) -> None:
    await deal.desk.note(f"Asked for {car}. " + "x" * EVENT_BYTES)


async def _select(deal: Deal, car: str) -> None:
    await deal.desk.select(car)


async def _quote(deal: Deal, car: str) -> None:
    await deal.quote(car, terms_months=(48, 60, 72, 84), cash_down_cents=(0, 100_000, 200_000))


def _is_offered(row: Row) -> bool:
    return row.offer is not None and row.offer["payment_cents"] is not None


@asynccontextmanager
async def _workspace(bench: Bench) -> AsyncIterator[Workspace]:
    """Connect a program that takes every event as it comes, and on which no limit is set."""
    url = f"ws://127.0.0.1:{bench.stage.settings.port}/ws"
    token = await load_token(bench.stage, everything=True)
    async with Workspace.connect(url, token, overflow=Overflow.REFRESH) as workspace:
        yield workspace


async def _used(redis: Redis) -> float:
    return int((await redis.info("memory"))["used_memory"]) / KIB


async def _size(database: asyncpg.Connection) -> float:
    return int(await database.fetchval("SELECT pg_database_size(current_database())")) / KIB


def _without_noise(costs: Costs) -> Costs:
    return msgspec.structs.replace(
        costs, **{name: getattr(costs, name).without_noise() for name in OPERATIONS}
    )


def _parts(spent: Spent) -> str:
    names = Spent.__struct_fields__
    return ", ".join(f"{name} {part:.3g}" for name, part in zip(names, spent.parts, strict=True))


def _said(costs: Costs) -> list[str]:
    lines = [f"{name.replace('_', ' ')}, ms: {_parts(getattr(costs, name))}" for name in OPERATIONS]
    kept = {name: round(getattr(costs, name), 2) for name in Costs.__struct_fields__ if name.endswith("_kib")}
    return [*lines, json.dumps(kept)]
