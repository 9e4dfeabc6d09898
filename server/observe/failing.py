"""The exceptions of Redis and Postgres for an outage: a normal event, after which work continues."""

from typing import Final

import asyncpg
from redis.exceptions import RedisError

from server.observe.breaker import CircuitOpen

REDIS_FAILS: Final = (RedisError, OSError, TimeoutError)
POSTGRES_FAILS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # Of a connection that ended between two statements: asyncpg reports it as a misuse.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
SERVICE_FAILS: Final = (RedisError, *POSTGRES_FAILS)


def retry_detail(error: BaseException) -> dict[str, int]:
    """Return ``retry_after_seconds`` for the ``detail`` of an answer, if the error says when to try again."""
    if isinstance(error, CircuitOpen):
        return {"retry_after_seconds": error.retry_after_seconds}
    return {}
