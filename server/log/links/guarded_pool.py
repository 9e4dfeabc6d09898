"""Connections to Redis behind a breaker: while Redis is away, every command fails at once.

The pool is the one place through which every command and script of a process goes. What counts as a failure:
no connection in time, a connection that broke or timed out, and an answer that took too long. An error that
Redis answered is an answer.
"""

import asyncio
from typing import Any, Protocol

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection

from server.observe.breaker import Breaker, BreakerBounds, Call, CircuitOpen
from server.observe.failing import REDIS_FAILS

SLOW_SECONDS = 2.0
"""An answer of Redis takes less than a millisecond; the slowest script, with a full channel, a few."""


class RedisAway(CircuitOpen, LostConnection):
    """Redis keeps failing, so it was not asked."""

    def __repr__(self) -> str:
        return f"RedisAway({self})"  # that of redis-py needs what only its own errors have


class Guard(Protocol):
    """What watches over all commands of a process to Redis, whether it is one server or a cluster."""

    breaker: Breaker

    async def ping(self) -> None:
        """Ask Redis something small, whatever the breaker says. Raises REDIS_FAILS."""

    async def probe(self) -> None:
        """Ask Redis something small as the breaker's probe. Raises REDIS_FAILS, CircuitOpen."""


def redis_breaker() -> Breaker:
    """Return the breaker of Redis in one process."""
    return Breaker("redis", BreakerBounds(slow_seconds=SLOW_SECONDS), error=RedisAway)


async def probe(guard: Guard) -> None:
    """Ping as the breaker's probe. Raises REDIS_FAILS, CircuitOpen."""
    call = guard.breaker.begin_probe()
    try:
        await guard.ping()
        call.end(failed=False)
    except REDIS_FAILS:
        call.end(failed=True)
        raise
    finally:
        call.cancel()


class GuardedPool(BlockingConnectionPool):
    """A bounded pool behind a ``breaker``: while that is open, no connection is given out.

    The pools of a cluster's nodes share one breaker.
    """

    def __init__(self, *args: Any, breaker: Breaker | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.breaker = breaker or redis_breaker()
        self._calls: dict[AbstractConnection, Call] = {}

    async def get_connection(
        self, command_name: str | None = None, *keys: Any, **options: Any
    ) -> AbstractConnection:
        """Return a connection. Raises RedisAway, and RedisError as any pool."""
        call = self.breaker.begin()
        try:
            connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            call.cancel()
            raise
        except BaseException:
            call.end(failed=True)
            raise
        self._calls[connection] = call
        return connection

    async def ping(self) -> None:
        """Ask Redis something small, whatever the breaker says. Raises REDIS_FAILS."""
        async with asyncio.timeout(SLOW_SECONDS):
            connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.send_command("PING")
                await connection.read_response()
            finally:
                await super().release(connection)

    async def probe(self) -> None:
        """Ask Redis something small, to see whether it answers. Raises as ``get_connection``."""
        await probe(self)

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back. One that is not connected any more has failed, or its caller gave up."""
        call = self._calls.pop(connection, None)
        if call is not None:
            task = asyncio.current_task()
            if connection.is_connected:
                call.end(failed=False)
            elif task is not None and task.cancelling():
                call.cancel()
            else:
                call.end(failed=True)
        await super().release(connection)
