# ruff: noqa: S608 - the queries are put together from names in this file
"""Import and seed on a real PostgreSQL: every row stored or explained, and a second run changes nothing."""

import asyncio
import csv
import dataclasses
import datetime as dt
import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from protocol.records import Filters, Scope, Sort
from server.database.importing import ImportFailed, import_inventory
from server.database.importing.reading import ROW_CHARACTERS
from server.database.sample.seed import SeedPlan, seed
from server.search.sql.query import Stock, build_query, explained
from tests.services import Database, Services, Templates

pytestmark = pytest.mark.flow

REAL = Path(__file__).parents[3] / "../shared/data/auction_sales.csv.gz"
HEADER = "VIN,Stock #,Year,Make,Model,Mileage,Price,Cost\n"
CIVIC = "1M8GDM9AXKP042788,A1,2022,Honda,Civic,30000,19995,17000\n"
CAMRY = "5GZCZ43D13S812715,A2,2021,Toyota,Camry,41000,21995,18500\n"


def adds_up(summary: object) -> bool:
    """Whether the rows read are the sum of what became of them."""
    counts = dataclasses.asdict(summary)  # type: ignore[call-overload]
    return bool(
        counts["read"] == sum(counts[one] for one in ("inserted", "updated", "unchanged", "rejected"))
    )


async def state(owner: asyncpg.Connection) -> list[asyncpg.Record]:
    """Return all that an import could move."""
    return await owner.fetch(
        "SELECT v.*, inventory_version FROM vehicles v JOIN stores USING (store_id) ORDER BY vehicle_id"
    )


