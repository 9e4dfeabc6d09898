"""A stock, deals and processes that search, in memory: Postgres is a dictionary, Redis is the log's twin.

The searches are the real ones, from the command to the log; only what reads and screens rows is replaced.
Everything that would wait on a network waits for ticks of the event loop.
"""

import asyncio
import datetime as dt
import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import msgspec

from protocol import codec
from protocol.deal.structure import Structure
from protocol.events import Rejection
from protocol.jobs import JobPointer
from protocol.records import Actor, DealState, EndReason, Filters, Role, Sort, Versions
from server.database.core.standbys.replica import ReplicaFailed
from server.database.core.standbys.replica import State as ReplicaState
from server.database.deals.deals import CustomerRecord, Deal
from server.database.editions.versions import InForce
from server.finance.rules.limits import Limit
from server.log.channel_log import Entry
from server.search.answers.answers import Answers
from server.search.answers.stock_versions import StockVersions
from server.search.paging import answering
from server.search.paging.publishing.shared_values import OFFERS, SEARCH_STARTED, SharedValues
from server.search.paging.rows import first_rows, page, reading
from server.search.paging.searches import SearchRequest, SearchService
from server.search.screening.screen import Rejected, Screened
from server.search.sql.statement import Keyset
from tests.twin.memory_log import MemoryLog
from tests.twin.memory_search_log import MemorySearchLog

ROWS = 3
"""Rows of a chunk."""

TOO_DEAR = 90
"""From this price on, no car becomes a deal."""

FIRST_DAY = dt.date(2026, 3, 1)
ANN = Actor(id="u", name="Ann", role=Role.SALESPERSON)
DEAL = Deal(
    id="1",
    store_id="s",
    group_id="g",
    state=DealState.WORKING,
    version=1,
    structure=Structure(),
    last_no=1,
    salesperson=ANN,
    customer=CustomerRecord("c", "Lee", "OH", 5_000_00, 300_00, 700),
    standard_markup_bp=150.0,
    npv_floor_cents=0,
)

Cars = dict[int, tuple[int, int]]
"""The cars on sale: rev and price by id."""


@dataclass(frozen=True, slots=True)
class State:
    """What a snapshot sees."""

    version: int
    cars: Cars
    deals: dict[str, Deal]


def days_since_first(day: dt.date) -> int:
    """Return for how many days each car has been in stock: all came on the first day."""
    return (day - FIRST_DAY).days


def value_of(price: int, deal: Deal, rates: str) -> int:
    """Return what a car is worth in a deal under a rate sheet."""
    return price * 10_000 + deal.structure.cash_down_cents * 100 + int(rates)


class World:
    """Postgres: the committed state, every state of the stock that there was, and what was announced."""

    def __init__(self) -> None:
        self.now = State(1, {car: (1, 10 + car) for car in range(8)}, {"1": DEAL})
        self.states = {1: self.now}
        self.rates = "1"
        self.day = FIRST_DAY
        self.processes: list[Process] = []
        self.terms: dict[tuple[str, int], Deal] = {}
        self.delay = 0
        self.failures = self.replica_failures = self.replica_failed = 0
        self.seconds = 0.0

    def add_deals(self, count: int) -> None:
        """Have so many deals with the same terms."""
        deals = {str(number): replace(DEAL, id=str(number)) for number in range(1, count + 1)}
        self.now = replace(self.now, deals=deals)
        self.states[1] = self.now
        self.terms = {(name, 1): deal for name, deal in deals.items()}

    def commit_cars(self, cars: Cars) -> None:
        """Change the stock; each process is told of it later."""
        self.now = replace(self.now, version=self.now.version + 1, cars=cars)
        self.states[self.now.version] = self.now
        for process in self.processes:
            process.notified.append("s g")

    def commit_rates(self) -> None:
        """Bring another rate sheet into force."""
        self.rates = str(int(self.rates) + 1)
        for process in self.processes:
            process.notified.append("rates")

    def begin_day(self) -> None:
        """Let midnight pass: nobody announces it."""
        self.day += dt.timedelta(days=1)

    def commit_terms(self, deal_id: str, cash: int) -> Deal:
        """Decide other terms."""
        deal = self.now.deals[deal_id]
        structure = msgspec.structs.replace(deal.structure, cash_down_cents=cash)
        deal = replace(deal, structure=structure, version=deal.version + 1, last_no=deal.last_no + 1)
        self.now = replace(self.now, deals=self.now.deals | {deal_id: deal})
        self.terms[deal_id, deal.version] = deal
        return deal

    async def wait(self) -> None:
        """Take as long as the network does."""
        for _ in range(self.delay):
            await asyncio.sleep(0)


