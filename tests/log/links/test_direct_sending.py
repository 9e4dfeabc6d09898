"""Commands to Redis are sent without a task of their own, and no less safely."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError

from server.log.links.direct_sending import send_directly

SEND_SECONDS = 0.05
GUARD_SECONDS = 60.0
MORE_THAN_BUFFERS_HOLD = 32 * 1024 * 1024


@asynccontextmanager
async def redis_at(serve: Any, seconds: float = GUARD_SECONDS) -> AsyncIterator[Redis]:
    """Speak to ``serve`` over a Unix socket, with one attempt of ``seconds`` for each command."""
    with tempfile.TemporaryDirectory(prefix="deal-") as folder:
        path = Path(folder) / "redis.sock"
        server = await asyncio.start_unix_server(serve, path)
        pool = ConnectionPool.from_url(
            f"unix://{path}", retry=Retry(NoBackoff(), 0), protocol=2, socket_timeout=seconds
        )
        send_directly(pool)
        try:
            async with Redis.from_pool(pool) as redis:
                yield redis
        finally:
            server.close()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer everything with OK."""
    while data := await reader.read(1000):
        writer.write(b"+OK\r\n" * data.count(b"*"))
    writer.close()


async def test_a_command_makes_no_task() -> None:
    """Once connected, a command and its answer take no task besides the caller's."""
    made: list[str] = []

    def note(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        made.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop)

    async with redis_at(answer) as redis:
        await redis.set("key", "value")
        asyncio.get_running_loop().set_task_factory(note)  # type: ignore[arg-type]
        try:
            await redis.set("key", "value")
        finally:
            asyncio.get_running_loop().set_task_factory(None)
    assert made == []


async def test_who_takes_nothing_is_given_up() -> None:
    """A server that reads nothing makes the command time out, as its limit says."""
    done = asyncio.Event()

    async def stall(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # It answers the greeting, which is two commands, and reads nothing more than fits its buffer.
        writer.write(b"+OK\r\n" * 2)
        await done.wait()
        writer.close()

    async with redis_at(stall, SEND_SECONDS) as redis:
        with pytest.raises(TimeoutError):
            await redis.set("key", b"x" * MORE_THAN_BUFFERS_HOLD)
        done.set()


async def test_a_broken_connection_is_said_to_be_broken() -> None:
    """A server that hangs up while a command is sent makes it fail as lost, not as another error."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK\r\n" * 2)
        await reader.read(200)
        writer.transport.abort()

    async with redis_at(hang_up) as redis:
        with pytest.raises(ConnectionError):
            await redis.set("key", b"x" * MORE_THAN_BUFFERS_HOLD)