@pytest.mark.skipif(not REAL.exists(), reason="the real auction data is not beside the project")
async def test_real_auction_sales(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> None:
    """All 13,052 rows are stored or explained; a second import of the same file changes nothing."""
    rejects = tmp_path / "rejects.csv"
    first = await import_inventory(database.owner_url, REAL, "riverside", {}, rejects)
    before = await state(owner)
    assert first.read == 13_052
    assert adds_up(first)
    assert first.inserted == len(before)
    with rejects.open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert sum(row["outcome"] == "rejected" for row in listed) == first.rejected
    assert len(listed) == first.rejected + first.doubtful
    assert all(row["reason"] and row["vin"] for row in listed)
    with gzip.open(REAL, "rt") as file:
        lines = file.read().splitlines()
    assert all(row["vin"] in lines[int(row["line"]) - 1] for row in listed)

    second = await import_inventory(database.owner_url, REAL, "riverside", {}, rejects)
    assert (second.inserted, second.updated, second.unchanged) == (0, 0, first.inserted)
    assert await state(owner) == before


async def test_a_changed_row_is_an_update(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Only that car gets a new revision; its status and what the file does not say stay."""
    path = tmp_path / "cars.csv"
    path.write_text(HEADER + CIVIC + CAMRY)
    await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    await owner.execute("UPDATE vehicles SET status = 'held', color = 'Red'")
    path.write_text(HEADER + CIVIC.replace("19995", "18995") + CAMRY)
    summary = await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    rows = await owner.fetch("SELECT price_cents, rev, status::text, color FROM vehicles ORDER BY stock_no")
    assert (summary.updated, summary.unchanged) == (1, 1)
    assert [tuple(row) for row in rows] == [(18_995_00, 3, "held", "Red"), (21_995_00, 2, "held", "Red")]


async def analysed(owner: asyncpg.Connection) -> set[str]:
    """Return the tables that a command analysed; those of autovacuum do not count."""
    rows = await owner.fetch("SELECT relname FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL")
    return {row["relname"] for row in rows}


async def test_an_import_analyses_the_stock(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """The next search is planned for the cars that are there now."""
    assert await analysed(owner) == set()
    path = tmp_path / "cars.csv"
    path.write_text(HEADER + CIVIC)
    await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    assert await analysed(owner) == {"vehicles"}


async def test_a_seed_analyses_what_it_wrote(database: Database, owner: asyncpg.Connection) -> None:
    """The first searches are planned for the tables as they are."""
    assert await analysed(owner) == set()
    await seed(database.owner_url, SeedPlan(vehicles=20, customers=4, deals=1))
    assert {"vehicles", "customers", "deals", "lender_programmes"} <= await analysed(owner)


async def test_rows_that_only_the_database_can_judge(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """A VIN twice, and a VIN in another store's stock, are rejected with line and reason; counts add up."""
    path, rejects = tmp_path / "cars.csv", tmp_path / "rejects.csv"
    path.write_text(HEADER + CAMRY)
    await import_inventory(database.owner_url, path, "northgate", {}, rejects)
    path.write_text(HEADER + CIVIC + CAMRY + CIVIC.replace("19995", "18995") + "\n" + "broken,row\n")
    summary = await import_inventory(database.owner_url, path, "riverside", {}, rejects)
    with rejects.open(newline="") as file:
        reasons = {int(row["line"]): row["reason"] for row in csv.DictReader(file)}
    assert (summary.read, summary.inserted, summary.rejected) == (4, 1, 3)
    assert adds_up(summary)
    assert "northgate" in reasons[3]
    assert "already on line 2" in reasons[4]
    assert "2 cells under 8 columns" in reasons[6]
    assert await owner.fetchval("SELECT price_cents FROM vehicles WHERE store_id = 'riverside'") == 19_995_00


async def test_what_the_rejects_file_holds_is_no_formula(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Rows that are rejected at once, by the database, and rows that are stored all the same."""
    path, rejects = tmp_path / "cars.csv", tmp_path / "rejects.csv"
    header = HEADER.replace("\n", ",=Note\n")
    rows = [(CIVIC, "=A1"), (CIVIC, "@B1"), (CAMRY.replace("41000", "360000"), "-C1"), ("\t=D1\n", "+D1")]
    path.write_text(header + "".join(row.replace("\n", f",{cell}\n") for row, cell in rows))
    summary = await import_inventory(database.owner_url, path, "riverside", {}, rejects)
    with rejects.open(newline="") as file:
        listed = list(csv.reader(file))
    assert (summary.inserted, summary.rejected, summary.doubtful, len(listed)) == (2, 2, 1, 4)
    assert [row[-1] for row in listed] == ["'=Note", "'+D1", "'@B1", "'-C1"]
    assert listed[1][3] == "'\t=D1"


async def test_rows_as_long_as_they_may_be(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """What is too long to be shown is rejected; long cells that are not read go through in batches."""
    path = tmp_path / "cars.csv"
    notes = "\x01" * (ROW_CHARACTERS - 200)
    rows = [CIVIC.replace("\n", f",{notes}\n")] * 100 + [
        CAMRY.replace("Toyota", "T" * 300),
        "x" * 70_000 + "\n",
    ]
    path.write_text(HEADER.replace("\n", ",Note\n") + "".join(rows))
    summary = await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    assert (summary.read, summary.inserted, summary.rejected) == (102, 1, 101)
    assert adds_up(summary)


async def test_a_damaged_file_stores_nothing(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """A gzip that ends early, an unknown store: an error, and not one car."""
    path = tmp_path / "cars.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write(HEADER + CIVIC + CAMRY * 5_000)
    whole = path.read_bytes()
    with pytest.raises(ImportFailed, match="no store 'elsewhere'"):
        await import_inventory(database.owner_url, path, "elsewhere", {}, tmp_path / "r.csv")
    path.write_bytes(whole[:-40])
    with pytest.raises(ImportFailed, match=r"damaged|ended"):
        await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    assert await owner.fetchval("SELECT count(*) FROM vehicles") == 0


async def test_a_seed_adds_the_difference_once(services: Services, migrated: Database) -> None:
    """The same plan again adds nothing; a larger one what is missing."""
    with services.database(migrated) as empty:
        first = await seed(empty.owner_url, SeedPlan(vehicles=50, customers=8, deals=3))
        again = await seed(empty.owner_url, SeedPlan(vehicles=50, customers=8, deals=3))
        more = await seed(empty.owner_url, SeedPlan(vehicles=70, customers=9, deals=5))
    assert (first.vehicles, first.customers, first.deals, first.stores) == (50, 8, 3, 2)
    assert str(again).startswith("nothing added")
    assert (more.vehicles, more.customers, more.deals, more.stores) == (20, 1, 2, 0)


async def test_a_seed_is_repeatable(database: Database, owner: asyncpg.Connection) -> None:
    """Cars that came in two steps are those that come in one: number by number the same."""
    await seed(database.owner_url, SeedPlan(vehicles=20, customers=4, deals=0))
    await seed(database.owner_url, SeedPlan(vehicles=40, customers=4, deals=0))
    query = "SELECT vin, price_cents, store_id, mileage FROM vehicles ORDER BY stock_no"
    stepwise = await owner.fetch(query)
    await owner.execute("DELETE FROM vehicles")
    await seed(database.owner_url, SeedPlan(vehicles=40, customers=4, deals=0))
    assert await owner.fetch(query) == stepwise


# The hot path, as its queries read the large tables.
ID = "2f1b2b3c-0000-4000-8000-000000000000"
DAY = dt.date(2026, 7, 1)
ORDERS = ("price_cents", "mileage", "year", "stocked_on")


@pytest.fixture
async def stock(templates: Templates) -> AsyncIterator[asyncpg.Connection]:
    """A stock large enough that the planner would scan it only for want of an index; it is only read."""
    large = await asyncio.to_thread(templates.of, SeedPlan(vehicles=20_000, customers=400, deals=200))
    connection = await asyncpg.connect(large.owner_url)
    await connection.execute("SET default_transaction_read_only = on")
    yield connection
    await connection.close()


async def plan(connection: asyncpg.Connection, query: str) -> str:
    """Return the plan of a query as text."""
    return "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + query))


async def test_every_order_is_read_off_an_index(stock: asyncpg.Connection) -> None:
    """For a store and for a group, up and down, first page and keyset page: no scan and no sort."""
    for scope in ("store_id = 'riverside'", "group_id = 'sample-group'"):
        for column in ORDERS:
            middle = await stock.fetchval(
                f"SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY {column}) FROM vehicles"
            )
            for direction, compare in (("", ">"), (" DESC", "<")):
                for keyset in ("", f" AND ({column}, vehicle_id) {compare} ('{middle}', 500)"):
                    found = await plan(
                        stock,
                        f"SELECT * FROM vehicles WHERE {scope} AND status = 'available'{keyset}"
                        f" ORDER BY {column}{direction}, vehicle_id{direction} LIMIT 200",
                    )
                    assert re.search(r"Index Scan.* using vehicles_(store|group)_", found), found
                    assert not re.search(r"Seq Scan|Sort", found), found
                    assert not keyset or re.search(rf"Index Cond: .*ROW\(\(?{column}", found), found


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("scope", list(Scope))
async def test_a_search_is_read_off_an_index(stock: asyncpg.Connection, scope: Scope, sort: Sort) -> None:
    """The search's own query with all that it looks up for each car: rows come in order, none is sorted."""
    query = build_query(
        Stock("riverside", "sample-group", scope), Filters(), sort, window=(1, 10**9), after=None, today=DAY
    )
    asked = explained(query)
    root = json.loads(await stock.fetchval(asked.text, *asked.args))[0]["Plan"]
    assert root["Node Type"] == "Index Scan"
    assert root["Index Name"].startswith(f"vehicles_{scope.value}_")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM deals JOIN stores USING (store_id) JOIN customers USING (customer_id)"
        " WHERE deal_id = (SELECT deal_id FROM deals ORDER BY deal_id LIMIT 1)",
        "SELECT * FROM deals WHERE store_id = 'riverside' AND (updated_at, deal_id) <"
        f" (now(), '{ID}') ORDER BY updated_at DESC, deal_id DESC LIMIT 20",
        "SELECT * FROM customers WHERE store_id = 'riverside' ORDER BY name, customer_id LIMIT 20",
        f"SELECT * FROM deal_events WHERE deal_id = '{ID}' AND no > 3 ORDER BY no LIMIT 10",
        f"SELECT reply FROM deal_events WHERE deal_id = '{ID}' AND op = '{ID}'",
        "SELECT * FROM vehicles WHERE vehicle_id = ANY ('{1,2,3}')",
        "SELECT * FROM vehicles WHERE vin = '1M8GDM9AXKP042788'",
        "SELECT * FROM credentials WHERE token_hash = '\\x00'",
    ],
)
async def test_no_query_of_the_hot_path_scans_a_large_table(stock: asyncpg.Connection, query: str) -> None:
    """Deals, customers, events, cars and credentials are found by index."""
    # Small tables are scanned because that is faster; what must hold is that an index could serve.
    await stock.execute("SET enable_seqscan = off")
    found = await plan(stock, query)
    assert not re.search(r"Seq Scan on (deals|customers|deal_events|vehicles|credentials)", found), found
