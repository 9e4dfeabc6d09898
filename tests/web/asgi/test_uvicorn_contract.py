"""What we rely on inside uvicorn and websockets. After an upgrade, this says what changed and where to look.

A digest is of the source of one method that we override, call, or whose effects our code repeats. Where it
differs, read the method anew beside ``server/web/asgi``, then write the new digest down.
"""

import asyncio
import hashlib
import inspect
import tomllib
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Opcode
from websockets.protocol import CLOSING, OPEN
from websockets.server import ServerProtocol

from server.web.asgi.passing import PassableWebSocket
from tests.fuzz.wire import CLOSE, PING, TEXT, frame
from tests.services import ROOT
from tests.web.asgi.test_frames import UPGRADE

READ: dict[type, dict[str, str]] = {
    WebSocketsSansIOProtocol: {
        "__init__": "631dcd744eab",
        "connection_made": "f533ec93747c",
        "connection_lost": "dd116afc4d80",
        "pause_writing": "4830f7e0d81f",
        "resume_writing": "ef79384e5fff",
        "shutdown": "e8ace796ada6",
        "data_received": "c89d394077d8",
        "handle_events": "b2c9351a5d13",
        "handle_connect": "fc648c2161ff",
        "handle_cont": "d96fe1479da6",
        "send_receive_event_to_app": "a2b10de91477",
        "handle_ping": "41bcf345d372",
        "stop_keepalive": "bbb91b997b37",
        "send_keepalive_ping": "02da3945b3e6",
        "keepalive_timeout": "8e1ceb6ec446",
        "handle_close": "62fd412b1f5b",
        "handle_parser_exception": "ff5cf13c764f",
        "run_asgi": "662375aa38d9",
        "send": "d4919ed760ce",
        "receive": "1dc0e7153900",
    },
    H11Protocol: {
        "__init__": "ad1ed8e837b2",
        "connection_made": "6efb565ff3d3",
        "connection_lost": "dbb688fa2b38",
        "data_received": "e03b145518ca",
        "handle_websocket_upgrade": "6f42a029e35a",
        "send_400_response": "56937b748fc5",
        "on_response_complete": "1fbb8f48c6a1",
    },
    uvicorn.Server: {
        "startup": "2aa1d70a244b",
        "shutdown": "9b33c5056299",
        "handle_exit": "553276efa26e",
        "capture_signals": "e1bbcd4770d1",
    },
}

HELD = {
    "app_state": dict,
    "close_sent": bool,
    "close_timer": type(None),
    "conn": ServerProtocol,
    "connections": set,
    "disconnected": bool,
    "frames": list,
    "handshake_complete": bool,
    "handshake_initiated": bool,
    "loop": asyncio.AbstractEventLoop,
    "queue": asyncio.Queue,
    "read_paused": bool,
    "writable": asyncio.Event,
}
"""What a new protocol holds, by the name and the type under which our code uses it."""


def digest(method: Any) -> str:
    """Return a short digest of a method's source; "gone" where there is none."""
    return "gone" if method is None else hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:12]


class Transport(asyncio.Transport):
    """Takes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closing = False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def opened(kind: type[WebSocketsSansIOProtocol], **options: Any) -> tuple[Any, Transport]:
    """Return a protocol of uvicorn's that nobody has connected to yet, and its transport."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()

    config = uvicorn.Config(app, ws=kind, log_config=None, ws_ping_interval=None, **options)
    config.load()
    protocol, transport = kind(config=config, server_state=ServerState(), app_state={}), Transport()
    protocol.connection_made(transport)
    return protocol, transport


async def accepted(kind: type[WebSocketsSansIOProtocol]) -> tuple[Any, Transport]:
    """Return a protocol whose handshake is done."""
    protocol, transport = opened(kind, ws_per_message_deflate=False)
    protocol.data_received(UPGRADE)
    while not protocol.handshake_complete:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
    transport.written.clear()
    return protocol, transport


def ended(protocol: Any) -> None:
    """End the application of a protocol."""
    for task in protocol.tasks:
        task.cancel()


