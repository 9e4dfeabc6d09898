"""Searches of several deals and processes while cars, rates and terms change: every order of what can happen.

What a search published is compared with the states that the stock had. An answer from memory must be one
that a search could have read after the command.
"""

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import Coroutine
from typing import Any, ClassVar, NamedTuple

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from protocol import codec
from protocol.closing import CommandError
from protocol.jobs import JobPointer
from server.database.deals.deals import Deal
from server.log.channel_log import Entry
from server.log.search_log import SearchState
from server.observe.breaker import CircuitOpen
from server.search.paging.publishing.requests import MoreRequest, SearchRequest
from tests.search.answers.world import (
    TOO_DEAR,
    Cars,
    Process,
    SlowLog,
    World,
    days_since_first,
    value_of,
    work,
)
from tests.twin.memory_log import MemoryLog

PROCESSES, DEALS = 2, 3
MANY_TICKS = 600
TICK_SECONDS = 0.02
"""For breakers: no read takes so many ticks that it would be too slow."""

HEALED_SECONDS = 60.0
"""Longer than any pause of a breaker."""


processes = st.integers(0, PROCESSES - 1)
deals = st.integers(1, DEALS).map(str)
cars = st.integers(0, 11)
rarely = st.sampled_from([False] * 4 + [True])


class Asked(NamedTuple):
    """What a process knew when it was asked to search, and what day it was."""

    days: int
    inventory: int
    rates: int
    deal_version: int


