"""One page of a search: rows are read, screened and published in chunks; each chunk is a job."""

import asyncio
import math
from typing import TYPE_CHECKING, Any

import stamina
import structlog
from redis.exceptions import RedisError

from protocol import codec
from protocol.events import Fix, Rejection
from protocol.jobs import JobPointer, ValueJob
from protocol.records import EndReason
from server.clock import utc_now
from server.finance.rules.limits import Limit
from server.log.search_log import Continuation, Outcome, Progress, SearchLog
from server.search.paging.excluded import Excluded
from server.search.paging.parts import parts_of
from server.search.paging.place import new_token, read_place, write_place
from server.search.paging.requests import PageRequest
from server.search.screening.names import lease_names_of
from server.search.sql.cursor import StockReader
from server.search.sql.statement import OrderedQuery
from server.search.trace import Trace
from server.work.queue import JobQueue, QueueFull

if TYPE_CHECKING:
    from server.search.screening.screen import Screened

TURNS_TO_SEND = 2
"""Turns of the event loop after which a publication or a query is sent, which screening would delay."""

ROWS_TO_SPARE = 1.05
"""How many more rows are read than were needed for as many matches so far, because another query costs more
than some rows.
"""

ENQUEUE_SECONDS = 3.0
END_SECONDS = 10.0
RESUMABLE = frozenset({EndReason.LIMIT, EndReason.FAILED})

log = structlog.get_logger(__name__)


