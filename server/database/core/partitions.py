"""Partitions of the tables that grow without end: made of a full table beside a running system, and ahead.

The work is in functions of the schema (migrations 0035 and 0047). All of this is the schema owner's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import asyncpg

from server.database.core.one_row import one_row
from server.errors import UserError

DELETED_FROM: Final = frozenset({"security_events"})
"""Those of KEYS whose old rows are deleted, by ``retain`` for example, also while they are copied."""

KEYS: Final = {"deal_events": "deal_id, no", "pencils": "pencil_id", "security_events": "event_id"}
"""The tables that are partitioned, each with the key by which its rows are copied."""

ROWS_AT_A_TIME: Final = 2_000
MONTHS_AHEAD: Final = 3
LOCK_TIMEOUT: Final = "200ms"
"""How long a step waits for a table: whoever wants it meanwhile waits behind it. It is less than the second
after which Postgres looks for deadlocks, so that it is never the other transaction that is ended.
"""

ATTEMPTS: Final = 300
PAUSE_SECONDS: Final = 0.2
ADVISORY_LOCK: Final = 0x7061727473  # "parts"

Report = Callable[[str, int, int], None]
"""Takes a table, how many rows of it are copied, and about how many there are."""

_PARTITIONED: Final = "SELECT relkind = 'p' FROM pg_class WHERE oid = ('public.' || $1)::regclass"
_BEGUN: Final = "SELECT to_regclass('public.' || $1 || '_new') IS NOT NULL"
_MIRRORED: Final = """
SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = ('public.' || $1)::regclass AND tgname = 'mirrored')
"""
_ROWS: Final = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = ('public.' || $1)::regclass"


class CopyIncomplete(UserError):
    """A copy did not have as many rows as its table: the swap was not made, and the copy is gone."""

    def __init__(self, table: str, rows: int, copied: int) -> None:
        super().__init__(table, rows, copied)
        self.table, self.rows, self.copied = table, rows, copied

    def __str__(self) -> str:
        return (
            f"{self.table} has {self.rows} rows and its copy {self.copied}: the copy was taken away and"
            " everything is as before; run `deal-architect partition` again"
        )


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Rows of security events that no month was made for, and how many months are made ahead."""

    rows: int
    months_ahead: int


async def unpartitioned(database: asyncpg.Connection) -> list[str]:
    """Return the tables that are not partitioned yet."""
    return [table for table in KEYS if not await database.fetchval(_PARTITIONED, table)]


async def partition_table(
    database: asyncpg.Connection, table: str, parts: int, report: Report = lambda table, done, rows: None
) -> int:
    """Partition a table while others use it; return how many rows it has. A run that breaks off is repeated.

    Raises CopyIncomplete; asyncpg.LockNotAvailableError if the table was never free for the swap.
    """
    await database.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
    try:
        if not await database.fetchval(_BEGUN, table):
            await _when_free(database, f"SELECT begin_partitions('{table}', {parts})")
        while await _when_free(database, f"SELECT refer_partitions('{table}')::int"):
            pass
        if not await database.fetchval(_MIRRORED, table):
            await _when_free(database, f"SELECT mirror_partitions('{table}')")
        try:
            rows = await _copy(database, table, report)
        except CopyIncomplete:
            await _when_free(database, f"SELECT discard_partitions('{table}')")
            raise
        await database.execute(f"ANALYZE {table}_new")
        await _when_free(database, f"SELECT swap_partitions('{table}')")
        await drop_replaced(database)
    finally:
        await database.execute("SELECT pg_advisory_unlock($1)", ADVISORY_LOCK)
    return rows


async def drop_replaced(database: asyncpg.Connection) -> None:
    """Drop the tables whose place was taken by a run that broke off before it dropped them."""
    for table in KEYS:
        if await database.fetchval("SELECT to_regclass('public.' || $1) IS NOT NULL", f"{table}_old"):
            await _when_free(database, f"DROP TABLE {table}_old")


async def make_months(database: asyncpg.Connection) -> int:
    """Make the partitions of this month and the next ones; return how many were missing."""
    made = 0
    for ahead in range(MONTHS_AHEAD + 1):
        # Each in a transaction of its own: the parent is locked for a moment.
        made += await _when_free(
            database,
            "SELECT make_security_month("
            f"((now() AT TIME ZONE 'UTC')::date + interval '{ahead} months')::date)::int",
        )
    return made


async def unplaced(database: asyncpg.Connection) -> Unplaced:
    """Return what the default partition has, and for how many months after this one there are partitions."""
    rows = await database.fetchval("SELECT count(*) FROM security_events_rest")
    ahead = await database.fetchval(
        "SELECT count(*) FROM pg_inherits JOIN pg_class ON oid = inhrelid"
        " WHERE inhparent = 'security_events'::regclass"
        "   AND relname > 'security_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"
        "   AND relname <> 'security_events_rest'"
    )
    return Unplaced(rows, ahead)


async def drop_months(database: asyncpg.Connection, before: str) -> list[str]:
    """Drop the partitions of security events of the months before ``before`` (``2026_01``); return them."""
    found = await database.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid"
        r" WHERE inhparent = 'security_events'::regclass AND relname ~ '^security_events_\d{4}_\d\d$'"
        "   AND relname < 'security_events_' || $1 ORDER BY 1",
        before,
    )
    names = [row["relname"] for row in found]
    for name in names:
        await _when_free(database, f"DROP TABLE {name}")
    return names


async def _copy(database: asyncpg.Connection, table: str, report: Report) -> int:
    key = KEYS[table]
    # A row that is deleted meanwhile is deleted before it is copied, or from both tables.
    locked = " FOR SHARE" if table in DELETED_FROM else ""
    batch = (
        f"WITH batch AS (SELECT * FROM {table} WHERE {{after}}"  # noqa: S608 - names of our own
        f" ORDER BY {key} LIMIT {ROWS_AT_A_TIME}{locked}),"
        f" copied AS (INSERT INTO {table}_new SELECT * FROM batch ON CONFLICT DO NOTHING)"
        f" SELECT {key} FROM batch ORDER BY {key.replace(',', ' DESC,')} DESC LIMIT 1"
    )
    places = ", ".join(f"${number}" for number in range(1, key.count(",") + 2))
    rows, done = await database.fetchval(_ROWS, table), 0
    last = await database.fetchrow(batch.format(after="true"))
    while last is not None:
        done += ROWS_AT_A_TIME
        report(table, min(done, rows), rows)
        last = await database.fetchrow(batch.format(after=f"({key}) > ({places})"), *last)
    return await _compare(database, table)


async def _compare(database: asyncpg.Connection, table: str) -> int:
    """Return how many rows both tables have, as of one moment."""
    counted = f"SELECT (SELECT count(*) FROM {table}) AS old, (SELECT count(*) FROM {table}_new) AS new"  # noqa: S608 - names of our own
    row = await one_row(database, counted)
    if row["old"] != row["new"]:
        raise CopyIncomplete(table, row["old"], row["new"])
    return int(row["old"])


async def _when_free(database: asyncpg.Connection, statement: str) -> int:
    """Run a statement that locks a table for a moment, once nobody holds it up."""
    for attempt in range(ATTEMPTS):
        try:
            async with database.transaction():
                await database.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                return int(await database.fetchval(statement) or 0)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if attempt == ATTEMPTS - 1:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
    return 0
