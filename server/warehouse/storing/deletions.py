"""Rows that are gone from a warehouse: how many may go at once, and how unmarked ones are found.

A mistake in the warehouse must not empty a store: more than GUARD_PERCENT of a store's rows in a run are
refused. What a run removed is kept in ``sync_state`` by store, so a run that is called again counts on.

Rows that are not marked are found by comparing keys, at most once a day. The keys are read in pages of their
own order and listed in a temporary table. Nothing of a kind is added here while they are read, so a key of
ours that is not listed was there and is not any more.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from server.database.importing.load import MERGE_LOCK
from server.database.importing.snapshot import GUARD_PERCENT
from server.warehouse import runs
from server.warehouse.errors import TooManyGone, TooSlow
from server.warehouse.fields import What
from server.warehouse.layout import Table
from server.warehouse.reading.keyset import KEY, keys_query
from server.warehouse.reading.source import Source
from server.warehouse.runs import Removals, State
from server.warehouse.storing.storing import Stores

GUARD_FEW: Final = 5
"""So many rows of a store may always go: a small store that sells two cars is no mistake."""

KEYS_OF_PAGE: Final = 20_000
EVERY: Final = dt.timedelta(days=1)
COUNT_STOCK: Final = """
SELECT store_id, count(*) FROM vehicles
 WHERE store_id = ANY ($1) AND status IN ('available', 'held', 'in_transit') GROUP BY store_id
"""
COUNT_CUSTOMERS: Final = """
SELECT c.store_id, count(*) FROM customers c JOIN customer_sources s USING (customer_id)
 WHERE c.store_id = ANY ($1) AND s.gone_at IS NULL GROUP BY c.store_id
"""
_MAKE: Final = "CREATE TEMP TABLE listed (store_id text, key text, stock_no text)"
_REMOVE_CARS: Final = """
WITH gone AS (
    UPDATE vehicles v SET status = 'removed'
     WHERE v.status IN ('available', 'held', 'in_transit')
       AND v.store_id IN (SELECT DISTINCT store_id FROM listed WHERE store_id IS NOT NULL)
       AND NOT EXISTS (SELECT FROM listed l WHERE l.key = v.vin)
       AND NOT EXISTS (SELECT FROM listed l
                        WHERE l.stock_no = v.stock_no AND (l.store_id = v.store_id OR l.store_id IS NULL))
    RETURNING v.store_id)
SELECT store_id, count(*) FROM gone GROUP BY store_id
"""
GONE_CUSTOMERS: Final = """
SELECT s.customer_id FROM customer_sources s JOIN customers c USING (customer_id)
 WHERE s.gone_at IS NULL AND c.store_id IN (SELECT DISTINCT store_id FROM listed WHERE store_id IS NOT NULL)
   AND NOT EXISTS (SELECT FROM listed l WHERE l.key = s.customer_id::text)
   AND NOT EXISTS (SELECT FROM listed l WHERE l.store_id IS NULL AND l.key = s.source_id)
"""


class Guard:
    """Refuses to remove more than GUARD_PERCENT of a store's rows in a run, unless that is ``confirmed``.

    ``removed`` is what the run has removed before. A page calls ``check`` once in its transaction, and
    ``settle`` after it.
    """

    def __init__(self, what: What, removed: Mapping[str, Removals], *, confirmed: bool) -> None:
        self._what = what
        self._confirmed = confirmed
        self._settled = dict(removed)
        self._next = dict(removed)

    async def check(self, database: asyncpg.Connection, gone: Mapping[str, int]) -> None:
        """Count rows that were just removed, by store. Raises TooManyGone."""
        self._next = dict(self._settled)
        gone = {store: count for store, count in gone.items() if count}
        if not gone:
            return
        query = COUNT_STOCK if self._what is What.STOCK else COUNT_CUSTOMERS
        unknown = [store for store in gone if store not in self._settled]
        left = by_store(await database.fetch(query, unknown)) if unknown else {}
        for store, count in gone.items():
            before = self._settled.get(store, Removals(known=left.get(store, 0) + count, gone=0))
            after = self._next[store] = Removals(before.known, before.gone + count)
            if not self._confirmed and _is_too_much(after):
                noun = "cars" if self._what is What.STOCK else "customers"
                raise TooManyGone(noun, store, gone=after.gone, known=after.known, removed=before.gone)
        await runs.note_removals(database, self._what, self._next)

    def settle(self) -> None:
        """Keep what was counted: its page is stored."""
        self._settled = self._next


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists the keys of a table in the temporary table ``listed``, under our ``name`` for them: store, key
    and stock number. A row that names no store of ours has no store there.
    """

    database: asyncpg.Connection
    source: Source
    table: Table
    stores: Stores
    name: Callable[[str | None, Any], tuple[str | None, str | None, str | None]]
    may_work: Callable[[], bool]

    async def list(self) -> bool:
        """List all keys; return whether the hours were long enough."""
        await self.database.execute("DROP TABLE IF EXISTS listed")
        await self.database.execute(_MAKE)
        last, most = None, KEYS_OF_PAGE
        while self.may_work():
            try:
                rows: Sequence[Any] = await self.source.fetch(keys_query(self.table, last, most))
            except TooSlow:
                if most == 1:
                    raise
                most //= 2
                continue
            stores = [self.stores.of(row) for row in rows]
            found = [
                self.name(None if store is None else store[0], row)
                for store, row in zip(stores, rows, strict=True)
            ]
            await self.database.copy_records_to_table(
                "listed", records=found, columns=("store_id", "key", "stock_no")
            )
            if len(rows) < most:
                await self.database.execute("CREATE INDEX ON listed (key)")
                await self.database.execute("CREATE INDEX ON listed (stock_no) WHERE stock_no IS NOT NULL")
                await self.database.execute("ANALYZE listed")
                return True
            last = rows[-1][KEY]
        return False


async def remove_unlisted_cars(database: asyncpg.Connection, guard: Guard) -> int:
    """Remove cars that are not listed; return how many. Call it in a transaction. Raises TooManyGone.

    Cars of a store of which nothing is listed stay: the warehouse does not have that store.
    """
    await database.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)
    gone = by_store(await database.fetch(_REMOVE_CARS))
    await guard.check(database, gone)
    return sum(gone.values())


def is_due(state: State, now: dt.datetime, *, confirmed: bool) -> bool:
    """Return whether keys are to be compared again: once a day, and as soon as somebody confirms what was
    refused.
    """
    return state.compared_at is None or now - state.compared_at >= EVERY or (state.is_refused and confirmed)


def by_store(rows: Sequence[Any]) -> dict[str, int]:
    """Return the counts of stores."""
    return {row["store_id"]: row["count"] for row in rows}


def _is_too_much(one: Removals) -> bool:
    return one.gone > GUARD_FEW and 100 * one.gone > GUARD_PERCENT * one.known
