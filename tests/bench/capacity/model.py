"""How many machines a number of stores needs: arithmetic with the measured costs. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.hub.upkeep.keeper import STIRRED_SECONDS
from tests.bench.capacity.costs import Costs
from tests.bench.capacity.meters import Spent

HOUR: Final = 3_600.0
MS: Final = 1_000.0
KIB_A_GIB: Final = 1024.0 * 1024.0


class Kind(StrEnum):
    """What people do."""

    JOIN = "join"
    NOTE = "note"
    SELECT = "select"
    QUOTE = "quote"
    SEARCH = "search"


PLURALS: Final = {
    Kind.JOIN: "joins",
    Kind.NOTE: "light decisions",
    Kind.SELECT: "decisions with a car",
    Kind.QUOTE: "quotes",
    Kind.SEARCH: "searches",
}


@dataclass(frozen=True, slots=True)
class Store:
    """A store in its busiest hour. These are assumptions: replace them by what your stores do.

    ``wall_sockets`` watch the wall; the other sockets watch ``open_deals``. The rates are of one open deal,
    an hour. A socket joins anew ``joins_an_hour`` times: reloads, sleeping tablets, another deal.
    """

    sockets: int = 100
    wall_sockets: int = 25
    open_deals: int = 30
    searches: float = 20.0
    matches: float = 1_200.0
    selects: float = 15.0
    notes: float = 20.0
    quotes: float = 60.0
    joins_an_hour: float = 4.0

    def rate(self, kind: Kind) -> float:
        """Return how often a store does a thing, a second."""
        hourly = {
            Kind.JOIN: self.sockets * self.joins_an_hour,
            Kind.NOTE: self.open_deals * self.notes,
            Kind.SELECT: self.open_deals * self.selects,
            Kind.QUOTE: self.open_deals * self.quotes,
            Kind.SEARCH: self.open_deals * self.searches,
        }
        return hourly[kind] / HOUR

    @property
    def watchers(self) -> float:
        """Sockets of one open deal."""
        return (self.sockets - self.wall_sockets) / self.open_deals


@dataclass(frozen=True, slots=True)
class Deployment:
    """How stores are spread over processes.

    ``watching_processes`` is how many web processes the sockets of one deal are spread over; 1 where a proxy
    sends a store's people to the same process. ``events_a_search`` are the events that its watchers receive.
    A process looks after a channel more often for ``stirred_seconds`` after an event.
    """

    stores: int = 10_000
    watching_processes: float | None = None
    events_a_search: float = 8.0
    stirred_seconds: float = STIRRED_SECONDS

    def deals_watched(self, store: Store) -> float:
        """Return how many deals a store has open, each counted once for every process that watches it."""
        spread = store.watchers if self.watching_processes is None else self.watching_processes
        return store.open_deals * min(spread, store.watchers)

    def walls_watched(self, store: Store) -> float:
        """Return how many processes watch the wall of a store."""
        spread = store.wall_sockets if self.watching_processes is None else self.watching_processes
        return min(spread, float(store.wall_sockets))

    def stirred(self, store: Store) -> float:
        """Return the share of its time that a deal is stirred. A wall always is."""
        events = sum(store.rate(kind) for kind in (Kind.NOTE, Kind.SELECT, Kind.SEARCH)) / store.open_deals
        return 1 - math.exp(-events * self.stirred_seconds)


def cost_of(kind: Kind, costs: Costs, store: Store, deployment: Deployment) -> Spent:
    """Return what one thing costs, with its deliveries to everybody who watches."""
    watched = costs.delivery.times(store.watchers)
    # The wall is told of a deal's change at most once a second.
    wall = costs.event + costs.delivery.times(store.wall_sockets)
    match kind:
        case Kind.JOIN:
            return costs.join
        case Kind.NOTE:
            return costs.note + watched + wall
        case Kind.SELECT:
            return costs.select + watched + wall
        case Kind.QUOTE:
            return costs.quote
        case Kind.SEARCH:
            # One watcher's deliveries are in the measured search.
            others = costs.delivery.times((store.watchers - 1) * deployment.events_a_search)
            return costs.search + costs.match.times(store.matches) + others + wall


def at_rest(costs: Costs, store: Store, deployment: Deployment) -> Spent:
    """Return what a store costs a second while nobody does anything."""
    deals, stirred = deployment.deals_watched(store), deployment.stirred(store)
    quiet = costs.channel_second.times(deals * (1 - stirred))
    others = costs.stirred_second.times(deals * stirred + deployment.walls_watched(store))
    return costs.socket_second.times(store.sockets) + quiet + others


def demand(costs: Costs, store: Store, deployment: Deployment) -> Spent:
    """Return what all stores need in their busiest hour, in milliseconds of processor time a second."""
    return sum(shares(costs, store, deployment).values(), Spent())


def shares(costs: Costs, store: Store, deployment: Deployment) -> dict[str, Spent]:
    """Return the same by what it is for."""
    sockets = costs.socket_second.times(store.sockets)
    found = {"idle sockets": sockets, "heartbeats": at_rest(costs, store, deployment) - sockets}
    found |= {PLURALS[kind]: cost_of(kind, costs, store, deployment).times(store.rate(kind)) for kind in Kind}
    return {name: spent.times(deployment.stores) for name, spent in found.items()}


@dataclass(frozen=True, slots=True)
class Fleet:
    """Cores of each part. Redis runs its scripts on one core a node, so its cores are nodes."""

    web: int
    worker: int
    redis: int
    postgres: int

    @property
    def parts(self) -> tuple[int, int, int, int]:
        """The four counts, in the order of ``Spent``."""
        return self.web, self.worker, self.redis, self.postgres


def fleet_for(needed: Spent, most_busy: float = 0.6) -> Fleet:
    """Return the cores with which no part is busier than ``most_busy``."""
    return Fleet(*(max(1, math.ceil(part / MS / most_busy)) for part in needed.parts))


@dataclass(frozen=True, slots=True)
class Memory:
    """GiB: kept while everybody is connected, and what Postgres grows by in a day of ten such hours."""

    web: float
    redis: float
    postgres_a_day: float


def memory_for(costs: Costs, store: Store, deployment: Deployment, hours: float = 10.0) -> Memory:
    """Return the memory that all stores need."""
    channels = deployment.deals_watched(store) + deployment.walls_watched(store)
    web = costs.socket_kib * store.sockets + costs.channel_kib * channels
    redis = store.open_deals * (costs.channel_redis_kib + costs.match_redis_kib * store.matches)
    seconds = hours * HOUR
    written = seconds * (
        store.rate(Kind.NOTE) * costs.note_postgres_kib + store.rate(Kind.SELECT) * costs.select_postgres_kib
    )
    return Memory(*(kib * deployment.stores / KIB_A_GIB for kib in (web, redis, written)))
