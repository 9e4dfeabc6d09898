"""A warehouse that breaks off, is slow, or is not what its mapping says."""

import datetime as dt
from pathlib import Path

import pytest

from server.errors import FAILED
from server.warehouse.errors import LayoutError, SyncRunning, TooSlow, WarehouseAway
from server.warehouse.reading.pacing import Hours, Patience
from server.warehouse.report import write_metrics
from server.warehouse.runs import only_sync
from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, fill

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


async def test_a_warehouse_that_is_down_from_the_start_counts_as_failing(both: Both) -> None:
    """Of each kind: the alert looks at the metrics file."""
    both.proxy.refuses_connections = True
    both.patience = Patience(2, 0.001, 0.001, 5, 5)
    metrics = both.folder / "sync.prom"

    with pytest.raises(WarehouseAway):
        await both.sync()
    await write_metrics(both.ours, metrics)

    written = metrics.read_text()
    for what in ("stock", "customers", "loans", "payments"):
        assert f'deal_sync_failing{{what="{what}"}} 1.0' in written
    both.proxy.refuses_connections = False
    await both.sync()
    await write_metrics(both.ours, metrics)
    assert 'deal_sync_failing{what="stock"} 0.0' in metrics.read_text()


@pytest.mark.parametrize("state", ["serialization_failure", "internal_error"])
async def test_an_error_that_may_pass_is_asked_again(both: Both, state: str) -> None:
    """A replica's conflict with its primary, and what Redshift calls an internal error."""
    await fill(both.source, stock=cars(4, STORES))
    await both.change("ALTER TABLE deal_architect.stock RENAME TO cars; CREATE SEQUENCE deal_architect.tries")
    await both.change(
        "CREATE FUNCTION flaky(vin text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
        f" IF nextval('deal_architect.tries') < 3 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}';"
        " END IF; RETURN ''; END $$"
    )
    await both.change(
        "CREATE VIEW deal_architect.stock AS SELECT *, flaky(vin) AS fuel FROM deal_architect.cars"
    )

    found = await both.sync("stock")

    assert found["stock"].tally.added == 4
    assert await both.ours.fetchval("SELECT breaks FROM sync_state WHERE what = 'stock'") == 2


async def test_a_warehouse_that_is_always_too_slow_is_no_bad_setting(both: Both) -> None:
    """With ``--watch`` the next round tries again."""
    await fill(both.source, stock=cars(4, STORES))
    await both.change("ALTER TABLE deal_architect.stock RENAME TO cars")
    # What a time limit says, at once: others than these queries may meet one that is short enough for a test.
    await both.change(
        "CREATE FUNCTION slow(vin text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_sleep(0.005); RAISE EXCEPTION 'canceling statement due to statement timeout'"
        " USING ERRCODE = 'query_canceled'; END $$"
    )
    await both.change(
        "CREATE VIEW deal_architect.stock AS SELECT *, slow(vin) AS fuel FROM deal_architect.cars"
    )

    with pytest.raises(TooSlow) as slow:
        await both.sync("stock")

    assert slow.value.exit_code == FAILED
    assert await both.ours.fetchval("SELECT source_ms FROM sync_state WHERE what = 'stock'") >= 20


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

    state = await both.ours.fetch("SELECT what, rows_read, failure FROM sync_state ORDER BY what")
    assert [tuple(row)[:2] for row in state] == [("customers", 0), ("stock", 0)]
    assert all(row["failure"].startswith("LayoutError: deal_architect.stock") for row in state)


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


async def test_two_syncs_do_not_run_at_once(both: Both) -> None:
    """The second one also leaves the first one's rejects file alone."""
    (both.folder / "rejects.csv").write_text("of the first\n")
    async with only_sync(both.settings.database_owner_url):
        with pytest.raises(SyncRunning):
            await both.sync("stock")
    assert both.rejects() == "of the first\n"
    await both.sync("stock")
    assert not (both.folder / "rejects.csv").exists()
