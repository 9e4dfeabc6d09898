"""A process that has no listener looks for itself whether its database was restored."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from server.database.core.same_database import LOOK_SECONDS, SameDatabase
from tests.virtual_time import run_virtually


class Pool:
    """A pool whose database answers each look with the next of ``identities``; an error is raised."""

    def __init__(self, *identities: int | Exception) -> None:
        self._identities: Iterator[int | Exception] = iter(identities)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Pool"]:
        """Lend the only connection, which outlived the restore, as one of a pooler does."""
        yield self

    async def fetchval(self, _text: str) -> int:
        """Answer."""
        found = next(self._identities)
        if isinstance(found, Exception):
            raise found
        return found


class Restored(Exception):
    """In the place of the end of the process."""


def end() -> None:
    """Be told of a restore."""
    raise Restored


def test_an_idle_process_looks_through_an_outage() -> None:
    """No new connection is needed, and a database that is away was not restored."""

    async def look() -> float:
        broken = asyncpg.InternalClientError(
            "cannot switch to state 15; another operation (2) is in progress"
        )
        pool = Pool(7, 7, asyncpg.CannotConnectNowError(), OSError(), broken, 8)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(Restored):
            await SameDatabase(end).watch(pool)  # type: ignore[arg-type]
        return loop.time() - began

    assert run_virtually(look()) == pytest.approx(6 * LOOK_SECONDS, abs=0.1)
