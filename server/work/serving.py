"""The process of a worker: its connections, its probe, and its end."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import structlog
import uvloop
from redis.exceptions import RedisError

from server.database.core.pool import check_settings, open_pool
from server.database.core.same_database import SameDatabase
from server.log.links.connecting import connect_redis
from server.log.redis_log import RedisLog
from server.observe.ending import END_SECONDS, Ending
from server.observe.heap import settle_heap
from server.observe.metrics.start_up import StartUp
from server.observe.metrics.statements import StatementTimes
from server.observe.metrics.writing import written
from server.observe.probe.loop_watch import LoopWatch
from server.observe.probe.probed import probed
from server.observe.readiness import say_ready
from server.observe.spans import open_spans
from server.settings import Settings
from server.work.measuring import worker_metrics, worker_vitals
from server.work.queue import JobQueue
from server.work.valuer import Valuer
from server.work.worker import Worker

REDIS_CONNECTIONS = 4
POOL_CONNECTIONS = 2
LEAST_JOB_SECONDS = 2.0
"""How long the current job may take at least if the drain time is shorter."""

NICENESS = 5
"""The nice value of a worker: web processes and Redis on the same machine come first, because people wait for
them.
"""

log = structlog.get_logger("worker")


def run(settings: Settings) -> None:
    """Run a worker process until SIGTERM or SIGINT; the current job is finished first.

    It has the drain time for that. The process ends at most END_SECONDS later, whatever hangs.
    """
    start = StartUp()
    start.reached("imports")
    os.nice(NICENESS)
    job_seconds = max(settings.drain_seconds, LEAST_JOB_SECONDS)
    ending = Ending("worker", job_seconds + END_SECONDS)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, ending, job_seconds, start))
    finally:
        # Threads that still run, and the embedded services.
        ending.allow(END_SECONDS)


async def _serve(settings: Settings, ending: Ending, job_seconds: float, start: StartUp) -> None:
    async with AsyncExitStack() as stack:
        redis = connect_redis(settings.redis_url, REDIS_CONNECTIONS, settings.redis_uid)
        blocking = connect_redis(settings.redis_url, 1, settings.redis_uid)
        for client in (redis, blocking):
            stack.push_async_callback(ending.close, "redis", client.aclose)
        statements, same = StatementTimes(), SameDatabase()
        few = replace(settings, pool_min=0, pool_max=POOL_CONNECTIONS)
        pool = await open_pool(few, statements, same=same)
        await check_settings(pool)
        start.reached("pool")
        stack.push_async_callback(ending.close, "postgres pool", pool.close)
        queue = JobQueue(redis, lease_ms=settings.job_lease_ms, blocking=blocking)
        export = None
        if settings.otlp_endpoint:
            export = open_spans("worker")
            stack.push_async_callback(ending.close, "spans", partial(asyncio.to_thread, export.close))
        channels = RedisLog(redis)
        worker = Worker(queue, channels.searches, Valuer(pool), lease_ms=settings.job_lease_ms, export=export)
        told = asyncio.Event()

        def stop() -> None:
            ending.begin()
            worker.stop()
            told.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        watch, process = LoopWatch(), f"worker-{os.getpid()}"
        start.reached("ready")
        metrics = worker_metrics(
            worker.figures, log=channels, pool=pool, statements=statements, watch=watch, start=start
        )
        vitals = worker_vitals(worker.figures, pool)
        stack.enter_context(probed("worker", settings.data_dir, watch, vitals, written(metrics, process)))
        settle_heap()
        log.info("worker ready")
        say_ready(settings.notify_socket)
        tasks = await stack.enter_async_context(ending.background())
        tasks.create_task(same.watch(pool), name="restored database")
        working = asyncio.create_task(worker.run(), name="job in hand")
        telling = asyncio.create_task(told.wait(), name="told to end")
        await asyncio.wait({working, telling}, return_when=asyncio.FIRST_COMPLETED)
        telling.cancel()
        # A job that is cut off is not settled: another worker takes it over.
        await ending.close("job in hand", lambda: working, job_seconds)
        await ending.close("sign-off", partial(_sign_off, queue))


async def _sign_off(queue: JobQueue) -> None:
    try:
        await queue.leave()
    except RedisError as error:
        log.warning("worker left without signing off", error=error)
