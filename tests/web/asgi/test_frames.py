"""What the WebSocket protocol of uvicorn does in our hands: bounded work, and closes that come to an end.

These tests also say what we rely on in uvicorn and websockets.
"""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect

from server.hub.sockets.limits import COMMANDS, FLOOD_FACTOR, FRAMES, NOTHING, FrameAllowance
from server.web.asgi import frames as protocol
from server.web.asgi.intake import FRAMES_AT_ONCE, FRAMES_PER_TURN
from tests.fuzz.wire import CLOSE, CONTINUATION, PING, PONG, TEXT, Wire, connected, frame, read_head
from tests.fuzz.wire import request as head_of
from tests.web.served import GUARD_SECONDS, Parsed, all_gone, at_once, parsed, serving

__all__ = ["at_once", "parsed"]

MANY = 100_000
UPGRADE = head_of(
    "GET",
    "/",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Send back what comes."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def listen(scope: Any, receive: Any, send: Any) -> None:
    """Take what comes and say nothing."""
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        pass


async def turn_away(scope: Any, receive: Any, send: Any) -> None:
    """Accept only to close, as a page that is signed out is told."""
    await receive()
    await send({"type": "websocket.accept", "allowance": NOTHING})
    await send({"type": "websocket.close", "code": 4001, "reason": "Please sign in."})


async def close_soon(scope: Any, receive: Any, send: Any) -> None:
    """Close with the first message, whatever comes behind it."""
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    await send({"type": "websocket.close", "code": 4000})


async def upgraded(wire: Wire) -> None:
    """Open the WebSocket."""
    await wire.send(UPGRADE)
    assert (await read_head(wire)).startswith(b"HTTP/1.1 101 ")


async def flood(port: int, *data: bytes) -> int:
    """Send everything whatever the server says, and return its close code."""
    async with connected(port) as wire:
        await upgraded(wire)
        sending = asyncio.create_task(wire.send(*data))
        code = await wire.closed()
        await sending
        return code


FLOODS = [
    pytest.param(b"", frame(TEXT), id="empty text"),
    pytest.param(b"", frame(PING), id="pings"),
    pytest.param(b"", frame(PONG), id="pongs"),
    pytest.param(frame(TEXT, b"x", fin=False), frame(CONTINUATION, fin=False), id="empty parts"),
]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("first", "then"), FLOODS)
async def test_a_flood_is_cut_off(parsed: Parsed, first: bytes, then: bytes) -> None:
    """Six clients that flood: each gets 4009, after a bounded number of frames, few of them in one turn."""
    async with serving(listen) as (port, server), asyncio.timeout(GUARD_SECONDS):
        codes = await asyncio.gather(*(flood(port, first, then * MANY) for _ in range(6)))
        await all_gone(server)
    assert codes == [4009] * 6
    # Six allowances, and what lies in hand as each is over.
    assert FRAMES < parsed.frames < 6 * FRAMES * 2
    assert max(parsed.by_turn.values()) <= FRAMES_PER_TURN
    assert parsed.after_close == 0


async def test_few_frames_in_a_turn(parsed: Parsed) -> None:
    """One client that sends as much as it may is parsed over many turns, and stays."""
    async with serving(echo) as (port, _), connected(port) as wire:
        await upgraded(wire)
        await wire.send(frame(PING) * (FRAMES - 1), frame(TEXT, b'{"type":"last"}'))
        assert await wire.next() == {"type": "last"}
    assert parsed.frames == FRAMES
    assert max(parsed.by_turn.values()) <= FRAMES_PER_TURN


@pytest.mark.usefixtures("at_once")
async def test_bytes_count_too(parsed: Parsed) -> None:
    """Large frames that the application takes at once are a flood as well."""
    largest = frame(TEXT, b" " * 65_536)
    async with serving(listen) as (port, server), asyncio.timeout(GUARD_SECONDS):
        assert await flood(port, *[largest] * 400) == 4009
        await all_gone(server)
    # How the kernel cuts what was sent decides whether the last one is whole when it is too much.
    assert COMMANDS * FLOOD_FACTOR - 1 <= parsed.frames <= COMMANDS * FLOOD_FACTOR


async def test_who_is_turned_away_is_not_parsed(parsed: Parsed) -> None:
    """Accepted only to be closed: the code comes, no frame is parsed, and the connection is gone soon."""
    async with serving(turn_away) as (port, server), asyncio.timeout(GUARD_SECONDS):
        assert await flood(port, frame(TEXT) * MANY) == 4001
        await all_gone(server)
    assert parsed.frames == 0


async def test_nothing_is_parsed_behind_our_close(parsed: Parsed) -> None:
    """A close of the application ends the parsing, whatever is there already."""
    async with serving(close_soon) as (port, server), asyncio.timeout(GUARD_SECONDS):
        assert await flood(port, frame(TEXT, b"{}") * MANY) == 4000
        await all_gone(server)
    assert parsed.after_close == 0
    assert parsed.frames <= FRAMES_AT_ONCE


