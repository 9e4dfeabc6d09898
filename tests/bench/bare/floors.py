"""The floors: the same work by the bare parts, with nothing of ours around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket

from protocol import codec
from protocol.money.lending import RiskModel
from protocol.records import Filters, Sort
from server.clock import utc_now
from server.database.core.pool import prepare_connection
from server.database.deals.deals import load_deal
from server.database.editions.rates import load_risk
from server.database.editions.versions import editions_in_force
from server.finance.architect import best_offers, price_plan
from server.finance.cars import Cars
from server.finance.plan import Plan
from server.search.answers.question import AsOf
from server.search.paging.rows.reading import current, prepare_reading
from server.search.screening.plans import Plans
from server.search.screening.screen import screen_rows
from server.search.sql.cursor import FIRST_CHUNK, StockReader
from server.search.sql.statement import Query
from server.search.sql.supplies import Supplies
from server.search.trace import Trace
from server.settings import process_environment
from server.work.tables import Tables
from tests.bench.stage import Stage, running, stopwatch, until_answered
from tests.services import free_port

ROWS_A_FETCH = 250
JOB_BYTES = 25_000


@dataclass(frozen=True, slots=True)
class Floors:
    """Connections to the bare parts, and what a search of the stage's deal reads and computes with."""

    connection: asyncpg.Connection
    redis: Redis
    pubsub: PubSub
    socket: ClientConnection
    query: Query
    plan: Plan
    risk: RiskModel

    async def first_rows(self) -> float:
        """Return the milliseconds of one first fetch of the search's own SQL by a cursor."""
        elapsed = stopwatch()
        async with self.connection.transaction(readonly=True):
            cursor = await self.connection.cursor(self.query.text, *self.query.args)
            await cursor.fetch(FIRST_CHUNK)
            return elapsed()

    async def rows_per_second(self, rows: int) -> float:
        """Return how fast a bare cursor reads up to ``rows`` rows of the search's SQL."""
        elapsed, read = stopwatch(), 0
        async with self.connection.transaction(readonly=True):
            cursor = await self.connection.cursor(self.query.text, *self.query.args)
            while read < rows and (fetched := await cursor.fetch(ROWS_A_FETCH)):
                read += len(fetched)
            took = elapsed()
        return read / took * 1_000

    async def pubsub_trip(self, payload: bytes = b"x" * 100) -> float:
        """Return the milliseconds from a publish to its message at a subscriber."""
        elapsed = stopwatch()
        await self.redis.publish("bench", payload)
        while (await self.pubsub.get_message(ignore_subscribe_messages=True, timeout=1)) is None:
            pass
        return elapsed()

    async def socket_trip(self) -> float:
        """Return the milliseconds of one message to an echo and back."""
        elapsed = stopwatch()
        await self.socket.send("x" * 100)
        await self.socket.recv()
        return elapsed()

    async def queue_trip(self) -> float:
        """Return the milliseconds of a job's way through a stream: XADD, then XREADGROUP."""
        elapsed = stopwatch()
        await self.redis.xadd("bench-jobs", {"job": b"x" * JOB_BYTES}, maxlen=10)
        await self.redis.xreadgroup("bench", "one", {"bench-jobs": ">"}, count=1)
        return elapsed()

    async def all_values(self, chunk_sizes: list[int]) -> float:
        """Return the milliseconds to read, screen and value cars in chunks of these sizes, one by one.

        One core does it all; each chunk takes one trip through a queue and one through pub/sub, and one
        socket trip stands at the end.
        """
        elapsed = stopwatch()
        left = sum(chunk_sizes)
        async with self.connection.transaction(readonly=True):
            cursor = await self.connection.cursor(self.query.text, *self.query.args)
            pricing = price_plan(self.plan, self.risk)
            for size in chunk_sizes:
                screened = screen_rows(self.plan, await cursor.fetch(min(size, left)))
                await self.queue_trip()
                offers = best_offers(pricing, Cars.of(screened.numbers))
                await self.pubsub_trip(codec.encode(offers))
                left -= size
        await self.socket_trip()
        return elapsed()


@asynccontextmanager
async def open_floors(stage: Stage) -> AsyncIterator[Floors]:
    """Connect to the bare parts of a stage."""
    settings, port = stage.settings, free_port()
    hello = ("-m", "tests.bench.bare.hello", str(port), settings.database_url, settings.redis_url)
    async with running(hello, process_environment()), Redis.from_url(settings.redis_url) as redis:
        await until_answered(port, "/")
        # As the owner, whom no policy binds: what row-level security costs is ours, not the floor's.
        connection = await asyncpg.connect(settings.database_owner_url, server_settings={"jit": "off"})
        await prepare_connection(connection)
        query, plan, risk = await _prepared(connection, stage)
        await redis.xgroup_create("bench-jobs", "bench", mkstream=True)
        async with (
            redis.pubsub() as pubsub,
            connect_socket(f"ws://127.0.0.1:{port}/", compression=None) as socket,
        ):
            await pubsub.subscribe("bench")
            await asyncio.sleep(0.1)
            yield Floors(connection, redis, pubsub, socket, query, plan, risk)
        await redis.delete("bench-jobs")
        await connection.close()


async def _prepared(connection: asyncpg.Connection, stage: Stage) -> tuple[Query, Plan, RiskModel]:
    deal = await load_deal(connection, stage.channel.removeprefix("deal:"))
    assert deal is not None
    today = utc_now().date()
    in_force = await editions_in_force(connection, today)
    reader = StockReader(connection, Trace())
    _, inventory = await current(reader, deal, fixed=True)
    reading = await prepare_reading(
        reader,
        Tables(),
        deal,
        AsOf(today, in_force, inventory),
        plans=Plans(),
        supplies=Supplies(),
        filters=Filters(),
        sort=Sort.PRICE,
        after=None,
    )
    return reading.query, reading.plan, await load_risk(connection, in_force.risk)
