"""The metrics of all processes of this machine, as one of its web processes exports them.

Web processes share a port, and workers have none, so that whoever is asked answers for all: its own figures
directly, the others' through their probe sockets, and the queue's from Redis.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from server.observe.failing import REDIS_FAILS
from server.observe.metrics.merging import merged, up
from server.observe.metrics.metrics import Metrics
from server.observe.metrics.writing import written
from server.observe.probe.asking import NoAnswer, ask
from server.observe.probe.places import Place, places
from server.work.census import Census, take_census

ANSWER_SECONDS: Final = 0.5
"""How long a process, or Redis, may take to answer. Who is late is reported as down; the others are there."""

Answer = bytes | None


class MachineMetrics:
    """Exports the metrics. One export runs at a time, so that askers cannot make a process busy.

    ``own`` writes those of this ``process``; the others' sockets are in ``folder``.
    """

    def __init__(self, process: str, own: Callable[[], bytes], folder: Path, redis: Redis) -> None:
        self._process = process
        self._own = own
        self._folder = folder
        self._redis = redis
        self._turn = asyncio.Lock()

    async def __call__(self) -> bytes:
        """Return the text of all processes, each sample with the label ``process``, and of the queue."""
        async with self._turn:
            others = [place for place in places(self._folder) if place.name != self._process]
            threads = ThreadPoolExecutor(1 + len(others), thread_name_prefix="metrics")
            loop = asyncio.get_running_loop()
            try:
                own, census, answers = await asyncio.gather(
                    loop.run_in_executor(threads, self._own),
                    self._census(),
                    asyncio.gather(*(_answer_of(place, threads) for place in others)),
                )
                named = zip((place.name for place in others), answers, strict=True)
                return await loop.run_in_executor(
                    threads, partial(_together, census, {self._process: own, **dict(named)})
                )
            finally:
                # A thread whose answer came too late ends by itself.
                threads.shutdown(wait=False)

    async def _census(self) -> Census | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await take_census(self._redis)
        except REDIS_FAILS:
            return None


async def _answer_of(place: Place, threads: ThreadPoolExecutor) -> Answer:
    """Return what a process exports; None if it does not answer, and no bytes if there is no such process."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await loop.run_in_executor(threads, ask, place, "/metrics", ANSWER_SECONDS)
    except TimeoutError:
        return None
    except NoAnswer as error:
        # Nobody listens: the process has ended, and the next one that starts removes its socket.
        return b"" if isinstance(error.__cause__, ConnectionRefusedError | FileNotFoundError) else None


def _together(census: Census | None, answers: dict[str, Answer]) -> bytes:
    queue = written(queue_metrics(census))()
    answered = {process: answer is not None for process, answer in answers.items() if answer != b""}
    texts = (text.decode() for text in (queue, *answers.values()) if text is not None)
    return merged([up(answered), *texts]).encode()


def queue_metrics(census: Census | None) -> Metrics:
    """Return the metrics of the queue, which all processes share; None means that Redis did not answer."""
    metrics = Metrics()
    metrics.gauge(
        "deal_redis_up", "Whether Redis answered when the metrics were asked for", lambda: census is not None
    )
    if census is None:
        return metrics
    states = {"waiting": census.waiting, "ready": census.ready, "held": census.held}
    metrics.gauge(
        "deal_queue_jobs",
        "Jobs that are not settled: in the waiting room, ready for a worker, held by one",
        lambda: states,
        "state",
    )
    metrics.gauge(
        "deal_queue_oldest_seconds",
        "Age of the oldest job that is not settled",
        lambda: census.oldest_seconds,
    )
    metrics.gauge(
        "deal_queue_dead_letters", "Jobs that were given up and are kept", lambda: census.dead_letters
    )
    return metrics
