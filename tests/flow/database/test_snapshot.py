"""A dealer's feed imported: unknown costs, conditions as words, and a file that is the whole stock."""

import asyncio
import datetime as dt
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from server.__main__ import app
from server.database.importing import ImportFailed, import_inventory
from server.database.importing.load import ImportSummary
from server.database.importing.snapshot import COUNT_GONE, Snapshot
from tests.database.test_feeds import FEED
from tests.services import Database

pytestmark = pytest.mark.flow

HEADER = "VIN,Stock #,Year,Make,Model,Miles,Price,Condition\n"
CARS = {
    "A1": "1M8GDM9AXKP042788,A1,2022,Honda,Civic,30000,19995,Used\n",
    "A2": "5GZCZ43D13S812715,A2,2021,Toyota,Camry,41000,21995,CPO\n",
    "A3": "1HGCM82633A004352,A3,2026,Honda,Accord,9,31895,New\n",
    "A4": "3VWFE21C04M000001,A4,2021,Volkswagen,Jetta,38771,16995,Used\n",
}


class Shop:
    """One store's file, written and imported again and again."""

    def __init__(self, owner_url: str, folder: Path) -> None:
        self._owner_url = owner_url
        self._path = folder / "cars.csv"
        self._rejects = folder / "rejects.csv"

    async def brings(self, *cars: str, more: str = "", confirmed: bool = False) -> ImportSummary:
        """Import a snapshot with these cars."""
        self._path.write_text(HEADER + "".join(CARS[car] for car in cars) + more)
        return await import_inventory(
            self._owner_url,
            self._path,
            "riverside",
            {},
            self._rejects,
            snapshot=True,
            confirmed=confirmed,
        )


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    """The store riverside."""
    return Shop(database.owner_url, tmp_path)


async def statuses(owner: asyncpg.Connection) -> dict[str, str]:
    """Return the status of each car by its stock number."""
    rows = await owner.fetch("SELECT stock_no, status::text FROM vehicles")
    return {row["stock_no"]: row["status"] for row in rows}


