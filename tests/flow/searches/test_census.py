"""The queue as operators see it: every job is in one state, and the oldest one has its age."""

import pytest
from redis.asyncio import Redis

from server.sharing.lanes import Lane
from server.work.census import Census, take_census
from server.work.queue import KEYS, JobQueue
from tests.flow.searches.searching import pointer_to

pytestmark = pytest.mark.flow

LANE = Lane("riverside", "ann")
READY = 2
"""How many jobs stand on the stream without a worker that is known to live."""


async def test_jobs_are_counted_by_state(redis: Redis) -> None:
    """Jobs wait, are ready, and are held; what is buried is no job any more. To look changes nothing."""
    queue = JobQueue(redis, lease_ms=10_000)
    assert await take_census(redis) == Census(0, 0, 0, 0.0, 0)
    await queue.take(1)  # makes the group
    for chunk in range(5):
        await queue.put(pointer_to("deal:1", chunk, lane=LANE))
    before = {key: await redis.dump(key) for key in KEYS}
    found = await take_census(redis)
    assert (found.waiting, found.ready, found.held, found.dead_letters) == (5 - READY, READY, 0, 0)
    assert 0 <= found.oldest_seconds < 60
    assert {key: await redis.dump(key) for key in KEYS} == before
    delivery = await queue.take(1)
    assert delivery is not None
    assert (await take_census(redis)).held == 1
    await queue.bury(delivery, "a reason")
    found = await take_census(redis)
    assert (found.waiting + found.ready, found.held, found.dead_letters) == (4, 0, 1)


async def test_the_oldest_job_is_found_wherever_it_is(redis: Redis) -> None:
    """The stream may hold a younger job than the waiting room: turns do not go by age."""
    queue = JobQueue(redis, lease_ms=10_000)
    for chunk in range(3):
        await queue.put(pointer_to("deal:1", chunk, lane=LANE))
    arrived = next(key for key in KEYS if key.endswith(":arrived"))
    seconds, _ = await redis.time()
    for age in (100, 300):
        (number, _), *_ = await redis.zrange(arrived, 0, 0, withscores=True)
        await redis.zadd(arrived, {number: (seconds - age) * 1000})
        assert age - 1 <= (await take_census(redis)).oldest_seconds < age + 60
