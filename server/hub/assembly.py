"""The hub of one web process, put together: what hears, what tells, what handles commands."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from server.hub.authority import Authority
from server.hub.deadlines import Deadlines
from server.hub.desk_handlers import DeskHandlers
from server.hub.handlers import Handlers
from server.hub.join import Joiner
from server.hub.keeper import Keeper
from server.hub.quotes import Quotes
from server.hub.registry import Registry
from server.hub.relay import Relay
from server.hub.stock_handlers import StockHandlers
from server.hub.stock_watch import StockWatch
from server.hub.wall import Wall
from server.hub.wall_join import WallJoiner
from server.hub.watch_handlers import WatchHandlers
from server.push.bus import Bus
from server.push.cars import ShownCars
from server.push.log import ChannelLog
from server.push.redis_log import RedisLog
from server.push.walls import Walls
from server.search.rematch import Rematcher
from server.search.stream import SearchService
from server.settings import Settings
from server.store.listen import Listener
from server.work.queue import JobQueue


@dataclass(frozen=True, slots=True)
class Hub:
    """What a web process needs of its hub. ``searches`` must be closed before the process ends."""

    log: ChannelLog
    bus: Bus
    listener: Listener
    registry: Registry
    keeper: Keeper
    searches: SearchService
    handlers: Handlers

    async def wait_connected(self) -> None:
        """Return as soon as both Redis and Postgres are heard."""
        await self.bus.wait_connected()
        await self.listener.wait_connected()


def assemble(settings: Settings, pool: asyncpg.Pool, redis: Redis, tasks: asyncio.TaskGroup) -> Hub:
    """Return a hub whose parts run as ``tasks``."""
    log, bus, cars = RedisLog(redis), Bus(settings.redis_url), ShownCars(redis)
    queue = JobQueue(redis, lease_ms=settings.job_lease_ms)
    searches = SearchService(pool, log, queue, lease_ms=settings.search_lease_ms)
    registry = Registry(log, bus, tasks)
    keeper = Keeper(log, registry, searches, queue, overdue_ms=settings.job_overdue_ms)
    relay = Relay(pool, log, lambda: registry.channels)
    stock_watch = StockWatch(pool, registry, cars, Rematcher(pool, log, cars, queue))
    deadlines = Deadlines(pool, relay)
    wall = Wall(pool, registry, Walls(redis), tasks)
    registry.on_search_ended(stock_watch.look)
    listener = Listener(settings.database_listen_url or settings.database_url)
    for subject, heard in (
        *(("deal_events", relay.heard), ("deal_events", wall.heard), ("vehicles", stock_watch.heard)),
        *(("vehicles", deadlines.heard_of_cars), ("vehicles", wall.heard_of_cars)),
        ("rates", deadlines.look),
    ):
        listener.listen(subject, heard)
    for look in (relay.missed, stock_watch.missed, deadlines.look, wall.missed):
        listener.on_connect(look)
    running: dict[str, Callable[[], Awaitable[None]]] = {
        "bus": bus.run,
        "relay": relay.run,
        "keeper": keeper.run,
        "stock": stock_watch.run,
        "deadlines": deadlines.run,
        "wall": wall.run,
        "listener": listener.run,
    }
    for name, run in running.items():
        tasks.create_task(_run(run), name=name)
    authority, quotes = Authority(pool), Quotes(pool)
    joiner = Joiner(pool, log, registry, relay, keeper, cars, stock_watch)
    stock = StockHandlers(
        pool=pool, log=log, authority=authority, relay=relay, searches=searches, quotes=quotes
    )
    desk = DeskHandlers(pool=pool, authority=authority, relay=relay, quotes=quotes, stock=stock)
    watch = WatchHandlers(authority, joiner, WallJoiner(pool, log, registry, wall))
    return Hub(log, bus, listener, registry, keeper, searches, Handlers(watch, stock, desk))


async def _run(run: Callable[[], Awaitable[None]]) -> None:
    await run()