async def test_a_feed_without_costs_is_stored_with_unknown_ones(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Not as cars that cost nothing; a cost that is known stays; the summary says so."""
    summary = await import_inventory(database.owner_url, FEED, "riverside", {}, tmp_path / "r.csv")
    assert (summary.inserted, summary.rejected) == (3, 1)
    assert "unknown cost" in str(summary)
    rows = await owner.fetch("SELECT stock_no, cost_cents, is_new FROM vehicles ORDER BY stock_no")
    assert [tuple(row) for row in rows] == [
        ("N20911", None, True),
        ("P10442", None, False),
        ("U10377A", None, False),
    ]
    await owner.execute("UPDATE vehicles SET cost_cents = 1900000 WHERE stock_no = 'P10442'")
    again = await import_inventory(database.owner_url, FEED, "riverside", {}, tmp_path / "r.csv")
    assert (again.updated, again.unchanged) == (0, 3)
    assert await owner.fetchval("SELECT cost_cents FROM vehicles WHERE stock_no = 'P10442'") == 1_900_000


async def test_a_condition_that_is_a_word_updates_whether_a_car_is_new(
    owner: asyncpg.Connection, shop: Shop
) -> None:
    """And touches no grade that another file gave."""
    await shop.brings(*CARS)
    await owner.execute("UPDATE vehicles SET is_new = NOT is_new, condition_tenths = 42")
    summary = await shop.brings(*CARS)
    assert summary.updated == len(CARS)
    rows = await owner.fetch("SELECT is_new, condition_tenths FROM vehicles ORDER BY stock_no")
    assert [tuple(row) for row in rows] == [(False, 42), (False, 42), (True, 42), (False, 42)]


async def test_what_a_row_leaves_open_stays_with_a_known_car(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """An empty day in stock makes no car fresh again, an empty or graded condition no new car used."""
    path, day = tmp_path / "cars.csv", dt.date(2026, 1, 5)
    heads = [
        "VIN",
        "Year",
        "Make",
        "Model",
        "Miles",
        "Price",
        "Certified",
        "Condition",
        "Date In Stock",
        "Age",
    ]
    rows = [
        ["1HGCM82633A004352", "2026", "Honda", "Accord", "9", "31895", "No", "New", "", ""],
        ["3VWFE21C04M000001", "2021", "Volkswagen", "Jetta", "38771", "16995", "", "4.2", "", "n/a"],
        ["5GZCZ43D13S812715", "2021", "Toyota", "Camry", "41000", "21995", "Yes", "", "0001-01-01", ""],
    ]
    path.write_text("\n".join(",".join(row) for row in (heads, *rows)))
    first = await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    assert first.inserted == 3
    today = dt.datetime.now(dt.UTC).date()
    query = "SELECT make, is_new, stocked_on FROM vehicles ORDER BY make"
    assert [tuple(row) for row in await owner.fetch(query)] == [
        ("Honda", True, today), ("Toyota", False, today), ("Volkswagen", False, today)
    ]  # fmt: skip
    await owner.execute("UPDATE vehicles SET is_new = true, stocked_on = $1", day)
    rows[0][7] = ""
    path.write_text("\n".join(",".join(row) for row in (heads, *rows)))
    again = await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
    assert (again.updated, again.unchanged) == (1, 2)
    assert [tuple(row) for row in await owner.fetch(query)] == [
        ("Honda", True, day), ("Toyota", False, day), ("Volkswagen", True, day)
    ]  # fmt: skip


async def test_cars_that_a_snapshot_no_longer_has_are_gone(owner: asyncpg.Connection, shop: Shop) -> None:
    """One of four is under the guard; sold cars stay sold; a car that comes back is for sale again."""
    await shop.brings(*CARS)
    await owner.execute("UPDATE vehicles SET status = 'sold' WHERE stock_no = 'A2'")
    await owner.execute("UPDATE vehicles SET status = 'in_transit' WHERE stock_no = 'A1'")
    gone = await shop.brings("A1", "A3", "A4")
    assert gone.gone == 0
    await owner.execute("UPDATE vehicles SET status = 'available' WHERE stock_no = 'A2'")
    gone = await shop.brings("A1", "A2", "A3")
    assert (gone.gone, gone.returned) == (1, 0)
    assert await statuses(owner) == {
        "A1": "in_transit",
        "A2": "available",
        "A3": "available",
        "A4": "removed",
    }
    back = await shop.brings(*CARS)
    assert (back.gone, back.returned) == (0, 1)
    assert (await statuses(owner))["A4"] == "available"


async def test_the_guard_refuses_a_snapshot_that_empties_the_store(
    owner: asyncpg.Connection, shop: Shop
) -> None:
    """More than 30 %: nothing is stored, not even new prices, unless it is confirmed."""
    await shop.brings("A1", "A2", "A3")
    with pytest.raises(ImportFailed, match=r"2 of 4 cars .* more than 30 %: nothing was stored"):
        await shop.brings("A1", "A4")
    assert await statuses(owner) == dict.fromkeys(("A1", "A2", "A3"), "available")
    summary = await shop.brings("A1", "A4", confirmed=True)
    assert summary.gone == 2
    assert await statuses(owner) == {"A1": "available", "A2": "removed", "A3": "removed", "A4": "available"}


async def test_a_car_whose_row_is_rejected_is_still_there(owner: asyncpg.Connection, shop: Shop) -> None:
    """Its VIN is in the file. A row that cannot be read might be any car's, so the guard asks."""
    await shop.brings(*CARS)
    rejected = CARS["A4"].replace("16995", "call us")
    assert (await shop.brings("A1", "A2", "A3", more=rejected)).gone == 0
    assert (await statuses(owner))["A4"] == "available"
    with pytest.raises(ImportFailed, match="1 rows name no car, and 1 cars would go"):
        await shop.brings("A1", "A2", "A3", more="half a row\n")


async def test_a_long_file_is_compared_by_a_join(owner: asyncpg.Connection) -> None:
    """Not car by car with the whole list, which takes hours for 200,000 cars, even with little memory."""
    async with owner.transaction():
        await Snapshot(owner, confirmed=True).open()
        await owner.execute("SET LOCAL work_mem = '64kB'")
        plan = await owner.fetch(f"EXPLAIN {COUNT_GONE}", "riverside")
    text = "\n".join(row[0] for row in plan)
    assert text.count("Anti Join") == 2, text
    assert "SubPlan" not in text


async def test_a_row_with_a_bad_vin_keeps_the_car_of_its_stock_number(
    owner: asyncpg.Connection, shop: Shop
) -> None:
    """A VIN with characters that nobody sees is the car's own; without VIN and number a row names no car."""
    await shop.brings(*CARS)
    await owner.execute("UPDATE vehicles SET status = 'held' WHERE stock_no = 'A4'")
    vin = CARS["A4"].split(",")[0]
    for other in (f"{vin[:9]}\u200b{vin[9:]}", vin[:-1], ""):
        summary = await shop.brings("A1", "A2", "A3", more=CARS["A4"].replace(vin, other))
        assert (summary.gone, summary.returned) == (0, 0), other
        assert (await statuses(owner))["A4"] == "held", other
    nameless = CARS["A4"].replace(f"{vin},A4", f"{vin[:-1]},")
    with pytest.raises(ImportFailed, match="1 rows name no car, and 1 cars would go"):
        await shop.brings("A1", "A2", "A3", more=nameless)


async def test_the_options_at_the_terminal(
    database: Database, owner: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--set, --snapshot and --yes reach the import; an unknown field is one line and exit code 2."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL"):
        monkeypatch.setenv(name, database.owner_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "toyotas.csv"
    path.write_text("VIN,Stock #,Year,Model,Miles,Price\n5GZCZ43D13S812715,A2,2021,Camry,41000,21995\n")
    command = ["import-inventory", str(path), "--store", "riverside", "--data-dir", str(tmp_path)]
    done = await asyncio.to_thread(
        CliRunner().invoke, app, [*command, "--set", "make=Toyota", "--snapshot", "--yes"]
    )
    assert done.exit_code == 0, done.output
    assert "0 cars are not in the file and are gone" in done.output
    assert await owner.fetchval("SELECT make FROM vehicles") == "Toyota"
    refused = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--set", "maker=Toyota"])
    assert isinstance(refused.exception, ImportFailed)
    assert refused.exception.exit_code == 2
    nameless = await asyncio.to_thread(
        CliRunner().invoke, app, [*command[:2], "--store", "", "--set", "make=Toyota"]
    )
    assert isinstance(nameless.exception, ImportFailed)
    assert str(nameless.exception) == "--store: there is no store ''"
