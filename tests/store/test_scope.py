"""A connection that broke while it lay idle is an outage like any other."""

from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from server.store.scope import everything


class Broken:
    """A pool whose connection has broken, and asyncpg has not noticed yet."""

    @asynccontextmanager
    async def acquire(self, **_: Any) -> Any:
        """Give the connection out."""
        yield self

    async def execute(self, _: str) -> None:
        """Fail as asyncpg does when Postgres ended between two statements."""
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")


async def test_a_connection_that_broke_unnoticed_is_an_outage() -> None:
    """Whoever asked hears that the database is out of reach, and may ask again: no fault of ours."""
    with pytest.raises(asyncpg.InterfaceError):
        async with everything(Broken()).acquire():
            raise AssertionError("there is no connection")
