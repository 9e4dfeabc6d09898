"""A proxy that counts round trips: how often a client asks again after it was answered.

Bytes that a client sends before any answer arrives belong to one trip, however many packets they take. What a
server sends by itself, such as a notification, is none. So a count is the same on every machine.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 256 * 1024

Read = Callable[[bytes], str]
"""Says in a few words what the first bytes of a trip ask for."""


@dataclass(slots=True)
class Trip:
    """One question of a client; ``answered`` once any byte came back."""

    asks: str
    answered: bool = False


class CountingProxy:
    """Passes bytes between clients and a server's socket, and keeps the trips in the order they began.

    ``reader`` makes, for each connection, what says of its trips what they ask for.
    """

    def __init__(self, target: Path, reader: Callable[[], Read]) -> None:
        self.trips: list[Trip] = []
        self._target = target
        self._reader = reader

    @property
    def is_quiet(self) -> bool:
        """Whether every trip so far is answered; who waits for a job inside Redis asks for nothing."""
        return all(trip.answered or trip.asks == "XREADGROUP" for trip in self.trips[-20:])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
        there_reader, there_writer = await asyncio.open_unix_connection(self._target)
        open_trips: list[Trip] = []
        read = self._reader()

        def asked(block: bytes) -> None:
            what = read(block)
            if not open_trips:
                open_trips.append(Trip(what))
                self.trips.append(open_trips[0])

        def answered(_block: bytes) -> None:
            for trip in open_trips:
                trip.answered = True
            open_trips.clear()

        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    _pump(reader, there_writer, asked), _pump(there_reader, writer, answered)
                )
        finally:
            writer.close()
            there_writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], None]
) -> None:
    while block := await reader.read(BLOCK_BYTES):
        seen(block)
        writer.write(block)
        await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def counted(path: Path, target: Path, reader: Callable[[], Read]) -> AsyncIterator[CountingProxy]:
    """Serve a proxy at ``path`` before the Unix socket ``target``."""
    proxy = CountingProxy(target, reader)
    tasks: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(proxy.serve(reader, writer)))

    server = await asyncio.start_unix_server(take, path)
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
