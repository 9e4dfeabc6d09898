"""What stores a database already holds, so that a command can choose its default."""

from server.database.core.pool import connect_as_owner


async def first_store(owner_url: str) -> str | None:
    """Return the id of the first store that was added; None if the database has no store."""
    async with connect_as_owner(owner_url) as database:
        found: str | None = await database.fetchval("SELECT store_id FROM stores ORDER BY added_no LIMIT 1")
    return found


async def number_of_stores(owner_url: str) -> int:
    """Return how many stores the database has."""
    async with connect_as_owner(owner_url) as database:
        number: int = await database.fetchval("SELECT count(*) FROM stores")
    return number
