"""The sample's deals in the schema of an older release: its migrations, and the rows as they are today."""

from collections.abc import AsyncIterator

import asyncpg

from server.database.core.migrate import MIGRATIONS
from server.database.core.pool import connect_as_owner
from tests.services import Database

_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
   AND relkind = 'r' AND NOT relispartition
 ORDER BY relname
"""
_COLUMNS = """
SELECT attname FROM pg_attribute
 WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
 ORDER BY attname
"""
_SEQUENCES = """
SELECT c.relname, a.attname, s.relname AS sequence FROM pg_class s
  JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
  JOIN pg_class c ON c.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
 WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
"""

Columns = dict[str, list[str]]
"""Columns of plain tables by table."""


async def migrate_to(made: Database, revision: str) -> None:
    """Bring an empty database to a revision, as the release of then did."""
    async with connect_as_owner(made.owner_url) as owner:
        for path in sorted(MIGRATIONS.glob("[0-9]*.sql")):
            if path.name[:4] <= revision:
                await owner.execute(path.read_text(encoding="utf-8"))
        await owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        await owner.execute("INSERT INTO alembic_version VALUES ($1)", revision)


async def bring_rows(source: Database, older: Database) -> Columns:
    """Copy every row of ``source`` into the tables and columns that ``older`` has; return these.

    Rows that migrations put into ``older`` give way. As the superuser and without triggers: rows come in any
    order, and were checked where they are from.
    """
    there = await asyncpg.connect(source.superuser_url)
    here = await asyncpg.connect(older.superuser_url)
    try:
        tables = [row["relname"] for row in await here.fetch(_TABLES)]
        tables.remove("alembic_version")
        found = {table: [row["attname"] for row in await here.fetch(_COLUMNS, table)] for table in tables}
        await here.execute("SET session_replication_role = replica")
        for table, columns in found.items():
            await here.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of the catalogue
            names = ", ".join(columns)
            binary = bytearray()

            async def keep(chunk: bytes, into: bytearray = binary) -> None:
                into.extend(chunk)

            query = f"SELECT {names} FROM {table}"  # noqa: S608 - as above
            await there.copy_from_query(query, output=keep, format="binary")
            await here.copy_to_table(table, source=_once(bytes(binary)), columns=columns, format="binary")
        for row in await here.fetch(_SEQUENCES):
            await here.execute(
                f"SELECT setval('{row['sequence']}', max({row['attname']})) FROM {row['relname']}"  # noqa: S608 - as above
            )
    finally:
        await here.close()
        await there.close()
    return found


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def rows_of(made: Database, columns: Columns) -> dict[str, list[str]]:
    """Return every row as text, in columns of then, by table."""
    async with connect_as_owner(made.owner_url) as owner:
        return {
            table: [
                row[0]
                for row in await owner.fetch(
                    f"SELECT ROW({', '.join(names)})::text FROM {table} ORDER BY 1"  # noqa: S608 - names of the catalogue
                )
            ]
            for table, names in columns.items()
        }
