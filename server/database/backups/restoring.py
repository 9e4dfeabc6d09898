"""Restores a backup in one transaction: the database holds all of it, or what it held before."""

import asyncio
import contextlib
import shutil
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Final, cast

from server.database.backups.errors import HasData
from server.database.backups.manifest import DUMP, Manifest
from server.database.backups.programs import require_success, running, tools_for
from server.database.core.migrate import bring_to_newest
from server.database.core.pool import connect_as_owner

BLOCK_BYTES: Final = 1024 * 1024
LOCK_TIMEOUT: Final = "60s"
"""How long a restore waits for those who use a table."""

_BEGIN: Final = f"""
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';
"""
# All that is ours: what an extension brought stays. The schema stays, too: it may be the administrator's.
# A sequence of an identity column goes with its table. Columns that partition a table depend internally, too.
_EMPTY: Final = """
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT 'SCHEMA' AS kind, format('%I', n.nspname) AS name
          FROM pg_namespace n
         WHERE n.nspname <> 'public' AND n.nspname !~ '^pg_' AND n.nspowner = current_user::regrole
        UNION ALL
        SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                              ELSE 'TABLE' END, format('public.%I', c.relname)
          FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.objid = c.oid AND d.objsubid = 0 AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'ROUTINE', format('public.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid))
          FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 'TYPE', format('public.%I', t.typname)
          FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
         WHERE t.typnamespace = 'public'::regnamespace
           AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP %s IF EXISTS %s CASCADE', part.kind, part.name);
    END LOOP;
END $$;
"""
_KEPT: Final = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r'
   AND (n.nspname = 'public' OR n.nspname !~ '^pg_' AND n.nspowner = current_user::regrole)
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY name
"""
"""The tables that a restore would drop, whoever made them."""

_OF_THE_SCHEMA: Final = frozenset({"public.alembic_version"})
"""Tables with rows in a database that was migrated and never used."""

_COMPARE: Final = """
DO $$ BEGIN
    IF (SELECT count(*) FROM public."{name}") <> {rows} THEN
        RAISE EXCEPTION 'table {name} has not the {rows} rows of the backup';
    END IF;
END $$;
"""
_OTHERS: Final = """
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
   AND usesysid IN (SELECT oid FROM pg_roles WHERE pg_has_role(current_user, oid, 'USAGE'))
"""


async def stored_rows(owner_url: str) -> int:
    """Return how many rows a restore would take away, of whatever program, that a new database has not."""
    async with connect_as_owner(owner_url) as database:
        names = [row["name"] for row in await database.fetch(_KEPT)]
        counts = [
            await database.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - a name of the catalogue
            for name in names
            if name not in _OF_THE_SCHEMA
        ]
    return sum(counts)


def restore(owner_url: str, folder: Path, manifest: Manifest, *, replace: bool = False) -> int:
    """Put a backup, which ``open_backup`` has checked, in the place of all that the database holds. Return
    how many sessions of others were ended.

    Every connection of ours is ended at once, so that no process goes on with what it remembers. Empty Redis
    next, for the same reason; then ``complete``. Raises HasData unless told to ``replace``, ProgramFailed,
    and what asyncpg raises.
    """
    if not replace and (rows := asyncio.run(stored_rows(owner_url))):
        raise HasData(rows)
    script = ("--no-owner", "--file=-", str(folder / DUMP))
    into = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    tools = tools_for(owner_url)
    with (
        running("pg_restore", *script, tools=tools) as reading,
        running("psql", *into, tools=tools, url=owner_url, stdin=PIPE, stdout=DEVNULL) as writing,
    ):
        _pass_on(reading[0], writing[0], manifest)
        if reading[0].poll():
            require_success("pg_restore", *reading)
        require_success("psql", *writing)
        require_success("pg_restore", *reading)
    return asyncio.run(_end_others(owner_url))


def complete(owner_url: str) -> None:
    """Bring a restored database to this release's schema, and let it plan for what it holds.

    People may be at work in it already. Raises what ``migrate`` raises.
    """
    asyncio.run(_complete(owner_url))


def _pass_on(reading: Popen[bytes], writing: Popen[bytes], manifest: Manifest) -> None:
    """Give psql the script that pg_restore writes, in a transaction that is committed if both succeed."""
    # psql may end early. It says why on its own.
    with contextlib.suppress(BrokenPipeError), cast("IO[bytes]", writing.stdin) as psql:
        psql.write((_BEGIN + _EMPTY).encode())
        shutil.copyfileobj(cast("IO[bytes]", reading.stdout), psql, BLOCK_BYTES)
        if reading.wait() == 0:
            for name, rows in manifest.rows.items():
                psql.write(_COMPARE.format(name=name, rows=rows).encode())
            psql.write(b"COMMIT;\n")


async def _end_others(owner_url: str) -> int:
    async with connect_as_owner(owner_url) as database:
        ended: int = await database.fetchval(_OTHERS)
    return ended


async def _complete(owner_url: str) -> None:
    await bring_to_newest(owner_url)
    async with connect_as_owner(owner_url) as database:
        # Until the statistics are there, plans are for empty tables.
        await database.execute("ANALYZE")
