"""What all processes count together in Redis: units of work, and seats."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone

from server.counts.seats import Seats
from server.counts.usage import UsageLog

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0


WEEK_SECONDS = 7 * 24 * 3600.0
"""A window that no test sees end by itself."""

KEPT_SECONDS = 1.5
"""A lease that a process keeps, however busy the machine is."""


async def a_window_passes(redis: Redis, store: str) -> None:
    """Let what was counted be a window older than it is: windows have the two keys in turns."""
    keys = [f"{{budget:{store}}}:{parity}" for parity in ("even", "odd")]
    windows = [await redis.hgetall(key) for key in keys]
    await redis.delete(*keys)
    for key, window in zip(reversed(keys), windows, strict=True):
        if window:
            await redis.hset(key, mapping=window | {b"": int(window[b""]) - 1})


async def renewed(redis: Redis, person: str) -> None:
    """Wait until every seat of a person has been renewed."""
    key = f"{{seats:{person}}}"
    before = await redis.zrange(key, 0, -1, withscores=True)
    async with asyncio.timeout(GUARD_SECONDS):
        while any([await redis.zscore(key, seat) == score for seat, score in before]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_units_of_all_processes_are_one_count(redis: Redis) -> None:
    """By store and person; a window becomes the one before, then nothing."""
    here, there = [UsageLog(redis, window_seconds=WEEK_SECONDS) for _ in range(2)]
    await here.add({"riverside": {"ann": 3}, "northgate": {"cat": 1}})
    counted = await there.add({"riverside": {"ann": 4, "bob": 5}})
    assert dict(counted["riverside"].running) == {"ann": 7, "bob": 5}
    assert dict(counted["riverside"].before) == {}
    await a_window_passes(redis, "riverside")
    later = (await here.add({"riverside": {}}))["riverside"]
    assert (dict(later.running), dict(later.before)) == ({}, {"ann": 7, "bob": 5})
    await a_window_passes(redis, "riverside")
    await a_window_passes(redis, "riverside")
    gone = (await there.add({"riverside": {}}))["riverside"]
    assert (dict(gone.running), dict(gone.before)) == ({}, {})


@asynccontextmanager
async def kept(seats: Seats) -> AsyncIterator[None]:
    """Keep the seats of a process for the length of the context."""
    task = asyncio.create_task(seats.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_taken(seats: Seats, seat: str) -> None:
    """Take a seat as soon as one is free."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not await seats.take("ann", seat, 3):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)


async def test_seats_of_all_processes_are_one_count(redis: Redis) -> None:
    """Each person has so many; one that is left is free for another process, one that is kept is not."""
    here, there = [Seats(redis, lease_seconds=KEPT_SECONDS) for _ in range(2)]
    async with kept(here), kept(there):
        assert [await here.take("ann", seat, 3) for seat in ("1", "2")] == [True, True]
        assert [await there.take("ann", seat, 3) for seat in ("3", "4")] == [True, False]
        assert await there.take("bob", "5", 3)
        await renewed(redis, "ann")
        assert not await there.take("ann", "6", 3)
        here.leave("ann", "1")
        await until_taken(there, "7")
        there.leave("ann", "never taken")
        await renewed(redis, "ann")
        assert not await here.take("ann", "8", 3)


async def test_seats_of_a_process_that_died_are_free_when_the_lease_is_over(redis: Redis) -> None:
    """Nobody renews them."""
    dead, alive = [Seats(redis, lease_seconds=KEPT_SECONDS) for _ in range(2)]
    for seat in "123":
        assert await dead.take("ann", seat, 3)
    assert not await alive.take("ann", "4", 3)
    await until_taken(alive, "4")


async def test_there_is_a_seat_while_redis_is_away() -> None:
    """Who is let in is counted by the process alone then; its keeper goes on."""
    redis = Redis.from_url("redis://127.0.0.1:1")
    with pytest.raises(RedisGone):
        await redis.ping()
    seats = Seats(redis, lease_seconds=0.03)
    async with kept(seats):
        assert [await seats.take("ann", str(number), 1) for number in range(3)] == [True] * 3
        seats.leave("ann", "0")
        await asyncio.sleep(0.1)
    await redis.aclose()
