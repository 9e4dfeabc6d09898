"""A search service as a web process has it, and what its channel heard."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import msgspec
from redis.asyncio import Redis

from protocol import codec
from protocol.jobs import JobPointer
from protocol.records import Actor, Filters, Role, Sort
from server.clock import utc_now
from server.database.core.pool import open_pool, open_system_pool
from server.database.core.scope import RowScope, StoreScopes, everything
from server.database.deals.deals import Deal, list_deals, load_deal
from server.database.editions.versions import stock_version
from server.database.sample.seed import SeedPlan
from server.log.links.connecting import connect_redis
from server.log.redis_log import RedisLog
from server.search.paging.publishing.requests import MoreRequest
from server.search.paging.searches import SearchRequest, SearchService
from server.settings import Settings
from server.sharing.lanes import Lane
from server.work.queue import JobQueue
from tests.services import open_owner_pool

ACTOR = Actor(id="u-1", name="Ann", role=Role.SALESPERSON)
PATIENCE_SECONDS = 60.0
Json = dict[str, Any]
STOCK = SeedPlan(vehicles=900, customers=30, deals=10)


@dataclass(frozen=True, slots=True)
class Searching:
    """The parts of a web process that a search needs."""

    pool: asyncpg.Pool
    application: asyncpg.Pool
    stores: StoreScopes
    system: RowScope
    redis: Redis
    log: RedisLog
    queue: JobQueue
    service: SearchService

    def another(self, *, lease_ms: int) -> SearchService:
        """Return the searches of another process."""
        return SearchService(self.stores, self.system, self.log.searches, self.queue, lease_ms=lease_ms)

    async def deal(self, **structure: Any) -> Deal:
        """Return a deal of the first store that most cars can become, with changes to its structure."""
        async with self.pool.acquire() as database:
            rows, _ = await list_deals(database, "riverside", None, 1)
            deal = await load_deal(database, rows[0].id)
        assert deal is not None
        easy = {
            "payment_max_cents": None,
            "cash_down_cents": 0,
            "cash_down_max_cents": 4_000_000,
            "trade_allowance_cents": 0,
            "trade_acv_cents": 0,
            "payoff_cents": 0,
        }
        customer = replace(deal.customer, monthly_income_cents=None, score=None)
        return replace(
            deal, customer=customer, structure=msgspec.structs.replace(deal.structure, **(easy | structure))
        )

    async def stock_version(self, deal: Deal) -> int:
        """Return the version of the stock that a deal's searches read."""
        async with self.pool.acquire() as database:
            found, _ = await stock_version(
                database,
                store_id=deal.store_id,
                group_id=deal.group_id,
                scope=deal.structure.scope,
                deal_id=deal.id,
            )
        return found

    async def begin(self, deal: Deal, *, limit: int = 500, sort: Sort = Sort.PRICE, **more: Any) -> str:
        """Search for a deal and return the search's id."""
        request = SearchRequest(
            channel=channel_of(deal),
            op=more.pop("op", None) or uuid.uuid4(),
            deal=deal,
            filters=more.pop("filters", Filters()),
            sort=sort,
            limit=limit,
            actor=more.pop("actor", ACTOR),
        )
        return await self.service.search(request)

    async def change_job(self, deal: Deal, chunk: int, change: Callable[[Json], Json]) -> Json:
        """Change the job that stands beside a chunk, and return it."""
        jobs = f"{{{channel_of(deal)}}}:jobs"
        stored = await self.redis.hget(jobs, str(chunk))
        assert stored is not None
        job = change(codec.decode(stored))
        await self.redis.hset(jobs, str(chunk), codec.encode(job).decode())
        return job

    async def events(self, deal: Deal) -> list[dict[str, Any]]:
        """Return every event that the deal's channel has logged."""
        head = await self.log.head(channel_of(deal))
        entries = await self.log.read(channel_of(deal), head.epoch, 0, 1_000)
        assert entries is not None
        return [codec.decode(entry.body) for entry in entries]

    async def heard(self, deal: Deal, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Return the channel's events once there are ``count`` of a kind."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                events = await self.events(deal)
                if sum(event["type"] == kind for event in events) >= count:
                    return events
                await asyncio.sleep(0.01)

    async def ended(self, deal: Deal, count: int = 1) -> dict[str, Any]:
        """Return the latest ``search_ended`` once there are ``count``."""
        return of_kind(await self.heard(deal, "search_ended", count), "search_ended")[-1]


def poison(job: Json) -> Json:
    """Return a job without what everybody needs who values it."""
    del job["numbers"]["price_cents"]
    return job


def pointer_to(channel: str, chunk: int, search_id: str = "s1", lane: Lane = Lane()) -> JobPointer:  # noqa: B008
    """Return what points to a job."""
    return JobPointer(
        channel=channel,
        search_id=search_id,
        chunk=chunk,
        store_id=lane.store_id,
        person_id=lane.person_id,
        enqueued_at=utc_now(),
    )


def channel_of(deal: Deal) -> str:
    """Return the deal's channel."""
    return f"deal:{deal.id}"


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the events of a kind."""
    return [event for event in events if event["type"] == kind]


def column(events: list[dict[str, Any]], name: str) -> list[Any]:
    """Return a column over several events, in their order."""
    return [cell for event in events for cell in event["columns"][name]]


@asynccontextmanager
async def open_searching(settings: Settings) -> AsyncIterator[Searching]:
    """Open what a web process opens for searches, and close it."""
    pool, system = await open_owner_pool(settings), await open_system_pool(settings)
    application = await open_pool(replace(settings, pool_min=0))
    async with application, system, pool, connect_redis(settings.redis_url, 8) as redis:
        log, queue = RedisLog(redis), JobQueue(redis, lease_ms=settings.job_lease_ms)
        stores, whole = StoreScopes(application), everything(system)
        service = SearchService(stores, whole, log.searches, queue)
        yield Searching(pool, application, stores, whole, redis, log, queue, service)
        await service.hand_over()


def more_of(deal: Deal, search_id: str, token: str, op: uuid.UUID | None = None) -> MoreRequest:
    return MoreRequest(
        channel=channel_of(deal), op=op or uuid.uuid4(), deal=deal, search_id=search_id, token=token
    )
