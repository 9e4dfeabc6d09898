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
"""The size of the largest frame, with its header."""


class Intake(Protocol):
    """A connection that may have unparsed data."""

    def has_more(self) -> bool:
        """Return whether there is data to parse now."""

    def parse(self, frames: int, size: int) -> tuple[int, int]:
        """Parse at most so many frames and bytes; return the numbers parsed."""


class IntakeTurns:
    """Lets connections parse a little at a time each, within one limit per turn of the loop for all."""

    def __init__(self) -> None:
        self._line: OrderedDict[Intake, None] = OrderedDict()
        self._frames = FRAMES_PER_TURN
        self._bytes = BYTES_PER_TURN
        self._next: asyncio.Handle | None = None

    def ask(self, intake: Intake) -> None:
        """Let a connection parse: at once if nobody waits and this turn's limit is not used up."""
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
            # Whatever happens to one connection, the others get their turn.
            if self._line:
                self._go_on()
