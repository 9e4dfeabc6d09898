"""How many machines a number of stores needs: arithmetic with the measured costs. Pure."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from server.hub.upkeep.keeper import STIRRED_SECONDS
from server.search.sql.cursor import BULK_CHUNKS, FIRST_CHUNK
from tests.bench.capacity.costs import Costs
from tests.bench.capacity.meters import Spent

HOUR: Final = 3_600.0
MS: Final = 1_000.0
NEXT_TO_NOTHING: Final = 1e-9
KIB_A_GIB: Final = 1024.0 * 1024.0
CORES_A_NODE: Final = {"web": 4, "worker": 4, "redis": 1, "queue": 1, "postgres": 32}
"""A web or worker node is a machine with so many processes. Redis runs its scripts on one core a node."""

SINGLE: Final = ("queue", "postgres")
"""What a system has once: the node with the queue's slot, and the primary."""


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
    an hour. A socket joins anew ``joins_an_hour`` times: reloads, sleeping tablets, another deal. Redis keeps
    the last search of ``kept_deals``: those that had an event in the last four hours.
    """

    sockets: int = 100
    wall_sockets: int = 25
    open_deals: int = 30
    kept_deals: int = 60
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
    def jobs(self) -> int:
        """Chunks of a search, each of which is a job of the queue."""
        return 1 + math.ceil(max(0.0, self.matches - FIRST_CHUNK) / BULK_CHUNKS)

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

    def processes_of_deal(self, store: Store) -> float:
        """Return how many processes watch an open deal."""
        return self._spread(store.watchers)

    def processes_of_wall(self, store: Store) -> float:
        """Return how many processes watch the wall of a store."""
        return self._spread(float(store.wall_sockets))

    def _spread(self, sockets: float) -> float:
        return sockets if self.watching_processes is None else min(self.watching_processes, sockets)

    def stirred(self, store: Store) -> float:
        """Return the share of its time that a deal is stirred. A wall always is."""
        events = sum(store.rate(kind) for kind in (Kind.NOTE, Kind.SELECT, Kind.SEARCH)) / store.open_deals
        return 1 - math.exp(-events * self.stirred_seconds)


def cost_of(kind: Kind, costs: Costs, store: Store, deployment: Deployment) -> Spent:
    """Return what one thing costs, with its deliveries to everybody who watches."""
    everybody = costs.delivery.times(store.watchers)
    elsewhere = costs.process.times(max(0.0, deployment.processes_of_deal(store) - 1))
    # The wall is told of a deal's change at most once a second.
    wall = costs.event + costs.delivery.times(store.wall_sockets)
    wall += costs.process.times(max(0.0, deployment.processes_of_wall(store) - 1))
    match kind:
        case Kind.JOIN:
            return costs.join
        case Kind.NOTE:
            return costs.note + everybody + elsewhere + wall
        case Kind.SELECT:
            return costs.select + everybody + elsewhere + wall
        case Kind.QUOTE:
            return costs.quote
        case Kind.SEARCH:
            # One watcher's deliveries are in the measured search, and so are its jobs.
            others = (everybody - costs.delivery + elsewhere).times(deployment.events_a_search)
            return costs.search + costs.match.times(store.matches) + _of_queue(costs, store) + others + wall


def _of_queue(costs: Costs, store: Store) -> Spent:
    """Return what of a search is the queue's, taken from Redis in general."""
    jobs = costs.job.redis * store.jobs
    return Spent(redis=-jobs, queue=jobs)


def at_rest(costs: Costs, store: Store, deployment: Deployment) -> Spent:
    """Return what a store costs a second while nobody does anything."""
    deals, stirred = store.open_deals * deployment.processes_of_deal(store), deployment.stirred(store)
    quiet = costs.channel_second.times(deals * (1 - stirred))
    others = costs.stirred_second.times(deals * stirred + deployment.processes_of_wall(store))
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
    """Cores of each part, of all systems. ``queue`` is how many systems there are: each has one."""

    web: int
    worker: int
    redis: int
    queue: int
    postgres: int

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """The counts, in the order of ``Spent``."""
        return self.web, self.worker, self.redis, self.queue, self.postgres


def stores_carried(costs: Costs, store: Store, deployment: Deployment) -> dict[str, float]:
    """Return how many stores one fully busy node of each part carries."""
    one = replace(deployment, stores=1)
    asked = zip(Spent.__struct_fields__, demand(costs, store, one).parts, strict=True)
    return {part: CORES_A_NODE[part] * MS / max(ms, NEXT_TO_NOTHING) for part, ms in asked}


def full_first(costs: Costs, store: Store, deployment: Deployment) -> tuple[str, float]:
    """Return which part of one system is full first, of those that it has once, and with how many stores."""
    carried = stores_carried(costs, store, deployment)
    return min(((part, carried[part]) for part in SINGLE), key=lambda found: found[1])


def fleet_for(needed: Spent, most_busy: float = 0.6) -> Fleet:
    """Return the cores with which no part is busier than ``most_busy``, in as many systems as that takes."""
    cores = {
        part: max(1, math.ceil(ms / MS / most_busy))
        for part, ms in zip(Spent.__struct_fields__, needed.parts, strict=True)
    }
    systems = max(math.ceil(cores[part] / CORES_A_NODE[part]) for part in SINGLE)
    return Fleet(**(cores | {"queue": systems}))


@dataclass(frozen=True, slots=True)
class Memory:
    """GiB: kept while everybody is connected, and what Postgres grows by in a day of ten such hours.

    Of Redis it is what the masters keep. Their replicas keep the same again.
    """

    web: float
    redis: float
    postgres_a_day: float


def memory_for(costs: Costs, store: Store, deployment: Deployment, hours: float = 10.0) -> Memory:
    """Return the memory that all stores need."""
    deals = store.open_deals * deployment.processes_of_deal(store)
    channels = deals + deployment.processes_of_wall(store)
    web = costs.socket_kib * store.sockets + costs.channel_kib * channels
    redis = store.kept_deals * (costs.channel_redis_kib + costs.match_redis_kib * store.matches)
    seconds = hours * HOUR
    written = seconds * (
        store.rate(Kind.NOTE) * costs.note_postgres_kib + store.rate(Kind.SELECT) * costs.select_postgres_kib
    )
    return Memory(*(kib * deployment.stores / KIB_A_GIB for kib in (web, redis, written)))
