"""One WebSocket of the generator: the library's protocol without I/O, on an asyncio transport.

The library's own connection has a queue and a task for each socket, which a generator of thousands cannot
pay for; and this one can do what a generator must: break a connection with RST, and stop reading.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import Event
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from client.errors import Refused, Unreachable
from client.load.planning.plan import PlanError

SUBPROTOCOL: Final = Subprotocol("deal.v1")
MOST_FRAME_BYTES: Final = 4 * 1024 * 1024
OPEN_SECONDS: Final = 15.0
SMALL_BUFFER_BYTES: Final = 8 * 1024
ABNORMAL: Final = 1006
_NO_LINGER: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Target:
    """The server under load. ``http`` is its address for requests, ``ws`` that of its socket."""

    http: str
    ws: str
    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> "Target":
        """Return the target at ``url``: http, https, ws or wss. Raises PlanError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise PlanError("--url", f"an address such as https://deals.example; got {url!r}") from None
        if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname or parts.username:
            raise PlanError("--url", f"an address such as https://deals.example; got {url!r}")
        if parts.path not in {"", "/", "/ws"} or parts.query or parts.fragment:
            raise PlanError("--url", f"an address without a path; got {url!r}")
        tls = parts.scheme in {"https", "wss"}
        place = parts.netloc
        return cls(
            http=f"{'https' if tls else 'http'}://{place}",
            ws=f"{'wss' if tls else 'ws'}://{place}/ws",
            host=parts.hostname,
            port=port or (443 if tls else 80),
            tls=tls,
        )


class Line(Protocol):
    """An open connection, as a client of the generator uses it."""

    def send(self, message: bytes) -> None:
        """Send one text frame; nothing happens if the connection has ended."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read again."""

    def reset(self) -> None:
        """Break the connection with RST, as a network that is gone."""

    def close(self) -> None:
        """Close the connection in order."""


Hear = Callable[[bytes], None]
"""Takes a frame's text as it arrives."""
End = Callable[[int, str], None]
"""Takes the code and the reason with which the connection ended."""


class Connect(Protocol):
    """Opens connections. Raises Refused for an HTTP status, Unreachable if nobody answers."""

    async def __call__(self, token: str, hear: Hear, end: End, *, small_buffer: bool = False) -> Line:
        """Open one and return it."""


def connect_to(target: Target) -> Connect:
    """Return what opens connections to ``target``."""
    context = ssl.create_default_context() if target.tls else None

    async def connect(token: str, hear: Hear, end: End, *, small_buffer: bool = False) -> Line:
        loop = asyncio.get_running_loop()
        made = _socket_of(target) if small_buffer else None
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                if made is not None:
                    await loop.sock_connect(made, made_address(made, target))
                    _, wire = await loop.create_connection(
                        lambda: Wire(target, token, hear, end),
                        sock=made,
                        ssl=context,
                        server_hostname=target.host if context else None,
                    )
                else:
                    _, wire = await loop.create_connection(
                        lambda: Wire(target, token, hear, end), target.host, target.port, ssl=context
                    )
                await wire.opened
        except (OSError, TimeoutError) as error:
            if made is not None:
                made.close()
            raise Unreachable(target.ws, str(error) or "no answer in time") from None
        return wire

    return connect


def made_address(made: socket.socket, target: Target) -> tuple[str, int]:
    """Return the numeric address for a socket of its family, which a loop's ``sock_connect`` wants."""
    found = socket.getaddrinfo(target.host, target.port, made.family, socket.SOCK_STREAM)
    return cast("tuple[str, int]", found[0][4])


def _socket_of(target: Target) -> socket.socket:
    """Return a socket that takes little: a server notices soon that it is not read."""
    try:
        family = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise Unreachable(target.ws, str(error)) from None
    made = socket.socket(family, socket.SOCK_STREAM)
    # Before connecting: the window is agreed on then.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    made.setblocking(False)
    return made


class Wire(asyncio.Protocol):
    """A connection: ``opened`` is done once the handshake is."""

    def __init__(self, target: Target, token: str, hear: Hear, end: End) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._url = target.ws
        self._token = token
        self._hear, self._end = hear, end
        self._protocol = ClientProtocol(
            parse_uri(target.ws), subprotocols=[SUBPROTOCOL], max_size=MOST_FRAME_BYTES
        )
        self._transport: asyncio.Transport
        self._parts: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {self._token}"
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Hand over every frame that is whole."""
        self._protocol.receive_data(data)
        self._take(self._protocol.events_received())

    def eof_received(self) -> None:
        """Take the end of the stream."""
        self._protocol.receive_eof()
        self._take(self._protocol.events_received())

    def connection_lost(self, exc: Exception | None) -> None:
        """Say how it ended."""
        if not self.opened.done():
            self.opened.set_exception(Unreachable(self._url, "the server hung up during the handshake"))
            self.opened.exception()  # whoever opened it may have given up
            return
        received = self._protocol.close_rcvd
        self._end(
            received.code if received else ABNORMAL, received.reason if received else str(exc or "broken")
        )

    def send(self, message: bytes) -> None:
        """Send one text frame."""
        if not self._transport.is_closing():
            self._protocol.send_text(message)
            self._flush()

    def pause(self) -> None:
        """Stop reading."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def reset(self) -> None:
        """Break the connection with RST."""
        made = self._transport.get_extra_info("socket")
        if made is not None:
            with contextlib.suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def close(self) -> None:
        """Close in order; the server's answer is not waited for."""
        if not self._transport.is_closing():
            with contextlib.suppress(Exception):
                self._protocol.send_close(1000)
                self._flush()
            self._transport.close()

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Response) and not self.opened.done():
                self._handshake(event)
        self._flush()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._hear(bytes(frame.data))
        elif frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                parts, self._parts = self._parts, []
                self._hear(b"".join(parts))

    def _handshake(self, response: Response) -> None:
        fault = self._protocol.handshake_exc
        if fault is None:
            self.opened.set_result(None)
            return
        if isinstance(fault, InvalidStatus):
            self.opened.set_exception(Refused(response.status_code))
        else:
            self.opened.set_exception(Unreachable(self._url, str(fault)))
        self._transport.abort()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
