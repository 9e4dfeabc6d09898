"""A process serves one database, from its first connection on.

What a process keeps in memory by version (rates, answers, stocks) is wrong after a restore: a version that
was lost may be given again, to something else. So a process that finds a restored database in the place of
its own ends, and whoever supervises it starts it anew.
"""

import os
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

RESTORED_EXIT_CODE: Final = 75
# A restore makes every table anew; migrations keep this one for as long as the database exists.
_IDENTITY: Final = "SELECT to_regclass('public.alembic_version')::oid"


def _end() -> None:
    os._exit(RESTORED_EXIT_CODE)


class SameDatabase:
    """Compares each connection's database with that of the first; calls ``restored`` if they differ."""

    def __init__(self, restored: Callable[[], None] = _end) -> None:
        self._restored = restored
        self._first: int | None = None

    async def check(self, database: asyncpg.Connection) -> None:
        """Look at a new connection. An empty database has no identity yet. Raises asyncpg's errors."""
        found: int | None = await database.fetchval(_IDENTITY)
        if found is None:
            return
        if self._first is None:
            self._first = found
        elif found != self._first:
            structlog.get_logger("database").error("database_was_restored", exit_code=RESTORED_EXIT_CODE)
            self._restored()
