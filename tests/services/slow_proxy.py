"""A proxy before a Unix socket that delays what clients send, or never passes it on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

BLOCK_BYTES = 64 * 1024


class SlowProxy:
    """Serves what ``target`` serves, so much later; None: accept, and never answer."""

    def __init__(self, target: Path, delay_seconds: float | None) -> None:
        self._target = target
        self._delay_seconds = delay_seconds
        self._changed = asyncio.Event()

    def delay(self, seconds: float) -> None:
        """Delay everything by so much from now on. What is being delayed goes on its way."""
        self._delay_seconds = seconds
        self._changed.set()
        self._changed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
        if self._delay_seconds is None:
            try:
                await reader.read()
            finally:
                writer.close()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(self._target)
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    self._pump(reader, there_writer, slow=True), self._pump(there_reader, writer, slow=False)
                )
        finally:
            there_writer.close()
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        while block := await reader.read(BLOCK_BYTES):
            if slow and self._delay_seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), self._delay_seconds)
            writer.write(block)
            await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def slow_proxy(path: Path, target: Path, delay_seconds: float | None) -> AsyncIterator[SlowProxy]:
    """Serve a proxy at ``path``."""
    proxy = SlowProxy(target, delay_seconds)
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