def test_the_methods_are_those_that_were_read() -> None:
    """Each method of uvicorn's that our classes override or rely on is word for word as it was."""
    found = {kind: {name: digest(getattr(kind, name, None)) for name in READ[kind]} for kind in READ}
    changed = [
        f"{kind.__name__}.{name} is now {found[kind][name]}"
        for kind, names in READ.items()
        for name in names
        if found[kind][name] != names[name]
    ]
    assert not changed, f"uvicorn {uvicorn.__version__}, read these and record them: {'; '.join(changed)}"


def test_the_version_is_bounded_above() -> None:
    """An upgrade is somebody's decision."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounded = {name.split(">=")[0]: "<" in name for name in project["dependencies"]}
    assert bounded["uvicorn"] and bounded["websockets"]


async def test_a_protocol_holds_what_we_use() -> None:
    """The attributes by which our code reads and steers uvicorn have these names and types."""
    protocol, _ = opened(WebSocketsSansIOProtocol, ws_per_message_deflate=False)
    for name, kind in HELD.items():
        assert isinstance(getattr(protocol, name, None), kind), (
            f"uvicorn's protocol: `{name}` is no {kind.__name__}"
        )
    assert protocol.writable.is_set(), "a new connection is writable"


async def test_deflate_is_refused() -> None:
    """A frame that is made once for all is only right where no extension changes frames."""
    with pytest.raises(RuntimeError, match="deflate"):
        opened(PassableWebSocket, ws_per_message_deflate=True)


async def test_what_websockets_knows_of_what_was_sent() -> None:
    """Frames that are written past the library change nothing for it: it answers pings and closes as ever."""
    protocol, transport = await accepted(PassableWebSocket)
    assert protocol.conn.state is OPEN, "websockets: accepted, and yet not OPEN"
    assert protocol.conn.extensions == [], "websockets: an extension without deflate"
    protocol.write(b"\x81\x02{}")
    protocol.data_received(frame(PING, b"?"))
    assert bytes(transport.written) == b"\x81\x02{}\x8a\x01?", "websockets: an answer to a ping is held back"
    protocol.data_received(frame(CLOSE, b"\x03\xe8"))
    assert transport.written.endswith(b"\x88\x02\x03\xe8"), (
        "websockets: a close frame is not answered at once"
    )
    assert protocol.conn.state is not OPEN
    assert transport.closing, "uvicorn: the transport is not closed with the answer to a close frame"
    ended(protocol)


@pytest.mark.parametrize("data", [frame(TEXT, b"x", masked=False), frame(TEXT, b"x", reserved=1)])
async def test_a_breach_shuts_the_lane(data: bytes) -> None:
    """Whenever uvicorn sends a close frame by itself, it says so by ``close_sent`` in the same call."""
    protocol, transport = await accepted(PassableWebSocket)
    lane = protocol.fast_lane
    protocol.data_received(data)
    assert transport.written[0] & 0x0F == Opcode.CLOSE
    assert lane.is_shut, "uvicorn: a close frame is out, and `close_sent` was not set"
    assert not protocol.is_open
    ended(protocol)


async def test_a_close_of_ours_shuts_the_lane() -> None:
    """The application's own close too; the library is then CLOSING."""
    protocol, _ = await accepted(PassableWebSocket)
    lane = protocol.fast_lane
    await protocol.send({"type": "websocket.close", "code": 4008})
    assert (lane.is_shut, protocol.conn.state) == (True, CLOSING)
    protocol.close_timer.cancel()
    ended(protocol)


async def test_the_lane_follows_flow_control() -> None:
    """``pause_writing`` shuts it, ``resume_writing`` opens it and tells who waits; so does ``has_queue``."""
    protocol, _ = await accepted(PassableWebSocket)
    told: list[bool] = []
    lane = protocol.fast_lane
    protocol.on_change(lambda: told.append(lane.is_shut))
    protocol.pause_writing()
    assert lane.is_shut and not protocol.ready and not protocol.writable.is_set()
    protocol.resume_writing()
    assert told == [False] and protocol.ready and protocol.writable.is_set()
    protocol.has_queue = True
    assert lane.is_shut and protocol.ready
    protocol.has_queue = False
    assert not lane.is_shut
    ended(protocol)
