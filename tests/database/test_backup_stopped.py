"""A backup that is told to end while the dump is written."""

import asyncio
from pathlib import Path

import pytest

from server.database.backups import dumping
from server.embedded.process import is_gone
from tests.services import Database

pytestmark = pytest.mark.flow

GUARD_SECONDS = 30.0
SLOW = '#!/bin/sh\necho $$ >"$0.pid.new" && mv "$0.pid.new" "$0.pid"\nexec sleep 120\n'
"""A `pg_dump` of a large database; it says which process it is."""


async def test_the_dump_ends_with_it(
    migrated: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that is told to end cancels its work, and waits for all of its threads."""
    program, told = tmp_path / "pg_dump", tmp_path / "pg_dump.pid"
    program.write_text(SLOW)
    program.chmod(0o755)
    monkeypatch.setattr(dumping, "tools_for", lambda _: tmp_path)
    writing = asyncio.create_task(dumping._write(migrated.owner_url, tmp_path / "dump"))
    async with asyncio.timeout(GUARD_SECONDS):
        while not told.exists():
            assert not writing.done()
            await asyncio.sleep(0.02)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    assert is_gone(int(told.read_text()))
