"""Queued delivery to one client: replies, and events that the socket could not take at once.

No task awaits a client. Queued messages are written at the end of the event loop's turn, or when the socket
takes data again. A client that reads nothing for WRITE_SECONDS is cut off.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from protocol.closing import CloseCode
from server.hub.sockets.limits import RESYNC_WINDOW_SECONDS, WRITE_SECONDS
from server.hub.sockets.loop_turn import LoopTurn
from server.hub.sockets.outbox import Outbox, OutboxFull
from server.hub.sockets.traffic import Traffic
from server.hub.sockets.wire import Wire, frame_of


class Owner(Protocol):
    """The connection that the delivery belongs to."""

    def close(self, code: CloseCode | None, reason: str = "") -> None:
        """End the connection; without a code if the client is gone."""

    def send_resync(self, channel: str) -> None:
        """Stop serving a channel, and queue a ``resync``."""


class Delivery:
    """Sends messages in the order in which they are put. An idle connection has no outbox."""

    __slots__ = (
        "_deadline",
        "_drained",
        "_is_due",
        "_last_resync",
        "_loop",
        "_outbox",
        "_owner",
        "_traffic",
        "_turn",
        "_wire",
    )

    def __init__(self, owner: Owner, wire: Wire, turn: LoopTurn, traffic: Traffic) -> None:
        self._owner = owner
        self._traffic = traffic
        self._wire = wire
        self._turn = turn
        self._loop = asyncio.get_running_loop()
        self._outbox: Outbox | None = None
        self._is_due = False
        # Runs while messages wait that the socket does not take.
        self._deadline: asyncio.TimerHandle | None = None
        self._drained: asyncio.Event | None = None
        self._last_resync = -RESYNC_WINDOW_SECONDS
        wire.on_change(self._go_on)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait that count towards the outbox's bound. Any thread may ask."""
        outbox = self._outbox
        return 0 if outbox is None else outbox.size

    def put(self, message: bytes) -> None:
        """Send a message that belongs to no channel."""
        try:
            self._waiting().put(message, self._loop.time())
        except OutboxFull:
            self._cut_off()

    def put_events(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send logged events. A client that falls behind must join again; the second time in a minute, it is
        cut off.
        """
        for message in messages:
            now = self._loop.time()
            given_up = self._waiting().put_event(channel, message, now)
            for late in given_up:
                self._owner.send_resync(late)
            if given_up:
                self._traffic.overflows += len(given_up)
                if now - self._last_resync < RESYNC_WINDOW_SECONDS:
                    self._cut_off()
                self._last_resync = now
            if channel in given_up:
                return

    def put_presence(self, channel: str, message: bytes) -> None:
        """Send who is in a channel, in place of an older message that still waits."""
        self._waiting().put_presence(channel, message, self._loop.time())

    def put_pulled(self, channel: str, message: bytes) -> None:
        """Send part of a snapshot or replay."""
        self._waiting().put_pulled(channel, message, self._loop.time())

    def put_resync(self, channel: str) -> None:
        """Send a ``resync`` of a channel, in place of its messages that still wait."""
        self._waiting().put_resync(channel, self._loop.time())

    async def drained(self) -> None:
        """Wait until the outbox is empty or the socket is closed."""
        while self._outbox is not None and self._wire.is_open:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def stop(self) -> None:
        """Send nothing more."""
        self._wire.on_change(None)
        self._wire.has_queue = True
        self._stop_deadline()

    def _waiting(self) -> Outbox:
        """Return the outbox for another message, to be written when this turn ends."""
        self._turn.deliver()
        if self._outbox is None:
            self._outbox = Outbox()
            self._wire.has_queue = True
        if not self._is_due and self._deadline is None:
            self._is_due = True
            self._turn.has_words(self._flush)
        return self._outbox

    def _flush(self) -> None:
        """Write as many waiting messages as the socket takes."""
        self._is_due = False
        outbox, wire = self._outbox, self._wire
        if outbox is None:
            return
        while wire.ready and (messages := outbox.take()):
            wire.write(frame_of(messages))
        if not len(outbox):
            self._outbox = None
            wire.has_queue = False
            self._wake()
        elif not wire.is_open:
            self._owner.close(None)
            self._wake()
        elif self._deadline is None:
            self._deadline = self._loop.call_later(WRITE_SECONDS, self._cut_off)

    def _go_on(self) -> None:
        self._stop_deadline()
        self._flush()

    def _cut_off(self) -> None:
        self._owner.close(CloseCode.TOO_SLOW, "This connection is too slow.")

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _wake(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None
