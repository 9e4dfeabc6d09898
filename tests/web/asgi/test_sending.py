"""The short way to a socket over a real uvicorn: order, clients that do not read, nothing behind a close."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from protocol.records import View
from server.hub.channels.registry import Registry
from server.hub.channels.session import Phase, Session, Watcher
from server.hub.connections.connection import Connection
from server.hub.sight.sight import Sight
from server.hub.sockets import delivery
from server.hub.sockets.wire import Wire, frame_of, wire_of
from server.web.asgi import frames
from tests.fuzz.wire import CLOSE, PING, TEXT, connected, frame
from tests.fuzz.wire import Wire as Client
from tests.hub.connections.test_connection import ADMITTED, CHANNEL, SilentBus, answer, entry
from tests.web.asgi.test_frames import upgraded
from tests.web.served import GUARD_SECONDS, all_gone, serving

LARGE = 50_000
CLOSE_SECONDS = 0.5
"""How long a client that does not answer our close frame is waited for."""


class Hub:
    """An application whose clients watch one channel. ``wires`` are those of its sockets."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        bus: Any = SilentBus()
        log: Any = None
        self.registry = Registry(log, bus, tasks)
        self.session = Session(CHANNEL)
        self.session.open("e1", 0)
        self.wires: list[Wire] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a socket."""
        await receive()
        await send({"type": "websocket.accept"})
        wire = wire_of(scope)
        self.wires.append(wire)
        connection = Connection(ADMITTED, wire, self.registry, None, answer)  # type: ignore[arg-type]
        connection.say(b'{"type":"welcome"}')
        watcher = Watcher(CHANNEL, Sight(View.MANAGER), "e1", self.session.seq, connection)
        connection.attach(self.session, watcher, None)
        await connection.run(receive, send, 3600.0)

    def is_watched(self) -> bool:
        """Whether anybody is served."""
        return any(watcher.phase is Phase.LIVE for watcher in self.session.watchers)

    def tell(self, count: int = 1, size: int = 0) -> None:
        """Have events delivered when this turn of the loop ends, as a feed does."""
        for _ in range(count):
            self.session.receive(entry(self.session.seq + 1, size))
        self.registry.turn.has_events(self.session.deliver)


def story(message: Any) -> Any:
    """Return what a message is about: an event's seq, a reply's ref, else its type."""
    return message.get("seq", message.get("ref", message["type"])) if isinstance(message, dict) else message


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that has no event."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not holds():  # noqa: ASYNC110 - the transport has none
            await asyncio.sleep(0.005)


async def test_events_replies_and_pongs_share_a_socket() -> None:
    """What is written past the library and what it writes itself are whole frames, in order."""
    async with asyncio.TaskGroup() as tasks:
        hub = Hub(tasks)
        async with serving(hub) as (port, _), connected(port) as client:
            await upgraded(client)
            assert story(await client.next()) == "welcome"
            for turn in range(1, 40):
                hub.tell(turn % 3 + 1, size=turn * 997 % 9_000)
                await client.send(
                    frame(PING, b"?"), frame(TEXT, b'{"type":"ping","ref":%d}' % (10_000 + turn))
                )
            seen = [story(await client.next()) for _ in range(hub.session.seq + 39)]
            assert [each for each in seen if each < 10_000] == list(range(1, hub.session.seq + 1))
            assert [each for each in seen if each >= 10_000] == list(range(10_001, 10_040))
            await client.send(frame(CLOSE, b"\x03\xe8"))
            assert await client.closed() == 1000
            assert client.pongs == 39


async def test_a_client_that_pauses_misses_nothing() -> None:
    """While the client does not read, events wait in its outbox; then it has all of them, once, in order."""
    async with asyncio.TaskGroup() as tasks:
        hub = Hub(tasks)
        async with serving(hub) as (port, _), connected(port) as slow, connected(port) as quick:
            for client in (slow, quick):
                await upgraded(client)
                assert story(await client.next()) == "welcome"
            slow.writer.transport.pause_reading()
            lane = hub.wires[0].fast_lane
            while not lane.is_shut:
                hub.tell(size=LARGE)
                assert story(await quick.next()) == hub.session.seq
            for _ in range(5):
                hub.tell(size=LARGE)
                assert story(await quick.next()) == hub.session.seq
            assert not hub.wires[1].fast_lane.is_shut
            slow.writer.transport.resume_reading()
            seen = [story(await slow.next()) for _ in range(hub.session.seq)]
            assert seen == list(range(1, hub.session.seq + 1))
            await until(lambda: not lane.is_shut)


async def test_a_client_that_falls_behind_is_told() -> None:
    """Beyond a mebibyte in the outbox: events without a gap, then ``resync``, and the socket stays."""
    async with asyncio.TaskGroup() as tasks:
        hub = Hub(tasks)
        async with serving(hub) as (port, _), connected(port) as client:
            await upgraded(client)
            assert story(await client.next()) == "welcome"
            client.writer.transport.pause_reading()
            while hub.is_watched():
                hub.tell(size=LARGE)
                await asyncio.sleep(0)
            client.writer.transport.resume_reading()
            seen = [story(await client.next())]
            while seen[-1] != "resync":
                seen.append(story(await client.next()))
            assert seen[:-1] == list(range(1, len(seen)))
            await client.say('{"type":"ping","ref":7}')
            assert story(await client.next()) == 7


async def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is not taken in time ends the connection, and nobody else waits for it."""
    monkeypatch.setattr(delivery, "WRITE_SECONDS", 0.05)
    monkeypatch.setattr(frames, "CLOSE_SECONDS", CLOSE_SECONDS)
    async with asyncio.TaskGroup() as tasks:
        hub = Hub(tasks)
        async with serving(hub) as (port, server), connected(port) as client:
            await upgraded(client)
            client.writer.transport.pause_reading()
            await until(lambda: bool(hub.wires))
            while not hub.wires[0].fast_lane.is_shut:
                hub.tell(size=LARGE)
                await asyncio.sleep(0)
            hub.tell()
            await until(lambda: not hub.is_watched())
            await all_gone(server)


