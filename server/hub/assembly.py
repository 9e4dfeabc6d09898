"""The hub of one web process, put together: what hears, what tells, what handles commands."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from server.compute.pool import ComputePool
from server.hub.allowance import Allowance
from server.hub.authority import Authority
from server.hub.budgets import WINDOW_SECONDS
from server.hub.connection import Connection
from server.hub.deadlines import Deadlines
from server.hub.desk_handlers import DeskHandlers
from server.hub.handlers import Handlers
from server.hub.join import Joiner
from server.hub.keeper import Keeper
from server.hub.live_deals import LiveDeals
from server.hub.outages import NO_DATABASE, NO_UPDATES, Outages, Service
from server.hub.people import People
from server.hub.questions import Questions
from server.hub.quotes import Quotes
from server.hub.registry import Registry
from server.hub.relay import Relay
from server.hub.rooms import Rooms
from server.hub.search_repeats import SearchRepeats
from server.hub.stock_handlers import StockHandlers
from server.hub.stock_watch import StockWatch
from server.hub.wall import Wall
from server.hub.wall_join import WallJoiner
from server.hub.watch_handlers import WatchHandlers
from server.push.bus import Bus
from server.push.cars import ShownCars
from server.push.distinct import Distinct
from server.push.log import ChannelLog
from server.push.presence import PresenceLog
from server.push.redis_log import RedisLog
from server.push.seats import Seats
from server.push.usage import UsageLog
from server.push.walls import Walls
from server.search.rematch import Rematcher
from server.search.stream import SearchService
from server.settings import Settings
from server.store.listen import Listener
from server.store.scope import Scope, Stores
from server.store.security_events import Note
from server.work.editions import Editions
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
    people: People
    outages: Outages
    allowance: Allowance
    seats: Seats
    connections: set[Connection]

    async def wait_connected(self) -> None:
        """Return as soon as both Redis and Postgres are heard."""
        await self.bus.standing.wait_up()
        await self.listener.standing.wait_up()


def assemble(
    settings: Settings,
    pool: asyncpg.Pool,
    system: Scope,
    redis: Redis,
    *,
    compute: ComputePool,
    tasks: asyncio.TaskGroup,
    note: Note,
) -> Hub:
    """Return a hub whose parts run as ``tasks``.

    What people ask for is done in the scope of their store, and computed by ``compute``; ``system`` is for
    what the hub does by itself. ``note`` takes security events.
    """
    stores = Stores(pool)
    log, bus, cars = RedisLog(redis), Bus(settings.redis_url, redis_uid=settings.redis_uid), ShownCars(redis)
    queue = JobQueue(redis, lease_ms=settings.job_lease_ms)
    listener = Listener(settings.database_listen_url or settings.database_url)

    def hears() -> bool:
        return listener.connected

    editions = Editions(system, hears)
    searches = SearchService(
        stores,
        system,
        log,
        queue,
        editions=editions,
        lease_ms=settings.search_lease_ms,
        # The other connections are for everything that is not a search.
        readers=max(1, settings.pool_max // 2),
    )
    registry = Registry(log, bus, tasks)
    bus.after_each_read(registry.turn.deliver_at_once)
    deals = LiveDeals(stores, system, registry, hears)
    repeats = SearchRepeats(log, deals, searches, tasks)
    relay = Relay(system, log, registry, outdated=repeats.look)
    stock_watch = StockWatch(system, registry, cars, Rematcher(system, log, cars, queue, editions))
    keeper = Keeper(
        log,
        registry,
        searches,
        queue,
        overdue_ms=settings.job_overdue_ms,
        match_again=stock_watch.match_again,
        repeat_search=repeats.look,
    )
    deadlines = Deadlines(system, relay)
    wall = Wall(system, registry, Walls(redis), tasks)
    registry.on_search_ended(stock_watch.look)
    process = uuid.uuid4().hex
    rooms = Rooms(PresenceLog(redis, process), registry, process)
    registry.on_presence(rooms.heard, rooms.left)
    connections: set[Connection] = set()
    people = People(pool, connections)
    outages = Outages(
        (
            Service("postgres", listener.standing, NO_DATABASE),
            Service("redis", bus.standing, NO_UPDATES),
        ),
        connections,
    )
    for subject, heard in (
        *(("deal_events", relay.heard), ("deal_events", wall.heard), ("vehicles", stock_watch.heard)),
        *(("vehicles", deadlines.heard_of_cars), ("vehicles", wall.heard_of_cars)),
        *(("rates", editions.forget), ("rates", deadlines.look)),
        *(("people", people.heard), ("deal_facts", deals.heard)),
    ):
        listener.listen(subject, heard)
    # What is kept in memory goes before anybody looks at it.
    for forget in (editions.forget, deals.missed):
        listener.on_connect(forget)
    for look in (relay.missed, stock_watch.missed, deadlines.look, wall.missed, people.missed):
        listener.on_connect(look)
    allowance = Allowance(UsageLog(redis, window_seconds=WINDOW_SECONDS))
    seats = Seats(redis)
    running: dict[str, Callable[[], Awaitable[None]]] = {
        "bus": bus.run,
        "relay": relay.run,
        "keeper": keeper.run,
        "stock": stock_watch.run,
        "deadlines": deadlines.run,
        "wall": wall.run,
        "listener": listener.run,
        "rooms": rooms.run,
        "people": people.run,
        "outages": outages.run,
        "allowance": allowance.run,
        "seats": seats.run,
    }
    for name, run in running.items():
        tasks.create_task(_run(run), name=name)
    authority, questions = Authority(deals), Questions(Distinct(redis))
    quotes = Quotes(stores, compute, editions)
    joiner = Joiner(authority, deals, log, registry, relay, keeper, cars, stock_watch, rooms)
    stock = StockHandlers(
        stores=stores,
        authority=authority,
        relay=relay,
        searches=searches,
        quotes=quotes,
        questions=questions,
    )
    desk = DeskHandlers(
        stores=stores,
        system=system,
        authority=authority,
        relay=relay,
        quotes=quotes,
        editions=editions,
        questions=questions,
    )
    watch = WatchHandlers(authority, joiner, WallJoiner(stores, log, registry, wall, rooms), rooms, note)
    handlers = Handlers(allowance, watch, stock, desk, note=note)
    return Hub(
        *(log, bus, listener, registry, keeper, searches, handlers, people, outages),
        *(allowance, seats, connections),
    )


async def _run(run: Callable[[], Awaitable[None]]) -> None:
    await run()
