"""The searches that this process runs: a task for each page, from its announcement to its end."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

from protocol.closing import CommandError, ErrorCode
from protocol.records import EndReason
from server.database.core.guard import OUTAGES
from server.database.core.scope import StoreScopes
from server.database.editions.rates import NotInForce
from server.database.editions.versions import InForce
from server.log.search_log import Outcome, SearchLog
from server.observe.breaker import Breaker, BreakerBounds, Call
from server.observe.failing import POSTGRES_FAILS, retry_detail
from server.search.paging.lease import give_up, keep_lease
from server.search.paging.page import Page
from server.search.paging.reading import Reading, prepare_reading
from server.search.paging.requests import PageRequest, PageStart
from server.search.screening.plans import Plans
from server.search.sql.cursor import StockReader, read_stock
from server.search.sql.estimates import Estimates
from server.search.trace import Trace
from server.sharing.turns import Crowded, TookTooLong, Turns
from server.work.editions import Editions
from server.work.queue import JobQueue

CLOSING_SECONDS = 2.0
TURN_SECONDS = 20.0
"""How long a search waits for its turn to read. Its command's timeout is longer by this time, so that the
answer says why the search was refused. A hundred people who search at once are served within it, even on a
loaded machine.
"""

SLOW_SECONDS = 3.0
"""The first rows of a search come within milliseconds, also of a million cars. Nobody waits for seconds."""

FIRST_ROWS_SECONDS = 12.0
"""When a search gives up on its first rows, because the line to Postgres is dead: a little later than its
statement timeout, which otherwise ends it.
"""

# All the ways in which asyncpg reports a failure of Postgres or its network, and a missing edition.
DATABASE_ERRORS = (*POSTGRES_FAILS, NotInForce)

T = TypeVar("T")

log = structlog.get_logger(__name__)


def search_breaker() -> Breaker:
    """Return a breaker for the first rows of searches, which is what people wait for."""
    return Breaker("searches", BreakerBounds(slow_seconds=SLOW_SECONDS))


class Runs:
    """Runs pages, at most one at a time for each channel."""

    def __init__(
        self,
        stores: StoreScopes,
        channels: SearchLog,
        queue: JobQueue,
        turns: Turns,
        *,
        editions: Editions,
        today: Callable[[], dt.date],
        breaker: Breaker | None = None,
    ) -> None:
        self.breaker = breaker or search_breaker()
        self._stores = stores
        self._channels = channels
        self._queue = queue
        self._turns = turns
        self._today = today
        self._editions = editions
        self._estimates = Estimates()
        self._plans = Plans()
        self._pages: dict[str, Page] = {}
        self._announced: dict[str, PageStart] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._handing_over = False
        self._tried: PageStart | None = None

    @property
    def handing_over(self) -> bool:
        """Whether this process hands its searches over and takes none."""
        return self._handing_over

    def runs(self, channel: str, search_id: str) -> bool:
        """Return whether a page of this search runs here."""
        page = self._pages.get(channel)
        return page is not None and page.search_id == search_id

    def cancel(self, channel: str, search_id: str) -> None:
        """End a search at its next chunk if it runs here."""
        if self.runs(channel, search_id):
            self._pages[channel].stop(EndReason.CANCELLED)

    async def start(self, start: PageStart) -> str:
        """Run a page in a task; return the id of its search once it is announced.

        The task continues if the caller stops waiting. Raises CommandError.
        """
        started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        # If the caller left, nobody reads the exception: reading it here avoids asyncio's warning.
        started.add_done_callback(lambda future: future.cancelled() or future.exception())
        task = asyncio.create_task(self._guard(start, started))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(started)

    async def probe(self) -> None:
        """Read the first rows of the latest search again, which nobody gets, to see whether it works.

        Raises DATABASE_ERRORS, CircuitOpen.
        """
        probe, today = self.breaker.begin_probe(), self._today()
        if self._tried is None:
            probe.end(failed=False)
            return
        try:
            in_force = await _within(probe, self._editions.in_force(today))
            async with self._reader(self._tried, Trace(), probe) as (reader, call):
                reading, _ = await _within(call, self._prepare(reader, self._tried, in_force, today))
                await _within(call, _first_rows(reader, reading), last=True)
        except (Crowded, TookTooLong) as error:
            raise TimeoutError("no turn to probe") from error
        finally:
            probe.cancel()

    async def hand_over(self) -> None:
        """Stop every page at its next chunk and release its lease: a process that watches it continues it.

        From now on, each page that begins here is handed over in the same way.
        """
        self._handing_over = True
        for page in self._pages.values():
            page.hand_over()
        tasks = list(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _guard(self, start: PageStart, started: asyncio.Future[str]) -> None:
        """Report an exception that ends a page to the caller waiting for its id, or else log it."""
        try:
            async with AsyncExitStack() as held:
                await self._run(start, started, held)
        except asyncio.CancelledError:
            started.cancel()
            raise
        except Exception as error:
            if started.done():
                log.exception("search not ended", search_id=start.search_id)
            elif isinstance(error, Crowded | TookTooLong):
                started.set_exception(_busy(error))
            elif isinstance(error, (*DATABASE_ERRORS, RedisError)):
                log.warning("search refused", error=repr(error))
                started.set_exception(degraded(error))
            else:
                started.set_exception(error)

    async def _run(self, start: PageStart, started: asyncio.Future[str], held: AsyncExitStack) -> None:
        trace, page = Trace(), None
        try:
            today = self._today()
            # Read before a connection is held, so that a page needs at most one connection at a time.
            in_force = await self._editions.in_force(today)
            self.breaker.check()
            async with self._reader(start, trace) as (reader, call):
                reading, estimate = await _within(call, self._prepare(reader, start, in_force, today))
                announced, first = await asyncio.gather(
                    self._announce(start, reading, estimate, held),
                    _within(call, _first_rows(reader, reading), last=True),
                    return_exceptions=True,
                )
                if isinstance(announced, BaseException):
                    raise announced
                outcome, search_id = announced
                started.set_result(search_id)
                if outcome is not Outcome.PUBLISHED or self._announced.get(start.channel) is not start:
                    # Not a new page, or a newer one was announced while the first rows came.
                    return
                page = self._begin(start, reading, trace)
                if isinstance(first, BaseException):
                    raise first
                if reading.unread:
                    await page.refuse(reader, reading.query, reading.plan.empty, reading.plan.empty_fix)
                reason = await page.publish(reader, reading.query, *first)
                if reason is EndReason.COMPLETE:
                    for query in reading.outside:
                        await page.reject_outside(reader, query)
        except Exception:
            if page is None:
                raise
            # The page was announced, so its watchers wait for its end, whatever went wrong.
            log.exception("search failed", search_id=start.search_id)
            reason = EndReason.FAILED
        finally:
            if self._pages.get(start.channel) is page:
                self._pages.pop(start.channel, None)
        # The connection is back in the pool by now.
        if reason is not EndReason.SUPERSEDED:
            await page.end(reason)
        elif page.handed_over:
            await held.aclose()
            await give_up(self._channels, start.channel, start.search_id, start.lease)

    @asynccontextmanager
    async def _reader(
        self, start: PageStart, trace: Trace, call: Call | None = None
    ) -> AsyncIterator[tuple[StockReader, Call]]:
        """Hold a reader of the stock once the page's turn has come, with the breaker's call for its first
        rows; a new one if none is given. Raises Crowded, TookTooLong, CircuitOpen.
        """
        async with AsyncExitStack() as held:
            with trace.stage("pool_wait"):
                wait = None if start.patient else TURN_SECONDS
                await held.enter_async_context(self._turns.turn(start.lane, wait))
            call = call or self.breaker.begin()
            held.callback(call.cancel)
            self._tried = start
            scope = self._stores.searched(start.deal.store_id)
            yield await _within(call, held.enter_async_context(read_stock(scope, trace))), call

    async def _announce(
        self, start: PageStart, reading: Reading, estimate: int, held: AsyncExitStack
    ) -> tuple[Outcome, str]:
        """Announce the page and keep its lease from then on, because its first rows may take long."""
        outcome, search_id = await start.announce(reading.versions, estimate, reading.deal.version)
        if outcome is Outcome.PUBLISHED:
            self._announced[start.channel] = start
            held.callback(self._forget, start)
            lease = keep_lease(self._channels, start.channel, search_id, start.lease)
            await held.enter_async_context(lease)
        return outcome, search_id

    def _forget(self, start: PageStart) -> None:
        if self._announced.get(start.channel) is start:
            del self._announced[start.channel]

    async def _prepare(
        self, reader: StockReader, start: PageStart, in_force: InForce, today: dt.date
    ) -> tuple[Reading, int]:
        """Return how to read the page, and how many rows the planner expects; 0 for a later page."""
        reading = await prepare_reading(
            reader,
            self._editions.tables,
            start.deal,
            in_force,
            plans=self._plans,
            filters=start.filters,
            sort=start.sort,
            after=start.after,
            today=today,
        )
        if start.after is not None:
            return reading, 0
        return reading, await self._estimates.of(reader, reading.query, reading.estimate_key)

    def _begin(self, start: PageStart, reading: Reading, trace: Trace) -> Page:
        """Return the page, now the current one of its channel; the previous page is superseded."""
        older = self._pages.get(start.channel)
        if older is not None:
            older.stop(EndReason.SUPERSEDED)
        request = PageRequest(
            channel=start.channel,
            search_id=start.search_id,
            lane=start.lane,
            deal_version=reading.deal.version,
            versions=reading.versions,
            plan=reading.plan,
            others=reading.others,
            limit=start.limit,
            base=start.base,
            lease=start.lease,
            rejected=start.rejected,
            after=start.after,
        )
        page = Page(request, self._channels, self._queue, trace)
        self._pages[start.channel] = page
        if self._handing_over:
            page.hand_over()
        return page


async def _within(call: Call, step: Awaitable[T], *, last: bool = False) -> T:
    """Return what a step towards the first rows returns, in time, and note in the breaker how it went.

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


async def _first_rows(reader: StockReader, reading: Reading) -> tuple[list[Any], bool]:
    """Return the first rows; none if no car can become a deal."""
    return ([], False) if reading.unread else await reader.fetch(reading.query)


def _busy(error: Crowded | TookTooLong) -> CommandError:
    if isinstance(error, Crowded):
        return CommandError(
            ErrorCode.BUSY, "Your other searches are waiting. Search again when they have started."
        )
    return CommandError(ErrorCode.BUSY, "Many people are searching right now. Try again shortly.")


def degraded(error: BaseException) -> CommandError:
    """Return the answer to a search while Postgres or Redis is unreachable."""
    text = "The stock cannot be searched right now. Try again shortly."
    return CommandError(ErrorCode.DEGRADED, text, **retry_detail(error))
