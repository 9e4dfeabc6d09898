"""A query that gives exactly one row, such as one of counts."""

from typing import Any

import asyncpg

from server.database.core.pool import Database


async def one_row(database: Database, query: str, *parameters: Any) -> asyncpg.Record:
    """Return the first row of a query that always gives one. Raises LookupError where it gives none."""
    row = await database.fetchrow(query, *parameters)
    if row is None:
        raise LookupError("a query that always gives a row gave none")
    return row
