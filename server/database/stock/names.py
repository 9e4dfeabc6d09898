"""Cars by the names that people give them."""

from collections.abc import Sequence

from server.database.core.pool import Database

_BY_STOCK_NO = """
SELECT v.stock_no, v.vehicle_id::text FROM vehicles v JOIN stores s USING (store_id)
 WHERE v.stock_no = ANY ($2) AND s.group_id = (SELECT group_id FROM stores WHERE store_id = $1)
 ORDER BY v.store_id <> $1, v.vehicle_id DESC
"""


async def vehicle_ids_of(database: Database, store_id: str, names: Sequence[str]) -> list[str]:
    """Return the vehicle id of each stock number; a name that is none stays as it is.

    A number that several stores of the group use is that of the store itself.
    """
    if not names:
        return []
    rows = await database.fetch(_BY_STOCK_NO, store_id, list(names))
    found: dict[str, str] = {}
    for row in rows:
        found.setdefault(row["stock_no"], row["vehicle_id"])
    return [found.get(name, name) for name in names]
