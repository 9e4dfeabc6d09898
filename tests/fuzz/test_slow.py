"""Clients that dribble: the server gives them up within its limits and serves the others meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.fuzz.short_limits import PING_SECONDS, REQUEST_SECONDS
from tests.fuzz.wire import (
    CONTINUATION,
    GUARD_SECONDS,
    TEXT,
    Target,
    Wire,
    connected,
    frame,
    opened,
    read_head,
    request,
)

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

CLIENTS = 50
DRIBBLE_SECONDS = 0.2


async def bytes_of(data: bytes) -> AsyncIterator[bytes]:
    """Yield one byte after the other, slowly, without end; nothing at all where there are none."""
    while True:
        for place in range(len(data)):
            yield data[place : place + 1]
            await asyncio.sleep(DRIBBLE_SECONDS)
        await asyncio.sleep(DRIBBLE_SECONDS)


async def dribble(wire: Wire, data: bytes) -> None:
    """Send bytes slowly until the server hangs up."""
    async with asyncio.timeout(GUARD_SECONDS + 2 * PING_SECONDS + REQUEST_SECONDS):
        hung_up = asyncio.create_task(wire.reader.read(-1))
        sending = asyncio.create_task(keep_sending(wire, data))
        try:
            await asyncio.wait({hung_up})
            hung_up.exception()
        finally:
            sending.cancel()
            await asyncio.wait({sending})


async def keep_sending(wire: Wire, data: bytes) -> None:
    """Send one byte after the other."""
    async for part in bytes_of(data):
        await wire.send(part)


async def header_by_byte(wire: Wire, target: Target) -> None:
    """Send a header that never ends."""
    await wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    await dribble(wire, b"x")


async def half_a_request(wire: Wire, target: Target) -> None:
    """Send half a request and fall silent."""
    await wire.send(b"GET / HT")
    await dribble(wire, b"")


async def nothing(wire: Wire, target: Target) -> None:
    """Send nothing at all."""
    await dribble(wire, b"")


async def body_by_byte(wire: Wire, target: Target) -> None:
    """Send a body that would last for hours."""
    head = request(
        "POST",
        "/api/deals",
        "Host: localhost",
        f"Authorization: Bearer {target.token}",
        "Content-Length: 60000",
    )
    await wire.send(head)
    await dribble(wire, b" ")


async def body_that_nobody_reads(wire: Wire, target: Target) -> None:
    """Send a body after the answer has come."""
    await wire.send(request("POST", "/nowhere", "Host: localhost", "Content-Length: 60000"))
    await dribble(wire, b" ")


async def half_a_handshake(wire: Wire, target: Target) -> None:
    """Begin to ask for a socket."""
    await wire.send(target.handshake()[:-2])
    await dribble(wire, b"X: y\r\n")


async def frame_by_byte(wire: Wire, target: Target) -> None:
    """Open a socket and send a frame that would last for hours."""
    await wire.send(target.handshake())
    assert (await read_head(wire)).startswith(b"HTTP/1.1 101 ")
    await wire.send(frame(TEXT, claims=60_000))
    await dribble(wire, b"x")


async def parts_by_byte(wire: Wire, target: Target) -> None:
    """Open a socket and send parts of a message that would last for hours, and no pong."""
    await wire.send(target.handshake())
    assert (await read_head(wire)).startswith(b"HTTP/1.1 101 ")
    await wire.send(frame(TEXT, b'"', fin=False))
    await dribble(wire, frame(CONTINUATION, b"x", fin=False))


SLOW: tuple[Callable[[Wire, Target], Awaitable[None]], ...] = (
    header_by_byte,
    half_a_request,
    nothing,
    body_by_byte,
    body_that_nobody_reads,
    half_a_handshake,
    frame_by_byte,
    parts_by_byte,
)


async def test_slow_clients_are_given_up(target: Target) -> None:
    """Fifty slow clients at once: each is hung up on, and others are served as if nobody else were there."""
    async with AsyncExitStack() as stack:
        tasks = []
        for number in range(CLIENTS):
            wire = await stack.enter_async_context(connected(target.port))
            tasks.append(asyncio.create_task(SLOW[number % len(SLOW)](wire, target)))
        while not all(task.done() for task in tasks):
            async with opened(target) as other:
                assert await other.works()
            await asyncio.wait(tasks, timeout=0.5)
        for task in tasks:
            task.result()


async def test_a_request_in_time_is_served(target: Target) -> None:
    """A request in parts that is whole before the deadline is answered, then the next one too."""
    async with connected(target.port) as wire:
        for _ in range(2):
            for part in (b"GET /heal", b"thz HTTP/1.1\r\nHo", b"st: localhost\r\n\r\n"):
                await wire.send(part)
                await asyncio.sleep(0)
            assert (await read_head(wire)).startswith(b"HTTP/1.1 200 ")
            await wire.reader.readexactly(len("ok"))
