"""A backup is restored into a fresh system, which then tells the same of every deal, to the cent."""

import asyncio
import json
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest

from protocol.deal.workflow import Action, Reason
from protocol.records import DealState, View
from server.database.backups import back_up, restore
from server.database.backups.errors import HasData, ProgramFailed
from server.database.backups.manifest import DUMP, MANIFEST, Manifest, open_backup
from server.database.core import migrate
from server.database.core.same_database import SameDatabase
from server.sample_deals.playing import play_deals
from server.settings import Settings
from tests.commands.here import run_here
from tests.flow.holdings import holdings_of, worked_deals
from tests.flow.shop import connect, token_of
from tests.services import Database, Services, settings_for, start_together
from tests.web.site import csrf_of

pytestmark = pytest.mark.flow


def test_a_restored_system_is_the_original(stocked: Settings, services: Services, tmp_path: Path) -> None:
    """Deals in all states: audits, every step of their replays, pencils, walls and rows are equal; a token of
    before is good, a person signs in, and a deal goes on where it was.
    """
    asyncio.run(play_deals(stocked))
    token = asyncio.run(token_of(stocked, "riverside-sales"))
    backup = tmp_path / "backup"
    done = run_here("backup", str(backup), environ=stocked.environment())
    assert (done.returncode, done.stderr) == (0, "")
    before = asyncio.run(holdings_of(stocked.database_owner_url))
    assert sum(key.startswith("deal ") for key in before) >= 10
    with services.database() as fresh:
        there = settings_for(fresh, stocked.redis_url, stocked.port)
        done = run_here("restore", str(backup), environ=there.environment())
        assert (done.returncode, done.stderr) == (0, "")
        assert asyncio.run(holdings_of(fresh.owner_url)) == before
        asyncio.run(_goes_on(there, tmp_path, token))


async def _goes_on(settings: Settings, folder: Path, token: str) -> None:
    deal_id = (await worked_deals(settings))["Grace Kimura"]
    async with (
        start_together(settings, folder) as [web],
        connect(web.url, token) as workspace,
        httpx.AsyncClient(base_url=web.url, timeout=60) as browser,
    ):
        form = {"login": "riverside-manager", "password": "demo", "next": "/"}
        form["csrf_token"] = csrf_of(await browser.get("/login"))
        assert (await browser.post("/login", data=form)).status_code == 303
        deal = await workspace.join(f"deal:{deal_id}", View.SALES)
        assert deal.state.state is DealState.COUNTERED and deal.state.proposal
        figures = deal.state.proposal.figures.new
        await deal.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=figures)
        async for _ in deal:
            if deal.state.state is not DealState.COUNTERED:
                break


async def test_a_database_in_use_is_not_replaced_by_accident(
    stocked: Settings, services: Services, tmp_path: Path
) -> None:
    """It is refused with what is there; told to, a restore leaves nothing of what came later, tables of a
    newer release included, and a second backup holds the same.
    """
    url = stocked.database_owner_url
    manifest = await asyncio.to_thread(back_up, url, tmp_path / "one")
    before = await holdings_of(url)
    owner = await asyncpg.connect(url)
    await owner.execute("UPDATE customers SET name = 'Somebody else'")
    await owner.execute("CREATE TABLE later (deal_id uuid REFERENCES deals)")
    await owner.execute("CREATE SCHEMA staging CREATE TABLE later (id int)")
    with pytest.raises(HasData) as caught:
        await asyncio.to_thread(restore, url, tmp_path / "one", manifest)
    assert caught.value.rows > 900
    ended = await asyncio.to_thread(restore, url, tmp_path / "one", manifest, replace=True)
    assert ended == 1
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
        await owner.fetch("SELECT 1")
    assert await holdings_of(url) == before
    again = await asyncio.to_thread(back_up, url, tmp_path / "two")
    assert (again.rows, again.revision, again.editions) == (
        manifest.rows,
        manifest.revision,
        manifest.editions,
    )


async def test_what_fails_changes_nothing(stocked: Settings, tmp_path: Path) -> None:
    """A dump that is cut off, or that has other rows than its manifest says."""
    url = stocked.database_owner_url
    manifest = await asyncio.to_thread(back_up, url, tmp_path)
    before = await holdings_of(url)
    more = replace_rows(manifest, customers=manifest.rows["customers"] + 1)
    with pytest.raises(ProgramFailed, match="table customers has not the 31 rows"):
        await asyncio.to_thread(restore, url, tmp_path, more, replace=True)
    dump = tmp_path / DUMP
    dump.write_bytes(dump.read_bytes()[:-20_000])
    with pytest.raises(ProgramFailed, match="pg_restore"):
        await asyncio.to_thread(restore, url, tmp_path, manifest, replace=True)
    assert await holdings_of(url) == before


