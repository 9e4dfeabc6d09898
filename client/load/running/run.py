"""One generating process: its clients, its schedule, what it measures, and the check in the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from client.load.checking.views import Check, is_settled
from client.load.clients.disturb import disturbances
from client.load.clients.office import Office
from client.load.clients.people import Follower, Salesperson, SlowReader, Watcher, Worker, Writer
from client.load.clients.seat import Place, Seat
from client.load.clients.wire import Connect
from client.load.measuring.saturation import Gauge
from client.load.planning.plan import DESK_MODES, Mode, Plan
from client.load.planning.schedule import arrivals, joins
from client.load.planning.script import Script
from client.load.running.stage import Person
from protocol.records import View

TICK_SECONDS: Final = 0.25
SETTLE_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.05
CHECKS_AT_ONCE: Final = 10
LEAVE_SECONDS: Final = 2.0
ROLE_MANAGER: Final = "desk_manager"


@dataclass(frozen=True, slots=True)
class Cast:
    """Whose tokens there are, and the deals. ``managers`` may be empty: then salespeople watch alone."""

    sales: Person
    manager: Person
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """How far a run is, for its progress."""

    at: float
    live: int
    sockets: int
    events: int
    done: int
    p95_ms: float | None


Report = Callable[[Tick], None]


class Run:
    """A run of one process. ``number`` tells processes apart."""

    def __init__(
        self,
        plan: Plan,
        cast: Cast,
        connect: Connect,
        *,
        now: Callable[[], float] = time.monotonic,
        number: int = 0,
    ) -> None:
        self.office = Office(plan, connect, now)
        self.stop = asyncio.Event()
        self._plan, self._cast, self._number = plan, cast, number
        self._gauge = Gauge(now)
        self._check = Check(self.office.ledger)
        # Who comes only to check is not measured and not counted.
        self._checking = Office(plan, connect, now)
        self._checking.ledger = self.office.ledger
        self._fault: Exception | None = None
        self._workers: list[Worker] = []
        self._watchers: list[Seat] = []
        self._everybody: list[Seat] = []
        self._fill()

    async def go(
        self, begin_at: float, report: Report, quiet: Callable[[], Awaitable[None]]
    ) -> dict[str, Any]:
        """Run from a time of the clock on; return what was found, for JSON.

        ``quiet`` is awaited between the last answer and the check: until no process generates load.
        """
        office = self.office
        asyncio.get_running_loop().set_exception_handler(self._failed)
        office.begin(begin_at)
        self._checking.begin(begin_at)
        times = joins(self._plan, len(self._everybody))
        background = [
            asyncio.create_task(part)
            for part in (
                *(seat.run(at) for seat, at in zip(self._everybody, times, strict=True)),
                *(worker.work() for worker in self._workers),
                self._gauge.watch(),
                self._tell(report),
            )
        ]
        try:
            await self._generate(dict(zip(self._everybody, times, strict=True)))
            await self._finish()
            await quiet()
            await self._check_views()
        finally:
            office.is_over = True
            for seat in self._everybody:
                seat.leave()
            await asyncio.sleep(0)
            await _end(background)
            asyncio.get_running_loop().set_exception_handler(None)
        if self._fault is not None:
            raise self._fault
        return self._result()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End the run for an error of the generator itself, which would pass as a broken connection."""
        fault = context.get("exception")
        if isinstance(fault, Exception) and not isinstance(fault, OSError) and self._fault is None:
            self._fault = fault
            self.stop.set()

    def _fill(self) -> None:
        """Seat everybody: those who work first, then those who watch."""
        plan, cast = self._plan, self._cast
        if plan.mode in DESK_MODES:
            for number, channel in enumerate(cast.channels):
                manager = Seat(self._place("manager", number, channel), self.office)
                script = Script(plan.mode, plan.seed, number, plan.matches)
                place = self._place("salesperson", number, channel)
                salesperson = Salesperson(place, self.office, script, manager)
                self._workers.append(salesperson)
                self._everybody += [manager, salesperson]
        for number in range(plan.writers):
            channel = cast.channels[number % len(cast.channels)]
            writer = Writer(self._place("writer", number, channel), self.office)
            self._workers.append(writer)
            self._everybody.append(writer)
        for number in range(plan.watchers):
            channel = cast.channels[number % len(cast.channels)]
            place = self._place("watcher", number, channel)
            slow = number < plan.slow
            watcher = SlowReader(place, self.office) if slow else Watcher(place, self.office)
            self._watchers.append(watcher)
            self._everybody.append(watcher)
        if plan.mode is Mode.IDLE:
            self._workers += [seat for seat in self._watchers if isinstance(seat, Watcher)]

    def _place(self, kind: str, number: int, channel: str) -> Place:
        """Return a client's place. Watchers see the deal as a manager and as a salesperson by turns."""
        manages = kind == "manager" or (kind == "watcher" and number // len(self._cast.channels) % 2 == 0)
        who = f"{kind} {self._number}.{number}" if self._plan.processes > 1 else f"{kind} {number}"
        return place_of(self._cast.manager if manages else self._cast.sales, who, channel)

    async def _generate(self, times: dict[Seat, float]) -> None:
        """Let the load arrive, until the schedule ends or somebody stops the run."""
        plan = self._plan
        schedule = arrivals(plan, [times[worker] for worker in self._workers])

        async def arrive() -> None:
            for each in schedule:
                self._gauge.late(await self.office.until(each.at))
                self._workers[each.client].arrives(each.at)
            await self.office.until(plan.seconds)

        async def gauge() -> None:
            await self.office.until(plan.ramp)
            self._gauge.start()
            await self.office.until(plan.ramp + plan.steady)
            self._gauge.stop()

        disturbed = disturbances(self.office, self._watchers, self._everybody)
        parts = [asyncio.ensure_future(part) for part in (arrive(), gauge(), *disturbed)]
        stopped = asyncio.create_task(self.stop.wait())
        try:
            pending: set[asyncio.Future[Any]] = set(parts)
            while pending and not stopped.done():
                done, pending = await asyncio.wait({*pending, stopped}, return_when=asyncio.FIRST_COMPLETED)
                pending.discard(stopped)
                for part in done - {stopped}:
                    part.result()
        finally:
            self._gauge.stop()
            await _end([*parts, stopped])

    async def _finish(self) -> None:
        """Wait for what is unanswered; what stays so counts with the time that it took until now."""
        office = self.office
        deadline = office.now() + self._plan.patience
        while office.now() < deadline and any(worker.waiting for worker in self._workers):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        for worker in self._workers:
            for due in worker.waiting:
                office.tally.unanswered["steps"] += 1
                office.measure("reply", due)
        for seat in self._everybody:
            if not seat.was_live:
                office.tally.unanswered["joins"] += 1
                office.measure("join", 0.0)

    async def _check_views(self) -> None:
        """Compare everybody who came in with somebody who comes new."""
        by_channel: dict[str, list[Seat]] = {}
        for seat in self._everybody:
            if seat.was_live:
                by_channel.setdefault(seat.place.channel, []).append(seat)
        places = asyncio.Semaphore(CHECKS_AT_ONCE)

        async def check(seats: Sequence[Seat]) -> None:
            async with places:
                await self._check_channel(seats)

        await asyncio.gather(*(check(seats) for seats in by_channel.values()))

    async def _check_channel(self, seats: Sequence[Seat]) -> None:
        office = self.office
        sights = {seat.place.sight: seat.place for seat in seats}
        fresh = {
            sight: Follower(
                Place("a fresh client", place.token, place.channel, place.view, sight), self._checking
            )
            for sight, place in sights.items()
        }
        running = [asyncio.create_task(each.run(0.0)) for each in fresh.values()]
        try:
            deadline = office.now() + SETTLE_SECONDS
            while office.now() < deadline and not _agree(seats, fresh):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
            for seat in seats:
                held = seat.state if isinstance(seat, Follower) else None
                self._check.compare(seat.ear, seat.place.view, fresh[seat.place.sight].state, held)
        finally:
            for each in fresh.values():
                each.leave()
            await _end(running)

    async def _tell(self, report: Report) -> None:
        while True:
            report(self.tick())
            await asyncio.sleep(TICK_SECONDS)

    def tick(self) -> Tick:
        """Return how far the run is."""
        office = self.office
        live = sum(seat.live.is_set() for seat in self._everybody)
        p95 = office.latencies.percentile(office.latencies.followed, 95)
        events = office.heard_by_second.total()
        return Tick(office.at, live, len(self._everybody), events, office.tally.answered.total(), p95)

    def _result(self) -> dict[str, Any]:
        totals = self.office.tally.totals
        totals["clients"] = len(self._everybody)
        for seat in self._everybody:
            counts = seat.ear.counts
            totals["joins resumed"] += counts.recovered
            totals["joins by snapshot"] += counts.snapshots
            totals["resyncs"] += counts.resyncs
            totals["events"] += counts.events
            totals["clients refused"] += seat.is_refused
        return self.office.plain() | {
            "strain": self._gauge.strain().plain(),
            "checked": self._check.checked,
            "interrupted": self.stop.is_set(),
        }


def place_of(person: Person, who: str, channel: str) -> Place:
    """Return the place of a person at a deal, in the widest view of the role."""
    view = View.MANAGER if person.role == ROLE_MANAGER else View.SALES
    return Place(who, person.token, channel, view.value, f"{person.user_id}:{view.value}")


def _agree(seats: Iterable[Seat], fresh: dict[str, Follower]) -> bool:
    """Return whether the fresh clients are complete and everybody is where they are."""
    if not all(each.live.is_set() and is_settled(each.state) for each in fresh.values()):
        return False
    ears = [(seat.ear, fresh[seat.place.sight].ear) for seat in seats]
    return all((mine.epoch, mine.position) == (theirs.epoch, theirs.position) for mine, theirs in ears)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