async def by_client(client: Client, server: Any) -> None:
    """The client closes."""
    await client.send(frame(CLOSE, b"\x03\xe8"))


async def by_breach(client: Client, server: Any) -> None:
    """The client breaks the protocol."""
    await client.send(frame(TEXT, b"{}", masked=False))


async def by_no_utf8(client: Client, server: Any) -> None:
    """The client sends what is no text."""
    await client.send(frame(TEXT, b"\xff"))


async def by_flood(client: Client, server: Any) -> None:
    """The client floods."""
    await client.send(frame(PING) * 5_000)


async def by_silence(client: Client, server: Any) -> None:
    """The client does not answer a ping."""
    for each in list(server.server_state.connections):
        each.keepalive_timeout()


async def by_end(client: Client, server: Any) -> None:
    """The server ends."""
    for each in list(server.server_state.connections):
        each.shutdown()


async def by_application(client: Client, server: Any) -> None:
    """The application closes: the client sent a binary frame."""
    await client.send(frame(2, b"x"))


async def by_hanging_up(client: Client, server: Any) -> None:
    """The client is gone."""
    client.writer.write_eof()


ENDINGS = (by_client, by_breach, by_no_utf8, by_flood, by_silence, by_end, by_application, by_hanging_up)


@pytest.mark.parametrize("ending", ENDINGS)
async def test_nothing_is_written_behind_a_close_frame(
    ending: Callable[[Client, Any], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a socket ends, its lane is shut with the close frame, under a steady flow of events."""
    monkeypatch.setattr(frames, "CLOSE_SECONDS", CLOSE_SECONDS)
    async with asyncio.TaskGroup() as tasks:
        hub = Hub(tasks)
        async with serving(hub) as (port, server), connected(port) as client:
            await upgraded(client)
            assert story(await client.next()) == "welcome"
            (wire,) = hub.wires
            ended = tasks.create_task(ending(client, server))

            def write() -> None:
                # Past the hub, as often as it is allowed at all.
                if not wire.fast_lane.is_shut and not wire.fast_lane.is_closing():
                    wire.fast_lane.write(frame_of([b'{"type":"x"}']))
                wire.write(frame_of([b'{"type":"y"}']))

            async with asyncio.timeout(GUARD_SECONDS):
                while wire.is_open:
                    write()
                    await asyncio.sleep(0)
            assert not wire.ready
            assert wire.fast_lane.is_shut or wire.fast_lane.is_closing()
            await ended
            for _ in range(20):
                write()
                await asyncio.sleep(0)
            data = await client.reader.read(-1) if ending is not by_hanging_up else b""
            await all_gone(server)
    assert frames_behind_close(data) == 0


def frames_behind_close(data: bytes) -> int:
    """Return how many bytes a server sent after its close frame; every frame before it must be whole."""
    at = 0
    while at < len(data):
        size, start = data[at + 1], at + 2
        if size >= 126:
            more = 2 if size == 126 else 8
            size, start = int.from_bytes(data[start : start + more]), start + more
        opcode, at = data[at] & 0x0F, start + size
        if opcode == TEXT:
            json.loads(data[start:at])
        if opcode == CLOSE:
            return len(data) - at
    return 0
