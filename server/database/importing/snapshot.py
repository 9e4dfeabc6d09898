"""``--snapshot``: the file is the whole stock of its store, so the store's other cars are gone.

A car whose row was rejected is still in the file, and stays as it is. A short or damaged file must not empty
a store: if more than GUARD_PERCENT of its cars would go, or if rows could not be read at all, nothing is
stored unless the caller has confirmed it.
"""

from typing import Final

import asyncpg

from server.database.core.one_row import one_row
from server.database.importing.columns import ImportFailed

GUARD_PERCENT: Final = 30
BATCH_VINS: Final = 2_000

_COUNT = """
SELECT count(*), count(*) FILTER (WHERE vin NOT IN (SELECT vin FROM listed))
  FROM vehicles WHERE store_id = $1 AND status IN ('available', 'held', 'in_transit')
"""
_REMOVE = """
UPDATE vehicles SET status = 'removed'
 WHERE store_id = $1 AND status IN ('available', 'held', 'in_transit') AND vin NOT IN (SELECT vin FROM listed)
"""
_RETURN = """
WITH returned AS (
    UPDATE vehicles SET status = 'available'
     WHERE store_id = $1 AND status = 'removed' AND vin IN (SELECT vin FROM staged) RETURNING 1)
SELECT count(*) FROM returned
"""


class Snapshot:
    """The VINs of a file, in the transaction of its import. ``confirmed``: the guard does not refuse."""

    def __init__(self, database: asyncpg.Connection, *, confirmed: bool) -> None:
        self._database = database
        self._confirmed = confirmed
        self._vins: list[tuple[str]] = []
        self._unreadable = 0

    async def open(self) -> None:
        """Make the table of VINs, which ends with the transaction."""
        await self._database.execute("CREATE TEMP TABLE listed (vin text NOT NULL) ON COMMIT DROP")

    async def list(self, vin: str | None) -> None:
        """Note the VIN of a row; None for a row that could not be read."""
        if vin is None:
            self._unreadable += 1
            return
        self._vins.append((vin.strip().upper(),))
        if len(self._vins) == BATCH_VINS:
            await self._flush()

    async def apply(self, store_id: str) -> tuple[int, int]:
        """Remove the store's cars that the file does not have, and return its removed ones that it has again.

        Returns how many are gone and how many are back. Raises ImportFailed if the guard refuses.
        """
        await self._flush()
        await self._database.execute("ANALYZE listed")
        cars, gone = await one_row(self._database, _COUNT, store_id)
        if not self._confirmed:
            self._guard(cars, gone)
        await self._database.execute(_REMOVE, store_id)
        return gone, await self._database.fetchval(_RETURN, store_id)

    def _guard(self, cars: int, gone: int) -> None:
        if gone and self._unreadable:
            raise ImportFailed(
                f"{self._unreadable:,} rows could not be read, and {gone:,} cars would go, perhaps theirs:"
                " nothing was stored; correct the file, or add --yes"
            )
        if 100 * gone > GUARD_PERCENT * cars:
            raise ImportFailed(
                f"{gone:,} of {cars:,} cars of the store are not in the file, more than {GUARD_PERCENT} %:"
                " nothing was stored; check that the file is whole, or add --yes"
            )

    async def _flush(self) -> None:
        if self._vins:
            await self._database.copy_records_to_table("listed", records=self._vins, columns=("vin",))
            self._vins = []
