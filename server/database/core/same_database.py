"""A process serves one database, from its first connection on.

What a process keeps in memory by version (rates, answers, stocks) is wrong after a restore: a version that
was lost may be given again, to something else. So a process that finds a restored database in the place of
its own ends, and whoever supervises it starts it anew.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final, NoReturn

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from server.observe.failing import POSTGRES_FAILS

RESTORED_EXIT_CODE: Final = 75
LOOK_SECONDS: Final = 1.0
"""How often a process without a listener looks: less than it takes to restore, import and search."""

ANSWER_SECONDS: Final = 5.0
# A restore makes every table anew; migrations keep this one for as long as the database exists.
_IDENTITY: Final = "SELECT to_regclass('public.alembic_version')::oid"


def _end() -> None:
    os._exit(RESTORED_EXIT_CODE)


class SameDatabase:
    """Compares each connection's database with that of the first; calls ``restored`` if they differ."""

    def __init__(self, restored: Callable[[], None] = _end) -> None:
        self._restored = restored
        self._first: int | None = None

    async def check(self, database: asyncpg.Connection | PoolConnectionProxy) -> None:
        """Look at a connection. An empty database has no identity yet. Raises asyncpg's errors."""
        found: int | None = await database.fetchval(_IDENTITY)
        if found is None:
            return
        if self._first is None:
            self._first = found
        elif found != self._first:
            structlog.get_logger("database").error("database_was_restored", exit_code=RESTORED_EXIT_CODE)
            self._restored()

    async def watch(self, pool: asyncpg.Pool, seconds: float = LOOK_SECONDS) -> NoReturn:
        """Look again and again, until cancelled. ``pool`` must use this object for its own connections.

        A pool looks at new connections only. One through a pooler outlives the end of its session in
        Postgres, and an idle process opens none.
        """
        while True:
            await asyncio.sleep(seconds)
            try:
                async with asyncio.timeout(ANSWER_SECONDS), pool.acquire() as database:
                    await self.check(database)
            except POSTGRES_FAILS:
                # Whoever needs Postgres says so.
                continue
