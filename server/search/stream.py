"""The search of a deal: begun by a command, run by a task that this service owns, heard through the log.

The planner is asked; then the search is announced in Redis while Postgres already opens the cursor, and the
first rows go out right behind the announcement. A newer search supersedes the older one: in this process
within a chunk, in others by the outcome of their next publication.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from redis.exceptions import RedisError

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.events import Rejection
from protocol.records import EndReason, Versions
from server.push.log import ChannelLog, Outcome, Progress, utc_now
from server.search.cursor import StockReader, read_stock
from server.search.launch import Launch, MoreRequest, SearchRequest
from server.search.page import Page, PageRequest
from server.search.reading import Reading, prepare_reading
from server.search.token import read_token
from server.search.trace import Trace
from server.store.rates import NotInForce
from server.work.queue import JobQueue
from server.work.tables import Tables

__all__ = ["MoreRequest", "SearchRequest", "SearchService"]

CLOSING_SECONDS = 2.0

# Postgres or its network failing in any of the ways that asyncpg reports.
DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, NotInForce)

log = structlog.get_logger(__name__)


class SearchService:
    """Runs searches; at most one at a time for a channel in this process."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        channels: ChannelLog,
        queue: JobQueue,
        *,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._pool = pool
        self._channels = channels
        self._queue = queue
        self._today = today
        self._tables = Tables()
        self._pages: dict[str, Page] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def search(self, request: SearchRequest) -> str:
        """Begin a search and return its id; the id of the first call where ``op`` is repeated.

        Raises CommandError: invalid for a structure that contradicts itself, degraded where the stock or the
        log is out of reach.
        """
        search_id = str(uuid.uuid4())

        async def announce(versions: Versions, estimate: int) -> tuple[Outcome, str]:
            return await self._channels.begin_search(
                request.channel,
                op=request.op,
                search_id=search_id,
                limit=request.limit,
                event={
                    "type": "search_started",
                    "search_id": search_id,
                    "deal_version": request.deal.version,
                    "estimate": estimate,
                    "filters": request.filters,
                    "sort": request.sort,
                    "versions": versions,
                    "by": request.actor,
                },
            )

        return await self._start(
            Launch(
                channel=request.channel,
                search_id=search_id,
                deal=request.deal,
                filters=request.filters,
                sort=request.sort,
                limit=request.limit,
                base=Progress(0, 0, 0),
                rejected=(),
                after=None,
                announce=announce,
            )
        )

    async def more(self, request: MoreRequest) -> str:
        """Continue a search behind its token and return its id.

        Raises CommandError: invalid for a token of no search, conflict for a used one, superseded where a
        newer search took over, degraded as ``search``.
        """
        after = read_token(request.search_id, request.token)
        try:
            state = await self._channels.search(request.channel)
        except RedisError as error:
            raise _degraded() from error
        if state is None or state.search_id != request.search_id:
            raise _superseded()

        async def announce(versions: Versions, estimate: int) -> tuple[Outcome, str]:
            outcome = await self._channels.continue_search(
                request.channel, op=request.op, search_id=request.search_id, token=request.token
            )
            if outcome is Outcome.SUPERSEDED:
                raise _superseded()
            return outcome, request.search_id

        return await self._start(
            Launch(
                channel=request.channel,
                search_id=request.search_id,
                deal=request.deal,
                filters=state.filters,
                sort=state.sort,
                limit=state.limit,
                base=Progress(state.scanned, state.matched, state.chunks),
                rejected=[codec.convert(Rejection, limit) for limit in state.rejected],
                after=after,
                announce=announce,
            )
        )

    async def cancel(self, channel: str, search_id: str) -> None:
        """End a running search; one that has ended, or that is not the channel's, stays as it is.

        Raises CommandError(degraded) where the log is out of reach.
        """
        page = self._pages.get(channel)
        if page is not None and page.search_id == search_id:
            page.stop(EndReason.CANCELLED)
        try:
            state = await self._channels.search(channel)
            if state is None or state.search_id != search_id or state.ended is not None:
                return
            await self._channels.end_search(
                channel,
                search_id=search_id,
                reason=EndReason.CANCELLED,
                progress=Progress(state.scanned, state.matched, state.chunks),
                next_token=None,
                rejected=state.rejected,
                trace={},
            )
        except RedisError as error:
            raise _degraded() from error

    async def aclose(self) -> None:
        """End every search of this process within its chunk; its watchers can continue it by token."""
        for page in self._pages.values():
            page.stop(EndReason.FAILED)
        tasks = list(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _start(self, launch: Launch) -> str:
        """Run a page in a task of this service; return its search's id once it is announced.

        The task goes on when the caller does not wait.
        """
        started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        # Read by nobody where the caller left: still not an error of its own.
        started.add_done_callback(lambda future: future.cancelled() or future.exception())
        task = asyncio.create_task(self._guard(launch, started))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(started)

    async def _guard(self, launch: Launch, started: asyncio.Future[str]) -> None:
        """Give what ends a page early to whoever waits for its id, else to the log."""
        try:
            await self._run(launch, started)
        except asyncio.CancelledError:
            started.cancel()
            raise
        except Exception as error:
            if started.done():
                log.exception("search not ended", search_id=launch.search_id)
            elif isinstance(error, (*DATABASE_ERRORS, RedisError)):
                log.warning("search refused", error=repr(error))
                started.set_exception(_degraded())
            else:
                started.set_exception(error)

    async def _run(self, launch: Launch, started: asyncio.Future[str]) -> None:
        trace, page = Trace(), None
        try:
            async with read_stock(self._pool, trace) as reader:
                reading = await self._prepare(reader, launch)
                estimate = 0 if launch.after else await reader.estimate(reading.query)
                announced, first = await asyncio.gather(
                    launch.announce(reading.versions, estimate),
                    _first_rows(reader, reading),
                    return_exceptions=True,
                )
                if isinstance(announced, BaseException):
                    raise announced
                outcome, search_id = announced
                started.set_result(search_id)
                if outcome is not Outcome.PUBLISHED:
                    return
                page = self._begin(launch, reading, trace)
                if isinstance(first, BaseException):
                    raise first
                if reading.plan.empty:
                    page.refuse(reading.plan.empty, estimate)
                reason = await page.publish(reader, reading.query, *first)
                if reason is EndReason.COMPLETE:
                    for query in reading.outside:
                        page.reject_outside(await reader.read(query))
        except Exception:
            if page is None:
                raise
            # Announced, so its watchers wait for an end, whatever went wrong.
            log.exception("search failed", search_id=launch.search_id)
            reason = EndReason.FAILED
        finally:
            if self._pages.get(launch.channel) is page:
                self._pages.pop(launch.channel, None)
        # The connection is back in the pool by now.
        if reason is not EndReason.SUPERSEDED:
            await page.end(reason)

    async def _prepare(self, reader: StockReader, launch: Launch) -> Reading:
        return await prepare_reading(
            reader,
            self._tables,
            launch.deal,
            filters=launch.filters,
            sort=launch.sort,
            after=launch.after,
            today=self._today(),
        )

    def _begin(self, launch: Launch, reading: Reading, trace: Trace) -> Page:
        """Return the page, now the channel's one; the page before it is superseded."""
        older = self._pages.get(launch.channel)
        if older is not None:
            older.stop(EndReason.SUPERSEDED)
        request = PageRequest(
            channel=launch.channel,
            search_id=launch.search_id,
            store_id=launch.deal.store_id,
            deal_version=launch.deal.version,
            versions=reading.versions,
            plan=reading.plan,
            limit=launch.limit,
            base=launch.base,
            rejected=launch.rejected,
        )
        page = Page(request, self._channels, self._queue, trace)
        self._pages[launch.channel] = page
        return page


async def _first_rows(reader: StockReader, reading: Reading) -> tuple[list[Any], bool]:
    """Return the first rows; none where no programme can take any car at all."""
    return ([], False) if reading.plan.empty else await reader.fetch(reading.query)


def _superseded() -> CommandError:
    return CommandError(ErrorCode.SUPERSEDED, "A newer search of this deal took over.")


def _degraded() -> CommandError:
    return CommandError(ErrorCode.DEGRADED, "The stock cannot be searched right now. Try again shortly.")
