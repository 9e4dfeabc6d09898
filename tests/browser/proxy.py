"""A TCP proxy that a test can cut, as a lost Wi-Fi, or let swallow everything, as a server that hangs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BLOCK_BYTES = 64 * 1024


class Proxy:
    """Passes bytes between browsers and one server, until it is cut and after it is mended."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._swallows = False

    def lead_to(self, port: int) -> None:
        """Bring new connections to another server; those that stand go on."""
        self._target_port = port

    def swallow(self) -> None:
        """Take connections and bytes as before, and pass nothing on."""
        self._swallows = True

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._whole = False
        for writer in list(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        """Take connections again, and pass bytes on. Of those that lost bytes, none goes on."""
        self._whole = True
        if self._swallows:
            self._swallows = False
            for writer in list(self._open):
                writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection of a browser."""
        self._open.add(writer)
        try:
            if self._whole:
                await self._pass_on(reader, writer)
        except* OSError:
            pass  # The other side is gone, or this one was cut.
        finally:
            self._open.discard(writer)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._open.add(upstream_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, upstream_writer))
                both.create_task(self._pump(upstream_reader, writer))
        finally:
            self._open.discard(upstream_writer)
            upstream_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(BLOCK_BYTES):
            if self._swallows:
                continue
            writer.write(block)
            await writer.drain()
        # One side has said all: the connection is over for both, which ends the other pump too.
        writer.transport.abort()


@asynccontextmanager
async def open_proxy(port: int, target_port: int) -> AsyncIterator[Proxy]:
    """Serve a proxy on ``port`` of the loopback interface before ``target_port``."""
    proxy = Proxy(target_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port)
    try:
        yield proxy
    finally:
        server.close()
        await proxy.cut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await server.wait_closed()
