"""What stands before the connections of a process: a share for each store, and a breaker.

Shares keep one store's storm of commands and searches from taking every connection: others get theirs at
once, and stores that wait are served in turn. Some connections belong to no store's share: sign-in and
readiness always find one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from server.observe.breaker import Breaker, BreakerBounds
from server.sharing.lanes import Lane
from server.sharing.turns import Crowded, Shares, TookTooLong, Turns

SLOW_SECONDS: Final = 5.0
"""A decision takes milliseconds; a person who waits for seconds has given up."""

MOST_WAITING_OF_STORE: Final = 1_000
OUTAGES: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.QueryCanceledError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    OSError,
    TimeoutError,
)
"""Failures of the database itself: no connection in time, a broken one, a statement that took too long.
Anything else that Postgres raises is an answer, for example to invalid input.
"""


def command_breaker() -> Breaker:
    """Return a breaker for the transactions of commands."""
    return Breaker("postgres", BreakerBounds(slow_seconds=SLOW_SECONDS))


def connection_shares(pool_max: int) -> Shares:
    """Return how the connections of a pool are shared: a fifth of them belong to no store, if there are five
    or more, and no store takes more than three quarters of the others.
    """
    shared = max(1, pool_max - pool_max // 5)
    store = max(1, shared - max(1, shared // 4)) if shared > 1 else 1
    return Shares(all=shared, store=store, person=store, waiting=MOST_WAITING_OF_STORE)


def readers_of(pool_max: int) -> int:
    """Return how many searches of a process may read at once: the other connections of its pool are for
    everything that is not a search.
    """
    return max(1, pool_max // 2)


class ConnectionGuard:
    """Lets the transactions of stores through, for a pool of ``pool_max`` connections.

    ``breaker`` is that of commands. Searches have their own around the rows that they read, so that slow
    searches do not keep commands from being saved.
    """

    def __init__(self, pool_max: int, breaker: Breaker | None = None) -> None:
        self.breaker = breaker or command_breaker()
        self.turns = Turns(connection_shares(pool_max))

    @asynccontextmanager
    async def command(self, store_id: str, wait_seconds: float | None) -> AsyncIterator[None]:
        """Hold a connection's place for a command. Raises CircuitOpen; TimeoutError if none came in time."""
        self.breaker.check()
        async with self.search(store_id, wait_seconds):
            call = self.breaker.begin()
            try:
                yield
            except asyncio.CancelledError:
                call.cancel()
                raise
            except OUTAGES:
                call.end(failed=True)
                raise
            except BaseException:
                call.end(failed=False)
                raise
            call.end(failed=False)

    async def probe(self, pool: asyncpg.Pool) -> None:
        """Ask Postgres something small, to see whether it answers. Raises as a command."""
        call = self.breaker.begin_probe()
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                await pool.fetchval("SELECT 1")
            call.end(failed=False)
        except OUTAGES:
            call.end(failed=True)
            raise
        finally:
            call.cancel()

    @asynccontextmanager
    async def search(self, store_id: str, wait_seconds: float | None) -> AsyncIterator[None]:
        """Hold a connection's place for a search. Raises TimeoutError if none came in time."""
        try:
            async with self.turns.turn(Lane(store_id), wait_seconds):
                yield
        except (Crowded, TookTooLong) as error:
            raise TimeoutError("no connection of the store's share was free in time") from error
