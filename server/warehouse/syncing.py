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
from server.database.core.scope import StoreScopes
from server.warehouse import runs
from server.warehouse.fields import What
from server.warehouse.layout import Mapped, Table, find_table
from server.warehouse.reading.keyset import KEY, NEWEST, Position, Walk, first_query, moment_of, page_query
from server.warehouse.reading.pacing import Hours
from server.warehouse.reading.source import TooSlow, Warehouse
from server.warehouse.rejects import Rejects
from server.warehouse.runs import State, Tally
from server.warehouse.storing import deletions
from server.warehouse.storing.customers import CustomerStoring, remove_customers
from server.warehouse.storing.facts import customer_id_of
from server.warehouse.storing.history import HistoryStoring, batch_name
from server.warehouse.storing.stock import StockStoring
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
    """What a sync does. ``rows`` is the size of a page; None: the default of the kind."""

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


@dataclass(slots=True)
class Outcome:
    """What a sync did with a kind. ``complete`` is false if its hours ended; ``compared`` if keys were."""

    tally: Tally = field(default_factory=Tally)
    pages: int = 0
    complete: bool = False
    compared: bool = False


class Sync:
    """One sync between a warehouse and the operational database, whose lock it holds."""

    def __init__(
        self,
        plan: Plan,
        warehouse: Warehouse,
        database: asyncpg.Connection,
        scopes: StoreScopes,
        rejects: Rejects,
    ) -> None:
        self._plan = plan
        self._warehouse = warehouse
        self._database = database
        self._scopes = scopes
        self._rejects = rejects
        self.outcomes: dict[What, Outcome] = {}

    async def run(self, progress: Progress) -> None:
        """Sync every kind of the plan. All tables are checked before the first row is read.

        Raises UserError; what asyncpg raises if the operational database fails.
        """
        tables = [
            find_table(mapped, await self._warehouse.columns(mapped))
            for mapped in map(self._plan.layout.__getitem__, self._plan.what)
        ]
        breaks = 0
        for table in tables:
            self.outcomes[table.what] = Outcome()
            try:
                if await self._sync(table, progress) and not self._plan.dry:
                    await self._sync(table, progress)
            except BaseException as error:
                await self._note_failure(table.what, error)
                raise
            finally:
                await self._note_breaks(table.what, self._warehouse.breaks - breaks)
                breaks = self._warehouse.breaks

    async def _sync(self, table: Table, progress: Progress) -> bool:
        """Return whether this completed a run that had broken off, so that another one is due."""
        what, outcome = table.what, self.outcomes[table.what]
        state = await runs.read_state(self._database, what)
        walk = await self._begin(table, state)
        stores = await read_stores(self._database, table)
        guard = await deletions.open_guard(self._database, what, confirmed=self._plan.confirmed)
        storing = self._storing(table, stores, guard)
        began, span = walk.position.at, (walk.target - walk.position.at).total_seconds()
        while not walk.done:
            if not self._plan.hours.hold(utc_now()):
                return False
            try:
                walk = await self._page(table, walk, storing, guard)
            except TooSlow:
                smaller = walk.smaller()
                if smaller == walk:
                    raise
                walk = smaller
            share = (walk.position.at - began).total_seconds() / span
            progress(what, outcome.tally.read, share)
        if not self._plan.dry:
            await runs.finish(self._database, what)
        if what not in HISTORY and table.deleted_at is None:
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
        busy = self._warehouse.busy_seconds
        rows = await self._warehouse.fetch(page_query(table, walk))
        source_ms = round((self._warehouse.busy_seconds - busy) * 1000)
        last = Position(moment_of(rows[-1][NEWEST]), rows[-1][KEY]) if rows else None
        after = walk.after(len(rows), last)

        async def advance(database: asyncpg.Connection, tally: Tally) -> None:
            if not self._plan.dry:
                await runs.advance(database, table.what, after.position, tally, source_ms)

        whole = self._database.transaction()
        if self._plan.dry:
            await whole.start()
        try:
            stored = await storing.store(rows, batch_name(walk.position), advance)
        finally:
            if self._plan.dry:
                await whole.rollback()
        self.outcomes[table.what].tally.add(stored.tally)
        self.outcomes[table.what].pages += 1
        guard.grew(stored.tally.added)
        self._rejects.write(table.mapped.name, stored.rejects)
        return after

    async def _compare(self, table: Table, state: State, stores: Stores, guard: deletions.Guard) -> None:
        if self._plan.dry or not (self._plan.full or deletions.is_due(state.compared_at, utc_now())):
            return

        def name(store_id: str, row: Any) -> str:
            if table.what is What.STOCK:
                return deletions.vin_of(store_id, row)
            return str(customer_id_of(store_id, row[KEY]))

        async def remove(gone: Sequence[Any]) -> int:
            return await remove_customers(self._database, list(gone))

        await deletions.list_keys(self._database, self._warehouse, table, stores, name)
        async with self._database.transaction():
            removed = await deletions.remove_unlisted(self._database, table.what, guard, remove)
            await runs.compared(self._database, table.what, removed)
        self.outcomes[table.what].compared = True
        self.outcomes[table.what].tally.removed += removed

    def _storing(self, table: Table, stores: Stores, guard: deletions.Guard) -> Storing:
        if table.what is What.STOCK:
            return StockStoring(self._database, table, stores, guard)
        if table.what is What.CUSTOMERS:
            return CustomerStoring(self._database, table, stores, guard, self._scopes, dry=self._plan.dry)
        return HistoryStoring(self._database, table, self._plan.history, dry=self._plan.dry)

    async def _note_failure(self, what: What, error: BaseException) -> None:
        if (
            not self._plan.dry
            and not self._database.is_closed()
            and not isinstance(error, asyncio.CancelledError)
        ):
            await runs.fail(self._database, what, f"{type(error).__name__}: {error}")

    async def _note_breaks(self, what: What, breaks: int) -> None:
        if not self._plan.dry and not self._database.is_closed():
            await runs.count_breaks(self._database, what, breaks)


async def sync_once(
    plan: Plan,
    warehouse: Warehouse,
    owner_url: str,
    pool: asyncpg.Pool,
    *,
    rejects: Rejects,
    progress: Progress = lambda _what, _rows, _share: None,
) -> dict[What, Outcome]:
    """Sync once; return what was done. Raises UserError, and what asyncpg raises."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(warehouse.close)
        database = await stack.enter_async_context(runs.only_sync(owner_url))
        work = Sync(plan, warehouse, database, StoreScopes(pool), rejects)
        await work.run(progress)
        return work.outcomes
