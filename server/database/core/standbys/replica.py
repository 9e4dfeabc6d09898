"""One replica of the database: its connections, how far it has come, and whether searches may read from it.

Positions are bytes of the primary's log of changes, so a replica that has reached the position at which a
search began shows everything that was committed by then.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from enum import StrEnum
from typing import Any, Final, NamedTuple

import asyncpg
import structlog

from server.database.core.metered import MeteredPool
from server.database.core.pool import Database
from server.database.core.pooler import SettingsDropped

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 1.0
"""How long a replica may take to be reached, and to say how far it has come. A search waits for it."""

CATCH_UP_SECONDS: Final = 0.15
"""How long a search waits for changes that are on their way. Usually they take a few milliseconds."""

FIRST_PAUSE_SECONDS: Final = 0.002
LONGEST_PAUSE_SECONDS: Final = 0.02
REMEMBERED_POSITIONS: Final = 3_600

FAILS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    # It was reached through a pooler that cannot be used: no reason to end the process.
    SettingsDropped,
)

_HOW_FAR: Final = """
SELECT pg_is_in_recovery() AS follows,
       coalesce(pg_last_wal_replay_lsn() - '0/0'::pg_lsn, 0)::bigint AS position,
       (SELECT system_identifier FROM pg_control_system()) AS system,
       (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline
"""
_POSITION: Final = """
SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END
"""

logger = structlog.get_logger("replicas")


class State(StrEnum):
    """Whether searches may read from a replica; if not, why."""

    UNKNOWN = "unknown"
    FIT = "fit"
    BEHIND = "behind"
    UNREACHABLE = "unreachable"
    CONFLICT = "conflict"
    PROMOTED = "promoted"
    FOREIGN = "foreign"


class Position(NamedTuple):
    """How far the primary had come, in bytes, and on which timeline: positions of others say nothing."""

    position: int
    timeline: int


class Origin(NamedTuple):
    """The primary's position at a moment, and its cluster."""

    at: Position
    system: int


class ReplicaFailed(Exception):
    """A read from a replica failed. The primary can be asked the same."""

    def __init__(self, state: State, reason: BaseException) -> None:
        super().__init__(state, reason)
        self.state = state

    def __str__(self) -> str:
        return f"a replica failed ({self.state}): {self.args[1]}"


class Replica:
    """A replica that is read through ``pool``. ``refusals`` counts reads that it could not answer, by reason.

    ``timeline`` is the one that it was last seen on.

    ``reading`` is how many searches read from it now. ``lag_bytes`` and ``lag_seconds`` say how far it is
    behind the primary; they are -1 while nobody knows.
    """

    def __init__(self, name: str, pool: MeteredPool, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.pool = pool
        self.state = State.UNKNOWN
        self.reading = self.reads = 0
        self.lag_bytes, self.lag_seconds = -1, -1.0
        self.timeline = 0
        self.refusals: Counter[str] = Counter()
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque(maxlen=REMEMBERED_POSITIONS)

    @property
    def is_fit(self) -> bool:
        """Whether searches may read from it."""
        return self.state is State.FIT

    def refuse(self, state: State, error: BaseException | None = None) -> None:
        """Keep searches away from it, after one that it could not answer, until ``look`` finds it fit."""
        self.refusals[state] += 1
        self._become(state, error)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["OnReplica"]:
        """Hold a connection to it. Raises ReplicaFailed, also for the connection's failures."""
        async with AsyncExitStack() as held:
            with _failing():
                connection = await held.enter_async_context(self.pool.acquire(timeout=CONNECT_SECONDS))
            yield OnReplica(connection)

    async def reaches(self, database: "OnReplica", wanted: Position) -> bool:
        """Return whether it has come to ``wanted``, for which it gets a moment. Raises ReplicaFailed."""
        if wanted.timeline != self.timeline:
            # The primary is another one than at the last look.
            return False
        until, pause = self._clock() + CATCH_UP_SECONDS, FIRST_PAUSE_SECONDS
        while True:
            found = await database.fetchval(_POSITION, timeout=ANSWER_SECONDS)
            if found is None:
                raise ReplicaFailed(State.PROMOTED, ValueError("it is no replica now"))
            if found >= wanted.position:
                return True
            if self._clock() + pause > until:
                return False
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def look(self, origin: Origin) -> None:
        """Find out whether it is fit, measured by where the primary was just before."""
        self._seen.append((self._clock(), origin.at.position))
        try:
            async with self.acquire() as database:
                await self._look(database, origin)
        except ReplicaFailed as error:
            self._become(error.state, error)
        if self.state in {State.UNREACHABLE, State.PROMOTED, State.FOREIGN}:
            self.lag_bytes, self.lag_seconds = -1, -1.0

    async def _look(self, database: "OnReplica", origin: Origin) -> None:
        found = await ending_after_failure(database, database.fetchrow(_HOW_FAR, timeout=ANSWER_SECONDS))
        if not found["follows"]:
            self._become(State.PROMOTED)
        elif found["system"] != origin.system:
            self._become(State.FOREIGN)
        else:
            self._measure(found["position"], origin.at.position)
            # After another server became the primary, one that still follows the old one is not told apart
            # by its position. It has the new timeline after its next checkpoint.
            self.timeline = found["timeline"]
            caught_up = await ending_after_failure(database, self.reaches(database, origin.at))
            self._become(State.FIT if caught_up else State.BEHIND)

    def _measure(self, position: int, of_primary: int) -> None:
        self.lag_bytes = max(0, of_primary - position)
        behind = next((at for at, was in self._seen if was > position), None)
        self.lag_seconds = 0.0 if behind is None else self._clock() - behind

    def _become(self, state: State, error: BaseException | None = None) -> None:
        if state is not self.state:
            log = logger.info if state is State.FIT else logger.warning
            reason = {} if error is None else {"error": error}
            log("replica", replica=self.name, state=state.value, before=self.state.value, **reason)
        self.state = state


async def ending_after_failure(database: "OnReplica", step: Awaitable[Any]) -> Any:
    """Return what a step returns. A connection on which it failed is closed, because its server may hang and
    never confirm that a statement is cancelled.
    """
    try:
        return await step
    except BaseException:
        database.terminate()
        raise


class OnReplica:
    """A connection to a replica, whose every failure is a ReplicaFailed."""

    def __init__(self, connection: Database) -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[Any]:
        """Return the rows of a query."""
        with _failing():
            rows: list[Any] = await self._connection.fetch(query, *args, **options)
            return rows

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        """Return the first row of a query."""
        with _failing():
            return await self._connection.fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        """Return the first value of a query."""
        with _failing():
            return await self._connection.fetchval(query, *args, **options)

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        """Run statements."""
        with _failing():
            return str(await self._connection.execute(query, *args, **options))

    def is_closed(self) -> bool:
        """Return whether it is closed."""
        try:
            return bool(self._connection.is_closed())
        except asyncpg.InterfaceError:
            # The pool has taken a connection back that its server ended.
            return True

    def is_in_transaction(self) -> bool:
        """Return whether a transaction is open."""
        return bool(self._connection.is_in_transaction())

    def terminate(self) -> None:
        """Close it without waiting for its server, if it is open."""
        if not self.is_closed():
            self._connection.terminate()


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except FAILS as error:
        raise ReplicaFailed(_reason_of(error), error) from error


def _reason_of(error: BaseException) -> State:
    # A standby ends a statement, or a whole connection, that keeps it from applying changes for too long.
    said = (error, error.__cause__)
    conflict = any(isinstance(one, asyncpg.TransactionRollbackError) for one in said)
    return State.CONFLICT if conflict else State.UNREACHABLE
