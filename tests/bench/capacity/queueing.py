"""What a job of the queue costs Redis. All jobs are on one slot, so on one node of a cluster."""

from typing import Final
from urllib.parse import urlsplit

from protocol.jobs import JobPointer
from server.clock import utc_now
from server.log.links.connecting import connect_redis
from server.work.queue import JobQueue
from tests.bench.capacity.bench import Bench
from tests.bench.capacity.meters import Spent

JOBS: Final = 1_000
WARM_UP: Final = 100
STORES: Final = 20
LEASE_MS: Final = 60_000
DATABASE: Final = 3
"""Beside the deployment's own queue, whose workers would take these jobs."""


async def measure_job(bench: Bench) -> Spent:
    """Return what a job costs that is put, taken by a worker and settled."""
    url = urlsplit(bench.stage.settings.redis_url)._replace(query=f"db={DATABASE}").geturl()
    async with connect_redis(url, 4) as redis, connect_redis(url, 1) as blocking:
        queue = JobQueue(redis, lease_ms=LEASE_MS, blocking=blocking)
        # Makes the group of workers.
        await queue.sweep()

        async def jobs(count: int) -> None:
            for number in range(count):
                await queue.put(
                    JobPointer(
                        channel=bench.stage.channel,
                        search_id="bench",
                        chunk=number,
                        store_id=f"store-{number % STORES}",
                        person_id="bench",
                        enqueued_at=utc_now(),
                    )
                )
                taken = await queue.take(1_000)
                assert taken is not None
                await queue.settle(taken)

        async def all_jobs() -> None:
            await jobs(JOBS)

        await jobs(WARM_UP)
        spent = await bench.spent(all_jobs, JOBS)
        await redis.flushdb()
    # Only Redis worked: whatever else was noticed was the deployment at rest.
    return Spent(redis=spent.redis)
