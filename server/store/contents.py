"""Whether a database holds anything yet."""

from server.store.pool import connect_as_owner


async def is_empty(owner_url: str) -> bool:
    """Return whether there is no store: nobody has seeded or set up this database."""
    async with connect_as_owner(owner_url) as connection:
        return bool(await connection.fetchval("SELECT NOT EXISTS (SELECT FROM stores)"))
