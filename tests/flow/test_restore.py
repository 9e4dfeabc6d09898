"""What a backup must be to be restored, and what a restore may take away."""

import asyncio
import json
from pathlib import Path

import asyncpg
import msgspec
import pytest

from server.database.backups import back_up, restore
from server.database.backups.errors import HasData, ProgramFailed
from server.database.backups.manifest import DUMP, MANIFEST, Manifest, open_backup
from server.database.backups.restoring import stored_rows
from server.settings import Settings
from tests.commands.here import run_here
from tests.flow.holdings import holdings_of
from tests.services import Database, Services, settings_for

pytestmark = pytest.mark.flow

ENDED = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises on a connection that was ended, depending on what it has read of that."""


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
    with pytest.raises(ENDED):
        await owner.fetch("SELECT 1")
    assert await holdings_of(url) == before
    again = await asyncio.to_thread(back_up, url, tmp_path / "two")
    assert (again.rows, again.revision, again.editions) == (
        manifest.rows,
        manifest.revision,
        manifest.editions,
    )


async def test_another_programs_data_is_not_dropped(
    services: Services, migrated: Database, tmp_path: Path
) -> None:
    """Wherever a restore would drop it. A database that was migrated and never used is empty."""
    manifest = await asyncio.to_thread(back_up, migrated.owner_url, tmp_path)
    with services.database(migrated) as theirs:
        assert await stored_rows(theirs.owner_url) == 0
        owner = await asyncpg.connect(theirs.owner_url)
        await owner.execute("CREATE SCHEMA books CREATE TABLE ledger (id int)")
        await owner.execute("CREATE TABLE invoices (id int)")
        for table, statement in (
            ("invoices", "INSERT INTO invoices VALUES (1), (2)"),
            ("books.ledger", "INSERT INTO books.ledger VALUES (1), (2)"),
        ):
            await owner.execute(statement)
            with pytest.raises(HasData) as caught:
                await asyncio.to_thread(restore, theirs.owner_url, tmp_path, manifest)
            assert caught.value.rows == 2
            await owner.execute(f"TRUNCATE {table}")
        await owner.close()


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
    metrics = tmp_path / "backup.prom"
    assert run_here("backup", str(good), f"--metrics-file={metrics}", environ=environ).returncode == 0
    written = dict(line.split() for line in metrics.read_text().splitlines() if line[0] != "#")
    assert float(written["deal_backup_time_seconds"]) == open_backup(good).made_at.timestamp()
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
