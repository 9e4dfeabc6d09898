"""What an import may not touch: its own file, an older rejects file, cars that another import merges."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from server.database.importing import ImportFailed, import_inventory
from server.database.importing.load import MERGE_LOCK
from tests.flow.database.test_import import CAMRY, CIVIC, HEADER
from tests.services import Database

pytestmark = pytest.mark.flow


async def test_a_rejects_file_never_replaces_the_file_that_is_imported(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Nor is one removed by an import that stores nothing; a place that takes no file is named."""
    path, kept = tmp_path / "cars.csv", tmp_path / "kept.csv"
    path.write_text(HEADER + CIVIC)
    kept.write_text("of an earlier import")
    with pytest.raises(ImportFailed, match=r"--rejects .*cars\.csv: expected another file"):
        await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "." / "cars.csv")
    assert path.read_text() == HEADER + CIVIC
    with pytest.raises(ImportFailed, match="there is no store 'elsewhere'"):
        await import_inventory(database.owner_url, path, "elsewhere", {}, kept)
    assert kept.read_text() == "of an earlier import"
    for place in (tmp_path, tmp_path / "nowhere" / "r.csv"):
        with pytest.raises(ImportFailed, match=f"--rejects {place}: cannot be written"):
            await import_inventory(database.owner_url, path, "riverside", {}, place)
    assert await owner.fetchval("SELECT count(*) FROM vehicles") == 0


async def test_imports_merge_one_after_the_other(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Of two that update the same cars in opposite orders, each waits for the lock of the other."""
    path = tmp_path / "cars.csv"
    path.write_text(HEADER + CIVIC + CAMRY)
    async with owner.transaction():
        await owner.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)
        waiting = asyncio.create_task(
            import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
        )
        query = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        while not await owner.fetchval(query):
            assert not waiting.done()
            await asyncio.sleep(0)
    assert (await waiting).inserted == 2


async def test_a_header_that_does_not_do_is_told_with_its_file(database: Database, tmp_path: Path) -> None:
    """File, line and field."""
    path = tmp_path / "cars.csv"
    path.write_text(HEADER.replace("Mileage", "Kilometres") + CIVIC)
    with pytest.raises(ImportFailed, match=r"cars\.csv: line 1: no column for mileage among VIN"):
        await import_inventory(database.owner_url, path, "riverside", {}, tmp_path / "r.csv")
