"""Which rows a piece of work may see: one store's or, for work of the system itself, all.

Row-level security is the second line of defence: a query that forgets the store filter still sees only that
store's rows. The store is set for one transaction, in the round trip that begins it, so nothing stays on the
connection for its next user. That also holds behind a pooler that shares connections between transactions.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Final, Protocol

import asyncpg

from server.database.core.guard import ConnectionGuard
from server.database.core.pool import Database
from server.database.core.standbys.replica import Replica, ReplicaFailed
from server.database.core.standbys.replicas import Replicas, position_of

STORE_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,62}\Z")
"""The form of a store's id, as in the schema: the id goes into a statement that takes no parameters."""

_BEGIN: Final = "BEGIN"
_SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_PRESORTED: Final = "; SET LOCAL enable_sort = off"
ROLLBACK_SECONDS: Final = 2.0
"""How long a rollback may take. A connection that does not answer is closed, or it would be lost to the pool.
"""


class RowScope(Protocol):
    """Gives connections that see certain rows."""

    def acquire(
        self, *, snapshot: bool = False, presorted: bool = False, wait_seconds: float | None = None
    ) -> AbstractAsyncContextManager[Database]:
        """Return a connection in a transaction of its own, which is committed on the way out.

        ``snapshot``: read only, and everything as of one moment. ``presorted``: rows are read in index order
        if an index has it, whatever the planner estimates. ``wait_seconds`` is how long to wait for a
        connection. Raises what asyncpg raises; TimeoutError if none is free; CircuitOpen at once while
        Postgres keeps failing.
        """


Guarded = Callable[[float | None], AbstractAsyncContextManager[None]]
"""Lets a transaction through; gets how long it may wait for a connection."""


class StoreScopes:
    """The scopes of single stores, over a pool of the application's role, with ``guard`` before it;
    None: nothing is. Searches may read from ``replicas``.
    """

    def __init__(
        self, pool: asyncpg.Pool, guard: ConnectionGuard | None = None, replicas: Replicas | None = None
    ) -> None:
        self._pool = pool
        self._guard = guard
        self._replicas = replicas

    def of(self, store_id: str) -> RowScope:
        """Return the scope of a store. Raises ValueError for an invalid store id."""
        guarded = None if self._guard is None else partial(self._guard.command, store_id)
        return self._scope(store_id, guarded)

    def searched(self, store_id: str, *, on_primary: bool = False) -> RowScope:
        """Return the scope of a store for searches, which the breaker of commands does not stop.

        Its snapshots come from a replica if one is fit, unless they must be ``on_primary``; their statements
        raise ReplicaFailed if it fails meanwhile. Raises ValueError for an invalid store id.
        """
        guarded = None if self._guard is None else partial(self._guard.search, store_id)
        primary = self._scope(store_id, guarded)
        return primary if on_primary else self._from_replicas(primary)

    def found(self, store_id: str) -> RowScope:
        """Return the scope of a store for commands that look for cars: from replicas as ``searched``, but
        the breaker of commands stops them.
        """
        guarded = None if self._guard is None else partial(self._guard.command, store_id)
        return self._from_replicas(self._scope(store_id, guarded))

    def _from_replicas(self, primary: "_Transactions") -> RowScope:
        if self._replicas is None or not self._replicas.all:
            return primary
        return _FromReplicas(primary, self._replicas)

    def _scope(self, store_id: str, guarded: Guarded | None) -> "_Transactions":
        if not STORE_ID.match(store_id):
            raise ValueError(f"expected a store's id, got {store_id!r}")
        return _Transactions(self._pool, f"; SET LOCAL deal.store_id = '{store_id}'", guarded)


def everything(pool: asyncpg.Pool) -> RowScope:
    """Return the scope of the system's own work, over a pool of the system's role."""
    return _Transactions(pool, "")


class _Transactions:
    def __init__(self, pool: asyncpg.Pool, setting: str, guarded: Guarded | None = None) -> None:
        self._pool = pool
        self._setting = setting
        self._guarded = guarded

    @asynccontextmanager
    async def acquire(
        self, *, snapshot: bool = False, presorted: bool = False, wait_seconds: float | None = None
    ) -> AsyncIterator[Database]:
        try:
            async with (
                self.connection(wait_seconds) as database,
                _transaction(database, self.begin(snapshot=snapshot, presorted=presorted)),
            ):
                yield database
        except asyncpg.InternalClientError as error:
            # The connection broke between two statements, which asyncpg reports as a misuse.
            raise asyncpg.InterfaceError("the connection broke") from error

    @asynccontextmanager
    async def connection(self, wait_seconds: float | None) -> AsyncIterator[Database]:
        """Hold a connection without a transaction."""
        through = nullcontext() if self._guarded is None else self._guarded(wait_seconds)
        async with through, self._pool.acquire(timeout=wait_seconds) as database:
            yield database

    def begin(self, *, snapshot: bool, presorted: bool) -> str:
        """Return what begins a transaction."""
        return (_SNAPSHOT if snapshot else _BEGIN) + (_PRESORTED if presorted else "") + self._setting


class _FromReplicas:
    def __init__(self, primary: _Transactions, replicas: Replicas) -> None:
        self._primary = primary
        self._replicas = replicas

    @asynccontextmanager
    async def acquire(
        self, *, snapshot: bool = False, presorted: bool = False, wait_seconds: float | None = None
    ) -> AsyncIterator[Database]:
        replica = self._replicas.fit() if snapshot else None
        if replica is not None:
            async with self._at_least_now(replica, wait_seconds) as database:
                if database is not None:
                    begin = self._primary.begin(snapshot=True, presorted=presorted)
                    async with _transaction(database, begin, read_only=True):
                        yield database
                    return
        elif snapshot:
            self._replicas.on_primary += 1
        async with self._primary.acquire(
            snapshot=snapshot, presorted=presorted, wait_seconds=wait_seconds
        ) as database:
            yield database

    @asynccontextmanager
    async def _at_least_now(
        self, replica: Replica, wait_seconds: float | None
    ) -> AsyncIterator[Database | None]:
        """Hold a connection to a replica that has all that is committed by now; None if it has not."""
        async with self._primary.connection(wait_seconds) as database:
            wanted = await position_of(database)
        async with self._replicas.reading(replica, wanted) as database:
            yield database


@asynccontextmanager
async def _transaction(database: Database, begin: str, *, read_only: bool = False) -> AsyncIterator[None]:
    await database.execute(begin)
    try:
        yield
    except ReplicaFailed:
        # Its server may hang, and then confirms nothing.
        database.terminate()
        raise
    except BaseException:
        # A broken connection has no transaction to end.
        if not database.is_closed() and database.is_in_transaction():
            await _roll_back(database)
        raise
    if read_only:
        # Everything has been read by then.
        await _roll_back(database)
    else:
        await database.execute("COMMIT")


async def _roll_back(database: Database) -> None:
    try:
        await database.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
    except (TimeoutError, asyncpg.InterfaceError, ReplicaFailed):
        database.terminate()
