"""People at work: each edits a deal, searches for it, and sends again what was not answered.

Every edit of the terms begins a new search, so what becomes of an old one shows only while people rest.
"""

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

from tests.faults.viewer import Viewer

PAUSES: Final = (0.1, 0.5)
"""Well below the 50 commands that a connection may send in 10 s."""

AGAIN_SECONDS: Final = 0.2
RATE_SECONDS: Final = 10.0
MATCHES: Final = 120
EASY: Final = {
    "payment_max_cents": None,
    "cash_down_cents": 0,
    "cash_down_max_cents": 4_000_000,
    "trade_allowance_cents": 0,
    "payoff_cents": 0,
}
PASSING: Final = ("degraded", "busy", "rate_limited")
"""Answers after which the same command is sent again with the same ``op``."""


class Editor:
    """Somebody who works on one deal. ``acknowledged`` are the ops of decisions that were answered well.

    ``is_stuck`` where a command was not answered for good within the patience after the work.
    """

    def __init__(self, viewer: Viewer, channel: str, working: asyncio.Event) -> None:
        self.viewer, self.channel = viewer, channel
        self._working = working
        self.acknowledged: list[str] = []
        self.is_resting = self.is_stuck = False
        self._chance = random.Random(viewer.record.viewer)

    async def prepare(self) -> None:
        """Change the terms so that most cars match, and search."""
        await self.do({"type": "terms", "changes": EASY})
        await self.search()

    async def step(self) -> None:
        """Do one thing, unless all are at rest, and think about the next."""
        self.is_resting = True
        await self._working.wait()
        self.is_resting = False
        often = (*[self.note] * 4, *[self.haggle] * 3, self.search)
        await self._chance.choice((*often, self.pin, self.unpin, self.hold, self.release))()
        await asyncio.sleep(self._chance.uniform(*PAUSES))

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
        data = await self.do({"type": "search", "limit": matches})
        return "" if data is None else str(data["search_id"])

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
        op = str(uuid.uuid4())
        while True:
            await self._live()
            asked = command | {"channel": self.channel, "op": op}
            if command["type"] == "terms":
                asked["version"] = self._version()
            try:
                reply = await self.viewer.ask(asked)
            except ConnectionError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if reply["ok"]:
                if decides:
                    self.acknowledged.append(op)
                return reply["data"]
            code = reply["error"]["code"]
            if code == "internal":
                raise AssertionError(f"{command}: {reply['error']}")
            if code not in PASSING:
                return None
            await asyncio.sleep(RATE_SECONDS if code == "rate_limited" else AGAIN_SECONDS)

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
