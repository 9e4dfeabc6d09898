"""A connection that broke between two statements is an outage like any other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from server.database.core.scope import everything


class BreakingPool:
    """A pool whose connection breaks behind so many statements; asyncpg notices with the next one.

    Giving the connection back is one more statement: the pool resets it.
    """

    def __init__(self, whole: int) -> None:
        self._whole = whole

    @asynccontextmanager
    async def acquire(self, **_: object) -> AsyncIterator["BreakingPool"]:
        """Give the connection out, and reset it afterwards."""
        yield self
        await self.execute("RESET ALL")

    async def execute(self, _: str) -> None:
        """Fail as asyncpg does when Postgres ended between two statements."""
        if not self._whole:
            raise asyncpg.InternalClientError(
                "cannot switch to state 15; another operation (2) is in progress"
            )
        self._whole -= 1


@pytest.mark.parametrize("whole", [0, 1, 2])
async def test_a_connection_that_broke_is_an_outage(whole: int) -> None:
    """Whoever asked hears that the database is out of reach, and may ask again: no fault of ours."""
    with pytest.raises(asyncpg.InterfaceError):
        async with everything(BreakingPool(whole)).acquire():
            pass