class Page:
    """Publishes a page. ``stop`` ends it from outside, before its next chunk."""

    def __init__(self, request: PageRequest, channels: SearchLog, queue: JobQueue, trace: Trace) -> None:
        self._request = request
        self._channels = channels
        self._queue = queue
        self._trace = trace
        self._progress = request.base
        self._left = request.limit
        self._screened = 0
        self._last = request.after
        self._token = new_token()
        self._excluded = Excluded(request.plan, request.others, request.rejected)
        self._stopped: EndReason | None = None
        self._publishing: asyncio.Task[EndReason | None] | None = None
        self._enqueuing: asyncio.Task[None] | None = None
        self._queue_full = False
        self.handed_over = False

    @property
    def search_id(self) -> str:
        """The search that this page belongs to."""
        return self._request.search_id

    def stop(self, reason: EndReason) -> None:
        """End the page with ``reason``; the first reason counts."""
        self._stopped = self._stopped or reason

    def hand_over(self) -> None:
        """End the page without an event, so that another process continues after its last chunk."""
        self.stop(EndReason.SUPERSEDED)
        self.handed_over = True

    async def publish(
        self, reader: StockReader, query: OrderedQuery, rows: list[Any], more: bool
    ) -> EndReason:
        """Publish the matches among ``rows`` and the rows that follow, up to the limit; return why it ended.

        After SUPERSEDED the caller publishes nothing: another process or a newer search has taken over.
        """
        if self._left == 0:
            return EndReason.LIMIT
        try:
            while True:
                if rows:
                    await self._read_ahead(reader, query, len(rows))
                    if reason := await self._take_rows(rows):
                        return reason
                if not more or self._left == 0:
                    # A page that reached its limit does not know whether another match follows.
                    return await self._published() or (EndReason.LIMIT if more else EndReason.COMPLETE)
                rows, more = await reader.fetch(query, self._rows_wanted())
        except asyncio.CancelledError:
            for task in self._running():
                task.cancel()
            raise
        finally:
            ended = await asyncio.gather(*self._running(), return_exceptions=True)
            self._publishing = self._enqueuing = None
            for error in ended:
                if isinstance(error, BaseException):
                    raise error

    async def refuse(self, reader: StockReader, query: OrderedQuery, limit: Limit, fix: Fix | None) -> None:
        """Count the cars of ``query``, which no lender programme takes; ``fix`` is what meets that limit."""
        await self._excluded.count_unread(reader, query, limit, fix)

    async def reject_outside(self, reader: StockReader, query: OrderedQuery) -> None:
        """Count cars outside the price window. None of them can become a deal."""
        if self._stopped is None:
            read = await self._excluded.count_outside(reader, query)
            before = self._progress
            self._progress = Progress(before.scanned + read, before.matched, before.chunks)

    async def end(self, reason: EndReason) -> None:
        """Publish ``search_ended``. It is retried for ``END_SECONDS``, because watchers wait for it."""
        async for attempt in stamina.retry_context(on=RedisError, attempts=None, timeout=END_SECONDS):
            with attempt:
                if reason is EndReason.FAILED:
                    await self._return_to_log()
                await self._channels.end_search(
                    self._request.channel,
                    search_id=self.search_id,
                    reason=reason,
                    progress=self._progress,
                    goes_on=self._continuation() if reason in RESUMABLE else None,
                    rejected=self._excluded.report(reason),
                    trace=self._trace.report(),
                    spans=self._trace.spans(),
                    owner=self._request.lease.owner,
                )

    async def _return_to_log(self) -> None:
        """Take the progress from the log: a publication that failed here may have reached Redis."""
        state = await self._channels.current(self._request.channel)
        if state is None or state.search_id != self.search_id:
            return
        self._progress = Progress(state.scanned, state.matched, state.chunks)
        self._excluded.replace([codec.convert(Rejection, limit) for limit in state.rejected])
        self._last = read_place(self.search_id, state.place) if state.place else None

    def _continuation(self) -> Continuation | None:
        if self._last is None:
            return None
        return Continuation(self._token, write_place(self.search_id, self._last))

    async def _take_rows(self, rows: list[Any]) -> EndReason | None:
        """Screen rows and begin to publish their matches; return why the page ends, or None.

        At most one chunk is being published while the next one is read and screened.
        """
        with self._trace.stage("screen"):
            screened = self._excluded.screen(rows)
            self._screened += len(rows)
            cut = len(screened) > self._left
            if cut:
                screened = screened.first(self._left)
                rows = rows[: screened.row_numbers[-1] + 1]
        if reason := await self._published():
            return reason
        first = self._progress.scanned == self._request.base.scanned
        self._left -= len(screened)
        publishing = self._publish(screened, len(rows), cut=cut)
        self._publishing = asyncio.create_task(publishing, name="matches")
        if cut or first:
            # Someone is waiting for the first matches, so nothing else starts until they are published.
            return await self._published()
        await _let_send()
        return None

    async def _read_ahead(self, reader: StockReader, query: OrderedQuery, in_hand: int) -> None:
        """Let the database read the next page while the rows in hand are screened, if more are wanted.

        Not before the first matches: someone is waiting for them, and how many rows match is not known.
        """
        if self._screened:
            reader.read_ahead(query, self._rows_wanted() - in_hand)
            await _let_send()

    def _rows_wanted(self) -> int:
        """Return about how many more rows have the matches that are left, by those that were screened."""
        matched = self._request.limit - self._left
        return math.ceil(ROWS_TO_SPARE * self._left * self._screened / matched) if matched else self._left

    async def _published(self) -> EndReason | None:
        """Wait for the chunk that is being published; return why the page ends with it, or None."""
        publishing, self._publishing = self._publishing, None
        return await publishing if publishing is not None else self._stopped

    def _running(self) -> "list[asyncio.Task[Any]]":
        return [task for task in (self._publishing, self._enqueuing) if task is not None]

    async def _publish(self, screened: "Screened", rows: int, *, cut: bool) -> EndReason | None:
        scanned_before, counted = self._progress.scanned, 0
        for part, cells in parts_of(screened):
            if self._stopped is not None:
                return self._stopped
            through = part.row_numbers[-1] + 1
            self._excluded.count(screened, counted, through)
            counted = through
            if await self._publish_chunk(part, cells, scanned_before + through) is Outcome.SUPERSEDED:
                return EndReason.SUPERSEDED
        self._excluded.count(screened, counted, rows)
        self._progress = Progress(scanned_before + rows, self._progress.matched, self._progress.chunks)
        # The next page begins after the last counted row, so that no row is counted twice.
        self._last = screened.last
        return self._stopped or (EndReason.LIMIT if cut else None)

    async def _publish_chunk(self, part: "Screened", cells: bytes, scanned: int) -> Outcome:
        chunk = self._progress.chunks
        progress = Progress(scanned, self._progress.matched + len(part), chunk + 1)
        with self._trace.stage("publish"):
            outcome = await self._channels.matches(
                self._request.channel,
                search_id=self.search_id,
                chunk=chunk,
                rows=len(part),
                columns=cells,
                progress=progress,
                rejected=self._excluded.report(),
                place=write_place(self.search_id, part.last_match),
                job=codec.encode(self._job(part)),
                lane=self._request.lane,
                lease=self._request.lease,
            )
        if outcome is Outcome.SUPERSEDED:
            return outcome
        self._progress, self._last = progress, part.last_match
        if self._enqueuing is not None:
            await self._enqueuing
        self._enqueuing = asyncio.create_task(self._enqueue(chunk), name="job")
        return outcome

    async def _enqueue(self, chunk: int) -> None:
        """Queue a chunk's job. If that fails, the job is in the log and is queued from there later."""
        request, attempts = self._request, 1 if self._queue_full else None
        pointer = JobPointer(
            channel=request.channel,
            search_id=self.search_id,
            chunk=chunk,
            store_id=request.lane.store_id,
            person_id=request.lane.person_id,
            enqueued_at=utc_now(),
        )
        try:
            async for attempt in stamina.retry_context(
                on=(RedisError, QueueFull), attempts=attempts, timeout=ENQUEUE_SECONDS
            ):
                with attempt:
                    await self._queue.put(pointer, urgent=chunk == request.base.chunks)
            self._trace.count("jobs")
            self._queue_full = False
        except QueueFull:
            # The next jobs get one attempt, so that the stock's snapshot is not held open for them.
            self._queue_full = True
            log.warning("queue full", search_id=self.search_id, chunk=chunk)
        except RedisError as error:
            log.warning("job not queued", search_id=self.search_id, chunk=chunk, error=error)

    def _job(self, part: "Screened") -> ValueJob:
        request = self._request
        lease_names, lease_of = lease_names_of(request.plan, part.columns)
        return ValueJob(
            search_id=self.search_id,
            deal_version=request.deal_version,
            inputs=request.plan.inputs,
            versions=request.versions,
            vehicle_id=part.columns["vehicle_id"],
            rev=part.columns["rev"],
            numbers=part.numbers,
            lease_names=lease_names,
            lease_of=lease_of,
        )


async def _let_send() -> None:
    for _ in range(TURNS_TO_SEND):
        await asyncio.sleep(0)