class AnswersMachine(RuleBasedStateMachine):
    """Two processes, three deals that may ask the same, one worker."""

    seen: ClassVar[Counter[str]] = Counter()
    """How many searches were answered in which way, so that a test can tell that all were."""

    @initialize(delay=st.integers(0, 5))
    def begin(self, delay: int) -> None:
        """Everything takes ``delay`` ticks, always: answers do not overtake one another."""
        self.loop = asyncio.new_event_loop()
        self.world, self.queue = World(), list[JobPointer]()
        self.world.delay = delay
        self.world.add_deals(DEALS)
        self.log = MemoryLog(ring=self._ring)
        self.log.searches = SlowLog(self.log)
        self.log.searches.world = self.world
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.asked: dict[str, Asked] = {}
        self.tasks: list[asyncio.Task[Any]] = []
        self.disturbed = False
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.world.processes = [self._process() for _ in range(PROCESSES)]
        for deal_id in self.world.now.deals:
            head = await self.log.head(f"deal:{deal_id}")
            await self.log.set_base(f"deal:{deal_id}", head.epoch, 1)

    def _process(self) -> Process:
        return Process(self.world, self.log, self.queue)

    def _ring(self, channel: str, entry: Entry) -> None:
        if entry.seq:
            self.events.setdefault(channel, []).append(codec.decode(entry.body))
        for process in self.world.processes:
            if entry.seq:
                process.bells.append((channel, entry))

    def _start(self, what: Coroutine[Any, Any, Any]) -> None:
        async def refused() -> None:
            with contextlib.suppress(CommandError):
                await what

        self.tasks.append(self.loop.create_task(refused()))

    @rule(ticks=st.integers(1, 15))
    def pass_time(self, ticks: int) -> None:
        self.world.seconds += ticks * TICK_SECONDS
        self.loop.run_until_complete(_ticks(ticks))

    @rule(process=processes, deal=deals, limit=st.sampled_from([4, 100]))
    def search(self, process: int, deal: str, limit: int) -> None:
        self._start(self._search(self.world.processes[process], deal, limit))

    @rule(process=processes, limit=st.sampled_from([4, 100]))
    def search_all(self, process: int, limit: int) -> None:
        """Every deal searches at once."""
        for deal in self.world.now.deals:
            self.search(process, deal, limit)

    async def _search(self, process: Process, deal_id: str, limit: int) -> None:
        days = days_since_first(self.world.day)
        asked = Asked(days, process.heard_version, int(process.heard_rates), process.deals[deal_id].version)
        self.asked[await process.search(f"deal:{deal_id}", limit)] = asked

    @rule(process=processes, deal=deals)
    def more(self, process: int, deal: str) -> None:
        """Ask for the next page of a search that ended at its limit."""
        ended = [each for each in self.events.get(f"deal:{deal}", ()) if each["type"] == "search_ended"]
        if ended and ended[-1]["next"] is not None:
            of = self.world.processes[process]
            request = MoreRequest(
                f"deal:{deal}", uuid.uuid4(), of.deals[deal], ended[-1]["search_id"], ended[-1]["next"]
            )
            self._start(of.searches.more(request))

    @rule(process=processes, deal=deals)
    def cancel(self, process: int, deal: str) -> None:
        started = [each for each in self.events.get(f"deal:{deal}", ()) if each["type"] == "search_started"]
        if started:
            self.disturbed = True
            self._start(
                self.world.processes[process].searches.cancel(f"deal:{deal}", started[-1]["search_id"])
            )

    @rule(car=cars, what=st.sampled_from(["price", "price", "dear", "sell", "add"]))
    def change(self, car: int, what: str) -> None:
        """A car is repriced, sold, or comes into stock; it may be back after it was sold."""
        stock: Cars = dict(self.world.now.cars)
        if what == "sell":
            stock.pop(car, None)
        elif (what == "add") != (car in stock):
            last = max(
                (state.cars[car][0] for state in self.world.states.values() if car in state.cars), default=0
            )
            price = TOO_DEAR + car if what == "dear" else 10 + (last * 7 + car) % (TOO_DEAR - 10)
            stock[car] = last + 1, price
        self.world.commit_cars(stock)

    @rule(really=rarely)
    def change_rates(self, really: bool) -> None:
        if really:
            self.world.commit_rates()

    @rule(process=processes, limit=st.sampled_from([4, 100]), ticks=st.integers(0, 6), really=st.booleans())
    def begin_day(self, process: int, limit: int, ticks: int, really: bool) -> None:
        """Midnight passes between two searches that ask the same, maybe while the first is being answered."""
        if really:
            self.search(process, "1", limit)
            self.pass_time(ticks)
            self.world.begin_day()
            self.search(process, "2", limit)
            self.seen["days"] += 1

    @rule(process=processes, deal=deals, cash=st.integers(0, 1))
    def terms(self, process: int, deal: str, cash: int) -> None:
        """Decide in Postgres, publish, and repeat the search if there is one."""
        self._start(self._decide(self.world.processes[process], deal, cash))

    async def _decide(self, process: Process, deal_id: str, cash: int) -> None:
        channel, deal = f"deal:{deal_id}", self.world.commit_terms(deal_id, cash)
        process.deals[deal_id] = deal
        await self.world.wait()
        event = {"type": "deal_changed", "version": deal.version, "changes": {}, "by": {}}
        await self.log.decide(channel, deal.last_no, event, outdates=True)
        await self._repeat(process, channel)

    async def _repeat(self, process: Process, channel: str) -> None:
        """Repeat a search for as long as it is for older terms, as the hub does."""
        for _ in range(5):
            last, deal = await self.log.searches.current(channel), process.deals[channel[5:]]
            if last is None or last.deal_version >= deal.version:
                return
            await process.searches.repeat(_again(channel, last, deal), last.search_id)

    @rule(process=processes)
    def hear(self, process: int) -> None:
        self.world.processes[process].hear_news()

    @rule(process=processes, count=st.integers(1, 20))
    def bells(self, process: int, count: int) -> None:
        async def ring() -> None:
            for _ in range(count):
                self.world.processes[process].hear_bell()

        self.loop.run_until_complete(ring())

    @rule(count=st.integers(1, 3))
    def value(self, count: int) -> None:
        """A worker takes jobs."""
        self.loop.run_until_complete(self._value(count))

    async def _value(self, count: int) -> None:
        for _ in range(min(count, len(self.queue))):
            await work(self.log, self.queue.pop(0), self.world)

    @rule(really=rarely)
    def fail(self, really: bool) -> None:
        """The next read of rows fails."""
        self.world.failures += really
        self.disturbed |= really

    @rule(skipped=st.integers(1, 8))
    def fail_replica(self, skipped: int) -> None:
        """A replica ends a read, maybe after some rows; nobody may notice."""
        self.pass_time(skipped)
        self.world.replica_failures = 1

    @rule(process=processes)
    def probe(self, process: int) -> None:
        """Try whether searches work again, as the hub does while a breaker refuses them."""
        self.tasks.append(self.loop.create_task(_probed(self.world.processes[process])))

    @rule(process=processes, deaf=st.booleans())
    def listen(self, process: int, deaf: bool) -> None:
        """A process hears no announcement of Postgres for a while."""
        of = self.world.processes[process]
        of.fall_deaf() if deaf else of.hear_again()

    @rule(process=processes, really=rarely)
    def end_process(self, process: int, really: bool) -> None:
        """A process hands its searches over and ends; another one begins in its place."""
        if really:
            self.disturbed = True
            older, self.world.processes[process] = self.world.processes[process], self._process()
            self._start(older.searches.aclose())
            self._count(older)

    def _count(self, process: Process) -> None:
        for name in ("hits", "joins", "misses"):
            self.seen[name] += getattr(process.answers, name)
        self.seen["shared"] += process.values.shared

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.loop.run_until_complete(self._settle())
            self._check()
        finally:
            for process in self.world.processes:
                self._count(process)
            self.seen["replica"] += self.world.replica_failed
            self.loop.run_until_complete(self._end())
            self.loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _settle(self) -> None:
        """Let everything come to its end: nothing waits for ever."""
        self.world.failures = 0
        for process in self.world.processes:
            process.hear_again()
        await self._quiet()
        self.world.seconds += HEALED_SECONDS
        for process in self.world.processes:
            await _probed(process)
            assert process.searches.breaker.is_closed, "a probe that succeeds lets searches through again"
        for channel in self.events:
            process = self.world.processes[0]
            await process.searches.take_over(channel)
            await self._quiet()
            await self._repeat(process, channel)
            await self._quiet()
        pulses = await self.log.beat(list(self.events), overdue_ms=0, lost_before_ms=None)
        self.queue += [pointer for pulse in pulses for pointer in pulse.overdue]
        self.seen["left to the keeper"] += len(self.queue)
        assert self.disturbed or not self.queue, "a chunk has its values without the keeper"
        await self._quiet()
        assert all(task.done() for task in self.tasks), "a command was never answered"

    async def _quiet(self) -> None:
        for _ in range(6):
            await _ticks(MANY_TICKS // 6)
            for process in self.world.processes:
                while process.notified:
                    process.hear_news()
                while process.bells:
                    process.hear_bell()
            await self._value(len(self.queue))

    def _check(self) -> None:
        for task in self.tasks:
            task.result()
        for channel, events in self.events.items():
            searches = [each for each in events if each["type"] == "search_started"]
            for started in searches:
                of = [each for each in events if each.get("search_id") == started["search_id"]]
                self._check_search(channel, started, of, last=started is searches[-1])

    def _check_search(self, channel: str, started: Any, events: list[Any], *, last: bool) -> None:
        matches = [each for each in events if each["type"] == "matches"]
        ends = [each for each in events if each["type"] == "search_ended"]
        inventory, rates = int(started["versions"]["inventory"]), started["versions"]["rates"]
        assert ends, "a search has an end"
        asked = self.asked.get(started["search_id"])
        if asked is not None:
            assert started["deal_version"] >= asked.deal_version, "older terms than the process knew of"
        if "stale" in ends[-1]["trace"]:
            # It says so, and may be of another day and an older stock.
            assert self.disturbed, "nothing had failed"
            self.seen["stale"] += 1
            asked = None
        if asked is not None:
            assert inventory >= asked.inventory, "older cars than the process knew of"
            assert int(rates) >= asked.rates, "older rates than the process knew of"
        days = [days for each in matches for days in each["columns"]["days_in_stock"]]
        assert days == sorted(days), "a search that somebody goes on with is of that day from there on"
        assert asked is None or not days or days[0] >= asked.days, "an answer of another day"
        assert [each["chunk"] for each in matches] == list(range(len(matches)))
        found = [row for each in matches for row in _rows(each["columns"])]
        ids = [car for car, _, _ in found]
        assert ids == sorted(set(ids)), "each car once, in order"
        self._check_cars(inventory, found, ends[-1])
        if last:
            self._check_values(channel, started, events, matches)

    def _check_cars(self, inventory: int, found: list[tuple[int, int, int]], end: Any) -> None:
        """Check that all rows are those of one state of the stock, or the first ones, and the others of later
        states, where somebody else had to go on.
        """
        at, before = inventory, -1
        for car, rev, price in found:
            while self.world.states[at].cars.get(car) != (rev, price) or self._between(at, before, car):
                at += 1
                assert at in self.world.states, f"car {car} never was so since version {inventory}"
            before = car
        if at == inventory and end["reason"] == "complete" and not self.disturbed and end["next"] is None:
            sold = {car: price for car, (_, price) in self.world.states[at].cars.items()}
            dear = sum(price >= TOO_DEAR for price in sold.values())
            if len(found) + dear == len(sold):
                assert end["matched"] == len(found)
                assert end["scanned"] == len(sold)
                assert sum(each["cars"] for each in end["rejected"]) == dear

    def _between(self, at: int, before: int, car: int) -> bool:
        """Return whether a state has other matches between two cars."""
        cars = self.world.states[at].cars.items()
        return any(before < other < car and price < TOO_DEAR for other, (_, price) in cars)

    def _check_values(self, channel: str, started: Any, events: list[Any], matches: list[Any]) -> None:
        """Check that each car of the last search is valued once, at its price and with the deal's terms."""
        deal = self.world.terms[channel[5:], started["deal_version"]]
        offers = [each for each in events if each["type"] == "offers"]
        assert sorted(each["chunk"] for each in offers) == [each["chunk"] for each in matches]
        by_chunk = {each["chunk"]: each["columns"] for each in offers}
        for each in matches:
            columns, valued = each["columns"], by_chunk[each["chunk"]]
            assert events.index(each) < next(
                at
                for at, event in enumerate(events)
                if event["type"] == "offers" and event["chunk"] == each["chunk"]
            )
            assert (valued["vehicle_id"], valued["rev"]) == (columns["vehicle_id"], columns["rev"])
            possible = [
                [value_of(price, deal, str(rates)) for price in columns["price_cents"]]
                for rates in range(int(started["versions"]["rates"]), int(self.world.rates) + 1)
            ]
            assert valued["npv_cents"] in possible


def _again(channel: str, last: SearchState, deal: Deal) -> SearchRequest:
    op = uuid.uuid5(uuid.UUID(last.search_id), f"again at version {deal.version}")
    return SearchRequest(channel, op, deal, last.filters, last.sort, last.limit, last.by)


def _rows(columns: Any) -> list[tuple[int, int, int]]:
    ids = [int(car) for car in columns["vehicle_id"]]
    return list(zip(ids, columns["rev"], columns["price_cents"], strict=True))


async def _probed(process: Process) -> None:
    with contextlib.suppress(CircuitOpen, asyncpg.PostgresError):
        await process.searches.probe()


async def _ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
