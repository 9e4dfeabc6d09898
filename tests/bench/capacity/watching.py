"""What sockets, deliveries and open deals cost."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from protocol.records import View
from server.database.core.pool import connect_as_owner
from server.hub.upkeep.keeper import STIRRED_SECONDS
from tests.bench.capacity.bench import (
    EVENT_BYTES,
    EVENTS,
    REST_SECONDS,
    SETTLE_SECONDS,
    Bench,
    connected,
    used_kib,
)
from tests.bench.capacity.meters import Spent
from tests.bench.clients.audience import seated
from tests.bench.fanout import seats_of

CHANNELS: Final = 400
STIRRED: Final = 250
SOCKETS: Final = 1_000
WATCHERS: Final = 300
TOLD_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What sockets and deliveries cost."""

    socket_second: Spent
    socket_kib: float
    join: Spent
    event: Spent
    process: Spent
    delivery: Spent


async def measure_watching(bench: Bench) -> Watching:
    """Measure sockets and deliveries."""
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
    delivery = _told((all_of_them - alone).times(1 / (WATCHERS - 1)))
    process = _told(await _events(bench, 1, elsewhere=1) - alone) - delivery
    event = _told(alone) - delivery
    return Watching(second.times(1 / REST_SECONDS), socket_kib, join, event, process, delivery)


def _told(spent: Spent) -> Spent:
    """Return what of it may be an event's: neither workers nor Postgres have a part in one."""
    return Spent(web=spent.web, redis=spent.redis)


async def _events(bench: Bench, watchers: int, *, elsewhere: int = 0) -> Spent:
    """Return what an event costs that some hear from the first web process, and some from the other."""
    ours = bench.ours
    seats = [seats_of(ours, watchers)]
    if elsewhere:
        seats.append(msgspec.structs.replace(seats_of(ours, elsewhere), port=bench.other_port))
    async with AsyncExitStack() as stack:
        audiences = [await stack.enter_async_context(seated(each, ours.token)) for each in seats]

        async def tell() -> None:
            for _ in range(EVENTS):
                for audience in audiences:
                    await audience.hearing(1)
                await ours.tell(1, EVENT_BYTES)
                for audience in audiences:
                    await audience.heard()

        return await bench.spent(tell, EVENTS)


@dataclass(frozen=True, slots=True)
class Channels:
    """What open deals cost."""

    second: Spent
    stirred: Spent
    kib: float
    redis_kib: float


async def measure_channels(bench: Bench) -> Channels:
    """Measure open deals."""
    async with connect_as_owner(bench.stage.settings.database_owner_url) as database:
        rows = await database.fetch("SELECT deal_id::text FROM deals ORDER BY deal_id LIMIT $1", CHANNELS)
    async with connected(bench) as workspace:
        kib, used = bench.meter.web_kib(), await used_kib(bench.ours.redis)
        for row in rows[:STIRRED]:
            await workspace.join(f"deal:{row['deal_id']}", View.MANAGER)
        # Whoever joins stirs a channel; later it is looked at less often. What a join leaves to
        # be told later is over first.
        await asyncio.sleep(TOLD_SECONDS)
        stirred = await bench.spent(partial(asyncio.sleep, STIRRED_SECONDS / 2), STIRRED)
        for row in rows[STIRRED:]:
            await workspace.join(f"deal:{row['deal_id']}", View.MANAGER)
        await asyncio.sleep(STIRRED_SECONDS)
        more, kept = bench.meter.web_kib() - kib, await used_kib(bench.ours.redis) - used
        rest = await bench.spent(partial(asyncio.sleep, REST_SECONDS), len(rows))
    return Channels(
        rest.times(1 / REST_SECONDS),
        stirred.times(2 / STIRRED_SECONDS),
        more / len(rows),
        kept / len(rows),
    )
