"""uvicorn's WebSocket protocol for the hub, which writes finished frames straight to the transport.

The websockets library does not see those frames. That is safe: of sent data it tracks only the close frame
and unfinished fragments. We never send fragments, and we write nothing after a close frame.
"""

from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import OPEN

from server.hub.sockets.wire import EXTENSION, FastLane


class WireWebSocket(WebSocketsSansIOProtocol):
    """A protocol that is also its socket's ``Wire``; the application gets it in the scope."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lane: FastLane | None = None
        self._has_queue = self._is_held_back = self._close_sent = False
        self._look: Callable[[], None] | None = None
        self._owed_pongs = b""
        super().__init__(*args, **kwargs)
        if self.conn.available_extensions:
            raise RuntimeError("One frame serves many sockets: no extension may change it. Keep deflate off.")

    @property
    def is_open(self) -> bool:
        """Whether data can still be sent."""
        return self.conn.state is OPEN and not self.transport.is_closing()

    @property
    def ready(self) -> bool:
        """Whether a write is accepted now: the socket is open, and the client keeps up."""
        return not self._is_held_back and self.is_open

    def write(self, frame: bytes) -> None:
        """Send a finished frame, if ``ready``."""
        if self.ready:
            self.transport.write(frame)

    @property
    def fast_lane(self) -> FastLane:
        """The direct write for callers that have checked that it is open."""
        if self._lane is None:
            self._lane = FastLane(self.transport.write, self.transport.is_closing)
            self._shut_or_open()
        return self._lane

    @property
    def has_queue(self) -> bool:
        """Whether data waits that must be written first."""
        return self._has_queue

    @has_queue.setter
    def has_queue(self, waits: bool) -> None:
        self._has_queue = waits
        self._shut_or_open()

    @property
    def close_sent(self) -> bool:
        """Whether a close frame was sent, which uvicorn records in several places."""
        return self._close_sent

    @close_sent.setter
    def close_sent(self, sent: bool) -> None:
        self._close_sent = sent
        self._shut_or_open()

    def _shut_or_open(self) -> None:
        if self._lane is not None:
            self._lane.is_shut = self._has_queue or self._is_held_back or self._close_sent

    def on_change(self, look: Callable[[], None] | None) -> None:
        """Call ``look`` when the client has caught up, and when the connection is lost."""
        self._look = look

    def handle_connect(self, event: Request) -> None:
        """Hand the wire to the application."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        """Send, and free the handshake's state, which would otherwise live as long as the socket."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            del self.request, self.response
            self.scope["headers"] = []

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake waiting writers."""
        super().connection_lost(exc)
        if self._look is not None:
            self._look()

    def handle_ping(self) -> None:
        """Answer, or keep the latest answer for a client that does not read."""
        answers = b"".join(self.conn.data_to_send())
        if answers and self.writable.is_set():
            self.transport.write(answers)
        elif answers:
            self._owed_pongs = answers

    def resume_writing(self) -> None:
        """Resume writing, with pending pongs first."""
        self._is_held_back = False
        self._shut_or_open()
        owed, self._owed_pongs = self._owed_pongs, b""
        if owed and not self.close_sent:
            self.transport.write(owed)
        super().resume_writing()
        if self._look is not None:
            self._look()

    def pause_writing(self) -> None:
        """Accept no more frames until the client has caught up."""
        self._is_held_back = True
        self._shut_or_open()
        super().pause_writing()
