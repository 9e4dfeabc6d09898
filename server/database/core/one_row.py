"""Queries that return exactly one row, such as counts."""

from typing import Any

import asyncpg

from server.database.core.pool import Database


async def one_row(database: Database | asyncpg.Pool, query: str, *parameters: Any) -> asyncpg.Record:
    """Return the first row of a query that always returns one. Raises LookupError if it returns none."""
    row = await database.fetchrow(query, *parameters)
    if row is None:
        raise LookupError("a query that always returns a row returned none")
    return row
