"""Clients that watch, in a process of their own: ``python -m tests.bench.clients.audience SEATS``.

``SEATS`` is the JSON of ``Seats``. The sockets are opened by hand and count how often a marker comes by, so
that the clients cost little and any server can be watched: ours, a bare one, Channels, Socket.IO. The
process says ``ready`` once every socket is where it should be, and ``heard`` whenever each has counted as far
as it was told.
"""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from server.settings import process_environment
from tests.fuzz.wire import CLOSE, PING, PONG, TEXT, frame, request
from tests.services import ROOT

AT_ONCE: Final = 20
GUARD_SECONDS: Final = 120.0
NANOSECONDS: Final = 1_000_000_000


class Seats(msgspec.Struct, frozen=True):
    """Who watches, and how. ``hello`` is said as soon as a socket is open; it is ready when it has ``ready``.

    ``marker`` stands once in each event. ``answers`` are texts that are answered at once, such as a ping of
    Engine.IO's. The environment's ``AUDIENCE_TOKEN`` goes into ``Authorization`` where ``bearer`` says so.
    """

    port: int
    watchers: int
    marker: str
    path: str = "/"
    headers: list[str] = []
    hello: list[str] = []
    ready: str = ""
    answers: dict[str, str] = {}
    bearer: bool = False


@dataclass(slots=True)
class Audience:
    """The clients as their master sees them."""

    process: asyncio.subprocess.Process
    _told: int = field(default=0)

    async def hearing(self, events: int) -> None:
        """Say that so many more events are to come to each; ``heard`` waits for them."""
        self._told += events
        assert self.process.stdin is not None
        self.process.stdin.write(b"%d\n" % self._told)
        await self.process.stdin.drain()

    async def heard(self) -> None:
        """Return once every socket has all that ``hearing`` told of."""
        assert await self._line() == b"heard\n"

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        async with asyncio.timeout(GUARD_SECONDS):
            return await self.process.stdout.readline()


@asynccontextmanager
async def seated(seats: Seats, token: str = "") -> AsyncIterator[Audience]:
    """Run clients for the length of the context; on entry each of them is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.clients.audience", msgspec.json.encode(seats).decode()),
        cwd=ROOT,
        env=process_environment() | {"AUDIENCE_TOKEN": token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    audience = Audience(process)
    try:
        assert await audience._line() == b"ready\n"
        yield audience
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def cpu_seconds(*pids: int) -> float:
    """Return the processor time that processes have used so far, all their threads together."""
    return sum(_nanoseconds(pid) for pid in pids) / NANOSECONDS


def _nanoseconds(pid: int) -> int:
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in files)


def resident_kib(pid: int) -> int:
    """Return the memory that a process holds of its own, without what it shares with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    parts = [line.split() for line in lines]
    return sum(int(part[1]) for part in parts if part[0] in {"Private_Clean:", "Private_Dirty:"})


class Counter:
    """Counts, over all sockets, how many have still to hear what they were told of."""

    def __init__(self, watchers: int) -> None:
        self.target = 0
        self._behind = 0
        self._watchers = watchers
        self._sockets: list[Watcher] = []

    def add(self, watcher: "Watcher") -> None:
        """Count a socket."""
        self._sockets.append(watcher)

    def tell(self, target: int) -> None:
        """Wait until each has counted up to ``target``."""
        self.target = target
        self._behind = sum(watcher.heard < target for watcher in self._sockets)
        self._say()

    def reached(self) -> None:
        """Take note that a socket is where it should be."""
        self._behind -= 1
        self._say()

    def _say(self) -> None:
        if self._behind == 0:
            sys.stdout.write("heard\n")
            sys.stdout.flush()


class Watcher(asyncio.Protocol):
    """One socket: a handshake, what it says at first, then counting."""

    def __init__(self, seats: Seats, counter: Counter) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard = 0
        self._seats = seats
        self._marker, self._mark_of_ready = seats.marker.encode(), seats.ready.encode()
        self._counter = counter
        self._left = bytearray()
        self._is_open = False
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(_handshake(self._seats))

    def data_received(self, data: bytes) -> None:
        """Take whole frames; keep the rest."""
        left = self._left
        left += data
        if not self._is_open:
            end = left.find(b"\r\n\r\n")
            if end < 0:
                return
            assert b" 101 " in left[:end], bytes(left[:end])
            del left[: end + 4]
            self._is_open = True
            for text in self._seats.hello:
                transport_write(self._transport, TEXT, text.encode())
            if not self._mark_of_ready:
                self.ready.set_result(None)
        at = 0
        while (end := _end_of_frame(left, at)) is not None:
            start, stop = end
            self._take(left[at] & 0x0F, bytes(left[start:stop]))
            at = stop
        del left[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits for this socket."""
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the server hung up"))

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            transport_write(self._transport, PONG, payload)
            return
        if opcode == CLOSE:
            raise ConnectionError(f"closed: {payload!r}")
        found = payload.count(self._marker)
        if found:
            before, self.heard = self.heard, self.heard + found
            if before < self._counter.target <= self.heard:
                self._counter.reached()
        elif not self.ready.done():
            if self._mark_of_ready in payload:
                self.ready.set_result(None)
        elif self._seats.answers and (answer := self._seats.answers.get(payload.decode())):
            transport_write(self._transport, TEXT, answer.encode())


def transport_write(transport: asyncio.WriteTransport, opcode: int, payload: bytes) -> None:
    """Send a frame."""
    transport.write(frame(opcode, payload))


def _end_of_frame(data: bytearray, at: int) -> tuple[int, int] | None:
    """Return where the payload of the frame at ``at`` begins and ends; None where it is not whole."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1], at + 2
    if size >= 126:
        more = 2 if size == 126 else 8
        start += more
        if len(data) < start:
            return None
        size = int.from_bytes(data[at + 2 : start])
    return (start, start + size) if len(data) >= start + size else None


def _handshake(seats: Seats) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    own = [f"Authorization: Bearer {os.environ['AUDIENCE_TOKEN']}"] if seats.bearer else []
    return request(
        "GET",
        seats.path,
        f"Host: 127.0.0.1:{seats.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *seats.headers,
        *own,
    )


async def watch(seats: Seats) -> None:
    """Open every socket, then count as told until there is nothing more to be told."""
    loop = asyncio.get_running_loop()
    counter, places = Counter(seats.watchers), asyncio.Semaphore(AT_ONCE)

    async def open_one() -> None:
        async with places, asyncio.timeout(GUARD_SECONDS):
            _, watcher = await loop.create_connection(
                lambda: Watcher(seats, counter), "127.0.0.1", seats.port
            )
            await watcher.ready
            counter.add(watcher)

    async with asyncio.TaskGroup() as opening:
        for _ in range(seats.watchers):
            opening.create_task(open_one())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        counter.tell(int(line))


if __name__ == "__main__":
    uvloop.run(watch(msgspec.json.decode(sys.argv[1], type=Seats)))
