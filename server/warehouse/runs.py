"""How far each sync has come, in the operational database: written in the transaction that stores a page."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
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
    """What became of the rows that were read: without ``doubtful`` ones, which are also stored, their sum is
    ``read``, and in ``removed`` also what comparing keys removed. ``superseded`` ones had a newer row of the
    same car in their page.
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
class Removals:
    """What a run has removed of a store: ``gone`` rows of the ``known`` ones that it had before."""

    known: int
    gone: int


@dataclass(frozen=True, slots=True)
class State:
    """The state of one kind: see the table ``sync_state``. ``removals`` are by store."""

    complete_to: dt.datetime | None
    target: dt.datetime | None
    position: Position | None
    compared_at: dt.datetime | None
    removals: Mapping[str, Removals]
    is_refused: bool


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
        "SELECT complete_to, target_at, page_at, page_id, compared_at, removals, refused_at FROM sync_state"
        " WHERE what = $1",
        what,
    )
    if row is None:
        raise LookupError(what)
    position = None if row["page_at"] is None else Position(row["page_at"], row["page_id"])
    return State(
        row["complete_to"],
        row["target_at"],
        position,
        row["compared_at"],
        {store: Removals(known, gone) for store, (known, gone) in row["removals"].items()},
        is_refused=row["refused_at"] is not None,
    )


async def begin(database: Database, what: What, position: Position, target: dt.datetime) -> None:
    """Note a new run. One that takes the place of a run that broke off counts on what that removed."""
    await database.execute(
        "UPDATE sync_state SET removals = CASE WHEN target_at IS NULL THEN '{}' ELSE removals END,"
        " target_at = $2, page_at = $3, page_id = $4, started_at = now(), finished_at = NULL"
        " WHERE what = $1",
        what, target, position.at, position.id,
    )  # fmt: skip


async def advance(database: Database, what: What, position: Position, tally: Tally, seconds: float) -> None:
    """Note that a page is stored, in the transaction that stores it; the warehouse worked for so many seconds
    since this was last noted.
    """
    await database.execute(
        "UPDATE sync_state SET page_at = $2, page_id = $3, rows_read = rows_read + $4,"
        " rows_changed = rows_changed + $5, rows_removed = rows_removed + $6, rows_rejected ="
        " rows_rejected + $7,"
        " pages = pages + 1, source_ms = source_ms + $8 WHERE what = $1",
        what, position.at, position.id, tally.read, tally.changed, tally.removed, tally.rejected,
        round(seconds * 1000),
    )  # fmt: skip


async def note_removals(database: Database, what: What, removals: Mapping[str, Removals]) -> None:
    """Note what the run has removed, in the transaction that removes it."""
    by_store = {store: [one.known, one.gone] for store, one in removals.items()}
    await database.execute("UPDATE sync_state SET removals = $2 WHERE what = $1", what, by_store)


async def finish(database: Database, what: What, *, compares: bool) -> None:
    """Note that a run is complete. What comparing keys was refused stays so, if this kind ``compares``."""
    await database.execute(
        "UPDATE sync_state SET complete_to = target_at, target_at = NULL, page_at = NULL, page_id = NULL,"
        " finished_at = now(), failure = '', refused_at = CASE WHEN $2 THEN refused_at END WHERE what = $1",
        what,
        compares,
    )


async def compared(database: Database, what: What, removed: int) -> None:
    """Note that the keys were compared."""
    await database.execute(
        "UPDATE sync_state SET compared_at = now(), refused_at = NULL, rows_removed = rows_removed + $2,"
        " rows_changed = rows_changed + $2 WHERE what = $1",
        what,
        removed,
    )


async def refuse(database: Database, what: What, *, comparing: bool) -> None:
    """Note that removals were refused. Keys that were being compared are not compared again the same day."""
    await database.execute(
        "UPDATE sync_state SET refused_at = now(), compared_at = CASE WHEN $2 THEN now() ELSE compared_at END"
        " WHERE what = $1",
        what,
        comparing,
    )


async def is_refused(database: Database, what: What) -> bool:
    """Return whether removals were refused, and nobody has confirmed or mended them."""
    query = "SELECT refused_at IS NOT NULL FROM sync_state WHERE what = $1"
    return bool(await database.fetchval(query, what))


async def count_source(database: Database, what: What, breaks: int, seconds: float) -> None:
    """Note how often the warehouse broke off, and how long it worked."""
    await database.execute(
        "UPDATE sync_state SET breaks = breaks + $2, source_ms = source_ms + $3 WHERE what = $1",
        what,
        breaks,
        round(seconds * 1000),
    )


async def fail(database: Database, what: What, reason: str) -> None:
    """Note why a run broke off, or could not begin."""
    await database.execute(
        "INSERT INTO sync_state (what, failed_at, failure) VALUES ($1, now(), $2)"
        " ON CONFLICT (what) DO UPDATE SET failed_at = EXCLUDED.failed_at, failure = EXCLUDED.failure",
        what,
        reason[:LONGEST_FAILURE],
    )
