"""A warehouse that breaks off, is slow, or is not what its mapping says; and deletions that look like a
mistake.
"""

import datetime as dt
from pathlib import Path

import pytest

from server.warehouse.errors import LayoutError, SyncRunning, TooManyGone, WarehouseAway
from server.warehouse.reading.pacing import Hours, Patience
from server.warehouse.runs import only_sync
from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, vin_of

pytestmark = pytest.mark.flow


async def vehicles(both: Both) -> list[tuple[object, ...]]:
    rows = await both.ours.fetch("SELECT vin, rev, price_cents, status::text FROM vehicles ORDER BY vin")
    return [tuple(row) for row in rows]


async def test_a_connection_that_breaks_again_and_again_ends_in_the_same_state(both: Both) -> None:
    await fill(both.source, stock=cars(60, STORES))
    both.proxy.cuts = [900, 1_500, 3_000, 200, 5_000]

    found = await both.sync("stock")

    assert both.proxy.cuts == []
    assert (found["stock"].tally.read, found["stock"].tally.added) == (60, 60)
    assert {rev for _, rev, _, _ in await vehicles(both)} == {1}
    assert await both.ours.fetchval("SELECT breaks FROM sync_state WHERE what = 'stock'") == 5


async def test_a_warehouse_that_stays_away_leaves_what_was_stored_and_the_next_sync_goes_on(
    both: Both,
) -> None:
    await fill(both.source, stock=cars(60, STORES))
    both.patience = Patience(2, 0.001, 0.001, 5, 5)
    both.proxy.cuts = [6_000, 0, 0]

    with pytest.raises(WarehouseAway, match="does not answer"):
        await both.sync("stock")

    stored = len(await vehicles(both))
    assert 0 < stored < 60
    failure = await both.ours.fetchval("SELECT failure FROM sync_state WHERE what = 'stock'")
    assert failure.startswith("WarehouseAway")
    both.proxy.cuts = []
    both.proxy.forget()
    found = await both.sync("stock")
    # What was stored is not read again.
    assert found["stock"].tally.read == found["stock"].tally.added == 60 - stored
    assert await both.ours.fetchval("SELECT failure FROM sync_state WHERE what = 'stock'") == ""


async def test_hours_end_a_sync_and_the_next_one_goes_on(both: Both) -> None:
    await fill(both.source, stock=cars(10, STORES))
    hour = dt.datetime.now(dt.UTC).hour
    closed = Hours((hour + 2) % 24, (hour + 3) % 24 or 24)

    found = await both.sync("stock", hours=closed)

    assert (found["stock"].complete, found["stock"].tally.read) == (False, 0)
    assert (await both.sync("stock"))["stock"].complete


async def test_a_page_that_takes_too_long_is_asked_for_in_halves(both: Both) -> None:
    await fill(both.source, stock=cars(12, STORES))
    await both.change("ALTER TABLE deal_architect.stock RENAME TO cars")
    await both.change(
        "UPDATE deal_architect.cars SET updated_at = updated_at + substr(stock_no, 2)::int * interval '1 h'"
    )
    # Each row takes 100 ms: no more than four of them are read in the time that a query has.
    await both.change(
        "CREATE FUNCTION slow(vin text) RETURNS text IMMUTABLE LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN ''; END $$"
    )
    await both.change(
        "CREATE VIEW deal_architect.stock AS SELECT *, slow(vin) AS fuel FROM deal_architect.cars"
    )
    both.patience = Patience(2, 0.001, 0.001, 0.5, 5)

    found = await both.sync("stock", rows=12)

    assert found["stock"].tally.added == 12
    assert found["stock"].pages > 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "ALTER TABLE deal_architect.stock DROP COLUMN mileage",
            "deal_architect.stock.mileage: expected a column",
        ),
        (
            "ALTER TABLE deal_architect.stock RENAME updated_at TO at",
            "deal_architect.stock.updated_at: expected",
        ),
        (
            "ALTER TABLE deal_architect.stock ALTER updated_at TYPE date",
            "timestamp without time zone or timestamp",
        ),
        (
            "ALTER TABLE deal_architect.stock DROP COLUMN price, DROP COLUMN cost",
            "a column for price or cost",
        ),
        ("DROP TABLE deal_architect.stock", "deal_architect.stock: expected a table or view"),
    ],
)
async def test_a_table_that_does_not_fit_is_named_before_anything_is_read(
    both: Both, change: str, words: str
) -> None:
    await fill(both.source, stock=cars(3, STORES))
    await both.change(change)

    with pytest.raises(LayoutError, match=words.replace(".", r"\.")):
        await both.sync("customers", "stock")

    assert await both.ours.fetchval("SELECT count(*) FROM sync_state") == 0