def replace_rows(manifest: Manifest, **rows: int) -> Manifest:
    """Return the manifest with other numbers of rows."""
    return msgspec.structs.replace(manifest, rows={**manifest.rows, **rows})


def test_a_folder_that_is_no_backup_is_refused(migrated: Database, redis_url: str, tmp_path: Path) -> None:
    """Each with one line that says what is wrong; the database is not even looked at."""
    environ = settings_for(migrated, redis_url, 8000).environment()
    good = tmp_path / "good"
    assert run_here("backup", str(good), environ=environ).returncode == 0
    assert (good.stat().st_mode & 0o777, (good / DUMP).stat().st_mode & 0o777) == (0o700, 0o600)
    assert "is not empty" in run_here("backup", str(good), environ=environ).stderr
    text, dump = (good / MANIFEST).read_text(), (good / DUMP).read_bytes()
    found = json.loads(text)

    def refused(**files: bytes | None) -> str:
        for name, content in {"manifest": text.encode(), "dump": dump, **files}.items():
            path = good / (MANIFEST if name == "manifest" else DUMP)
            path.unlink(missing_ok=True)
            if content is not None:
                path.write_bytes(content)
        done = run_here("restore", str(good), environ={**environ, "DATABASE_OWNER_URL": "postgresql:///none"})
        assert done.returncode == 1
        return done.stderr

    assert "it has no manifest.json" in refused(manifest=None)
    assert "it has no database.dump" in refused(dump=None)
    assert "is damaged" in refused(manifest=b"{")
    assert "it has format 2, and this release reads format 1" in refused(manifest=_with(found, format=2))
    assert "knows none after" in refused(manifest=_with(found, revision="9999"))
    assert "is damaged" in refused(dump=dump[:-1])
    assert "its SHA-256 is not" in refused(dump=dump[:-1] + bytes([dump[-1] ^ 1]))


def _with(found: dict[str, object], **changes: object) -> bytes:
    return json.dumps({**found, **changes}).encode()


async def test_an_older_backup_is_brought_to_the_newest_schema(
    services: Services, migrated: Database, tmp_path: Path
) -> None:
    """As an upgrade would have done with the database that it was made of."""
    with services.database() as old, services.database() as fresh:
        owner = await asyncpg.connect(old.owner_url)
        await owner.execute((migrate.MIGRATIONS / "0001_initial.sql").read_text(encoding="utf-8"))
        await owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        await owner.execute("INSERT INTO alembic_version VALUES ('0001')")
        await owner.close()
        await asyncio.to_thread(back_up, old.owner_url, tmp_path)
        manifest = open_backup(tmp_path)
        assert (manifest.revision, manifest.editions) == ("0001", {})
        await asyncio.to_thread(restore, fresh.owner_url, tmp_path, manifest)
        assert await migrate.is_current(fresh.owner_url)


async def test_a_process_knows_that_its_database_was_restored(stocked: Settings, tmp_path: Path) -> None:
    """By its first connection after that; a migration or a reconnection does not look like a restore."""
    ended: list[bool] = []
    same = SameDatabase(lambda: ended.append(True))
    url = stocked.database_owner_url
    for _ in range(2):
        owner = await asyncpg.connect(url)
        await same.check(owner)
        await owner.close()
    assert not ended
    manifest = await asyncio.to_thread(back_up, url, tmp_path)
    await asyncio.to_thread(restore, url, tmp_path, manifest, replace=True)
    owner = await asyncpg.connect(url)
    await same.check(owner)
    await owner.close()
    assert ended == [True]


def test_a_redis_that_is_away_is_told_of(
    migrated: Database, services: Services, redis_url: str, tmp_path: Path
) -> None:
    """The database is restored by then: the error says what is left to do."""
    files = {"DATABASE_URL": migrated.url, "DATABASE_OWNER_URL": migrated.owner_url, "REDIS_URL": redis_url}
    for name, address in files.items():
        (tmp_path / name).write_text(address)
    environ = {f"{name}_FILE": str(tmp_path / name) for name in files}
    assert run_here("backup", str(tmp_path / "one"), environ=environ).returncode == 0
    with services.database() as fresh:
        away = settings_for(fresh, f"unix://{tmp_path}/none.sock?db=0", 8000).environment()
        done = run_here("restore", str(tmp_path / "one"), environ=away)
        assert done.returncode == 1
        assert "the database is restored, but Redis could not be emptied" in done.stderr
        assert asyncio.run(migrate.is_current(fresh.owner_url))
