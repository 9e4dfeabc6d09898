"""How much a process parses in one turn of its event loop, and which connection is next.

The frame parser is Python code, so a megabyte of empty frames would block everyone else for seconds.
"""

import asyncio
from collections import OrderedDict
from typing import Final, Protocol

FRAMES_PER_TURN: Final = 32
BYTES_PER_TURN: Final = 256 * 1024
FRAMES_AT_ONCE: Final = 8
BYTES_AT_ONCE: Final = 64 * 1024 + 14
"""One of the largest frames, with its head."""


class Intake(Protocol):
    """A connection that has received more than it has parsed, or may have."""

    def has_more(self) -> bool:
        """Return whether there is anything to be parsed now."""

    def parse(self, frames: int, size: int) -> tuple[int, int]:
        """Parse at most so many frames and bytes; return how many it were."""


class IntakeTurns:
    """Lets connections parse, each a little at a time, and all together so much in one turn of the loop."""

    def __init__(self) -> None:
        self._line: OrderedDict[Intake, None] = OrderedDict()
        self._frames = FRAMES_PER_TURN
        self._bytes = BYTES_PER_TURN
        self._next: asyncio.Handle | None = None

    def ask(self, intake: Intake) -> None:
        """Let a connection parse: at once if nobody waits and something of this turn is left."""
        if self._line or not self._is_left():
            self._line[intake] = None
        else:
            self._serve(intake)
        self._go_on()

    def _is_left(self) -> bool:
        return self._frames > 0 and self._bytes > 0

    def _serve(self, intake: Intake) -> None:
        if not intake.has_more():
            return
        frames, size = intake.parse(min(FRAMES_AT_ONCE, self._frames), min(BYTES_AT_ONCE, self._bytes))
        self._frames -= frames
        self._bytes -= size
        if intake.has_more():
            self._line[intake] = None

    def _go_on(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._next = None
        self._frames, self._bytes = FRAMES_PER_TURN, BYTES_PER_TURN
        try:
            while self._line and self._is_left():
                self._serve(self._line.popitem(last=False)[0])
        finally:
            # Whatever becomes of one connection, the others have their turn.
            if self._line:
                self._go_on()
