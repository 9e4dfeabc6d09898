"""Reading the stock: one connection, one read-only snapshot, rows page by page.

The versions, the planner's estimate and the rows are read in one transaction, so that an answer is never
computed from two states of the stock. A reader that stops early leaves nothing behind: the transaction ends
with the context.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from protocol import codec
from server.database.core.pool import Database
from server.database.core.scope import RowScope
from server.database.editions.versions import stock_version
from server.search.sql.query import RESULT_COLUMNS, Stock, explained
from server.search.sql.statement import Keyset, OrderedQuery, Query
from server.search.sql.supply import Supply, read_supply
from server.search.trace import Trace

FIRST_CHUNK, LATER_CHUNKS, BULK_CHUNKS = 32, 256, 768
"""Rows per chunk: a screenful at first, so that it has its values soon, many later for throughput, and most
while many are wanted, because each chunk costs every process a fixed amount.
"""

PAGES = (FIRST_CHUNK, BULK_CHUNKS, 2 * BULK_CHUNKS)
"""The most rows per query; the last value applies to all later ones. A limit makes an index the cheapest
plan. If fewer are wanted, a query asks for those, but for LATER_CHUNKS or more: each is a round trip.
"""

FEW_CARS = 3_000
"""How many cars with the words of a text filter are fetched and sorted. If there are more, scanning in any
order finds some soon.
"""

CARS_LOOKED_AT = 1_000
"""How many cars the first page of a text filter scans before the index of words is queried."""

_VEHICLE, _POSITION = RESULT_COLUMNS.index("vehicle_id"), RESULT_COLUMNS.index("position")

POOL_WAIT_SECONDS = 5.0


class StockReader:
    """One search's view of the stock. Its methods raise asyncpg's errors."""

    def __init__(self, database: Database, trace: Trace) -> None:
        self.database = database
        self._trace = trace
        self._sizes = iter(PAGES)
        self._page: list[Any] = []
        self._sent = 0
        self._more = True
        self._among: dict[tuple[str, ...], list[int] | None] = {}
        self._ahead: asyncio.Task[tuple[list[Any], bool]] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for a page that is being read ahead and drop it; after an error, cancel it.

        Afterwards the connection goes back to the pool.
        """
        if self._ahead is not None:
            if error is not None:
                self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)

    async def version(self, stock: Stock, deal_id: str) -> tuple[int, int]:
        """Return the versions of the stock and of a deal, as of the snapshot."""
        self._trace.count("queries")
        return await stock_version(
            self.database,
            store_id=stock.store_id,
            group_id=stock.group_id,
            scope=stock.scope,
            deal_id=deal_id,
        )

    async def supply(self, stock: Stock, today: dt.date) -> Supply:
        """Return the days' supply of each model of a stock."""
        self._trace.count("queries")
        return await read_supply(self.database, stock, today)

    async def estimate(self, query: Query) -> int:
        """Return how many rows the planner expects; nothing is counted."""
        self._trace.count("queries")
        asked = explained(query)
        plan = codec.decode(await self.database.fetchval(asked.text, *asked.args))
        rows: int = plan[0]["Plan"]["Plan Rows"]
        return rows

    async def count(self, query: OrderedQuery, most: int) -> int:
        """Return how many rows a query has, up to ``most``."""
        self._trace.count("queries")
        asked = query.counted(most)
        with self._trace.stage("db_total"):
            return int(await self.database.fetchval(asked.text, *asked.args))

    async def fetch(self, query: OrderedQuery, wanted: int = 0) -> tuple[list[Any], bool]:
        """Return the next rows of ``query``, and whether there may be more. A page takes one round trip.

        About as many rows are ``wanted``; with 0, that is not known. If they are many, the rows of a large
        page come in large chunks.
        """
        if self._sent >= len(self._page):
            page, self._ahead = self._ahead or self._next_page(query, wanted), None
            (self._page, self._more), self._sent = await page, 0
        most = BULK_CHUNKS if min(len(self._page), wanted) > LATER_CHUNKS else LATER_CHUNKS
        rows = self._page[self._sent : self._sent + most]
        self._sent += len(rows)
        self._trace.count("rows_read", len(rows))
        return rows, self._more or self._sent < len(self._page)

    def read_ahead(self, query: OrderedQuery, wanted: int) -> None:
        """Begin to read the next page if ``wanted`` rows are more than the current page has left."""
        beyond = wanted - (len(self._page) - self._sent)
        if self._ahead is None and self._more and beyond > 0:
            self._ahead = asyncio.create_task(self._next_page(query, beyond), name="page ahead")

    async def read(self, query: Query) -> list[Any]:
        """Return all rows of a query that is itself bounded."""
        with self._trace.stage("db_total"):
            self._trace.count("queries")
            if isinstance(query, OrderedQuery) and query.words and query.most:
                query = query.page(None, query.most, among=await self.cars_with(query.words))
            rows: list[Any] = await self.database.fetch(query.text, *query.args)
        self._trace.count("rows_read", len(rows))
        return rows

    async def _next_page(self, query: OrderedQuery, wanted: int) -> tuple[list[Any], bool]:
        after = _place_of(self._page[-1]) if self._page else None
        stages = ("db_total",) if self._page else ("db_first_row", "db_total")
        size = next(self._sizes, PAGES[-1])
        if wanted:
            size = min(size, max(wanted, LATER_CHUNKS))
        with self._trace.stage(*stages):
            self._trace.count("queries")
            page = await self._read_page(query, after, size)
        return page, len(page) == size

    async def _read_page(self, query: OrderedQuery, after: Keyset | None, size: int) -> list[Any]:
        if query.words and size == FIRST_CHUNK:
            # Most words are in many cars: then a page is full without a query of the index of words.
            page = query.page(after, size, within=CARS_LOOKED_AT)
            rows = list(await self.database.fetch(page.text, *page.args))
            if len(rows) == size:
                self._among[query.words] = None
                return rows
        page = query.page(after, size, among=await self.cars_with(query.words))
        return list(await self.database.fetch(page.text, *page.args))

    async def cars_with(self, words: tuple[str, ...]) -> list[int] | None:
        """Return the cars that may have every word; None if they are too many or unknown."""
        if not words:
            return None
        if words not in self._among:
            self._among[words] = await self.database.fetchval(
                "SELECT cars_with_text($1, $2)", list(words), FEW_CARS
            )
        return self._among[words]


def _place_of(row: Any) -> Keyset:
    return Keyset(row[_POSITION], int(row[_VEHICLE]))


@asynccontextmanager
async def read_stock(scope: RowScope, trace: Trace) -> AsyncIterator[StockReader]:
    """Hold a connection with a read-only snapshot. Raises TimeoutError if none is free in time."""
    async with AsyncExitStack() as held:
        with trace.stage("pool_wait"):
            database = await held.enter_async_context(
                scope.acquire(snapshot=True, presorted=True, wait_seconds=POOL_WAIT_SECONDS)
            )
        yield await held.enter_async_context(StockReader(database, trace))
