"""The search of a deal: begun by a command, run by a task of this service, published through the log.

The search is announced in Redis while Postgres reads the first rows, which are published right after the
announcement. A newer search supersedes the older one: in this process at its next chunk, in another process
by the outcome of its next publication.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence

import structlog
from redis.exceptions import RedisError

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.events import Rejection
from protocol.jobs import JobPointer
from protocol.records import EndReason
from server.clock import utc_now
from server.database.core.guard import OUTAGES
from server.database.core.scope import RowScope, StoreScopes
from server.log.search_log import Outcome, Progress, SearchLog
from server.search.answers.answers import Answers
from server.search.paging.answering import Answering
from server.search.paging.publishing.lease import new_lease
from server.search.paging.publishing.pages import Pages
from server.search.paging.publishing.place import check_token, read_place
from server.search.paging.publishing.requests import Announcement, MoreRequest, PageStart, SearchRequest
from server.search.paging.publishing.shared_values import SharedValues
from server.search.paging.rows.first_rows import StockReads
from server.search.paging.runs import Runs, degraded
from server.search.paging.takeovers import Takeovers, end_as_stored
from server.search.sql.supplies import Supplies
from server.search.trace import SearchWatch
from server.sharing.lanes import Lane
from server.sharing.pressure import Pressure
from server.sharing.turns import Shares, Turns
from server.work.editions import Editions
from server.work.queue import JobQueue, QueueFull

__all__ = ["MoreRequest", "SearchRequest", "SearchService"]

LEASE_MS = 3_000
READERS = 5
"""How many searches of one process may read the stock at once."""
MOST_WAITING = 10
"""How many searches of one person may wait in one process for their turn to read."""

log = structlog.get_logger(__name__)


class SearchService:
    """Begins searches, continues those of other processes, and hands over its own.

    ``stale_after`` and ``told_stale`` as in ``Runs``.
    """

    def __init__(
        self,
        stores: StoreScopes,
        system: RowScope,
        channels: SearchLog,
        queue: JobQueue,
        *,
        editions: Editions | None = None,
        answers: Answers | None = None,
        values: SharedValues | None = None,
        supplies: Supplies | None = None,
        lease_ms: int = LEASE_MS,
        readers: int = READERS,
        stale_after: tuple[type[Exception], ...] = OUTAGES,
        told_stale: Callable[[str], None] = lambda channel: None,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
        watch: SearchWatch | None = None,
    ) -> None:
        self._channels = channels
        self._queue = queue
        self._lease_ms = lease_ms
        self.turns = Turns(Shares.of(readers, waiting=MOST_WAITING))
        answers, watch = Answers() if answers is None else answers, watch or SearchWatch()
        self._values = values or SharedValues(channels, answers)
        pages = Pages(channels, queue, self._values, watch)
        known = editions or Editions(system)
        reads = StockReads(stores, self.turns, known, supplies or Supplies())
        answering = Answering(reads, known, answers, pages)
        self.pressure = Pressure()
        """What is known of the queue, by which new searches are refused."""
        self.breaker = reads.breaker
        """The breaker around the first rows of searches."""
        self._runs = Runs(
            channels,
            pages,
            answering,
            today=today,
            watch=watch,
            stale_after=stale_after,
            told_stale=told_stale,
        )
        self._takeovers = Takeovers(system, channels, self._runs, self._begin, lease_ms=lease_ms)
        self.figures = self._runs.figures

    async def probe(self) -> None:
        """Read the first rows of the latest search again, which nobody gets. Raises as a search."""
        await self._runs.probe()

    async def search(self, request: SearchRequest) -> str:
        """Begin a search and return its id; for a repeated ``op``, the id of the first call.

        Raises CommandError: invalid for a structure that contradicts itself, conflict for an op of another
        command, degraded if the stock or the log is unreachable, busy if its turn does not come in time or
        the queue of values is too old.
        """
        seconds = self.pressure.refuses(request.deal.store_id)
        if seconds is not None:
            raise CommandError(
                ErrorCode.BUSY,
                f"Values are waiting too long for another search. Search again in {seconds} s.",
                retry_after_seconds=seconds,
            )
        return await self._begin(request)

    async def repeat(self, request: SearchRequest, replaces: str) -> str:
        """Repeat the search ``replaces`` with the current deal, unless a newer search has begun.

        It waits for its turn without a limit. Raises CommandError as ``search`` does, except busy.
        """
        return await self._begin(request, replaces)

    async def _begin(self, request: SearchRequest, replaces: str | None = None) -> str:
        search_id, lease = str(uuid.uuid4()), new_lease(self._lease_ms)

        async def announce(made: Announcement, age_ms: float) -> tuple[Outcome, str]:
            return await self._channels.begin_search(
                request.channel,
                op=request.op,
                search_id=search_id,
                limit=request.limit,
                event={
                    "type": "search_started",
                    "search_id": search_id,
                    "deal_version": made.deal_version,
                    "estimate": made.estimate,
                    "filters": request.filters,
                    "sort": request.sort,
                    "versions": made.versions,
                    "by": request.actor,
                },
                lease=lease,
                replaces=replaces,
                last_no=made.last_no,
                asked=request.asked,
                age_ms=age_ms,
            )

        return await self._runs.start(
            PageStart(
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
                lease=lease,
                lane=request.lane or Lane(request.deal.store_id, request.actor.id),
                patient=replaces is not None,
                arrived=request.arrived,
                waited=request.waited,
            )
        )

    async def more(self, request: MoreRequest) -> str:
        """Continue a search from its token and return its id.

        Raises CommandError: invalid for text that is not a token, conflict for a used token or an op of
        another command, superseded if a newer search took over, and degraded and busy as ``search`` does.
        """
        check_token(request.token)
        try:
            state = await self._channels.current(request.channel)
        except RedisError as error:
            raise degraded(error) from error
        if state is None or state.search_id != request.search_id:
            raise _superseded()
        lease = new_lease(self._lease_ms)

        async def announce(made: Announcement, age_ms: float) -> tuple[Outcome, str]:
            outcome = await self._channels.continue_search(
                request.channel,
                op=request.op,
                search_id=request.search_id,
                token=request.token,
                lease=lease,
                asked=request.asked,
                age_ms=age_ms,
            )
            if outcome is Outcome.SUPERSEDED:
                raise _superseded()
            return outcome, request.search_id

        return await self._runs.start(
            PageStart(
                channel=request.channel,
                search_id=request.search_id,
                deal=request.deal,
                filters=state.filters,
                sort=state.sort,
                limit=state.limit,
                base=Progress(state.scanned, state.matched, state.chunks),
                rejected=[codec.convert(Rejection, limit) for limit in state.rejected],
                # If the token is not that of the search, the log refuses it when the page is announced.
                after=read_place(state.search_id, state.place) if state.place else None,
                announce=announce,
                lease=lease,
                lane=request.lane or Lane(request.deal.store_id, state.by.id),
                arrived=request.arrived,
                waited=request.waited,
            )
        )

    async def cancel(self, channel: str, search_id: str) -> None:
        """End a running search. A search that has ended or is not the channel's current one is left as it is.

        Raises CommandError(degraded) if the log is unreachable.
        """
        self._runs.cancel(channel, search_id)
        try:
            state = await self._channels.current(channel)
            if state is None or state.search_id != search_id or state.ended is not None:
                return
            await end_as_stored(self._channels, channel, state, EndReason.CANCELLED)
        except RedisError as error:
            raise degraded(error) from error

    async def revalue(
        self, channel: str, op: uuid.UUID, vehicle_ids: Sequence[str], *, asked: str = ""
    ) -> None:
        """Value again the cars whose valuation was given up; a repeated ``op`` changes nothing.

        ``asked`` as in ``SearchRequest``. Raises CommandError: degraded if the log is unreachable, conflict
        for an op of another command.
        """
        try:
            jobs = await self._channels.revalue(channel, op=op, vehicle_ids=vehicle_ids, asked=asked)
            await self.queue_again(jobs)
        except RedisError as error:
            raise degraded(error) from error

    async def queue_again(self, jobs: Sequence[JobPointer]) -> None:
        """Queue the jobs of pending chunks. If the queue is full, the remaining chunks stay pending.

        Raises RedisError.
        """
        try:
            for job in jobs:
                await self._queue.put(job, urgent=job.chunk == 0)
        except QueueFull:
            log.warning("queue full", jobs=len(jobs))

    async def take_over(self, channel: str) -> bool:
        """Continue the channel's search if its owner is gone; return whether this process took it over.

        The current deal is read. If its version has changed, a new search replaces the old one, because its
        matches were for other terms. Raises RedisError.
        """
        return await self._takeovers.take_over(channel)

    async def hand_over(self) -> None:
        """Hand over every search of this process at its next chunk; from now on it takes over none.

        A search that still begins here is announced and handed over at once.
        """
        await self._runs.hand_over()

    async def aclose(self) -> None:
        """Hand over the searches that still run when the process ends."""
        await self.hand_over()
        await self._values.aclose()


def _superseded() -> CommandError:
    return CommandError(ErrorCode.SUPERSEDED, "A newer search of this deal took over.")