async def test_other_names_and_constants_come_from_the_mapping_file(both: Both) -> None:
    await both.change(
        "CREATE VIEW deal_architect.lot AS SELECT vin AS serial, CASE store WHEN 'riverside' THEN '001'"
        " END AS dealer,"
        " year, model, is_new, mileage, price AS asking, updated_at AS changed FROM deal_architect.stock"
    )
    await fill(both.source, stock=cars(4, ["riverside"]))
    layout = both.folder / "warehouse.toml"
    layout.write_text(
        '[stock]\ntable = "deal_architect.lot"\nid = "serial"\nupdated_at = "changed"\nstore = "dealer"\n'
        '[stock.columns]\nvin = "serial"\nprice = "asking"\n[stock.constants]\nmake = "Honda"\n'
        '[stock.stores]\n"001" = "lakeside"\n'
    )

    assert (await both.sync("stock", layout=Path(layout)))["stock"].tally.added == 4
    assert (
        await both.ours.fetchval(
            "SELECT count(*) FROM vehicles WHERE make = 'Honda' AND store_id = 'lakeside'"
        )
        == 4
    )


async def test_keys_are_compared_where_deletions_are_not_marked_once_a_day(both: Both) -> None:
    for table in ("stock", "customers"):
        await both.change(f"ALTER TABLE deal_architect.{table} DROP COLUMN deleted_at")
    await fill(both.source, stock=[row[:-1] for row in cars(20, ["riverside"])],
               customers=[row[:-1] for row in customers(20, STORES)])  # fmt: skip
    await both.ours.execute(
        "INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, mileage,"
        " price_cents, stocked_on)"
        " VALUES ('lakeside', 'miami', $1, 'X', 2020, 'Ford', 'Edge', 30000, 1500000, '2026-01-01')",
        vin_of(77),
    )
    assert (await both.sync("stock", "customers"))["stock"].compared
    await both.change("DELETE FROM deal_architect.stock WHERE stock_no IN ('S3', 'S4')")
    await both.change("DELETE FROM deal_architect.customers WHERE customer_id = 5")

    found = await both.sync("stock", "customers")
    assert not found["stock"].compared
    assert (found["stock"].tally.removed, found["customers"].tally.removed) == (0, 0)
    await both.ours.execute("UPDATE sync_state SET compared_at = now() - interval '25 hours'")
    found = await both.sync("stock", "customers")

    assert (found["stock"].tally.removed, found["customers"].tally.removed) == (2, 1)
    gone = [vin for vin, _, _, status in await vehicles(both) if status == "removed"]
    assert sorted(gone) == sorted((vin_of(3), vin_of(4)))
    assert both.proxy.refused == []


@pytest.mark.parametrize("marked", [True, False])
async def test_a_mass_of_deletions_is_refused_unless_it_is_confirmed(both: Both, marked: bool) -> None:
    await fill(both.source, stock=cars(20, ["riverside"]))
    await both.sync("stock")
    if marked:
        await both.change(
            "UPDATE deal_architect.stock SET deleted_at = now(), updated_at = now() WHERE stock_no < 'S16'"
        )
    else:
        await both.change("DELETE FROM deal_architect.stock WHERE stock_no < 'S16'")
        await both.change("ALTER TABLE deal_architect.stock DROP COLUMN deleted_at")

    with pytest.raises(TooManyGone, match="of 20 cars are gone from the warehouse, more than 30 %"):
        await both.sync("stock", rows=100)
    assert {status for *_, status in await vehicles(both)} == {"available"}

    found = await both.sync("stock", confirmed=True)
    assert found["stock"].tally.removed == 8


async def test_two_syncs_do_not_run_at_once(both: Both) -> None:
    async with only_sync(both.settings.database_owner_url):
        with pytest.raises(SyncRunning):
            await both.sync("stock")
