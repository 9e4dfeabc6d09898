"""Cars: judged as the rows of a dealer's file are, and merged a page at a time.

The warehouse speaks for all stores, so a car that it has at another store of the group moves there. A car
that is gone from the store where it stands is ``removed``, as by ``import-inventory --snapshot``; one that
is sold here stays so. After a trade between stores, the row that the first store closes removes nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from protocol import vin as vins
from server.database.core.one_row import one_row
from server.database.importing.columns import ColumnMap
from server.database.importing.flaws import Flaw, FlawKind
from server.database.importing.load import MERGE_LOCK
from server.database.importing.merging import CAR_COLUMNS, STAGED_STORES, merge_statement
from server.database.importing.parsing import Car, parse_row
from server.warehouse.layout import Table
from server.warehouse.reading.keyset import GONE, KEY
from server.warehouse.rejects import DOUBTFUL, REJECTED, Reject
from server.warehouse.storing.deletions import Guard, by_store
from server.warehouse.storing.storing import Advance, Stored, Stores, names_of_car, no_store

BOOK_SOURCE: Final = "warehouse"
_STAGED: Final = ("line", "key", "store_id", "group_id", *CAR_COLUMNS)
_MAKE: Final = f"""
CREATE TEMP TABLE staged ON COMMIT DROP AS
SELECT NULL::bigint AS line, NULL::text AS key, store_id, group_id, {", ".join(CAR_COLUMNS)}
  FROM vehicles WITH NO DATA
"""  # noqa: S608 - names of our own
_ELSEWHERE: Final = """
DELETE FROM staged USING vehicles v WHERE v.vin = staged.vin AND v.group_id <> staged.group_id
RETURNING staged.key, staged.vin, v.store_id AS other
"""
_RETURN: Final = """
UPDATE vehicles v SET status = 'available' FROM staged WHERE v.vin = staged.vin AND v.status = 'removed'
RETURNING v.vehicle_id, v.rev
"""
_REVISIONS: Final = "SELECT vehicle_id, rev FROM vehicles WHERE vehicle_id = ANY ($1)"
_REMOVE: Final = """
WITH gone AS (
    UPDATE vehicles v SET status = 'removed' FROM unnest($1::text[], $2::text[]) AS n (vin, store_id)
     WHERE v.vin = n.vin AND v.store_id = n.store_id AND v.status IN ('available', 'held', 'in_transit')
    RETURNING v.store_id)
SELECT store_id, count(*) FROM gone GROUP BY store_id
"""


@dataclass(frozen=True, slots=True)
class _Read:
    key: str
    car: Car
    store: tuple[str, str]
    kind_in_condition: bool


class StockStoring:
    """Stores pages of cars. ``guard`` refuses a mass of deletions."""

    def __init__(self, database: asyncpg.Connection, table: Table, stores: Stores, guard: Guard) -> None:
        self._database = database
        self._stores = stores
        self._guard = guard
        self._names = tuple(table.fields)
        places = {name: place for place, name in enumerate(self._names)}
        self._layout = ColumnMap(self._names, places, table.mapped.constants)
        self._is_marked = table.deleted_at is not None
        self._today = dt.datetime.now(dt.UTC).date()

    async def store(self, rows: Sequence[Any], begins: str, advance: Advance) -> Stored:
        """Store a page of cars. Raises TooManyGone, with nothing of the page stored."""
        self._today = dt.datetime.now(dt.UTC).date()
        done = Stored()
        done.tally.read = len(rows)
        cars, gone = self._judge(rows, done)
        async with self._database.transaction():
            await self._database.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)
            if gone:
                await self._remove(gone, done)
            if cars:
                await self._merge(cars, done)
            await advance(self._database, done.tally)
        self._guard.settle()
        return done

    def _judge(self, rows: Sequence[Any], done: Stored) -> tuple[dict[str, _Read], dict[str, set[str]]]:
        """Return the newest row of each VIN that is there, and the stores from which other VINs are gone."""
        cars: dict[str, _Read] = {}
        gone: dict[str, set[str]] = {}
        for row in rows:
            store = self._stores.of(row)
            if store is None:
                self._reject(row, done, no_store(row))
                continue
            if self._is_marked and row[GONE]:
                vin, _ = names_of_car(row)
                if vin in cars and cars[vin].store != store:
                    done.tally.superseded += 1  # It stands in another store by now.
                    continue
                stores = gone.setdefault(vin, set())
                done.tally.superseded += (cars.pop(vin, None) is not None) + (store[0] in stores)
                stores.add(store[0])
                continue
            parsed = parse_row([row[name] or "" for name in self._names], self._layout, self._today)
            if parsed.car is None:
                self._reject(row, done, *parsed.flaws)
                continue
            if parsed.flaws:
                done.tally.doubtful += 1
                done.rejects.append(Reject(row[KEY], DOUBTFUL, parsed.flaws))
            vin = parsed.car.vin
            done.tally.superseded += (cars.pop(vin, None) is not None) + len(gone.pop(vin, ()))
            cars[vin] = _Read(row[KEY], parsed.car, store, parsed.kind_in_condition)
        return cars, gone

    async def _remove(self, gone: dict[str, set[str]], done: Stored) -> None:
        named = [(vin, store) for vin, stores in gone.items() for store in stores]
        vins, stores = zip(*named, strict=True)
        removed = by_store(await self._database.fetch(_REMOVE, vins, stores))
        done.tally.removed += sum(removed.values())
        done.tally.unchanged += len(named) - sum(removed.values())
        await self._guard.check(self._database, removed)

    async def _merge(self, cars: dict[str, _Read], done: Stored) -> None:
        await self._database.execute(_MAKE)
        records = [
            (line, one.key, *one.store, *(getattr(one.car, name) for name in CAR_COLUMNS))
            for line, one in enumerate(cars.values())
        ]
        await self._database.copy_records_to_table("staged", records=records, columns=_STAGED)
        for found in await self._database.fetch(_ELSEWHERE):
            text = f"VIN {found['vin']} is in the stock of {found['other']}, which is of another group"
            done.tally.rejected += 1
            done.rejects.append(Reject(found["key"], REJECTED, [Flaw(FlawKind.OTHER_STORE, text)]))
            del cars[found["vin"]]
        # Without statistics, a page looks like a thousand rows of anything.
        await self._database.execute("ANALYZE staged")
        returned = {row["vehicle_id"]: row["rev"] for row in await self._database.fetch(_RETURN)}
        in_condition = any(one.kind_in_condition for one in cars.values())
        statement = merge_statement(self._layout, kind_in_condition=in_condition, store=STAGED_STORES)
        added, updated = await one_row(self._database, statement, BOOK_SOURCE, self._today)
        done.tally.added += added
        if returned:  # those that the merge had nothing to change of
            rows = await self._database.fetch(_REVISIONS, list(returned))
            updated += sum(returned[row["vehicle_id"]] == row["rev"] for row in rows)
        done.tally.updated += updated
        done.tally.unchanged += len(cars) - added - updated

    def _reject(self, row: Any, done: Stored, *flaws: Flaw) -> None:
        done.tally.rejected += 1
        done.rejects.append(Reject(row[KEY], REJECTED, flaws))


def name_car(store: str | None, row: Any) -> tuple[str | None, str | None, str | None]:
    """Return how a listed row names its car: by its VIN, or by its stock number if the VIN is not valid."""
    vin, stock_no = names_of_car(row)
    return (store, vin, None) if vins.flaw(vin) is None else (store, None, stock_no or None)
