"""Takes the connections that other processes hand over, for as long as this process accepts any."""

import asyncio
import contextlib
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import structlog

from server.observe.metrics.tally import Tally
from server.web.handover import passing
from server.web.handover.passing import Outcome, Take
from server.web.handover.slots import Slot, slot_in

PAUSE_SECONDS: Final = 0.1
"""After a failed accept: descriptors may be used up."""

log = structlog.get_logger("handover")


class Handover:
    """One web process's side of the exchange. ``counts`` are connections by what became of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = ExitStack()
        self._slot: Slot | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self.counts = Tally("given", "taken", "late", "moved")

    @property
    def number(self) -> int | None:
        """Our number; None while we take nothing."""
        return None if self._slot is None else self._slot.number

    def others(self) -> list[int]:
        """Return the numbers of the other processes, in order; none if that cannot be known. Some of them may
        have died.
        """
        try:
            return [] if self._slot is None else self._slot.others()
        except OSError as error:
            log.warning("handover folder lost", error=error)
            return []

    async def give(self, number: int, descriptor: int, head: bytes) -> Outcome:
        """Offer a connection to the process with a number."""
        if self._slot is None:
            return Outcome.GONE
        outcome = await passing.offer(self._slot.path_of(number), descriptor, head)
        if outcome is Outcome.TAKEN:
            self.counts.add("given")
        elif outcome is Outcome.LATE:
            self.counts.add("late")
            log.warning("handover late", slot=number)
        return outcome

    async def answers(self, number: int) -> bool:
        """Return whether the process with a number would take a connection now."""
        return self._slot is not None and await passing.listens(self._slot.path_of(number))

    def open(self, take: Take) -> None:
        """Begin to take connections. A process that cannot is logged and serves whom it accepts."""
        try:
            self._slot = self._held.enter_context(slot_in(self._folder))
        except OSError as error:
            log.warning("no handover", error=error)
            return
        self._slot.listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(self._slot.listener, take), name="handover")

    def close(self) -> None:
        """Take no more, and give none away; whoever waits for an answer serves the connection itself."""
        self._slot = None
        if self._accepting is not None:
            self._accepting.cancel()
        self._held.close()

    async def _accept(self, listener: socket.socket, take: Take) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                line, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.warning("handover not accepted", error=error)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            answering = asyncio.create_task(self._answer(line, take), name="handover")
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)

    async def _answer(self, line: socket.socket, take: Take) -> None:
        with line, contextlib.suppress(OSError, TimeoutError):
            if await passing.answer(line, take):
                self.counts.add("taken")
