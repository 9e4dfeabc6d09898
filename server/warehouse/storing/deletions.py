"""Rows that are gone from a warehouse that does not mark them: found by comparing keys, at most once a day.

The keys are read in pages of their own order and listed in a temporary table. Nothing of a kind is added here
while they are read, so a key of ours that is not listed was there and is not any more. A mistake in the
warehouse must not empty a store: more than GUARD_PERCENT at once is refused.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import asyncpg

from server.database.importing.load import MERGE_LOCK
from server.database.importing.snapshot import GUARD_PERCENT
from server.warehouse.errors import TooManyGone
from server.warehouse.fields import What
from server.warehouse.layout import Table
from server.warehouse.reading.keyset import KEY, keys_query
from server.warehouse.reading.source import Source, TooSlow
from server.warehouse.storing.storing import Stores

KEYS_OF_PAGE: Final = 20_000
EVERY: Final = dt.timedelta(days=1)

_CARS: Final = (
    "status IN ('available', 'held', 'in_transit') AND store_id IN (SELECT DISTINCT store_id FROM listed)"
)
_UNLISTED: Final = "NOT EXISTS (SELECT FROM listed l WHERE l.key = vehicles.vin)"
COUNT_STOCK: Final = "SELECT count(*) FROM vehicles WHERE status IN ('available', 'held', 'in_transit')"
COUNT_CUSTOMERS: Final = "SELECT count(*) FROM customer_sources WHERE gone_at IS NULL"
_GONE_CUSTOMERS: Final = """
SELECT customer_id FROM customer_sources s
 WHERE gone_at IS NULL AND NOT EXISTS (SELECT FROM listed l WHERE l.key = s.customer_id::text)
"""


class Guard:
    """Refuses to remove more than GUARD_PERCENT of ``known`` rows in a run, unless that is ``confirmed``."""

    def __init__(self, what: What, known: int, *, confirmed: bool) -> None:
        self._what = what
        self._known = known
        self._confirmed = confirmed
        self._gone = 0

    def grew(self, added: int) -> None:
        """Count rows that came in the same run."""
        self._known += added

    def check(self, gone: int) -> None:
        """Count rows that are to be removed. Raises TooManyGone."""
        self._gone += gone
        if not self._confirmed and 100 * self._gone > GUARD_PERCENT * self._known:
            noun = "cars" if self._what is What.STOCK else "customers"
            raise TooManyGone(noun, self._gone, self._known, GUARD_PERCENT)


async def open_guard(database: asyncpg.Connection, what: What, *, confirmed: bool) -> Guard:
    """Return the guard of a run, by how many rows there are now."""
    known = await database.fetchval(COUNT_STOCK if what is What.STOCK else COUNT_CUSTOMERS)
    return Guard(what, known, confirmed=confirmed)


async def list_keys(
    database: asyncpg.Connection,
    source: Source,
    table: Table,
    stores: Stores,
    name: Callable[[str, Any], str],
) -> int:
    """List all keys of a table in the temporary table ``listed``, under our ``name`` for them; return how
    many.
    """
    await database.execute("DROP TABLE IF EXISTS listed")
    await database.execute("CREATE TEMP TABLE listed (store_id text NOT NULL, key text NOT NULL)")
    last, count, most = None, 0, KEYS_OF_PAGE
    while True:
        try:
            rows: Sequence[Any] = await source.fetch(keys_query(table, last, most))
        except TooSlow:
            if most == 1:
                raise
            most //= 2
            continue
        found = [(store[0], name(store[0], row)) for row in rows if (store := stores.of(row)) is not None]
        await database.copy_records_to_table("listed", records=found, columns=("store_id", "key"))
        count += len(rows)
        if len(rows) < most:
            return count
        last = rows[-1][KEY]


async def remove_unlisted(
    database: asyncpg.Connection, what: What, guard: Guard, remove: Callable[[list[Any]], Awaitable[int]]
) -> int:
    """Remove what is not listed; return how many. Call it in a transaction. Raises TooManyGone.

    Cars of a store of which nothing is listed stay: the warehouse does not have that store.
    """
    await database.execute("CREATE INDEX ON listed (key)")
    await database.execute("ANALYZE listed")
    if what is What.STOCK:
        await database.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)
        tag = await database.execute(f"UPDATE vehicles SET status = 'removed' WHERE {_CARS} AND {_UNLISTED}")  # noqa: S608 - ours
        removed = int(tag.split()[-1])
        guard.check(removed)
        return removed
    gone = [row["customer_id"] for row in await database.fetch(_GONE_CUSTOMERS)]
    guard.check(len(gone))
    return await remove(gone) if gone else 0


def is_due(compared_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Return whether keys are to be compared again."""
    return compared_at is None or now - compared_at >= EVERY


def vin_of(_store_id: str, row: Any) -> str:
    """Return a listed car's key."""
    return (row["vin"] or "").strip().upper()
