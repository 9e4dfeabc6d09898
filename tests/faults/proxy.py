"""A TCP proxy that can fall silent: neither side hears anything any more, and neither is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BLOCK_BYTES = 64 * 1024


class SilentProxy:
    """Passes bytes on until it is silenced; connections that were open then stay open for ever."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._passes = asyncio.Event()
        self._passes.set()

    def silence(self) -> None:
        """Pass nothing on any more."""
        self._passes.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))
        finally:
            writer.close()
            there_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            block = await reader.read(BLOCK_BYTES)
            await self._passes.wait()
            if not block:
                writer.transport.abort()
                return
            writer.write(block)
            await writer.drain()


@asynccontextmanager
async def open_proxy(port: int, target_port: int) -> AsyncIterator[SilentProxy]:
    """Serve a proxy on ``port`` of the loopback interface before ``target_port``."""
    proxy = SilentProxy(target_port)
    tasks: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(proxy.serve(reader, writer)))

    server = await asyncio.start_server(take, "127.0.0.1", port)
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
