"""uvicorn's WebSocket protocol, bounded where a hostile client could make it grow or fail."""

from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from protocol.closing import CloseCode

UNREADABLE: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Reads nothing before the handshake is answered, keeps parts as bytes, owes one answer to pings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owed_pongs = b""
        self._parts = bytearray()

    def data_received(self, data: bytes) -> None:
        """Refuse a head that the library gives up without a word, such as one with a very long line."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Leave frames that come before the answer unread: the library would fail on them."""
        super().handle_connect(event)
        if not self.transport.is_closing():
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        """Send, and begin to read as soon as the handshake is answered.

        Raises ClientDisconnected (an OSError) where the connection was closed for what the client sent.
        """
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.accept" and not self.transport.is_closing():
            self.transport.resume_reading()
        elif message["type"] == "websocket.http.response.body":
            # A refusal completes the handshake too; uvicorn would log it as a fault.
            self.handshake_complete = self.close_sent

    def handle_cont(self, event: Frame) -> None:
        """Join parts as they come: countless empty ones take no room."""
        if not self._parts:
            self._parts += self.frames[0]
        self._parts += event.data
        if event.fin:
            self.frames = [bytes(self._parts)]
            self._parts.clear()
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is no UTF-8 closes with 1007 and is no fault of ours to log."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.BAD_UTF8, "Expected UTF-8.")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Answer, or keep the latest answer for a client that does not read."""
        answers = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(answers)
        elif answers:
            self._owed_pongs = answers

    def resume_writing(self) -> None:
        """Go on writing, the pongs that are owed first."""
        owed, self._owed_pongs = self._owed_pongs, b""
        if owed and not self.close_sent:
            self.transport.write(owed)
        super().resume_writing()
