"""People at work: each edits a deal, searches for it, and sends again what was not answered.

Every edit of the terms begins a new search, so what becomes of an old one shows only while people rest.
"""

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from tests.faults.people.viewer import Viewer

Step = Callable[[], Awaitable[Any]]
PAUSES: Final = (0.1, 0.5)
"""Well below the 50 commands that a connection may send in 10 s."""

AGAIN_SECONDS: Final = 0.2
RATE_SECONDS: Final = 10.0
MATCHES: Final = 120
DEAREST_CENTS: Final = 50_000_000
"""More than any car costs."""

EASY: Final = {
    "payment_max_cents": None,
    "cash_down_cents": 0,
    "cash_down_max_cents": 4_000_000,
}
VERSIONED: Final = ("terms", "customer")
"""Commands that say on which version they are based: when they are sent again it may be a newer one."""

READS: Final = ("history", "find", "lender_effect")
"""Commands that change nothing, and so have no ``op``."""

REPEATS: Final = 0.1
"""How often a command is sent once more that was answered well."""

BROKEN: Final = ("internal", "invalid")
"""Answers that no command here may get: the server failed, or the command is not one."""

PASSING: Final = ("degraded", "busy", "rate_limited")
"""Answers after which the same command is sent again with the same ``op``."""


class Editor:
    """Somebody who works on one deal. ``acknowledged`` are the ops of decisions that were answered well,
    ``taken`` counts the commands that were, by type. ``longest_wait`` is how many seconds one
    took until it was answered for good, over however many connections.

    ``is_stuck`` where a command was not answered for good within the patience after the work.
    """

    def __init__(self, viewer: Viewer, channel: str, working: asyncio.Event) -> None:
        self.viewer, self.channel = viewer, channel
        self.working = working
        self.acknowledged: list[str] = []
        self.taken: Counter[str] = Counter()
        self.longest_wait = 0.0
        self.is_resting = self.is_stuck = False
        self._chance = random.Random(viewer.record.viewer)

    async def prepare(self) -> None:
        """Change the terms so that most cars match, and search."""
        await self.do({"type": "terms", "changes": self.first_terms()})
        await self.search()

    def first_terms(self) -> dict[str, Any]:
        """Return the terms with which most cars match."""
        return EASY

    async def step(self) -> None:
        """Do one thing, unless all are at rest, and think about the next."""
        self.is_resting = True
        await self.working.wait()
        self.is_resting = False
        await self._chance.choice(self.steps())()
        await asyncio.sleep(self._chance.uniform(*PAUSES))

    def steps(self) -> tuple[Step, ...]:
        """Return what may be done next; what stands there twice is done twice as often."""
        often = (*[self.note] * 4, *[self.haggle] * 3, self.search)
        return (*often, self.pin, self.unpin, self.hold, self.release)

    async def note(self) -> str | None:
        """Write a note; return its id."""
        text = f"{self.viewer.record.viewer}: {uuid.uuid4()}"
        data = await self.do({"type": "note", "text": text}, decides=True)
        return None if data is None else data["note_id"]

    async def haggle(self) -> None:
        """Change the discount."""
        await self.do(
            {"type": "terms", "changes": {"discount_cents": self._chance.randrange(0, 40_000, 100)}}
        )

    async def search(self, matches: int = MATCHES) -> str:
        """Search anew; return the search's id, nothing where it was refused."""
        return await self._search({}, matches)

    async def search_afresh(self) -> str:
        """Search as nobody did before: the stock is read and every car is valued. Return as ``search``."""
        return await self._search(
            {"price_max_cents": DEAREST_CENTS + time.monotonic_ns() % DEAREST_CENTS}, MATCHES
        )

    async def pin(self) -> None:
        """Pin a car of the list."""
        await self._with_a_car("pin")

    async def hold(self) -> None:
        """Hold a car of the list."""
        await self._with_a_car("hold")

    async def unpin(self) -> None:
        """Unpin what was pinned."""
        for vehicle_id in self._screen("pins"):
            await self.do({"type": "unpin", "vehicle_id": vehicle_id})

    async def release(self) -> None:
        """Let go what was held."""
        for vehicle_id in self._screen("holds"):
            await self.do({"type": "release", "vehicle_id": vehicle_id})

    async def do(self, command: dict[str, Any], *, decides: bool = False) -> dict[str, Any] | None:
        """Send a command until it is answered for good; return the data, None where it was refused.

        ``decides`` says that the command is surely a decision: it cannot ask for what is so already.
        """
        began = time.monotonic()
        try:
            return await self._until_answered(command, decides)
        finally:
            self.longest_wait = max(self.longest_wait, time.monotonic() - began)

    async def _until_answered(self, command: dict[str, Any], decides: bool) -> dict[str, Any] | None:
        op = str(uuid.uuid4())
        while True:
            await self._live()
            asked = command | {"channel": self.channel}
            if command["type"] not in READS:
                asked["op"] = op
            if command["type"] in VERSIONED:
                asked["version"] = self._version()
            try:
                reply = await self.viewer.ask(asked)
            except ConnectionError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if reply["ok"]:
                self.taken[command["type"]] += 1
                if decides:
                    self.acknowledged.append(op)
                if "op" in asked and self._chance.random() < REPEATS:
                    await self._repeat(asked, reply["data"])
                return reply["data"]
            code = reply["error"]["code"]
            if code in BROKEN:
                raise AssertionError(f"{command}: {reply['error']}")
            if code not in PASSING:
                return None
            await asyncio.sleep(RATE_SECONDS if code == "rate_limited" else AGAIN_SECONDS)

    async def _repeat(self, asked: dict[str, Any], answer: dict[str, Any]) -> None:
        """Send a command again, as if its answer had been lost. Raises AssertionError for another answer."""
        try:
            again = await self.viewer.ask(asked)
        except ConnectionError:
            return
        if again["ok"] and again["data"] != answer:
            raise AssertionError(f"{asked}: {answer} at first, {again['data']} when it was repeated")

    async def _with_a_car(self, kind: str) -> None:
        cars = self._screen("rows")
        if cars:
            await self.do({"type": kind, "vehicle_id": self._chance.choice(sorted(cars))})

    def _screen(self, part: str) -> list[str]:
        screen = self.viewer.channels[self.channel].screen
        return [] if screen is None else list(getattr(screen, part))

    def _version(self) -> int:
        screen = self.viewer.channels[self.channel].screen
        return 0 if screen is None else screen.version

    async def _search(self, filters: dict[str, Any], matches: int) -> str:
        data = await self.do({"type": "search", "filters": filters, "limit": matches})
        return "" if data is None else str(data["search_id"])

    async def _live(self) -> None:
        while not self.viewer.channels[self.channel].live:  # noqa: ASYNC110 - a viewer tells nobody
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def at_work(
    editors: list[Editor], working: asyncio.Event, patience_seconds: float
) -> AsyncIterator[None]:
    """Let the editors work for the length of the context; what is in hand at its end is seen through, or
    given up after ``patience_seconds``.
    """
    stop = asyncio.Event()

    async def work(editor: Editor) -> None:
        while not stop.is_set():
            await editor.step()

    working.set()
    tasks = [asyncio.create_task(work(editor)) for editor in editors]
    try:
        yield
    finally:
        stop.set()
        working.set()
        _, pending = await asyncio.wait(tasks, timeout=patience_seconds)
        for editor, task in zip(editors, tasks, strict=True):
            editor.is_stuck = task in pending
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
