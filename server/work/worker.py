"""A worker process: takes chunks off the queue, values them, and publishes each result at once.

A job takes three round trips. Its body is read from the deal's slot if the chunk is still pending. One script
there stores the result and publishes its event, idempotent by ``search_id:chunk``. Then the job is settled in
the queue. So a worker may die at any point: another one takes the job over, and its offers still appear once.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final, NoReturn

import asyncpg
import stamina
import structlog
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TookTooLong

from protocol import codec
from protocol.channels import deal_of
from protocol.codec import FieldError
from protocol.events import StageSpan
from protocol.jobs import JobPointer, ValueJob
from server.clock import utc_now
from server.log.search_log import SearchLog
from server.log.search_traces import StageTime
from server.observe.attending import about
from server.observe.faults import fault_of
from server.observe.spans import Spans
from server.work.figures import BURIED, FAILED, UNWANTED, WorkFigures
from server.work.queue import MAX_ATTEMPTS, Delivery, JobQueue
from server.work.valuer import MS, Valuer

LONGEST_WAIT_MS = 1_000
"""How long a worker may block in Redis. It reacts to a signal within this time."""
VALUE_SECONDS = 20.0
"""How long a chunk may take: hundreds of times the usual time. A thread cannot be killed, so the process ends
itself. The job goes to other workers, and after some attempts to the dead letters.
"""

OVERRUN_EXIT_CODE = 70
RECONNECT_FIRST_SECONDS, RECONNECT_MOST_SECONDS = 0.05, 1.0

OUTAGES: Final = (
    *(LostConnection, TookTooLong, OSError),
    *(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError),
)
"""What Redis or Postgres is away with. It may last longer than all attempts of a job, and is none of them."""

log = structlog.get_logger(__name__)


def end_process() -> NoReturn:
    """End this process at once, even if threads still run."""
    os._exit(OVERRUN_EXIT_CODE)


class Worker:
    """Values one job at a time until stopped. ``overrun`` is called if a job exceeds ``value_seconds``.

    ``figures`` counts what it did.
    """

    def __init__(
        self,
        queue: JobQueue,
        channels: SearchLog,
        valuer: Valuer,
        *,
        lease_ms: int,
        value_seconds: float = VALUE_SECONDS,
        overrun: Callable[[], None] = end_process,
        export: Spans | None = None,
    ) -> None:
        self._queue = queue
        self._channels = channels
        self._valuer = valuer
        self._value_seconds = value_seconds
        self._overrun = overrun
        self._export = export
        self._wait_ms = min(LONGEST_WAIT_MS, lease_ms // 2)
        self._next_sweep = 0.0
        self._stopping = False
        self.figures = WorkFigures()

    def stop(self) -> None:
        """Finish the current job and take no other."""
        self._stopping = True

    async def run(self) -> None:
        """Work until stopped, through any outage of Redis."""
        while not self._stopping:
            async for attempt in stamina.retry_context(
                on=RedisError,
                attempts=None,
                timeout=None,
                wait_initial=RECONNECT_FIRST_SECONDS,
                wait_max=RECONNECT_MOST_SECONDS,
            ):
                if self._stopping:
                    break
                with attempt:
                    await self.work_once()

    async def work_once(self) -> None:
        """Wait a while for a job and complete it."""
        delivery = await self._next()
        if delivery is not None:
            began = time.perf_counter()
            async with self._queue.holding(delivery):
                try:
                    await self._handle(delivery)
                except OUTAGES:
                    # The master of a deal may be away while that of the queue is well.
                    await self._queue.uncount(delivery)
                    raise
            self.figures.busy.add(time.perf_counter() - began)

    async def _next(self) -> Delivery | None:
        """Return a job that a dead worker left (checked twice per lease), or else a new one."""
        if time.monotonic() >= self._next_sweep:
            found = await self._queue.sweep()
            if found is not None:
                self.figures.taken_over += 1
                return found
            self._next_sweep = time.monotonic() + self._wait_ms / MS
        taken = await self._queue.take(self._wait_ms)
        if taken is None:
            # If no worker settles a job, only a sweep moves waiting jobs onto the stream.
            self._next_sweep = 0.0
        return taken

    async def _handle(self, delivery: Delivery) -> None:
        try:
            pointer = delivery.pointer()
        except FieldError as error:
            log.error("job not understood", job=delivery.id.decode(), error=error)
            await self._bury(delivery, fault_of(error))
            return
        with about(deal=deal_of(pointer.channel), search_id=pointer.search_id, chunk=pointer.chunk):
            body = await self._channels.pending_job(pointer.channel, pointer.search_id, pointer.chunk)
            if body is None:
                # The job is of an older search, or was settled through another pointer.
                await self._queue.settle(delivery)
                self.figures.jobs.add(UNWANTED)
            elif delivery.attempt > MAX_ATTEMPTS:
                await self._give_up(delivery, pointer, body, f"failed {MAX_ATTEMPTS} times")
            else:
                await self._value(delivery, pointer, body)

    async def _value(self, delivery: Delivery, pointer: JobPointer, body: bytes) -> None:
        taken, waited = time.perf_counter(), (utc_now() - pointer.enqueued_at).total_seconds()
        deadline = asyncio.timeout(self._value_seconds)
        try:
            job = codec.decode_known(ValueJob, body)
        except FieldError as error:
            # The job is from another release, whose workers may be gone.
            await self._give_up(delivery, pointer, body, fault_of(error))
            return
        try:
            sheets = await self._valuer.tables_for(job)
            async with deadline:
                result = await asyncio.to_thread(self._valuer.value, job, *sheets)
        except Exception as error:
            if deadline.expired():
                log.critical("valuing does not end: this worker ends", attempt=delivery.attempt)
                self._overrun()
                return
            if isinstance(error, OUTAGES):
                await self._queue.uncount(delivery)
            # Another attempt, after the lease has expired, may succeed.
            log.exception("job failed", attempt=delivery.attempt)
            self._next_sweep = 0.0
            self.figures.jobs.add(FAILED)
            return
        timings = [
            StageTime("queue_wait", round(max(0.0, waited) * MS, 3), _ms_since(taken)),
            StageTime("value", result.value_ms, _ms_since(result.ended)),
        ]
        now_ns = time.time_ns()
        await self._channels.offers(
            pointer.channel,
            search_id=pointer.search_id,
            chunk=pointer.chunk,
            rows=len(job.vehicle_id),
            columns=result.columns,
            timings=timings,
        )
        if self._export is not None:
            self._export.stages(
                pointer.search_id,
                began_ns=now_ns,
                spans=[
                    StageSpan(name=each.name, start_ms=-each.ago_ms - each.ms, end_ms=-each.ago_ms)
                    for each in timings
                ],
                attributes={"chunk": pointer.chunk, "cars": len(job.vehicle_id)},
            )
        self.figures.valued(len(job.vehicle_id), max(0.0, waited), result.value_ms / MS)
        await self._queue.settle(delivery)

    async def _give_up(self, delivery: Delivery, pointer: JobPointer, body: bytes, reason: str) -> None:
        log.error("job given up", reason=reason)
        await self._channels.value_failed(
            pointer.channel,
            search_id=pointer.search_id,
            chunk=pointer.chunk,
            vehicle_id=await self._cars_of(pointer),
            message="These cars could not be valued.",
        )
        await self._bury(delivery, reason, body)

    async def _bury(self, delivery: Delivery, reason: str, body: bytes = b"") -> None:
        await self._queue.bury(delivery, reason, body)
        self.figures.jobs.add(BURIED)

    async def _cars_of(self, pointer: JobPointer) -> list[str]:
        """Return the cars of a chunk as published: its job may be unreadable."""
        before = pointer.chunk - 1
        async for chunk in self._channels.chunks(pointer.channel, pointer.search_id, after=before):
            if chunk.number == pointer.chunk:
                cars: list[str] = chunk.matches["vehicle_id"]
                return cars
        return []


def _ms_since(moment: float) -> float:
    return round((time.perf_counter() - moment) * MS, 3)
