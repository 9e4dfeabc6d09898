"""A socket without a network, for tests of the hub: what was sent is decoded again."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from server.hub.sockets.wire import FastLane

GUARD_SECONDS = 60.0


def texts_in(data: bytes) -> list[str]:
    """Return the texts of the frames that a server sent, as a client of the websockets library reads them."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN, max_size=None)
    client.receive_data(data)
    assert client.parser_exc is None
    events = client.events_received()
    assert all(isinstance(event, Frame) and event.opcode is Opcode.TEXT and event.fin for event in events)
    assert not client.data_to_send()
    return [bytes(event.data).decode() for event in events if isinstance(event, Frame)]


class Wire:
    """Both ends of a socket. While ``is_reading``, the client takes what is sent."""

    def __init__(self) -> None:
        self.inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.is_open = True
        self._has_queue = False
        self.is_reading = True
        self._may_close = asyncio.Event()
        self._may_close.set()
        self._look: Callable[[], None] | None = None
        self.fast_lane = FastLane(self.write, lambda: not self.is_open)

    @property
    def ready(self) -> bool:
        return self.is_open and self.is_reading

    def write(self, frame: bytes) -> None:
        if self.ready:
            for text in texts_in(frame):
                self.outbound.put_nowait({"type": "websocket.send", "text": text})

    @property
    def has_queue(self) -> bool:
        return self._has_queue

    @has_queue.setter
    def has_queue(self, waits: bool) -> None:
        self._has_queue = waits
        self._shut_or_open()

    def _shut_or_open(self) -> None:
        self.fast_lane.is_shut = self._has_queue or not self.ready

    def on_change(self, look: Callable[[], None] | None) -> None:
        self._look = look

    def hold_back(self) -> None:
        """Let the client read no more."""
        self.is_reading = False
        self._shut_or_open()
        self._may_close.clear()

    def go_on(self) -> None:
        """Let the client read."""
        self.is_reading = True
        self._shut_or_open()
        self._may_close.set()
        if self._look is not None:
            self._look()

    def break_off(self) -> None:
        """Lose the connection."""
        self.is_open = False
        self._may_close.set()
        if self._look is not None:
            self._look()

    async def receive(self) -> dict[str, Any]:
        return await self.inbound.get()

    async def send(self, message: dict[str, Any]) -> None:
        await self._may_close.wait()
        if not self.is_open:
            raise ConnectionResetError
        self.is_open = False
        self.outbound.put_nowait(message)

    def say(self, **message: Any) -> None:
        """Send to the server."""
        self.inbound.put_nowait({"type": "websocket.receive", **message})

    async def frame(self) -> dict[str, Any]:
        """Return what the server sent next."""
        async with asyncio.timeout(GUARD_SECONDS):
            return await self.outbound.get()

    async def messages(self, count: int) -> list[Any]:
        """Return the next ``count`` messages, which must end with a frame."""
        found: list[Any] = []
        while len(found) < count:
            found += [json.loads(line) for line in (await self.frame())["text"].split("\n")]
        assert len(found) == count
        return found
