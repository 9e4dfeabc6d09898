"""Readiness of a web process: each dependency by name."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import asyncpg
from redis.asyncio import Redis

from server.compute.pool import ComputePool
from server.hub.assembly.hub import Hub
from server.observe.failing import SERVICE_FAILS
from server.web.access.sign_in import SignIn
from server.web.shared_answer import Remembered

CHECK_SECONDS: Final = 2.0
REMEMBERED_SECONDS: Final = 0.5
"""How long an answer of Postgres and Redis is cached, because readiness needs no credential."""


class Readiness:
    """Checks the dependencies of a process when called.

    Postgres is checked through the pool, so that an exhausted pool shows too. A computing or hashing pool is
    full if callers wait and nobody gets a turn.
    """

    def __init__(
        self, pool: asyncpg.Pool, redis: Redis, *, hub: Hub, compute: ComputePool, sign_in: SignIn
    ) -> None:
        self._pool = pool
        self._redis = redis
        self._hub = hub
        self._compute = compute
        self._sign_in = sign_in
        self._services = Remembered(self._ask, REMEMBERED_SECONDS)

    async def __call__(self) -> Mapping[str, bool]:
        """Return whether each part can serve, by name."""
        return {
            **await self._services(),
            "bus": self._hub.bus.connected,
            "listen": self._hub.listener.connected,
            "compute": self._compute.has_turns,
            "sign_in": self._sign_in.has_turns,
        }

    async def _ask(self) -> Mapping[str, bool]:
        postgres, redis = await asyncio.gather(
            _answers(self._pool.fetchval("SELECT 1")), _answers(self._redis.ping())
        )
        return {"postgres": postgres, "redis": redis}


async def _answers(question: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await question
    except SERVICE_FAILS:
        return False
    return True
