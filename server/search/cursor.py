"""Reading the stock: one connection, one read-only snapshot, rows as they come.

The versions, the planner's estimate and the rows are all of one transaction, so that an answer is never
computed from two states of the stock. A reader that stops early leaves nothing behind: the transaction ends
with the context.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from asyncpg.cursor import Cursor

from protocol import codec
from server.search.query import Query, Stock, explained
from server.search.trace import Trace
from server.store.pool import Connection
from server.store.scope import Scope
from server.store.versions import stock_version

FIRST_CHUNK, SECOND_CHUNK, LATER_CHUNKS = 16, 64, 256
"""Rows per fetch: few at first so that something shows at once, many later for throughput."""

POOL_WAIT_SECONDS = 5.0


class StockReader:
    """One search's view of the stock. Methods raise what asyncpg raises."""

    def __init__(self, connection: Connection, trace: Trace) -> None:
        self.connection = connection
        self._trace = trace
        self._cursor: Cursor | None = None
        self._sizes = iter((FIRST_CHUNK, SECOND_CHUNK))

    async def version(self, stock: Stock, deal_id: str) -> tuple[int, int]:
        """Return the versions of the stock and of a deal, as of the snapshot."""
        self._trace.count("queries")
        return await stock_version(
            self.connection,
            store_id=stock.store_id,
            group_id=stock.group_id,
            scope=stock.scope,
            deal_id=deal_id,
        )

    async def estimate(self, query: Query) -> int:
        """Return how many rows the planner expects; nothing is counted."""
        self._trace.count("queries")
        asked = explained(query)
        plan = codec.decode(await self.connection.fetchval(asked.text, *asked.args))
        rows: int = plan[0]["Plan"]["Plan Rows"]
        return rows

    async def fetch(self, query: Query) -> tuple[list[Any], bool]:
        """Return the next rows of ``query``, and whether there may be more. The first opens the cursor."""
        size = next(self._sizes, LATER_CHUNKS)
        if self._cursor is None:
            with self._trace.stage("db_first_row", "db_total"):
                self._trace.count("queries")
                self._cursor = await self.connection.cursor(query.text, *query.args)
                rows = await self._cursor.fetch(size)
        else:
            with self._trace.stage("db_total"):
                rows = await self._cursor.fetch(size)
        self._trace.count("rows_read", len(rows))
        return rows, len(rows) == size

    async def read(self, query: Query) -> list[Any]:
        """Return all rows of a query that is bounded by itself."""
        with self._trace.stage("db_total"):
            self._trace.count("queries")
            rows: list[Any] = await self.connection.fetch(query.text, *query.args)
        self._trace.count("rows_read", len(rows))
        return rows


@asynccontextmanager
async def read_stock(scope: Scope, trace: Trace) -> AsyncIterator[StockReader]:
    """Hold a connection with a read-only snapshot. Raises TimeoutError where none is free for long."""
    async with AsyncExitStack() as held:
        with trace.stage("pool_wait"):
            connection = await held.enter_async_context(
                scope.acquire(snapshot=True, wait_seconds=POOL_WAIT_SECONDS)
            )
        yield StockReader(connection, trace)
