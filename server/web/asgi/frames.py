"""uvicorn's WebSocket protocol, with bounds against clients that make it grow, fail or work without end.

Incoming data is parsed a few frames at a time, when the process's turns allow it and no faster than the
application reads the messages. It counts towards the connection's limit. After we send a close frame, nothing
more is parsed. Only the client's close frame is looked for, in a bounded amount of data, and the transport
closes within seconds whatever the client does.
"""

import time
from enum import Enum, auto
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from websockets.frames import Frame
from websockets.http11 import Request

from protocol.closing import CloseCode
from server.hub.sockets.limits import COMMANDS, FLOOD_FACTOR, FRAME_BYTES, FRAMES, FrameAllowance, IntakeRate
from server.web.asgi.intake import IntakeTurns
from server.web.asgi.sending import WireWebSocket
from server.web.asgi.skim import FrameHeads

UNREADABLE: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

CLOSE_SECONDS: Final = 5.0
"""How long our close frame may take to reach the client, and the client's to come back."""

ABORT_SECONDS: Final = 1.0
"""How long a client that keeps sending may take to read our close frame."""

TRAILING_FRAMES: Final = COMMANDS * FLOOD_FACTOR
TRAILING_BYTES: Final = 2 * FRAME_BYTES
"""The most data in flight from a client that has not read our close frame yet."""


class Reading(Enum):
    """What happens to the bytes that a client sends."""

    HEAD = auto()
    """They are the handshake; after it nothing is read until our answer is sent."""
    FRAMES = auto()
    """They are parsed, and count."""
    TRAILING = auto()
    """Our close frame is out: they are dropped, up to the client's own close frame."""
    ENDED = auto()
    """They are not read."""


