"""Replicas of the database, from which searches read.

A search asks the primary for its position, and reads from a replica only if that has come as far. So it
misses nothing that was committed before it began, whatever it computes with and whoever keeps its answer.
If no replica is fit, it reads from the primary.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import asyncpg
import structlog

from server.database.core.metered import MeteredPool
from server.database.core.one_row import one_row
from server.database.core.pool import Database, open_pool
from server.database.core.standbys.replica import (
    FAILS,
    OnReplica,
    Origin,
    Position,
    Replica,
    ReplicaFailed,
    State,
    ending_after_failure,
)
from server.observe.metrics.statements import StatementTimes
from server.settings import Settings

WATCH_SECONDS: Final = 1.0
"""How often each replica is looked at: the longest time for which one that came back is not used."""

STATEMENT_MS: Final = 2_000
"""The statement timeout on a replica, if the general one is not shorter: after it the primary is asked."""

COMMAND_SECONDS: Final = 2.5
"""When a statement is given up because the replica does not even report its timeout."""

# Where changes are not flushed before they are seen, a replica must have what is not flushed yet. The
# timeline is that of the file to which a primary writes: its control file has the old one until the
# checkpoint after a promotion has ended.
_POSITION: Final = """
SELECT ((CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
         ELSE pg_current_wal_flush_lsn() END) - '0/0'::pg_lsn)::bigint AS position,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline
"""
_ORIGIN: Final = f"""
SELECT o.position, o.timeline, (SELECT system_identifier FROM pg_control_system()) AS system
  FROM ({_POSITION}) AS o
"""  # noqa: S608 - our own text

logger = structlog.get_logger("replicas")


async def position_of(primary: Database) -> Position:
    """Return how far a primary has come."""
    return Position(**dict(await one_row(primary, _POSITION)))


async def origin_of(primary: Database | asyncpg.Pool) -> Origin:
    """Return how far a primary has come, and its cluster."""
    row = await one_row(primary, _ORIGIN)
    return Origin(Position(row["position"], row["timeline"]), row["system"])


class Replicas:
    """The replicas of a primary that is reached through ``primary``; none are fit until ``run`` runs.

    ``on_primary`` counts the reads of searches that the primary answered.
    """

    def __init__(self, primary: asyncpg.Pool, pools: Sequence[MeteredPool]) -> None:
        self._primary = primary
        self.all = tuple(Replica(f"replica_{no}", pool) for no, pool in enumerate(pools, 1))
        self.on_primary = 0

    def fit(self) -> Replica | None:
        """Return the replica that a search should read from; None if no replica is fit."""
        return min((one for one in self.all if one.is_fit), key=lambda one: one.reading, default=None)

    @asynccontextmanager
    async def reading(self, replica: Replica, wanted: Position) -> AsyncIterator[Any]:
        """Hold a connection to a replica that has come to ``wanted``; None if it has not.

        A ReplicaFailed that is raised meanwhile keeps searches away from it for a while.
        """
        async with AsyncExitStack() as held:
            replica.reading += 1
            held.callback(self._leave, replica)
            database = await self._ready(held, replica, wanted)
            if database is None:
                self.on_primary += 1
            else:
                replica.reads += 1
            try:
                yield database
            except ReplicaFailed as error:
                replica.refuse(error.state, error)
                raise

    async def run(self) -> None:
        """Look at the replicas until cancelled."""
        while self.all:
            try:
                found = await origin_of(self._primary)
            except FAILS as error:
                # The primary's own outage is told by others.
                logger.debug("primary_not_asked", error=error)
            else:
                await asyncio.gather(*(one.look(found) for one in self.all))
            await asyncio.sleep(WATCH_SECONDS)

    def _leave(self, replica: Replica) -> None:
        replica.reading -= 1

    async def _ready(self, held: AsyncExitStack, replica: Replica, wanted: Position) -> OnReplica | None:
        try:
            database = await held.enter_async_context(replica.acquire())
            if await ending_after_failure(database, replica.reaches(database, wanted)):
                return database
        except ReplicaFailed as error:
            replica.refuse(error.state, error)
        else:
            replica.refuse(State.BEHIND)
        return None


async def open_replica_pools(
    settings: Settings, statements: StatementTimes | None, readers: int
) -> list[MeteredPool]:
    """Return a pool for each replica of the settings, for as many ``readers``. None connects yet."""
    return [
        await open_pool(
            replace(
                settings,
                database_url=url,
                pool_min=0,
                pool_max=readers + 1,  # one for the look
                statement_timeout_ms=min(STATEMENT_MS, settings.statement_timeout_ms),
            ),
            statements,
            command_timeout=COMMAND_SECONDS,
        )
        for url in settings.database_search_urls
    ]