class Reader:
    """A snapshot, on the primary or a replica: what was committed when it began."""

    def __init__(self, world: World, on_primary: bool = True) -> None:
        self.database, self.state, self._world = None, world.now, world
        self._sent, self._on_primary = 0, on_primary

    async def fetch(self, query: Any, wanted: int = 0) -> tuple[list[Any], bool]:
        """Return the next rows after a place."""
        await self._world.wait()
        if self._world.failures:
            self._world.failures -= 1
            raise asyncpg.ConnectionDoesNotExistError
        self._fail_on_replica()
        after = -1 if query.after is None else query.after.vehicle_id
        rows = [(car, *state) for car, state in sorted(self.state.cars.items()) if car > after]
        some = rows[self._sent : self._sent + ROWS]
        self._sent += ROWS
        return some, self._sent < len(rows)

    def read_ahead(self, query: Any, wanted: int) -> None:
        """Nothing is gained by it here."""

    async def estimate(self, query: Any) -> int:
        """Return how many cars there are."""
        await self._world.wait()
        self._fail_on_replica()
        return len(self.state.cars)

    def _fail_on_replica(self) -> None:
        if self._world.replica_failures and not self._on_primary:
            self._world.replica_failures -= 1
            self._world.replica_failed += 1
            raise ReplicaFailed(ReplicaState.CONFLICT, asyncpg.SerializationError("conflict with recovery"))


class NotTooDear:
    """Screens rows by their price, and counts the others, as ``Excluded`` does."""

    def __init__(self, plan: Any, others: Any, carried: Any, supply: Any) -> None:
        self._cars = sum(each.cars for each in carried)
        self._days: int = plan.inputs["days"]

    def screen(self, rows: Any) -> Screened:
        """Return the cars that are not too dear."""
        places = [place for place, row in enumerate(rows) if row[2] < TOO_DEAR]
        kept = [rows[place] for place in places]
        return Screened(
            columns={
                "vehicle_id": [str(row[0]) for row in kept],
                "rev": [row[1] for row in kept],
                "price_cents": [row[2] for row in kept],
                "days_in_stock": [self._days] * len(kept),
            },
            numbers={},
            positions=[row[0] for row in kept],
            row_numbers=places,
            rejected=[Rejected(place, Limit.RATE, -1) for place in range(len(rows)) if place not in places],
            last=Keyset(rows[-1][0], rows[-1][0]),
        )

    def count(self, screened: Screened, start: int, stop: int) -> None:
        """Count the rejected rows among these."""
        self._cars += sum(start <= each.row_number < stop for each in screened.rejected)

    def report(self, reason: EndReason | None = None) -> list[dict[str, Any]]:
        """Return the counts."""
        at_least = reason is not EndReason.COMPLETE
        return (
            [codec.plain(Rejection(limit="rate", cars=self._cars, at_least=at_least))] if self._cars else []
        )


class SlowLog(MemorySearchLog):
    """The log's twin, a few ticks away."""

    world: World

    async def _far(self, name: str, *args: Any, **given: Any) -> Any:
        await self.world.wait()
        answer = await getattr(MemorySearchLog, name)(self, *args, **given)
        await self.world.wait()
        return answer

    async def begin_search(self, *args: Any, **given: Any) -> Any:
        """As the twin, later."""
        return await self._far("begin_search", *args, **given)

    async def matches(self, *args: Any, **given: Any) -> Any:
        """As the twin, later."""
        return await self._far("matches", *args, **given)

    async def valued_matches(self, *args: Any, **given: Any) -> Any:
        """As the twin, later."""
        return await self._far("valued_matches", *args, **given)

    async def offers(self, *args: Any, **given: Any) -> Any:
        """As the twin, later."""
        return await self._far("offers", *args, **given)


