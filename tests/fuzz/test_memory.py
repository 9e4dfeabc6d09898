"""After thousands of hostile connections the process holds what it held before."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.fuzz.wire import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    Target,
    connected,
    frame,
    opened,
    read_head,
    request,
)

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

WARM_UP_ROUNDS = 6
ROUNDS = 30
GROWTH_BYTES = 16 * 1024 * 1024
"""Well above what a run was seen to grow by; what leaks by connection or frame grows far beyond it."""

POOLED = 30
"""Connections to the database and Redis that the process may open meanwhile, and keeps."""

ENDINGS = (
    frame(TEXT, b"\xff" * 1_000),
    frame(BINARY, b"x" * 60_000),
    frame(TEXT, b"[" * 60_000),
    frame(TEXT, claims=2**40),
    frame(TEXT, b"x", reserved=7),
    frame(CONTINUATION, b"x"),
    frame(TEXT, b"{", fin=False) + frame(CONTINUATION, fin=False) * 2_000 + frame(CONTINUATION),
    frame(TEXT, b'{"type":"ping","ref":1}\n' * 400),
)
REQUESTS = (
    b"\x16\x03\x01" * 50,
    request("GET", "/assets/%00", "Host: localhost"),
    request("POST", "/api/deals", "Host: localhost", "Content-Length: 99999"),
    request("GET", "/", "Host: localhost", "Cookie: " + "a=b;" * 1_000),
)


def resident_bytes(pid: int) -> int:
    """Return the memory that a process holds, from what Linux says of it."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def open_files(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def hostile_round(target: Target) -> None:
    """Open a hundred connections of every kind, each of which ends badly."""

    async def ends(data: bytes) -> None:
        async with opened(target) as wire:
            await wire.send(data)
            await wire.closed()

    async def leaves(data: bytes) -> None:
        async with opened(target) as wire:
            await wire.send(data)

    async def asks(data: bytes) -> None:
        async with connected(target.port) as wire:
            await wire.send(data)
            await read_head(wire)

    pings = frame(PING, b"x" * 125) * 500
    async with asyncio.TaskGroup() as clients:
        for _ in range(5):
            for data in ENDINGS:
                clients.create_task(ends(data))
                clients.create_task(leaves(pings + data))
            for data in REQUESTS:
                clients.create_task(asks(data))


async def gauge(target: Target, name: str) -> float:
    """Return a figure that the process exports."""
    async with connected(target.port) as wire:
        await wire.send(request("GET", "/metrics", "Host: localhost", "Connection: close"))
        await read_head(wire)
        page = (await wire.reader.read(-1)).decode()
    found = re.search(rf"^{name}{{[^}}]*}} (\S+)$", page, re.MULTILINE)
    assert found, page
    return float(found[1])


async def settled(target: Target, files: int) -> None:
    """Wait until the connections of a round are gone."""
    async with asyncio.timeout(30):
        while await gauge(target, "deal_connections") or open_files(target.pid) > files:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what Linux says of a process")
async def test_memory_stays_flat(target: Target) -> None:
    """Neither memory nor open sockets nor watched channels grow with the number of hostile clients."""
    files = open_files(target.pid) + POOLED
    for _ in range(WARM_UP_ROUNDS):
        await hostile_round(target)
    await settled(target, files)
    before = resident_bytes(target.pid)
    for _ in range(ROUNDS):
        await hostile_round(target)
    await settled(target, files)
    grown = resident_bytes(target.pid) - before
    assert grown < GROWTH_BYTES
    assert await gauge(target, "deal_sessions") == 0