class BoundedWebSocket(WireWebSocket):
    """Reads nothing before the handshake is answered, parses nothing after a close, and counts all in
    between.

    The application may set the client's ``allowance`` in ``websocket.accept``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns: IntakeTurns = self.app_state.get("turns") or IntakeTurns()
        self._reading = Reading.HEAD
        self._rate = IntakeRate(FrameAllowance(FRAMES), self.loop.time())
        self._heads = FrameHeads()
        self._unparsed = b""
        self._parsed = 0
        self._arrived = 0.0
        self._trailing_frames, self._trailing_bytes = TRAILING_FRAMES, TRAILING_BYTES
        self._parts = bytearray()

    def data_received(self, data: bytes) -> None:
        """Take the data, and parse as much as the current turn allows."""
        if self._parsed >= len(self._unparsed):
            self._arrived = time.perf_counter()
        match self._reading:
            case Reading.HEAD if not self.handshake_initiated:
                self._take_head(data)
            case Reading.HEAD | Reading.FRAMES:
                self._unparsed = self._unparsed[self._parsed :] + data
                self._parsed = 0
                self._read_on()
            case Reading.TRAILING:
                self._skip(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop unparsed data."""
        self._read_nothing()
        super().connection_lost(exc)

    def has_more(self) -> bool:
        """Return whether data waits to be parsed and the application has taken the earlier messages."""
        ready = self._reading is Reading.FRAMES and not self.read_paused and not self.transport.is_closing()
        return ready and self._parsed < len(self._unparsed)

    def parse(self, frames: int, size: int) -> tuple[int, int]:
        """Parse at most so many of the waiting frames and bytes; return the numbers parsed."""
        begin = self._parsed
        self._parsed, begun = self._heads.cut(self._unparsed, begin, frames, size)
        part = self._unparsed[begin : self._parsed]
        if not self._rate.take(begun, len(part), self.loop.time()):
            self._throw_out()
            return 0, 0
        if self._parsed == len(self._unparsed):
            self._unparsed, self._parsed = b"", 0
        super().data_received(part)
        if self.close_sent or self.transport.is_closing():
            self._read_nothing()
            self._bound_closing(CLOSE_SECONDS)
        self._regulate()
        return begun, len(part)

    def handle_connect(self, event: Request) -> None:
        """Leave early frames unread: the library would fail on them."""
        super().handle_connect(event)
        if not self.transport.is_closing():
            self.transport.pause_reading()

    async def receive(self) -> Any:
        """Return the next message; resume parsing with the last waiting one.

        ``arrived`` is the reading of ``time.perf_counter`` when its data came. If more came before it was
        taken, it is a later one.
        """
        message: Any = await super().receive()
        if message["type"] == "websocket.receive":
            message["arrived"] = self._arrived
        self._read_on()
        return message

    async def send(self, message: Any) -> None:
        """Send, and start reading once the handshake is answered.

        Raises ClientDisconnected (an OSError) if the connection was closed because of the client's data.
        """
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        kind = message["type"]
        if kind == "websocket.accept" and not self.transport.is_closing():
            allowance = message.get("allowance", FrameAllowance(FRAMES))
            self._rate = IntakeRate(allowance, self.loop.time())
            if allowance.frames:
                self._reading = Reading.FRAMES
                self._read_on()
        elif kind == "websocket.close" and self.close_sent:
            self._close_timer_is(CLOSE_SECONDS)
            rest = self._unparsed[self._parsed :]
            self._read_nothing()
            self._reading = Reading.TRAILING
            self._skip(rest)
            self._regulate()
        elif kind == "websocket.http.response.body":
            # A refusal also completes the handshake; uvicorn would log it as an error.
            self.handshake_complete = self.close_sent

    async def run_asgi(self) -> None:
        """Run the application. However it ends, the transport closes soon after."""
        await super().run_asgi()
        self._bound_closing(CLOSE_SECONDS)

    def keepalive_timeout(self) -> None:
        """Close a connection with a silent client, even if the close frame cannot be sent."""
        super().keepalive_timeout()
        if self.close_sent:
            self._read_nothing()
            self._bound_closing(CLOSE_SECONDS)

    def handle_cont(self, event: Frame) -> None:
        """Join fragments as they arrive, so that countless empty ones take no memory."""
        if not self._parts:
            self._parts += self.frames[0]
        self._parts += event.data
        if event.fin:
            self.frames = [bytes(self._parts)]
            self._parts.clear()
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is not UTF-8 closes with 1007 and is not logged as an error."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.BAD_UTF8, "Expected UTF-8.")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def _take_head(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            # The library drops some heads silently, such as one with a very long line.
            self.transport.write(UNREADABLE)
            self.transport.close()

    def _read_on(self) -> None:
        if self.has_more():
            self._turns.ask(self)
        self._regulate()

    def _regulate(self) -> None:
        """Keep reading only if nothing is left to parse, or to find the client's close frame."""
        if self.transport.is_closing():
            return
        waits = self.read_paused or self._parsed < len(self._unparsed)
        if self._reading is Reading.TRAILING or (self._reading is Reading.FRAMES and not waits):
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _skip(self, data: bytes) -> None:
        """Drop data in flight up to the client's close frame; stop reading if there is too much."""
        end, begun = self._heads.cut(data, 0, self._trailing_frames, self._trailing_bytes)
        self._trailing_frames -= begun
        self._trailing_bytes -= end
        if self._heads.closed:
            self._read_nothing()
            self.transport.close()
        elif end < len(data):
            self._hang_up()

    def _throw_out(self) -> None:
        """Close a flooding client with 4009."""
        code, reason = CloseCode.TOO_MANY_COMMANDS, "Too many frames."
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": int(code), "reason": reason})
        self._hang_up()

    def _hang_up(self) -> None:
        """Stop reading; give a client that still reads a moment for our close frame."""
        self._read_nothing()
        self._regulate()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._close_timer_is(ABORT_SECONDS)

    def _read_nothing(self) -> None:
        self._reading = Reading.ENDED
        self._unparsed, self._parsed = b"", 0

    def _bound_closing(self, seconds: float) -> None:
        if self.close_timer is None and not self.disconnected:
            self._close_timer_is(seconds)

    def _close_timer_is(self, seconds: float) -> None:
        """Abort in so many seconds; uvicorn's timer would wait for a client that does not read."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(seconds, self.transport.abort)
