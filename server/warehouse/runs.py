"""How far each sync has come, in the operational database: written in the transaction that stores a page."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Final

import asyncpg

from server.database.core.pool import Database, connect_as_owner
from server.warehouse.errors import SyncRunning
from server.warehouse.fields import What
from server.warehouse.reading.keyset import Position

SYNC_LOCK: Final = 4_911_202_612
"""The advisory lock that the one sync of a database holds."""

LONGEST_FAILURE: Final = 500


@dataclass(slots=True)
class Tally:
    """What became of the rows that were read: their sum is ``read``. ``doubtful`` ones are also stored;
    ``superseded`` ones had a newer row of the same car in their page.
    """

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    superseded: int = 0
    rejected: int = 0
    doubtful: int = 0

    def add(self, other: "Tally") -> None:
        """Add the counts of another one."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def changed(self) -> int:
        """How many rows changed anything here."""
        return self.added + self.updated + self.removed


@dataclass(frozen=True, slots=True)
class State:
    """The state of one kind: see the table ``sync_state``."""

    complete_to: dt.datetime | None
    target: dt.datetime | None
    position: Position | None
    compared_at: dt.datetime | None


@asynccontextmanager
async def only_sync(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold a connection as the schema's owner, and the lock that keeps other syncs away.

    The lock ends with the connection, however this process ends. Raises SyncRunning.
    """
    async with connect_as_owner(owner_url) as database:
        if not await database.fetchval("SELECT pg_try_advisory_lock($1)", SYNC_LOCK):
            raise SyncRunning
        yield database


async def read_state(database: Database, what: What) -> State:
    """Return the state of a kind, and add its row if it has none."""
    await database.execute("INSERT INTO sync_state (what) VALUES ($1) ON CONFLICT DO NOTHING", what)
    row = await database.fetchrow(
        "SELECT complete_to, target_at, page_at, page_id, compared_at FROM sync_state WHERE what = $1", what
    )
    if row is None:
        raise LookupError(what)
    position = None if row["page_at"] is None else Position(row["page_at"], row["page_id"])
    return State(row["complete_to"], row["target_at"], position, row["compared_at"])


async def begin(database: Database, what: What, position: Position, target: dt.datetime) -> None:
    """Note a new run."""
    await database.execute(
        "UPDATE sync_state SET target_at = $2, page_at = $3, page_id = $4, started_at = now(),"
        " finished_at = NULL"
        " WHERE what = $1",
        what, target, position.at, position.id,
    )  # fmt: skip


async def advance(database: Database, what: What, position: Position, tally: Tally, source_ms: int) -> None:
    """Note that a page is stored, in the transaction that stores it."""
    await database.execute(
        "UPDATE sync_state SET page_at = $2, page_id = $3, rows_read = rows_read + $4,"
        " rows_changed = rows_changed + $5, rows_removed = rows_removed + $6, rows_rejected ="
        " rows_rejected + $7,"
        " pages = pages + 1, source_ms = source_ms + $8 WHERE what = $1",
        what, position.at, position.id, tally.read, tally.changed, tally.removed, tally.rejected, source_ms,
    )  # fmt: skip


async def finish(database: Database, what: What) -> None:
    """Note that a run is complete."""
    await database.execute(
        "UPDATE sync_state SET complete_to = target_at, target_at = NULL, page_at = NULL, page_id = NULL,"
        " finished_at = now(), failure = '' WHERE what = $1",
        what,
    )


async def compared(database: Database, what: What, removed: int) -> None:
    """Note that the keys were compared."""
    await database.execute(
        "UPDATE sync_state SET compared_at = now(), rows_removed = rows_removed + $2,"
        " rows_changed = rows_changed + $2 WHERE what = $1",
        what,
        removed,
    )


async def count_breaks(database: Database, what: What, breaks: int) -> None:
    """Note how often the warehouse broke off."""
    if breaks:
        await database.execute("UPDATE sync_state SET breaks = breaks + $2 WHERE what = $1", what, breaks)


async def fail(database: Database, what: What, reason: str) -> None:
    """Note why a run broke off."""
    await database.execute(
        "UPDATE sync_state SET failed_at = now(), failure = $2 WHERE what = $1",
        what,
        reason[:LONGEST_FAILURE],
    )
