"""What a page of a search publishes to its channel: chunks, with their jobs or their offers, and its end."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import stamina
import structlog
from redis.exceptions import RedisError

from protocol.jobs import JobPointer
from protocol.records import EndReason
from server.clock import utc_now
from server.log.search_log import Continuation, Outcome, Progress, SearchLog
from server.search.answers.answer import Part, readdressed
from server.search.paging.publishing.place import new_token, read_place, write_place
from server.search.paging.publishing.requests import PageStart
from server.search.paging.publishing.shared_values import SharedValues, Waiting
from server.search.sql.statement import Keyset
from server.search.trace import Trace
from server.sharing.precedence import Rank
from server.work.queue import JobQueue, QueueFull

ENQUEUE_SECONDS = 3.0
END_SECONDS = 10.0
RESUMABLE = frozenset({EndReason.LIMIT, EndReason.FAILED})

log = structlog.get_logger(__name__)


class Publication:
    """The publication of a page. ``stop`` ends it from outside, before its next chunk.

    ``progress`` counts what was published, up to ``last``.
    """

    def __init__(
        self,
        start: PageStart,
        deal_version: int,
        trace: Trace,
        rank: Rank,
        *,
        channels: SearchLog,
        queue: JobQueue,
        values: SharedValues,
    ) -> None:
        self.start = start
        self.trace = trace
        self.rank = rank
        self.progress = start.base
        self.last = start.after
        self.stopped: EndReason | None = None
        self.handed_over = False
        self._deal_version = deal_version
        self._channels = channels
        self._queue = queue
        self._values = values
        self._sharer = values.join(start.channel, start.search_id)
        self._token = new_token()
        self._enqueuing: asyncio.Task[None] | None = None
        self._queue_full = False
        self.on_stop: Callable[[], None] = lambda: None

    @property
    def search_id(self) -> str:
        """The search that the page belongs to."""
        return self.start.search_id

    @property
    def matches_left(self) -> int:
        """How many matches may still be published."""
        return self.start.limit - (self.progress.matched - self.start.base.matched)

    def stop(self, reason: EndReason) -> None:
        """End the page with ``reason``; the first reason counts."""
        self.stopped = self.stopped or reason
        self.on_stop()

    def hand_over(self) -> None:
        """End the page without an event, so that another process continues after its last chunk."""
        self.stop(EndReason.SUPERSEDED)
        self.handed_over = True

    async def publish(self, part: Part) -> Outcome:
        """Publish the next chunk with its offers; if they are unknown, it is pending and its job is queued.

        If another search has the same chunk valued already, its offers are published when they come.
        """
        value, chunk = part.value, self.progress.chunks
        try:
            with self.trace.stage("publish"):
                if value.offers is not None:
                    outcome, mine = await self._publish_valued(part, value.offers), None
                else:
                    mine = self._values.claim(self._sharer, chunk, value)
                    outcome = await self._publish_pending(part)
        except BaseException:
            self._values.leave(self._sharer)
            raise
        if outcome is Outcome.SUPERSEDED:
            self._values.leave(self._sharer)
            return outcome
        self.progress, self.last = part.progress, part.last
        self.rank.lose()
        if mine:
            await self.enqueued()
            self._enqueuing = asyncio.create_task(self._enqueue(chunk), name="job")
        elif mine is False:
            queue = partial(self._enqueue, chunk)
            self._values.wait(value, Waiting(self._sharer, chunk, part.rows, queue))
        return outcome

    def counted(self, progress: Progress, last: Keyset | None) -> None:
        """Take the counts of rows after the last match."""
        self.progress, self.last = progress, last

    async def enqueued(self) -> None:
        """Wait until the last job is queued."""
        enqueuing, self._enqueuing = self._enqueuing, None
        if enqueuing is not None:
            await enqueuing

    @property
    def enqueuing(self) -> asyncio.Task[None] | None:
        """What queues the last job, if that is not waited for."""
        return self._enqueuing

    async def end(self, reason: EndReason, rejected: list[dict[str, Any]]) -> None:
        """Publish ``search_ended``. It is retried for ``END_SECONDS``, because watchers wait for it.

        If the page failed, counts and place are those of the log: a publication that failed here may have
        reached Redis.
        """
        async for attempt in stamina.retry_context(on=RedisError, attempts=None, timeout=END_SECONDS):
            with attempt:
                if reason is EndReason.FAILED:
                    rejected = await self._return_to_log(rejected)
                await self._channels.end_search(
                    self.start.channel,
                    search_id=self.search_id,
                    reason=reason,
                    progress=self.progress,
                    goes_on=self._continuation() if reason in RESUMABLE else None,
                    rejected=rejected,
                    trace=self.trace.report(),
                    spans=self.trace.spans(),
                    owner=self.start.lease.owner,
                )

    async def _publish_valued(self, part: Part, offers: bytes) -> Outcome:
        start = self.start
        return await self._channels.valued_matches(
            start.channel,
            search_id=self.search_id,
            chunk=self.progress.chunks,
            rows=part.rows,
            columns=part.cells,
            offers=offers,
            progress=part.progress,
            rejected=part.rejected,
            place=write_place(self.search_id, part.last),
            lease=start.lease,
        )

    async def _publish_pending(self, part: Part) -> Outcome:
        start = self.start
        # A chunk has its job until it has its offers.
        job = readdressed(part.job or b"", self.search_id, self._deal_version)
        return await self._channels.matches(
            start.channel,
            search_id=self.search_id,
            chunk=self.progress.chunks,
            rows=part.rows,
            columns=part.cells,
            progress=part.progress,
            rejected=part.rejected,
            place=write_place(self.search_id, part.last),
            job=job,
            lane=start.lane,
            lease=start.lease,
        )

    async def _enqueue(self, chunk: int) -> None:
        """Queue a chunk's job. If that fails, the job is in the log and is queued from there later."""
        start, attempts = self.start, 1 if self._queue_full else None
        pointer = JobPointer(
            channel=start.channel,
            search_id=self.search_id,
            chunk=chunk,
            store_id=start.lane.store_id,
            person_id=start.lane.person_id,
            enqueued_at=utc_now(),
        )
        try:
            async for attempt in stamina.retry_context(
                on=(RedisError, QueueFull), attempts=attempts, timeout=ENQUEUE_SECONDS
            ):
                with attempt:
                    await self._queue.put(pointer, urgent=chunk == start.base.chunks)
            self.trace.count("jobs")
            self._queue_full = False
        except QueueFull:
            # The next jobs get one attempt, so that the stock's snapshot is not held open for them.
            self._queue_full = True
            log.warning("queue full", search_id=self.search_id, chunk=chunk)
        except RedisError as error:
            log.warning("job not queued", search_id=self.search_id, chunk=chunk, error=error)

    async def _return_to_log(self, rejected: list[dict[str, Any]]) -> list[dict[str, Any]]:
        state = await self._channels.current(self.start.channel)
        if state is None or state.search_id != self.search_id:
            return rejected
        self.progress = Progress(state.scanned, state.matched, state.chunks)
        self.last = read_place(self.search_id, state.place) if state.place else None
        return list(state.rejected)

    def _continuation(self) -> Continuation | None:
        if self.last is None:
            return None
        return Continuation(self._token, write_place(self.search_id, self.last))
