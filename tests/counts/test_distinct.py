"""Different things are counted once each, for all processes, and here while Redis is away."""

import pytest
from redis.asyncio import Redis

from server.counts.distinct import Distinct

pytestmark = pytest.mark.flow

WINDOW_SECONDS = 60


async def test_as_many_different_things_as_there_may_be(redis: Redis) -> None:
    """A thing that was asked before is asked again as often as one likes; a new one waits for the window's
    end. Names do not share.
    """
    one, two = Distinct(redis), Distinct(redis)
    for counter, what in ((one, b"a"), (two, b"b"), (one, b"a"), (two, b"c"), (one, b"b")):
        assert await counter.add("ann", what, most=3, window_seconds=WINDOW_SECONDS) == 0
    assert 0 < await two.add("ann", b"d", most=3, window_seconds=WINDOW_SECONDS) <= WINDOW_SECONDS
    assert await one.add("ann", b"c", most=3, window_seconds=WINDOW_SECONDS) == 0
    assert await one.add("bob", b"d", most=3, window_seconds=WINDOW_SECONDS) == 0
    assert all([0 < await redis.pttl(key) <= WINDOW_SECONDS * 1000 for key in await redis.keys("distinct:*")])


async def test_a_process_counts_by_itself_while_redis_is_away() -> None:
    """As far as one process can tell, until the window ends."""
    now = 100.0
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere:
        distinct = Distinct(nowhere, clock=lambda: now)
        for what in (b"a", b"b", b"a"):
            assert await distinct.add("ann", what, most=2, window_seconds=WINDOW_SECONDS) == 0
        now += 12.5
        assert await distinct.add("ann", b"c", most=2, window_seconds=WINDOW_SECONDS) == 48
        assert await distinct.add("ann", b"b", most=2, window_seconds=WINDOW_SECONDS) == 0
        now += 50
        assert await distinct.add("ann", b"c", most=2, window_seconds=WINDOW_SECONDS) == 0
