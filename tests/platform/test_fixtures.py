"""The fixtures give what they promise, on real services."""

import asyncpg
import pytest
import redis.asyncio as redis

from server.settings import Settings
from tests.services import Database

pytestmark = pytest.mark.flow


async def test_the_application_role_owns_nothing(database: Database) -> None:
    """The application connects as a plain role: no superuser, owner of no table."""
    connection = await asyncpg.connect(database.url)
    try:
        superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        owned = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tableowner = 'deal_owner'")
    finally:
        await connection.close()
    assert (superuser, owned) == (False, 0)
    assert tables > 5


@pytest.mark.parametrize("visit", ["first", "second"])
async def test_each_test_has_a_database_of_its_own(settings: Settings, visit: str) -> None:
    """What one test writes, the next one does not find: neither in PostgreSQL nor in Redis."""
    connection = await asyncpg.connect(settings.database_owner_url)
    client = redis.Redis.from_url(settings.redis_url)
    try:
        await connection.execute("INSERT INTO store_groups (group_id, name) VALUES ('one', $1)", visit)
        assert await connection.fetchval("SELECT count(*) FROM store_groups") == 1
        assert await client.set("visit", visit, nx=True)
    finally:
        await connection.close()
        await client.aclose()
