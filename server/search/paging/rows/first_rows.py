"""Reading the first rows of searches: in turns, and behind a breaker, because people wait for them."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from server.database.core.guard import OUTAGES
from server.database.core.scope import StoreScopes
from server.database.editions.versions import InForce
from server.observe.breaker import Breaker, BreakerBounds, Call
from server.search.answers.question import AsOf
from server.search.paging.publishing.pages import Run
from server.search.paging.rows.reading import Reading, current, prepare_reading
from server.search.screening.plans import Plans
from server.search.sql.cursor import StockReader, read_stock
from server.search.sql.estimates import Estimates
from server.search.sql.supplies import Supplies
from server.search.trace import MS, Trace
from server.sharing.turns import Turns
from server.work.editions import Editions

TURN_SECONDS = 20.0
"""How long a search waits for its turns, to begin and to read. Its command's timeout is longer by this time,
so that the answer says why the search was refused. A hundred people who search at once are served within it,
even on a loaded machine.
"""

SLOW_SECONDS: Final = 3.0
"""The first rows of a search come within milliseconds, also of a million cars. Nobody waits for seconds."""

FIRST_ROWS_SECONDS: Final = 12.0
"""When a step towards the first rows is given up, because the line to Postgres is dead: a little later than
the statement timeout, which otherwise ends it.
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Today:
    """The day, and the editions in force on it."""

    day: dt.date
    in_force: InForce

    def as_of(self, inventory: int) -> AsOf:
        """Return the state of the world with this version of the stock."""
        return AsOf(self.day, self.in_force, inventory)

    def is_that_of(self, as_of: AsOf) -> bool:
        """Return whether something is of this day and these editions."""
        return as_of == self.as_of(as_of.inventory)


class StockReads:
    """Reads pages of the stock. ``breaker`` is that around their first rows."""

    def __init__(self, stores: StoreScopes, turns: Turns, editions: Editions, supplies: Supplies) -> None:
        self.breaker = Breaker("searches", BreakerBounds(slow_seconds=SLOW_SECONDS))
        self._stores = stores
        self._turns = turns
        self._editions = editions
        self._supplies = supplies
        self._estimates = Estimates()
        self._plans = Plans()
        self._tried: Run | None = None

    async def prepare(self, run: Run, reader: StockReader, as_of: AsOf) -> tuple[Reading, int]:
        """Return how to read a page, and how many rows the planner expects; 0 for a later page."""
        start, page = run.start, run.publication
        after = start.after if page is None else page.last
        with run.trace.stage("prepare"):
            reading = await prepare_reading(
                reader,
                self._editions.tables,
                run.deal,
                as_of,
                plans=self._plans,
                supplies=self._supplies,
                filters=start.filters,
                sort=start.sort,
                after=after,
            )
            if after is not None:
                return reading, 0
            return reading, await self._estimates.of(reader, reading.query, reading.estimate_key)

    @asynccontextmanager
    async def stock(self, run: Run, call: Call, trace: Trace) -> AsyncIterator[StockReader]:
        """Hold a reader of the stock for the first rows of ``call``."""
        async with AsyncExitStack() as held:
            scope = self._stores.searched(run.deal.store_id, on_primary=run.on_primary)
            yield await within(call, held.enter_async_context(read_stock(scope, trace)))

    @asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[Call]:
        """Hold a turn to read the stock, with the breaker's call for its first rows.

        Raises CircuitOpen, and Crowded, TookTooLong if the page is not announced yet.
        """
        async with AsyncExitStack() as held:
            with run.trace.stage("pool_wait"):
                waits = not run.start.patient and run.publication is None
                wait = max(1.0, TURN_SECONDS - run.trace.age_ms / MS) if waits else None
                await held.enter_async_context(self._turns.turn(run.start.lane, wait))
            call, self._tried = self.breaker.begin(), run
            held.callback(call.cancel)
            if run.publication is None:
                run.rank.gain()
            yield call

    async def probe(self, today: "Today") -> None:
        """Read the first rows of the latest search again, which nobody gets, to see whether that works.

        Raises CircuitOpen, TimeoutError, NotInForce, and what Postgres raises.
        """
        call, run = self.breaker.begin_probe(), self._tried
        try:
            if run is not None:
                # As it began: what comes after published rows may be nothing, which is read quickly.
                again = replace(run, trace=Trace(), publication=None, on_primary=True)
                turn = self._turns.turn(again.start.lane, None)
                async with turn, self.stock(again, call, again.trace) as reader:
                    _, inventory = await within(call, current(reader, again.deal, fixed=True))
                    reading, _ = await within(call, self.prepare(again, reader, today.as_of(inventory)))
                    await within(call, first_rows(reader, reading))
            call.end(failed=False)
        finally:
            call.cancel()


async def within(call: Call, step: Awaitable[T], *, last: bool = False) -> T:
    """Return what a step towards the first rows returns; note in the breaker if it failed, or was the last.

    Raises TimeoutError, and what the step raises.
    """
    try:
        async with asyncio.timeout(FIRST_ROWS_SECONDS):
            result = await step
    except OUTAGES:
        call.end(failed=True)
        raise
    if last:
        call.end(failed=False)
    return result


async def first_rows(reader: StockReader, reading: Reading) -> tuple[list[Any], bool]:
    """Return the first rows; none if no car can become a deal."""
    return ([], False) if reading.unread else await reader.fetch(reading.query)
