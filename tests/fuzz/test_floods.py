"""Frames that are no commands: each counts, with a credential or without one, and the connection ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.hub.sockets.limits import FRAMES, REFUSAL_SECONDS, REFUSALS
from tests.fuzz.wire import (
    CONTINUATION,
    GUARD_SECONDS,
    PING,
    PONG,
    TEXT,
    Target,
    Wire,
    connected,
    frame,
    opened,
    read_head,
)

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

MANY = 100_000
PING_COMMAND = b'{"type":"ping","ref":1}'

FLOODS = [
    pytest.param(frame(TEXT) * MANY, id="empty text"),
    pytest.param(frame(TEXT, b"\n") * MANY, id="newlines"),
    pytest.param(frame(TEXT, b"\n" * 65_536) * 20, id="frames of newlines"),
    pytest.param(frame(TEXT, b" \t\r") * MANY, id="white space"),
    pytest.param(frame(PING) * MANY, id="pings"),
    pytest.param(frame(PING, b"x" * 125) * 20_000, id="long pings"),
    pytest.param(frame(PONG) * MANY, id="pongs"),
    pytest.param(frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * MANY, id="empty parts"),
    pytest.param((frame(PING) * 20 + frame(TEXT, b"\n")) * 5_000, id="a mixture"),
    pytest.param(frame(TEXT, PING_COMMAND + b" " * 65_000) * 200, id="large commands"),
]


async def flood(wire: Wire, data: bytes) -> int:
    """Send everything whatever the server says, and return its close code."""
    sending = asyncio.create_task(wire.send(data))
    code = await wire.closed()
    async with asyncio.timeout(GUARD_SECONDS):
        await sending
    return code


@asynccontextmanager
async def signed_out(target: Target) -> AsyncIterator[Wire]:
    """Ask for a socket as a page does that is signed out."""
    own = f"Origin: http://127.0.0.1:{target.port}"
    async with connected(target.port) as wire:
        await wire.send(
            target.handshake().replace(f"Authorization: Bearer {target.token}".encode(), own.encode())
        )
        yield wire


async def closed(wire: Wire) -> int:
    """Read the answer to the handshake, then the close code."""
    assert (await read_head(wire)).startswith(b"HTTP/1.1 101 ")
    return await wire.closed()


@pytest.mark.parametrize("data", FLOODS)
async def test_every_frame_counts(target: Target, data: bytes) -> None:
    """Whoever floods is closed with 4009, and another's connection goes on meanwhile."""
    async with opened(target) as other, opened(target) as wire:
        flooding = asyncio.create_task(flood(wire, data))
        while not flooding.done():
            assert await other.works()
            await asyncio.sleep(0.25)
        assert flooding.result() == 4009


@pytest.mark.parametrize("data", FLOODS)
async def test_who_is_signed_out_is_not_heard(target: Target, data: bytes) -> None:
    """A page without a session is told 4001, whatever it goes on sending."""
    async with signed_out(target) as wire:
        assert (await read_head(wire)).startswith(b"HTTP/1.1 101 ")
        assert await flood(wire, data) == 4001


async def test_a_client_that_keeps_the_limits(target: Target) -> None:
    """As many frames as a client may send, commands, parts and pings, are answered to the last."""
    async with opened(target) as wire:
        parts = [frame(TEXT, PING_COMMAND[:1], fin=False)]
        parts += [frame(CONTINUATION, bytes([byte]), fin=False) for byte in PING_COMMAND[1:]]
        parts.append(frame(CONTINUATION))
        pings = FRAMES - 2 * len(parts) - 10
        await wire.send(*parts, frame(PING, b"?") * pings)
        assert not isinstance(await wire.answer(1), int)
        assert await wire.works()
        assert wire.pongs == pings
        await wire.send(*parts)
        assert not isinstance(await wire.answer(1), int)


async def test_refusals_are_slow_when_there_are_many(target: Target) -> None:
    """Who asks again and again is answered later each time; who has a credential comes in at once."""
    clock = asyncio.get_running_loop()

    async def refused() -> int:
        async with signed_out(target) as wire:
            return await closed(wire)

    assert set(await asyncio.gather(*(refused() for _ in range(REFUSALS)))) == {4001}
    began = clock.time()
    async with signed_out(target) as wire:
        async with opened(target) as other:
            assert await other.works()
        assert await closed(wire) == 4001
    assert clock.time() - began >= REFUSAL_SECONDS
