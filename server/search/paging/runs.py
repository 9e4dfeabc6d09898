"""The searches that this process runs: a task for each page, from its announcement to its end."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog
from redis.exceptions import RedisError

from protocol.channels import deal_of
from protocol.closing import CommandError, ErrorCode
from protocol.records import EndReason
from server.database.editions.rates import NotInForce
from server.log.search_log import SearchLog
from server.observe.attending import about
from server.observe.failing import POSTGRES_FAILS, retry_detail
from server.observe.metrics.searches import SearchFigures
from server.search.answers.answer import Ending
from server.search.paging.answering import Answering
from server.search.paging.publishing.lease import give_up
from server.search.paging.publishing.pages import Pages, Run
from server.search.paging.publishing.requests import PageStart
from server.search.trace import SearchWatch, Trace
from server.sharing.precedence import Precedence, Rank
from server.sharing.turns import Crowded, TookTooLong

CLOSING_SECONDS = 2.0

# All the ways in which asyncpg reports a failure of Postgres or its network, and a missing edition.
DATABASE_ERRORS = (*POSTGRES_FAILS, NotInForce)

log = structlog.get_logger(__name__)


class Runs:
    """Runs pages, at most one at a time for each channel. ``figures`` has what they took.

    After one of the errors ``stale_after``, a search that is not announced yet gets an older answer if one
    is kept, and ``told_stale`` is called with its channel.
    """

    def __init__(
        self,
        channels: SearchLog,
        pages: Pages,
        answering: Answering,
        *,
        today: Callable[[], dt.date],
        watch: SearchWatch | None = None,
        stale_after: tuple[type[Exception], ...] = (),
        told_stale: Callable[[str], None] = lambda channel: None,
    ) -> None:
        self._channels = channels
        self._pages = pages
        self._answering = answering
        self._today = today
        self._watch = watch or SearchWatch()
        self._stale_after = stale_after
        self._told_stale = told_stale
        self._tasks: set[asyncio.Task[None]] = set()
        self._precedence = Precedence()
        self.figures = SearchFigures(*(reason.value for reason in EndReason))

    @property
    def handing_over(self) -> bool:
        """Whether this process hands its searches over and takes none."""
        return self._pages.handing_over

    def runs(self, channel: str, search_id: str) -> bool:
        """Return whether a page of this search runs here."""
        return self._pages.runs(channel, search_id)

    def cancel(self, channel: str, search_id: str) -> None:
        """End a search at its next chunk if it runs here."""
        self._pages.cancel(channel, search_id)

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
        """Read the first rows of the latest search again, to see whether that works. Raises as a search."""
        await self._answering.probe(self._today())

    async def hand_over(self) -> None:
        """Stop every page at its next chunk and release its lease: a process that watches it continues it.

        From now on, each page that begins here is handed over in the same way.
        """
        self._pages.hand_over()
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
                trace = Trace(start.arrived, waited=start.waited, age_ms=start.age_ms)
                rank = Rank(self._precedence, start.lane.store_id)
                held.callback(rank.lose)
                run = Run(start, started, held, start.deal, trace, rank, rejected=start.rejected)
                with about(deal=deal_of(start.channel), search_id=start.search_id):
                    await self._run(run)
        except asyncio.CancelledError:
            started.cancel()
            raise
        except Exception as error:
            if started.done():
                log.exception("search not ended", search_id=start.search_id)
            elif isinstance(error, Crowded | TookTooLong):
                started.set_exception(_busy(error))
            elif isinstance(error, (*DATABASE_ERRORS, RedisError)):
                log.warning("search refused", error=error)
                started.set_exception(degraded(error))
            else:
                started.set_exception(error)

    async def _run(self, run: Run) -> None:
        start, began = run.start, time.perf_counter()
        self.figures.running += 1
        try:
            ending = await self._answer(run)
        except Exception:
            if run.publication is None:
                raise
            # The page was announced, so its watchers wait for its end, whatever went wrong.
            log.exception("search failed", search_id=start.search_id)
            ending = Ending(EndReason.FAILED, run.publication.progress, [], run.publication.last)
        finally:
            self.figures.running -= 1
            self._pages.end(run)
        if run.publication is None or ending is None:
            return
        self.figures.end(ending.reason.value, time.perf_counter() - began, run.trace.report())
        # The connection is back in the pool by now.
        if ending.reason is not EndReason.SUPERSEDED:
            await run.publication.end(ending.reason, ending.rejected)
            first = start.after is None
            self._watch.ended(start.channel, start.search_id, run.trace, ending.reason, first=first)
        elif run.publication.handed_over:
            await run.held.aclose()
            await give_up(self._channels, start.channel, start.search_id, start.lease)

    async def _answer(self, run: Run) -> Ending | None:
        try:
            return await self._answering.answer(run, self._today())
        except self._stale_after:
            found = self._answering.find_stale(run)
            if found is None:
                raise
            ending = await self._answering.answer_stale(run, found)
        if ending is not None:
            self._told_stale(run.start.channel)
        return ending


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
