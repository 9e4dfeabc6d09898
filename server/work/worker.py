"""A worker process: takes chunks off the queue, values them, publishes each result the moment it is there.

A job takes three round trips. Its body is read from the deal's slot if the deal still waits for it. Result
and event are one script there, idempotent by ``search_id:chunk``. Then the queue hears that the job is done.
So a worker may die anywhere: the job is taken over, and its offers still appear once.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import NoReturn

import stamina
import structlog
import uvloop
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from protocol import codec
from protocol.codec import FieldError
from protocol.jobs import JobPointer, ValueJob
from server.clock import utc_now
from server.database.core.pool import open_pool
from server.log.direct_sending import send_directly
from server.log.peer import require_peer
from server.log.redis_log import RedisLog
from server.log.search_log import SearchLog
from server.observe.ending import END_SECONDS, Ending
from server.observe.heap import settle_heap
from server.observe.readiness import say_ready
from server.settings import Settings
from server.work.queue import MAX_ATTEMPTS, Delivery, JobQueue
from server.work.valuer import MS, Valuer

LONGEST_WAIT_MS = 1_000
"""How long a worker may sit in Redis: a signal to end is heard within it."""
REDIS_CONNECTIONS = 4
POOL_CONNECTIONS = 2
VALUE_SECONDS = 20.0
"""The longest that a chunk may take: hundreds of times what one takes. A thread cannot be ended, so the
process ends itself; the job goes to other workers, and after some attempts to the dead letters.
"""

OVERRUN_EXIT_CODE = 70
LEAST_JOB_SECONDS = 2.0
"""How long the job in hand may take at least, where the drain time is shorter."""

NICENESS = 5
"""How far a worker stands back from web processes and Redis on the same machine: what they are late with,
somebody waits for.
"""

RECONNECT_FIRST_SECONDS, RECONNECT_MOST_SECONDS = 0.05, 1.0

log = structlog.get_logger(__name__)


def end_process() -> NoReturn:
    """End this process at once, whatever its threads do."""
    os._exit(OVERRUN_EXIT_CODE)


class Worker:
    """Values one job at a time until told to stop; ``overrun`` is called where one does not end."""

    def __init__(
        self,
        queue: JobQueue,
        channels: SearchLog,
        valuer: Valuer,
        *,
        lease_ms: int,
        value_seconds: float = VALUE_SECONDS,
        overrun: Callable[[], None] = end_process,
    ) -> None:
        self._queue = queue
        self._channels = channels
        self._valuer = valuer
        self._value_seconds = value_seconds
        self._overrun = overrun
        self._wait_ms = min(LONGEST_WAIT_MS, lease_ms // 2)
        self._next_sweep = 0.0
        self._stopping = False

    def stop(self) -> None:
        """Finish the job in hand and take no other."""
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
        """Take one job, waiting a while for it, and see it through."""
        delivery = await self._next()
        if delivery is not None:
            async with self._queue.holding(delivery):
                await self._handle(delivery)

    async def _next(self) -> Delivery | None:
        """Return a job that a dead worker left, looking for one twice per lease; else a new one."""
        if time.monotonic() >= self._next_sweep:
            found = await self._queue.sweep()
            if found is not None:
                return found
            self._next_sweep = time.monotonic() + self._wait_ms / MS
        taken = await self._queue.take(self._wait_ms)
        if taken is None:
            # Nobody settles anything, so nobody else lets a waiting job in.
            self._next_sweep = 0.0
        return taken

    async def _handle(self, delivery: Delivery) -> None:
        try:
            pointer = delivery.pointer()
        except FieldError as error:
            log.error("job not understood", job=delivery.id.decode(), error=str(error))
            await self._queue.bury(delivery, str(error))
            return
        with structlog.contextvars.bound_contextvars(search_id=pointer.search_id, chunk=pointer.chunk):
            body = await self._channels.pending_job(pointer.channel, pointer.search_id, pointer.chunk)
            if body is None:
                # An older search's, or settled from another copy of the job.
                await self._queue.settle(delivery)
            elif delivery.attempt > MAX_ATTEMPTS:
                await self._give_up(delivery, pointer, body, f"failed {MAX_ATTEMPTS} times")
            else:
                await self._value(delivery, pointer, body)

    async def _value(self, delivery: Delivery, pointer: JobPointer, body: bytes) -> None:
        waited = (utc_now() - pointer.enqueued_at).total_seconds()
        deadline = asyncio.timeout(self._value_seconds)
        try:
            job = codec.decode_as(ValueJob, body)
        except FieldError as error:
            # Of another release, whose workers may be gone.
            await self._give_up(delivery, pointer, body, str(error))
            return
        try:
            sheet, model = await self._valuer.tables_for(job)
            async with deadline:
                result = await asyncio.to_thread(self._valuer.value, job, sheet, model)
        except Exception:
            if deadline.expired():
                log.critical("valuing does not end: this worker ends", attempt=delivery.attempt)
                self._overrun()
                return
            # Whatever it is, the next attempt may fare better; it comes when the lease has run out.
            log.exception("job failed", attempt=delivery.attempt)
            self._next_sweep = 0.0
            return
        await self._channels.offers(
            pointer.channel,
            search_id=pointer.search_id,
            chunk=pointer.chunk,
            rows=len(job.vehicle_id),
            columns=result.columns,
            timings={"queue_wait": round(max(0.0, waited) * MS, 3), "value": result.value_ms},
        )
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
        await self._queue.bury(delivery, reason, body)

    async def _cars_of(self, pointer: JobPointer) -> list[str]:
        """Return the cars of a chunk as it was published, whatever its job looks like."""
        before = pointer.chunk - 1
        async for chunk in self._channels.chunks(pointer.channel, pointer.search_id, after=before):
            if chunk.number == pointer.chunk:
                cars: list[str] = chunk.matches["vehicle_id"]
                return cars
        return []


def run(settings: Settings) -> None:
    """Be a worker process until SIGTERM or SIGINT; the job in hand is finished first.

    It has the drain time for that, and END_SECONDS more until the process is gone, whatever hangs.
    """
    os.nice(NICENESS)
    job_seconds = max(settings.drain_seconds, LEAST_JOB_SECONDS)
    ending = Ending("worker", job_seconds + END_SECONDS)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, ending, job_seconds))
    finally:
        # Threads that still run, and the embedded services.
        ending.allow(END_SECONDS)


async def _serve(settings: Settings, ending: Ending, job_seconds: float) -> None:
    async with AsyncExitStack() as stack:
        redis = connect_redis(settings.redis_url, REDIS_CONNECTIONS, settings.redis_uid)
        blocking = connect_redis(settings.redis_url, 1, settings.redis_uid)
        for client in (redis, blocking):
            stack.push_async_callback(ending.close, "redis", client.aclose)
        pool = await open_pool(replace(settings, pool_min=0, pool_max=POOL_CONNECTIONS))
        stack.push_async_callback(ending.close, "postgres pool", pool.close)
        queue = JobQueue(redis, lease_ms=settings.job_lease_ms, blocking=blocking)
        worker = Worker(queue, RedisLog(redis).searches, Valuer(pool), lease_ms=settings.job_lease_ms)
        told = asyncio.Event()

        def stop() -> None:
            ending.begin()
            worker.stop()
            told.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        settle_heap()
        log.info("worker ready")
        say_ready(settings.notify_socket)
        working = asyncio.create_task(worker.run(), name="job in hand")
        telling = asyncio.create_task(told.wait(), name="told to end")
        await asyncio.wait({working, telling}, return_when=asyncio.FIRST_COMPLETED)
        telling.cancel()
        # What is cut off is not settled: another worker takes it over.
        await ending.close("job in hand", lambda: working, job_seconds)
        await ending.close("sign-off", partial(_sign_off, queue))


async def _sign_off(queue: JobQueue) -> None:
    try:
        await queue.leave()
    except RedisError as error:
        log.warning("worker left without signing off", error=str(error))


def connect_redis(url: str, connections: int, uid: int | None = None) -> Redis:
    """Return a client that gives bytes and opens at most ``connections``; whoever finds none free waits.

    With ``uid`` it speaks over a Unix socket to a process of that account only.
    """
    pool = BlockingConnectionPool.from_url(url, max_connections=connections, timeout=5)
    require_peer(pool, uid)
    send_directly(pool)
    return Redis.from_pool(pool)
