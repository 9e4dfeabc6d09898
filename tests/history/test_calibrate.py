"""``calibrate`` on a real PostgreSQL: shows, asks, stores a whole model or nothing."""

import asyncio
import csv
import datetime as dt
import subprocess
from pathlib import Path

import asyncpg
import msgspec
import pytest

from protocol.money.lending import RiskModel
from server.database.core.pool import connect_as_owner
from server.database.editions.calibrations import Calibration, EditionTaken, store_calibration
from server.database.editions.rates import load_risk
from server.database.editions.versions import risk_in_force
from server.database.editions.writing import RISK, Edition, store_version
from server.history.aggregates.counts import History
from server.settings import Settings
from tests.commands.here import run_here
from tests.history.books import known_model
from tests.services import Database

pytestmark = pytest.mark.flow

FIRST_DAY = dt.date(2020, 1, 1)
DAY = dt.date(2022, 2, 1)


class Desk:
    """Runs ``calibrate`` against a database whose risk model is not what the history says."""

    def __init__(self, settings: Settings, owner_url: str, folder: Path) -> None:
        self.owner_url = owner_url
        self.environ = settings.environment()
        self.words = (
            "--history",
            str(folder),
            "--as-of",
            "2022-01-15",
            "--effective",
            str(DAY),
            "--by",
            "ann",
        )

    def run(self, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return run_here("calibrate", *self.words, *words, environ=self.environ, stdin=said)

    def store(self, version: str, day: dt.date) -> None:
        """Store a model in which losses are half of what they are."""
        half = [msgspec.structs.replace(one, cnl=one.cnl / 2) for one in known_model().curves]

        async def store() -> None:
            async with connect_as_owner(self.owner_url) as owner, owner.transaction():
                await store_version(owner, RISK, Edition(version, day, is_sample=False), half)

        asyncio.run(store())

    def fetch(self, query: str) -> list[asyncpg.Record]:
        """Return rows of the database."""

        async def ask() -> list[asyncpg.Record]:
            async with connect_as_owner(self.owner_url) as database:
                return list(await database.fetch(query))

        return asyncio.run(ask())

    def in_force(self) -> RiskModel:
        """Return the model in force on DAY."""

        async def ask() -> RiskModel:
            async with connect_as_owner(self.owner_url) as database:
                return await load_risk(database, await risk_in_force(database, DAY))

        return asyncio.run(ask())


@pytest.fixture
def desk(settings: Settings, database: Database, known_history: tuple[Path, History]) -> Desk:
    """A database in which losses are half of what they are."""
    found = Desk(settings, database.owner_url, known_history[0])
    found.store("half", FIRST_DAY)
    return found


def test_a_dry_run_shows_and_stores_nothing(desk: Desk, tmp_path: Path) -> None:
    """The comparison is at the terminal, in a page that loads nothing, and as a table of every month."""
    page, table = tmp_path / "report.html", tmp_path / "hazards.csv"
    run = desk.run("--dry-run", "--report", str(page), "--hazards", str(table))
    assert run.returncode == 0, run.stderr
    assert "history-2022-01-15 in place of half" in run.stdout
    assert "Against it: the NPV of" in run.stdout
    text = page.read_text()
    assert text.count("<svg") == 3 + 5 * 3
    assert not any(word in text for word in ("<script", "http://", "https://", "src="))
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 2 * (24 + 36)
    assert {row["term_months"] for row in rows} == {"24", "36"}
    assert desk.in_force().version == "half"
    assert desk.fetch("SELECT FROM calibrations") == []


def test_a_dry_run_changes_no_schema(desk: Desk) -> None:
    """It says what to do."""
    desk.fetch("UPDATE alembic_version SET version_num = '0001'")
    run = desk.run("--dry-run")
    assert (run.returncode, "an older schema" in run.stderr) == (1, True)
    assert [row["version_num"] for row in desk.fetch("SELECT version_num FROM alembic_version")] == ["0001"]


def test_a_large_change_needs_yes(desk: Desk) -> None:
    """An answer is not enough. What was stored then is what was shown, with what it was made from."""
    refused = desk.run(said="y\n")
    assert refused.returncode == 1
    assert "120 contracts, one for each band and term, changes by over $500" in refused.stderr
    assert desk.in_force().version == "half"
    agreed = desk.run("--yes", "--version", "2022-02")
    assert agreed.returncode == 0, agreed.stderr
    assert agreed.stdout.rstrip().endswith("in force from 2022-02-01")
    now = desk.in_force()
    assert (now.version, len(now.curves)) == ("2022-02", 40)
    [made] = desk.fetch("SELECT * FROM calibrations")
    assert (made["risk_version"], made["replaces"], made["made_by"]) == ("2022-02", "half", "ann")
    assert (made["first_month"], made["last_month"]) == ("2017-02", "2020-03")
    assert made["payments"] > 100_000
    by_band = {
        (one["tier"], one["term_max_months"], one["ltv_max_bp"], one["pti_max_bp"]) for one in made["bands"]
    }
    assert len(by_band) == 40
    taken = desk.run("--yes", "--version", "2022-02")
    assert (taken.returncode, "--version" in taken.stderr) == (2, True)
    same_day = desk.run("--yes", "--version", "other")
    assert (same_day.returncode, "--effective" in same_day.stderr) == (2, True)


def test_what_was_compared_is_what_is_replaced(desk: Desk) -> None:
    """Another model came into force while a person looked at the report."""
    desk.store("quicker", DAY - dt.timedelta(days=1))
    made_from = Calibration("half", "ann", "1", DAY, "2017-02", "2020-03", 1, 1, [])

    async def store() -> None:
        async with connect_as_owner(desk.owner_url) as database:
            edition = Edition("new", DAY, is_sample=False)
            await store_calibration(database, edition, known_model().curves, made_from)

    with pytest.raises(EditionTaken, match=r"half is in force.* now that is quicker: calibrate again"):
        asyncio.run(store())
    assert desk.in_force().version == "quicker"
