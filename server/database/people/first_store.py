"""What a database holds already: enough to decide what a command does without being told."""

from server.database.core.pool import connect_as_owner


async def first_store(owner_url: str) -> str | None:
    """Return the id of the store that was added first; None where nobody has set this database up."""
    async with connect_as_owner(owner_url) as database:
        found: str | None = await database.fetchval("SELECT store_id FROM stores ORDER BY added_no LIMIT 1")
    return found
