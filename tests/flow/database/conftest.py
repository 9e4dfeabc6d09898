"""Fixtures of the database's tests: two stores, unless a file has a sample of its own, and their owner."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from server.database.sample.seed import SeedPlan
from tests.services import Database


@pytest.fixture
def sample() -> SeedPlan | None:
    """Two stores without cars."""
    return SeedPlan(vehicles=0, customers=0, deals=0)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to the test's database."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()
