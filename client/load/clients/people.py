"""The kinds of clients: salespeople who work through the script, writers of notes, watchers, slow readers."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Final, Protocol

from client.channel import Channel
from client.load.checking.ledger import Head
from client.load.clients.office import Office
from client.load.clients.seat import Place, Seat
from client.load.planning.script import Script, Step, StepKind, note_text
from protocol import codec
from protocol.events import AnyMessage, JoinReply, Matches, Reply, SearchEnded, SearchValued
from protocol.records import DealState, View

LIST_SECONDS: Final = 10.0
"""How long a salesperson looks at an empty list before giving up on it."""

EDITABLE: Final = frozenset({DealState.WORKING, DealState.COUNTERED})


class Busy(Protocol):
    """Somebody to whom arrivals come."""

    def arrives(self, due: float) -> None:
        """Take something to do, due at ``due`` seconds of the run."""


class Worker(Seat, ABC):
    """A client that does one thing after another. What waits is late from the time it was due."""

    def __init__(self, place: Place, office: Office) -> None:
        super().__init__(place, office)
        self._due: deque[float] = deque()
        self._arrived = asyncio.Event()
        self._doing: float | None = None

    @property
    def waiting(self) -> list[float]:
        """When what is not done yet was due."""
        return [*self._due] if self._doing is None else [self._doing, *self._due]

    def arrives(self, due: float) -> None:
        """Take something to do."""
        self._due.append(due)
        self._arrived.set()

    async def work(self) -> None:
        """Do what arrives, until cancelled."""
        while True:
            while not self._due:
                self._arrived.clear()
                await self._arrived.wait()
            self._doing = self._due.popleft()
            await self.do(self._doing)
            self._doing = None

    @abstractmethod
    async def do(self, due: float) -> None:
        """Do the next thing."""


class Writer(Worker):
    """Writes notes, which every watcher sees."""

    async def do(self, due: float) -> None:
        """Write a note."""
        await write_note(self, due)


class Watcher(Worker):
    """Watches; and pings, if something arrives."""

    async def do(self, due: float) -> None:
        """Ask the server whether it is there."""
        await self.ask("ping", {}, due)


class SlowReader(Seat):
    """Watches, and stops reading during the steady phase."""

    small_buffer = True
    seen_name = "seen_slow"

    async def doze(self, begin: float, end: float) -> None:
        """Read nothing between two times of the run; then say what the server did about it."""
        await self.office.until(begin)
        before = self.ear.counts.resyncs
        connection = self.line
        if connection is not None:
            connection.pause()
        await self.office.until(end)
        self.office.tally.slow["stopped reading"] += 1
        if self.line is not connection or connection is None:
            self.office.tally.slow["cut off"] += 1
            return
        connection.resume()
        while (  # noqa: ASYNC110 - what arrives tells nobody
            self.line is connection and self.ear.counts.resyncs == before and self.lags
        ):
            await asyncio.sleep(0.05)
        if self.line is not connection:
            self.office.tally.slow["cut off"] += 1
        elif self.ear.counts.resyncs > before:
            self.office.tally.slow["told to join again"] += 1
        else:
            self.office.tally.slow["not noticed"] += 1

    @property
    def lags(self) -> bool:
        """Whether others have heard more of the channel."""
        return self.ear.position < self.ear.book.last


async def write_note(seat: Seat, due: float) -> bool:
    """Write a note that says when it was due; return whether it was taken."""
    office = seat.office
    stamp = int((office.began + due) * 1_000_000)
    text = note_text(stamp, office.plan.note_bytes)
    return await seat.ask("note", {"text": text}, due) is not None


class Follower(Seat):
    """A client that folds what it hears into the deal's state, as a screen does."""

    def __init__(self, place: Place, office: Office) -> None:
        super().__init__(place, office)
        self.state = Channel(place.channel, View(place.view))

    def join_began(self, resumes: bool) -> None:
        """Let the state follow."""
        if not resumes:
            self.state.forget()
        self.state.join(self._ref)

    def join_answered(self, line: bytes) -> None:
        """Take the reply to the join."""
        (reply,) = codec.decode_messages(line)
        if isinstance(reply, Reply):
            self.state.joined(codec.convert(JoinReply, reply.data))

    def disconnected(self) -> None:
        """Keep the state for the next connection."""
        self.state.disconnected()

    def heard(self, head: Head, line: bytes) -> None:
        """Fold a message into the state."""
        self.fold(head, line)

    def fold(self, head: Head, line: bytes) -> AnyMessage | dict[str, Any]:
        """Fold a message into the state; return it."""
        (message,) = codec.decode_messages(line)
        if not isinstance(message, dict):
            self.state.receive(message)  # type: ignore[arg-type]
        elif head.seq >= 0:
            self.state.skip(head.seq)
        return message


