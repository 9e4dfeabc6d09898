"""A proxy before a Unix socket that delays what clients send, or never passes it on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

BLOCK_BYTES = 64 * 1024


@asynccontextmanager
async def slow_proxy(path: Path, target: Path, delay_seconds: float | None) -> AsyncIterator[None]:
    """Serve at ``path`` what ``target`` serves, so much later; None: accept, and never answer."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if delay_seconds is None:
            try:
                await reader.read()
            finally:
                writer.close()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(target)
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    _pump(reader, there_writer, delay_seconds), _pump(there_reader, writer, 0.0)
                )
        finally:
            there_writer.close()
            writer.close()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_unix_server(take, path)
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_seconds: float) -> None:
    while block := await reader.read(BLOCK_BYTES):
        await asyncio.sleep(delay_seconds)
        writer.write(block)
        await writer.drain()
    writer.transport.abort()
