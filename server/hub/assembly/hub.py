"""The hub of one web process, put together of its parts, and what runs in it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from server.compute.pool import ComputePool
from server.counts.distinct import Distinct
from server.counts.seats import Seats
from server.counts.usage import UsageLog
from server.database.core.guard import ConnectionGuard, readers_of
from server.database.core.listen import Listener
from server.database.core.scope import RowScope, StoreScopes
from server.database.core.standbys.replicas import Replicas
from server.database.people.offer_links import LinkSecrets
from server.database.people.security_events import Note
from server.hub.assembly.announcements import listen, shared_answers
from server.hub.assembly.handling import handlers_of
from server.hub.assembly.watching import watched
from server.hub.channels.live_deals import LiveDeals
from server.hub.channels.registry import Registry
from server.hub.channels.rooms import Rooms
from server.hub.channels.wall import Wall
from server.hub.commands.handlers import Handlers
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.papers import Papers
from server.hub.commands.quoting.quotes import Quotes
from server.hub.commands.watch_handlers import WatchHandlers
from server.hub.connections.allowance import Allowance
from server.hub.connections.authority import Authority
from server.hub.connections.budgets import WINDOW_SECONDS
from server.hub.connections.connection import Connection
from server.hub.joining.join import Joiner
from server.hub.joining.wall_join import WallJoiner
from server.hub.sight.questions import Questions
from server.hub.upkeep.deadlines import Deadlines
from server.hub.upkeep.keeper import Keeper
from server.hub.upkeep.outages import Outages
from server.hub.upkeep.people import People
from server.hub.upkeep.price_guard import PriceGuard
from server.hub.upkeep.relay import Relay
from server.hub.upkeep.scenario_watch import ScenarioWatch
from server.hub.upkeep.search_repeats import SearchRepeats
from server.hub.upkeep.stock_watch import StockWatch
from server.hub.upkeep.traces import Traces
from server.log.bus import Bus
from server.log.cars import ShownCars
from server.log.channel_log import ChannelLog
from server.log.links.guarded_pool import Guard
from server.log.presence import PresenceLog
from server.log.redis_log import RedisLog
from server.log.walls import Walls
from server.observe.breaker import Breaker
from server.observe.metrics.histogram import Histograms
from server.observe.spans import Spans
from server.search.answers.answers import Answers
from server.search.answers.stock_versions import StockVersions
from server.search.paging.rows.rematch import Rematcher
from server.search.paging.searches import SearchService
from server.search.sql.supplies import Supplies
from server.settings import Settings, accepted_secret_of
from server.sharing.turns import Turns
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
    papers: Papers
    stores: StoreScopes
    breakers: tuple[Breaker, ...]
    redis_breaker: Breaker
    script_seconds: Histograms
    answers: Answers
    traces: Traces
    turns: Mapping[str, Turns]

    async def wait_connected(self) -> None:
        """Return as soon as Postgres is heard, and Redis if it answers."""
        if self.redis_breaker.is_closed:
            await self.bus.standing.wait_up()
        await self.listener.standing.wait_up()


def assemble(
    settings: Settings,
    pool: asyncpg.Pool,
    system: RowScope,
    redis: Redis,
    *,
    redis_guard: Guard,
    replicas: Replicas,
    compute: ComputePool,
    tasks: asyncio.TaskGroup,
    secret: bytes,
    note: Note,
    digest: Callable[[str], str],
    export: Spans | None = None,
) -> Hub:
    """Return a hub whose parts run as ``tasks``.

    What people ask for is done in the scope of their store, and computed by ``compute``; ``system`` is for
    what the hub does by itself. Searches read from ``replicas``. ``redis_guard`` guards ``redis``. ``secret``
    is the server's, ``note`` takes security events, ``digest`` names unknown logins in them.
    """
    guard, redis_breaker = ConnectionGuard(settings.pool_max), redis_guard.breaker
    stores = StoreScopes(pool, guard, replicas)
    log, bus, cars = RedisLog(redis), Bus(settings.redis_url, redis_uid=settings.redis_uid), ShownCars(redis)
    queue = JobQueue(redis, lease_ms=settings.job_lease_ms)
    listener = Listener(settings.database_listen_url or settings.database_url)

    def hears() -> bool:
        return listener.connected

    editions, supplies = Editions(system, hears), Supplies()
    registry = Registry(log, bus, tasks)
    versions = StockVersions(hears)
    kept, values = shared_answers(log.searches, registry, versions)
    traces = Traces(log.searches, export)
    traces.watch(registry)

    def told_stale(channel: str) -> None:
        outages.tell_stale(channel)

    searches = SearchService(
        stores,
        system,
        log.searches,
        queue,
        editions=editions,
        answers=kept,
        values=values,
        supplies=supplies,
        lease_ms=settings.search_lease_ms,
        told_stale=told_stale,
        readers=readers_of(settings.pool_max),
        watch=traces,
    )
    bus.after_each_read(registry.turn.deliver_at_once)
    deals = LiveDeals(stores, system, registry, hears)
    repeats = SearchRepeats(log.searches, deals, searches, tasks)
    relay = Relay(
        system, log, registry, outdated=repeats.look, log_is_up=lambda: redis_guard.breaker.is_closed
    )
    rematcher = Rematcher(system, log.searches, cars, queue, editions, supplies=supplies)
    stock_watch = StockWatch(system, registry, cars, rematcher, hears)
    keeper = Keeper(
        log,
        registry,
        searches,
        queue,
        overdue_ms=settings.job_overdue_ms,
        match_again=stock_watch.match_again,
        repeat_search=repeats.look,
    )
    quotes = Quotes(stores, compute, editions)
    repricing = Repricing(quotes)
    guard_of_prices = PriceGuard(system, relay, deals, repricing, editions)
    deadlines = Deadlines(system, relay, guard_of_prices, ScenarioWatch(system, relay, editions))
    wall = Wall(system, registry, Walls(redis), tasks)
    registry.on_search_ended(stock_watch.look)
    process = uuid.uuid4().hex
    rooms = Rooms(PresenceLog(redis, process), registry, process)
    registry.on_presence(rooms.heard, rooms.left)
    connections: set[Connection] = set()
    people = People(pool, connections)
    breakers = (guard.breaker, redis_breaker, searches.breaker)
    outages, probes = watched(
        guard=guard,
        pool=pool,
        listener=listener,
        bus=bus,
        redis_guard=redis_guard,
        searches=searches,
        log_is_away=relay.log_is_away,
        connections=connections,
    )
    listen(
        listener,
        (
            *(("deal_events", relay.heard), ("deal_events", wall.heard), ("vehicles", stock_watch.heard)),
            *(("vehicles", deadlines.heard_of_cars), ("vehicles", wall.heard_of_cars)),
            *(("rates", editions.forget), ("rates", deadlines.heard_of_editions)),
            ("stock_versions", versions.heard),
            *(
                ("people", people.heard),
                ("deal_facts", deals.heard),
                ("deal_facts", deadlines.heard_of_facts),
            ),
        ),
        # What is kept in memory goes before anybody looks at it.
        (editions.forget, versions.missed, deals.missed),
        (relay.missed, stock_watch.missed, deadlines.look, wall.missed, people.missed),
    )
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
        "probes": probes.run,
        "replicas": replicas.run,
        "allowance": allowance.run,
        "seats": seats.run,
    }
    for name, run in running.items():
        tasks.create_task(_run(run), name=name)
    authority = Authority(deals)
    joiner = Joiner(authority, deals, log, registry, relay, keeper, cars, stock_watch, rooms, redis_breaker)
    watch = WatchHandlers(
        stores=stores,
        authority=authority,
        joiner=joiner,
        wall_joiner=WallJoiner(stores, log, registry, wall, rooms, redis_breaker),
        rooms=rooms,
        traces=traces,
        note=note,
    )
    handlers = handlers_of(
        watch,
        stores=stores,
        system=system,
        authority=authority,
        relay=relay,
        searches=searches,
        quotes=quotes,
        repricing=repricing,
        editions=editions,
        supplies=supplies,
        questions=Questions(Distinct(redis)),
        allowance=allowance,
        secrets=LinkSecrets(secret, accepted_secret_of(settings)),
        note=note,
        digest=digest,
    )
    return Hub(
        *(log, bus, listener, registry, keeper, searches, handlers, people, outages),
        *(allowance, seats, connections, Papers(stores, quotes, compute, editions), stores),
        *(breakers, redis_breaker),
        script_seconds=log.script_seconds,
        answers=kept,
        traces=traces,
        turns={
            **{"connections": guard.turns, "commands": allowance.turns},
            **{"beginnings": allowance.beginnings, "searches": searches.turns},
        },
    )


async def _run(run: Callable[[], Awaitable[None]]) -> None:
    await run()
