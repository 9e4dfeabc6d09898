"""Writes a backup: PostgreSQL's own dump of one moment, and what was in the database at that moment."""

import asyncio
import datetime as dt
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

import asyncpg

from server.database.backups.errors import FolderTaken
from server.database.backups.manifest import DUMP, FORMAT, Manifest, measured, write_manifest
from server.database.backups.programs import require_success, running, tools_for
from server.database.core.pool import connect_as_owner
from server.database.editions.rates import NotInForce
from server.database.editions.versions import editions_in_force

COMPRESSION: Final = "3"
"""Of gzip: half of the time of the usual 6, for 5 % more bytes. Every release of pg_dump takes the number, so
that one that is too old says that, and not that it does not know "gzip:3".
"""

_TABLES: Final = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""


def back_up(owner_url: str, folder: Path) -> Manifest:
    """Write a backup into a new or empty folder, which only its owner can read; return what it holds.

    People may go on working: it holds what was committed when it began. Raises FolderTaken, ProgramFailed,
    OSError, and what asyncpg raises.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FolderTaken(folder)
    folder.chmod(0o700)
    path = folder / DUMP
    try:
        path.touch(mode=0o600)
        manifest = asyncio.run(_write(owner_url, path))
        write_manifest(folder, manifest)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return manifest


async def _write(owner_url: str, path: Path) -> Manifest:
    async with (
        connect_as_owner(owner_url) as database,
        database.transaction(isolation="repeatable_read", readonly=True),
    ):
        snapshot = await database.fetchval("SELECT pg_export_snapshot()")
        await _dump(owner_url, path, snapshot)
        return Manifest(
            format=FORMAT,
            made_at=await database.fetchval("SELECT now()"),
            release=_release(),
            revision=await database.fetchval("SELECT version_num FROM alembic_version"),
            postgres=await database.fetchval("SHOW server_version"),
            editions=await _editions(database),
            rows=await rows_by_table(database),
            dump=await asyncio.to_thread(measured, path),
        )


async def rows_by_table(database: asyncpg.Connection) -> dict[str, int]:
    """Return the number of rows of each table."""
    names = [row["relname"] for row in await database.fetch(_TABLES)]
    # Names of our own tables, from the catalogue.
    return {name: await database.fetchval(f'SELECT count(*) FROM public."{name}"') for name in names}  # noqa: S608 - a name of the catalogue


async def _dump(owner_url: str, path: Path, snapshot: str) -> None:
    # Only the wait is a thread's: where we are told to end, the program ends, and with it that wait.
    words = ("--format=custom", f"--compress={COMPRESSION}", f"--snapshot={snapshot}", f"--file={path}")
    with running(
        "pg_dump", *words, "--no-owner", tools=tools_for(owner_url), url=owner_url, stdout=DEVNULL
    ) as dump:
        await asyncio.to_thread(require_success, "pg_dump", *dump)


async def _editions(database: asyncpg.Connection) -> dict[str, str]:
    try:
        async with database.transaction():
            found = await editions_in_force(database, dt.datetime.now(dt.UTC).date())
    except (NotInForce, asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return {}  # a new database, or one of an older release that is about to be upgraded
    return {name: edition for name, edition in asdict(found).items() if edition is not None}


def _release() -> str:
    try:
        return version("deal-architect")
    except PackageNotFoundError:
        return "unknown"
