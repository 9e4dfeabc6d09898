"""One sync: kind by kind, page by page, each page stored in one transaction with how far the run has come.

Whatever breaks, the next call goes on after the last page that was stored.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from server.clock import utc_now
from server.database.core.rejects_file import RejectsFile
from server.database.core.scope import StoreScopes
from server.warehouse import runs
from server.warehouse.errors import TooManyGone, TooSlow
from server.warehouse.fields import What
from server.warehouse.layout import Mapped, Table, find_table
from server.warehouse.reading.keyset import (
    KEY,
    NEWEST,
    Position,
    Walk,
    first_query,
    moment_of,
    page_query,
    tie_query,
)
from server.warehouse.reading.pacing import Hours
from server.warehouse.reading.source import Warehouse
from server.warehouse.rejects import write_rejects
from server.warehouse.runs import State, Tally
from server.warehouse.storing import deletions
from server.warehouse.storing.customers import CustomerStoring, name_customer, remove_unlisted_customers
from server.warehouse.storing.deletions import Guard
from server.warehouse.storing.history import HistoryStoring, batch_name
from server.warehouse.storing.stock import StockStoring, name_car
from server.warehouse.storing.storing import Stores, Storing, read_stores

LAG: Final = dt.timedelta(seconds=30)
OVERLAP: Final = dt.timedelta(minutes=10)
PAGE_ROWS: Final = 2_000
HISTORY_ROWS: Final = 50_000
HISTORY: Final = frozenset({What.LOANS, What.PAYMENTS})
Progress = Callable[[What, int, float], None]
"""Gets the rows that were read of a kind, and which share of the run's time they cover, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync does. ``rows`` is the size of a page; None: the default of the kind. ``held`` kinds are
    left out while what was to go of them is refused.
    """

    layout: dict[What, Mapped]
    what: tuple[What, ...]
    history: Path
    rows: int | None = None
    lag: dt.timedelta = LAG
    overlap: dt.timedelta = OVERLAP
    full: bool = False
    dry: bool = False
    confirmed: bool = False
    hours: Hours = field(default_factory=Hours)
    held: frozenset[What] = frozenset()


@dataclass(slots=True)
class Outcome:
    """What a sync did with a kind. ``complete`` is false if its hours ended; ``compared`` if keys were;
    ``refused`` says how much was to go, if that was too much.
    """

    tally: Tally = field(default_factory=Tally)
    pages: int = 0
    complete: bool = False
    compared: bool = False
    refused: TooManyGone | None = None


class Sync:
    """One sync between a warehouse and the operational database, whose lock it holds."""

    def __init__(
        self,
        plan: Plan,
        warehouse: Warehouse,
        database: asyncpg.Connection,
        scopes: StoreScopes,
        rejects: RejectsFile,
    ) -> None:
        self._plan = plan
        self._warehouse = warehouse
        self._database = database
        self._scopes = scopes
        self._rejects = rejects
        self._counted_seconds = 0.0
        self.outcomes: dict[What, Outcome] = {}

    async def run(self, progress: Progress) -> None:
        """Sync every kind of the plan. All tables are checked before the first row is read.

        A kind of which too much would go is ``refused`` in its outcome, and the others are synced. Raises
        other UserErrors; what asyncpg raises if the operational database fails.
        """
        breaks = 0
        for table in await self._tables():
            self.outcomes[table.what] = Outcome()
            try:
                if await self._sync(table, progress) and not self._plan.dry:
                    await self._sync(table, progress)
            except TooManyGone as error:
                self.outcomes[table.what].refused = error
                await self._note_failure(table.what, error)
            except BaseException as error:
                await self._note_failure(table.what, error)
                raise
            finally:
                await self._note_source(table.what, self._warehouse.breaks - breaks)
                breaks = self._warehouse.breaks

    async def _tables(self) -> list[Table]:
        """Return the tables of the plan. What keeps them from being read is noted for each of its kinds."""
        kinds = [
            what
            for what in self._plan.what
            if what not in self._plan.held or not await runs.is_refused(self._database, what)
        ]
        try:
            return [
                find_table(mapped, await self._warehouse.columns(mapped))
                for mapped in map(self._plan.layout.__getitem__, kinds)
            ]
        except BaseException as error:
            for what in kinds:
                await self._note_failure(what, error)
            raise

    async def _sync(self, table: Table, progress: Progress) -> bool:
        """Return whether this completed a run that had broken off, so that another one is due."""
        what, outcome = table.what, self.outcomes[table.what]
        state = await runs.read_state(self._database, what)
        walk = await self._begin(table, state)
        stores = await read_stores(self._database, table)
        # Of a run that broke off, also if this one reads everything again.
        removed = {} if state.target is None else state.removals
        guard = Guard(what, removed, confirmed=self._plan.confirmed)
        storing = self._storing(table, stores, guard, None if self._plan.full else state.complete_to)
        began, span = walk.position.at, (walk.target - walk.position.at).total_seconds()
        while not walk.done:
            if not self._plan.hours.hold(utc_now()):
                return False
            try:
                walk = await self._page(table, walk, storing, guard)
            except TooSlow:
                smaller = walk.smaller()
                if smaller is None:
                    raise
                walk = smaller
            share = (walk.position.at - began).total_seconds() / span
            progress(what, outcome.tally.read, share)
        compares = what not in HISTORY and table.deleted_at is None
        if not self._plan.dry:
            await runs.finish(self._database, what, compares=compares)
        if compares:
            await self._compare(table, state, stores, guard)
        outcome.complete = True
        return state.target is not None and not self._plan.full

    async def _begin(self, table: Table, state: State) -> Walk:
        """Return the way that is left of a run that broke off, or that of a new one."""
        rows = self._plan.rows or (HISTORY_ROWS if table.what in HISTORY else PAGE_ROWS)
        if state.target is not None and state.position is not None and not self._plan.full:
            return Walk(state.position, state.target, rows)
        target = moment_of(await self._warehouse.now()) - self._plan.lag
        if state.complete_to is None or self._plan.full:
            first = (await self._warehouse.fetch(first_query(table)))[0]["first"]
            start = target if first is None else min(moment_of(first), target)
        else:
            # A warehouse whose clock was set back: what it changes until then counts from there.
            start = min(state.complete_to, target) - self._plan.overlap
        walk = Walk(Position(start), target, rows)
        if not self._plan.dry:
            await runs.begin(self._database, table.what, walk.position, target)
        return walk

    async def _page(self, table: Table, walk: Walk, storing: Storing, guard: deletions.Guard) -> Walk:
        rows = await self._rows(table, walk)
        busy = self._warehouse.busy_seconds
        last = Position(moment_of(rows[-1][NEWEST]), rows[-1][KEY]) if rows else None
        after = walk.after(len(rows), last)

        async def advance(database: asyncpg.Connection, tally: Tally) -> None:
            if not self._plan.dry:
                seconds = busy - self._counted_seconds
                await runs.advance(database, table.what, after.position, tally, seconds)

        whole = self._database.transaction()
        if self._plan.dry:
            await whole.start()
        try:
            stored = await storing.store(rows, batch_name(walk.position), advance)
        finally:
            if self._plan.dry:
                await whole.rollback()
        self._counted_seconds = busy
        self.outcomes[table.what].tally.add(stored.tally)
        self.outcomes[table.what].pages += 1
        write_rejects(self._rejects, table.mapped.name, stored.rejects)
        return after

    async def _rows(self, table: Table, walk: Walk) -> Sequence[Any]:
        rows: list[Any] = []
        if (query := tie_query(table, walk)) is not None:
            rows += await self._warehouse.fetch(query)
        if len(rows) < walk.rows:
            rows += await self._warehouse.fetch(page_query(table, walk, walk.rows - len(rows)))
        return rows

    async def _compare(self, table: Table, state: State, stores: Stores, guard: deletions.Guard) -> None:
        is_due = self._plan.full or deletions.is_due(state, utc_now(), confirmed=self._plan.confirmed)
        if self._plan.dry or not is_due:
            return
        name, remove = name_customer, remove_unlisted_customers
        if table.what is What.STOCK:
            name, remove = name_car, deletions.remove_unlisted_cars
        listing = deletions.Listing(
            self._database, self._warehouse, table, stores, name, lambda: self._plan.hours.hold(utc_now())
        )
        if not await listing.list():
            return
        try:
            async with self._database.transaction():
                removed = await remove(self._database, guard)
                await runs.compared(self._database, table.what, removed)
        except TooManyGone:
            await runs.refuse(self._database, table.what, comparing=True)
            raise
        self.outcomes[table.what].compared = True
        self.outcomes[table.what].tally.removed += removed

    def _storing(self, table: Table, stores: Stores, guard: Guard, known_to: dt.datetime | None) -> Storing:
        if table.what is What.STOCK:
            return StockStoring(self._database, table, stores, guard)
        if table.what is What.CUSTOMERS:
            return CustomerStoring(self._database, table, stores, guard, self._scopes, dry=self._plan.dry)
        return HistoryStoring(
            self._database, table, self._plan.history, known_to=known_to, dry=self._plan.dry
        )

    async def _note_failure(self, what: What, error: BaseException) -> None:
        if (
            not self._plan.dry
            and not self._database.is_closed()
            and not isinstance(error, asyncio.CancelledError)
        ):
            await runs.fail(self._database, what, f"{type(error).__name__}: {error}")
            if isinstance(error, TooManyGone):
                await runs.refuse(self._database, what, comparing=False)

    async def _note_source(self, what: What, breaks: int) -> None:
        """Note what no page has: queries that failed, and those that are about no page."""
        if not self._plan.dry and not self._database.is_closed():
            busy = self._warehouse.busy_seconds
            await runs.count_source(self._database, what, breaks, busy - self._counted_seconds)
            self._counted_seconds = busy


async def sync_once(
    plan: Plan,
    warehouse: Warehouse,
    owner_url: str,
    pool: asyncpg.Pool,
    *,
    rejects: RejectsFile,
    progress: Progress = lambda _what, _rows, _share: None,
) -> dict[What, Outcome]:
    """Sync once; return what was done. Raises UserError, and what asyncpg raises."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(warehouse.close)
        database = await stack.enter_async_context(runs.only_sync(owner_url))
        rejects.begin()
        work = Sync(plan, warehouse, database, StoreScopes(pool), rejects)
        await work.run(progress)
        return work.outcomes