class Process:
    """A web process: its searches, and what it has not heard yet."""

    def __init__(self, world: World, log: MemoryLog, queue: list[JobPointer]) -> None:
        self.world, self.log = world, log
        self.notified: deque[str] = deque()
        self.bells: deque[tuple[str, Entry]] = deque()
        self.hears, self.heard_version, self.heard_rates = True, world.now.version, world.rates
        self._rates: str | None = None
        self.deals = dict(world.now.deals)
        self.tables = None
        self.versions = StockVersions(lambda: self.hears)
        self.answers = Answers(self.versions, clock=lambda: 0.0)
        searches = cast(SlowLog, log.searches)
        self.values = SharedValues(searches, self.answers, lambda channel: True)
        self._queue = queue
        self.searches = SearchService(
            cast(Any, SimpleNamespace(searched=lambda store, on_primary: (world, on_primary))),
            cast(Any, None),
            searches,
            cast(Any, self),
            editions=cast(Any, self),
            answers=self.answers,
            values=self.values,
            lease_ms=3_600_000,
            today=lambda: world.day,
        )
        # It lets a probe through after a pause, which must not depend on how fast the test runs.
        self.searches.breaker._clock = lambda: world.seconds
        self.searches._takeovers._load = self._load  # type: ignore[method-assign]

    async def in_force(self, day: dt.date, *, afresh: bool = False) -> InForce:
        """Return the editions, from memory if they are known."""
        if afresh or self._rates is None or not self.hears:
            await self.world.wait()
            self._rates = self.world.rates
        return InForce(rates=self._rates, risk="1")

    async def put(self, pointer: JobPointer, *, urgent: bool = False) -> None:
        """Queue a job."""
        await self.world.wait()
        self._queue.append(pointer)

    async def search(self, channel: str, limit: int) -> str:
        """Search with the deal as this process knows it."""
        deal = self.deals[channel.removeprefix("deal:")]
        request = SearchRequest(channel, uuid.uuid4(), deal, Filters(), Sort.PRICE, limit, ANN)
        return await self.searches.search(request)

    def hear_news(self) -> None:
        """Take the next announcement of Postgres."""
        if not self.notified or not self.hears:
            return
        news = self.notified.popleft()
        if news == "rates":
            self._rates = None
            self.heard_rates = str(int(self.heard_rates) + 1)
        else:
            self.versions.heard(news)
            self.heard_version += 1

    def fall_deaf(self) -> None:
        """Lose the connection to Postgres that listens; what is announced is lost."""
        self.hears = False

    def hear_again(self) -> None:
        """Connect again and look for oneself."""
        if not self.hears:
            self.hears = True
            self.notified.clear()
            self._rates = None
            self.heard_version, self.heard_rates = self.world.now.version, self.world.rates
            self.versions.missed()

    def hear_bell(self) -> None:
        """Take the next event of a channel."""
        if not self.bells:
            return
        channel, entry = self.bells.popleft()
        if entry.body.startswith(OFFERS):
            self.values.heard(channel, entry)
        elif entry.body.startswith(SEARCH_STARTED):
            self.values.search_started(channel, entry)
        elif entry.body.startswith(b'{"type":"deal_changed"'):
            deal_id = channel.removeprefix("deal:")
            self.deals[deal_id] = self.world.terms[deal_id, codec.decode(entry.body)["version"]]

    async def _load(self, channel: str) -> Deal:
        await self.world.wait()
        return self.world.now.deals[channel.removeprefix("deal:")]


@asynccontextmanager
async def _read_stock(scope: tuple[World, bool], trace: Any) -> AsyncIterator[Reader]:
    world, on_primary = scope
    await world.wait()
    yield Reader(world, on_primary)
    await world.wait()


async def _current(reader: Reader, deal: Deal, *, fixed: bool) -> tuple[Deal, int]:
    stored = reader.state.deals[deal.id]
    return (stored if stored.version > deal.version and not fixed else deal), reader.state.version


async def _prepare(reader: Reader, tables: Any, deal: Deal, as_of: Any, **given: Any) -> Any:
    versions = Versions(
        inventory=str(as_of.inventory), rates=as_of.in_force.rates, tax="", risk="1", engine="1"
    )
    plan = SimpleNamespace(
        leases=None, inputs={"cash": deal.structure.cash_down_cents, "days": days_since_first(as_of.today)}
    )
    return reading.Reading(
        deal=deal,
        plan=cast(Any, plan),
        others=cast(Any, None),
        versions=versions,
        query=cast(Any, SimpleNamespace(after=given["after"])),
        outside=[],
        estimate_key=cast(Any, deal.id),
    )


def replaced(patch: Any) -> None:
    """Replace what reads and screens rows, with a function that replaces an attribute of a module."""
    patch(first_rows, "read_stock", _read_stock)
    for reads in (answering, first_rows):
        patch(reads, "current", _current)
    patch(first_rows, "prepare_reading", _prepare)
    patch(page, "Excluded", NotTooDear)


async def work(log: MemoryLog, pointer: JobPointer, world: World) -> None:
    """Value a chunk as a worker does."""
    body = await log.searches.pending_job(pointer.channel, pointer.search_id, pointer.chunk)
    if body is None:
        return
    job = codec.decode(body)
    assert job["search_id"] == pointer.search_id, "a job names its own search"
    chunk = log.standing(pointer.channel).search.chunk(pointer.chunk)  # type: ignore[union-attr]
    deal = world.terms[pointer.channel.removeprefix("deal:"), job["deal_version"]]
    assert job["inputs"]["cash"] == deal.structure.cash_down_cents, "a job has the terms of its deal"
    offers = {
        "vehicle_id": job["vehicle_id"],
        "rev": job["rev"],
        "npv_cents": [
            value_of(price, deal, job["versions"]["rates"]) for price in chunk.matches["price_cents"]
        ],
    }
    await log.searches.offers(
        pointer.channel,
        search_id=pointer.search_id,
        chunk=pointer.chunk,
        rows=len(offers["rev"]),
        columns=offers,
        timings={},
    )
