"""``--snapshot``: the file is the whole stock of its store, so the store's other cars are gone.

A car whose row was rejected is still in the file, and stays as it is: by its VIN, or by its stock number if
the row has no valid VIN. A short or damaged file must not empty a store: if more than GUARD_PERCENT of its
cars would go, or if rows name no car at all, nothing is stored unless the caller has confirmed it.
"""

from typing import Final

import asyncpg

from protocol import vin as vins
from server.database.importing.columns import ImportFailed

GUARD_PERCENT: Final = 30
BATCH_CARS: Final = 2_000
_KEYS: Final = {"listed": "vin", "listed_by_stock": "stock_no"}

# Joins, not NOT IN: a list that exceeds the memory of a hash would be read once for each car.
_GONE = (
    "NOT EXISTS (SELECT FROM listed l WHERE l.vin = vehicles.vin)"
    " AND NOT EXISTS (SELECT FROM listed_by_stock l WHERE l.stock_no = vehicles.stock_no)"
)
_COUNT = """
SELECT count(*) FROM vehicles WHERE store_id = $1 AND status IN ('available', 'held', 'in_transit')
"""
COUNT_GONE = f"{_COUNT} AND {_GONE}"
_REMOVE = f"""
UPDATE vehicles SET status = 'removed'
 WHERE store_id = $1 AND status IN ('available', 'held', 'in_transit') AND {_GONE}
"""  # noqa: S608 - our own
_RETURN = """
WITH returned AS (
    UPDATE vehicles SET status = 'available'
     WHERE store_id = $1 AND status = 'removed' AND vin IN (SELECT vin FROM staged) RETURNING 1)
SELECT count(*) FROM returned
"""


class Snapshot:
    """The cars of a file, in the transaction of its import. ``confirmed``: the guard does not refuse."""

    def __init__(self, database: asyncpg.Connection, *, confirmed: bool) -> None:
        self._database = database
        self._confirmed = confirmed
        self._named: dict[str, list[tuple[str]]] = {table: [] for table in _KEYS}
        self._unreadable = 0

    async def open(self) -> None:
        """Make the tables of the file's cars, which end with the transaction."""
        for table, key in _KEYS.items():
            await self._database.execute(f"CREATE TEMP TABLE {table} ({key} text NOT NULL) ON COMMIT DROP")

    async def list(self, vin: str, stock_no: str) -> None:
        """Note the car of a row: by its VIN, or by its stock number if the VIN is not valid. A row without
        either names no car.
        """
        if vins.flaw(vin) is None:
            await self._note("listed", vin)
        elif stock_no:
            await self._note("listed_by_stock", stock_no)
        else:
            self._unreadable += 1

    async def apply(self, store_id: str) -> tuple[int, int]:
        """Remove the store's cars that the file does not have, and return its removed ones that it has again.

        Returns how many are gone and how many are back. Raises ImportFailed if the guard refuses.
        """
        for table in _KEYS:
            await self._flush(table)
            await self._database.execute(f"ANALYZE {table}")
        gone = await self._database.fetchval(COUNT_GONE, store_id)
        if not self._confirmed:
            self._guard(await self._database.fetchval(_COUNT, store_id), gone)
        await self._database.execute(_REMOVE, store_id)
        return gone, await self._database.fetchval(_RETURN, store_id)

    def _guard(self, cars: int, gone: int) -> None:
        if gone and self._unreadable:
            raise ImportFailed(
                f"{self._unreadable:,} rows name no car, and {gone:,} cars would go, perhaps theirs:"
                " nothing was stored; correct the file, or add --yes"
            )
        if 100 * gone > GUARD_PERCENT * cars:
            raise ImportFailed(
                f"{gone:,} of {cars:,} cars of the store are not in the file, more than {GUARD_PERCENT} %:"
                " nothing was stored; check that the file is whole, or add --yes"
            )

    async def _note(self, table: str, text: str) -> None:
        self._named[table].append((text,))
        if len(self._named[table]) == BATCH_CARS:
            await self._flush(table)

    async def _flush(self, table: str) -> None:
        if self._named[table]:
            await self._database.copy_records_to_table(
                table, records=self._named[table], columns=(_KEYS[table],)
            )
            self._named[table] = []
