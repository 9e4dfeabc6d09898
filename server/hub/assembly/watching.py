"""The services that the hub depends on: who watches them, and who probes those that a breaker keeps off."""

from collections.abc import Callable
from functools import partial

import asyncpg

from server.database.core.guard import ConnectionGuard
from server.database.core.listen import Listener
from server.hub.connections.connection import Connection
from server.hub.upkeep.outages import NO_DATABASE, NO_SEARCHES, NO_UPDATES, Outages, WatchedService
from server.hub.upkeep.probes import Probed, Probes
from server.log.bus import Bus
from server.log.links.guarded_pool import Guard
from server.search.paging.searches import SearchService


def watched(
    *,
    guard: ConnectionGuard,
    pool: asyncpg.Pool,
    listener: Listener,
    bus: Bus,
    redis_guard: Guard,
    searches: SearchService,
    log_is_away: Callable[[], None],
    connections: set[Connection],
) -> tuple[Outages, Probes]:
    """Return who tells ``connections`` what is out of order, and who finds out whether it works again."""
    redis_breaker = redis_guard.breaker
    outages = Outages(
        (
            WatchedService("postgres", listener.standing, NO_DATABASE),
            WatchedService("commands", guard.breaker.standing, NO_DATABASE, from_start=True),
            WatchedService("redis", bus.standing, NO_UPDATES, from_start=True),
            WatchedService("commands to redis", redis_breaker.standing, NO_UPDATES, from_start=True),
            WatchedService("searches", searches.breaker.standing, NO_SEARCHES, from_start=True),
        ),
        connections,
    )
    probes = Probes(
        (
            Probed(guard.breaker, partial(guard.probe, pool)),
            Probed(redis_breaker, redis_guard.probe, log_is_away),
            Probed(searches.breaker, searches.probe),
        ),
        bus.standing,
        redis_breaker,
    )
    return outages, probes