async def test_an_application_that_is_slow_is_not_overrun(parsed: Parsed) -> None:
    """No more is parsed than the application takes: what it has not taken waits unread."""
    go_on = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await go_on.wait()
        while (await receive())["type"] == "websocket.receive":
            pass

    async with serving(slow) as (port, _), connected(port) as wire:
        await upgraded(wire)
        await wire.send(frame(TEXT) * 1_000)
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert parsed.frames <= 2 * FRAMES_AT_ONCE
        go_on.set()
        async with asyncio.timeout(GUARD_SECONDS):
            while parsed.frames < 1_000:  # noqa: ASYNC110 - the parser has no event
                await asyncio.sleep(0.01)


async def test_messages_stay_whole_and_in_order() -> None:
    """However frames and writes are cut, the application gets the messages, and a close behind them."""
    texts = [str(number) * (number * 37 % 500) for number in range(300)]
    stream = bytearray()
    for number, text in enumerate(texts):
        parts = [text[:7].encode(), text[7:100].encode(), text[100:].encode()]
        stream += frame(TEXT, parts[0], fin=False) + frame(PING, str(number).encode())
        stream += frame(CONTINUATION, parts[1], fin=False) + frame(CONTINUATION, parts[2])
    stream += frame(CLOSE, b"\x03\xe8")
    heard: list[str] = []
    over = asyncio.Event()

    async def write_down(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["text"])
        assert message == {"type": "websocket.disconnect", "code": 1000, "reason": ""}
        over.set()

    async with serving(write_down) as (port, _), connected(port) as wire:
        await upgraded(wire)
        for at in range(0, len(stream), 1_013):
            await wire.send(bytes(stream[at : at + 1_013]))
            await asyncio.sleep(0)
        assert await wire.closed() == 1000
        async with asyncio.timeout(GUARD_SECONDS):
            await over.wait()
        assert wire.pongs == len(texts)
    assert heard == texts


async def test_the_closing_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that answers our close frame is let go at once, also behind commands that were under way."""
    monkeypatch.setattr(protocol, "CLOSE_SECONDS", GUARD_SECONDS)
    monkeypatch.setattr(protocol, "ABORT_SECONDS", GUARD_SECONDS)
    for under_way in (0, 20):
        async with serving(close_soon) as (port, server), connected(port) as wire:
            await upgraded(wire)
            await wire.send(frame(TEXT, b"{}") * (1 + under_way))
            assert await wire.closed() == 4000
            await wire.send(frame(TEXT, b"{}") * under_way)
            answer = frame(CLOSE, b"\x0f\xa0")
            await wire.send(answer[:3])
            await asyncio.sleep(0.01)
            assert server.server_state.connections
            await wire.send(answer[3:])
            async with asyncio.timeout(GUARD_SECONDS / 2):
                assert await wire.reader.read(-1) == b""
                await all_gone(server)


@pytest.mark.parametrize("app", [turn_away, close_soon])
async def test_an_ordinary_client_hears_why(app: Any) -> None:
    """A client of the websockets library ends its handshake with our code."""
    async with serving(app) as (port, server):
        async with connect(f"ws://127.0.0.1:{port}/") as client, asyncio.timeout(GUARD_SECONDS):
            if app is close_soon:
                await client.send("{}")
            await client.wait_closed()
            assert client.close_code in {4000, 4001}
            assert client.protocol.close_rcvd_then_sent
        await all_gone(server)


@pytest.mark.parametrize("app", [turn_away, close_soon, listen, echo])
async def test_who_neither_reads_nor_answers_is_gone_soon(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a connection comes to its end, it has one, without a word of the client."""
    monkeypatch.setattr(protocol, "CLOSE_SECONDS", 0.1)
    monkeypatch.setattr(protocol, "ABORT_SECONDS", 0.1)
    async with serving(app) as (port, server), connected(port) as wire:
        await upgraded(wire)
        wire.writer.transport.pause_reading()
        many = frame(TEXT, b"x" * 60_000) if app is echo else frame(TEXT, b"{}")
        wire.writer.write(many * (400 if app is echo else 1 + 2 * FRAMES * (app is listen)))
        if app is echo:
            # The application waits until it may write; only the client's close, or its silence, would end it.
            await asyncio.sleep(0.2)
            for each in list(server.server_state.connections):
                each.keepalive_timeout()
        await all_gone(server)


async def test_an_allowance_is_the_applications() -> None:
    """What is stated with the acceptance holds from there on."""

    async def generous(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "allowance": FrameAllowance(3 * FRAMES)})
        while (await receive())["type"] == "websocket.receive":
            pass

    async with serving(generous) as (port, _), connected(port) as wire:
        await upgraded(wire)
        await wire.send(frame(PING) * 2 * FRAMES, frame(CLOSE, b"\x03\xe8"))
        assert await wire.closed() == 1000