class Salesperson(Follower, Worker):
    """Works through the script on one deal. ``manager`` has the same deal open and counters it."""

    def __init__(self, place: Place, office: Office, script: Script, manager: Seat) -> None:
        super().__init__(place, office)
        self._script = script
        self._manager = manager
        self._version = 0
        self._searches: dict[str, float] = {}
        """When each search was due of which values are expected."""
        self._first: dict[str, float] = {}
        """When the first matches of a search, or its end, arrived."""
        self._changed = asyncio.Event()

    async def do(self, due: float) -> None:
        """Take the next step of the script."""
        step = self._script.next()
        match step.kind:
            case StepKind.SEARCH:
                await self._search(step, due)
            case StepKind.NOTE:
                await write_note(self, due)
            case StepKind.SELECT:
                await self._select(step, due)
            case _ if self._may(step.kind):
                seat = self._manager if step.kind is StepKind.COUNTER else self
                fields = {**step.fields, "version": self.version}
                self._take(await seat.ask(step.kind, fields, due))
            case _:
                self._skip(step.kind)

    @property
    def version(self) -> int:
        """The deal's version, as far as this client knows."""
        return max(self._version, self.state.deal.version if self.state.deal else 0)

    def heard(self, head: Head, line: bytes) -> None:
        """Fold a message into the state, and measure what a search brings."""
        message = self.fold(head, line)
        match message:
            case Matches() | SearchEnded():
                self._first.setdefault(message.search_id, self.office.at)
            case SearchValued():
                due = self._searches.pop(message.search_id, None)
                if due is not None:
                    self.office.measure("valued", due)
        self._changed.set()

    async def _search(self, step: Step, due: float) -> None:
        answer = await self.ask("search", step.fields, due)
        if answer is None:
            return
        search_id = str(answer["search_id"])
        superseded = len(self._searches)
        self._searches.clear()
        self.office.tally.totals["searches superseded before their values"] += superseded
        if not self._is_valued(search_id):
            self._searches[search_id] = due
        elif due is not None:
            self.office.measure("valued", due)
        # The next thing is done with a list in view: a search that shows nothing delays what comes after.
        found = await self._until(lambda: search_id in self._first)
        if found:
            at = self._first[search_id]
            self.office.latencies.record("first_matches", self.office.phase(due), at - due, due)
        else:
            self.office.tally.unanswered["first matches"] += 1
            self.office.measure("first_matches", due)
        self._first = {search_id: self._first.get(search_id, 0.0)}

    async def _select(self, step: Step, due: float) -> None:
        if not self._may(step.kind):
            self._skip(step.kind)
            return
        if not await self._until(lambda: bool(self._affordable()) or self._has_all()):
            self._skip(step.kind)
            return
        cars = self._affordable()
        if not cars:
            self._skip(step.kind)
            return
        car = cars[int(step.draw * len(cars))]
        self._take(await self.ask(step.kind, {"vehicle_id": car, "changes": {}}, due))

    def _may(self, kind: StepKind) -> bool:
        deal = self.state.deal
        if deal is None:
            return False
        if kind is StepKind.COUNTER:
            return deal.state is DealState.SUBMITTED and self._manager.live.is_set()
        if kind is StepKind.SUBMIT and deal.selected is None:
            return False
        return deal.state in EDITABLE

    def _skip(self, kind: StepKind) -> None:
        self.office.tally.skipped[str(kind)] += 1

    def _take(self, answer: dict[str, Any] | None) -> None:
        if answer is not None and "version" in answer:
            self._version = max(self._version, int(answer["version"]))

    def _affordable(self) -> list[str]:
        return sorted(
            car for car, row in self.state.rows.items() if row.offer and row.offer.get("payment_cents")
        )

    def _has_all(self) -> bool:
        """Return whether nothing more comes of the latest search."""
        search = self.state.search
        return search is not None and search.ended is not None and search.valued >= search.matched

    def _is_valued(self, search_id: str) -> bool:
        search = self.state.search
        return search is not None and search.search_id == search_id and self._has_all()

    async def _until(self, holds: Any) -> bool:
        """Wait until something holds; return False if it takes too long."""
        try:
            async with asyncio.timeout(LIST_SECONDS):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
