"""The exceptions of Redis and Postgres for an outage: a normal event, after which work continues."""

from typing import Final

import asyncpg
from redis.exceptions import RedisError

REDIS_FAILS: Final = (RedisError, OSError, TimeoutError)
POSTGRES_FAILS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
SERVICE_FAILS: Final = (RedisError, *POSTGRES_FAILS)
