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


async def test_units_of_all_processes_are_one_count(redis: Redis) -> None:
    """By store and person; a window becomes the one before, then nothing."""
    here, there = [UsageLog(redis, window_seconds=0.4) for _ in range(2)]
    while (await here.add({"x": {}}))["x"].elapsed_seconds > 0.1:  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # a new window begins
    await here.add({"riverside": {"ann": 3}, "northgate": {"cat": 1}})
    counted = await there.add({"riverside": {"ann": 4, "bob": 5}})
    assert dict(counted["riverside"].running) == {"ann": 7, "bob": 5}
    assert dict(counted["riverside"].before) == {}
    await asyncio.sleep(0.4)
    later = (await here.add({"riverside": {}}))["riverside"]
    assert (dict(later.running), dict(later.before)) == ({}, {"ann": 7, "bob": 5})
    await asyncio.sleep(0.8)
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
    async with asyncio.timeout(10):
        while not await seats.take("ann", seat, 3):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)


async def test_seats_of_all_processes_are_one_count(redis: Redis) -> None:
    """Each person has so many; one that is left is free for another process, one that is kept is not."""
    here, there = [Seats(redis, lease_seconds=0.3) for _ in range(2)]
    async with kept(here), kept(there):
        assert [await here.take("ann", seat, 3) for seat in ("1", "2")] == [True, True]
        assert [await there.take("ann", seat, 3) for seat in ("3", "4")] == [True, False]
        assert await there.take("bob", "5", 3)
        await asyncio.sleep(1.0)
        assert not await there.take("ann", "6", 3)
        here.leave("ann", "1")
        await until_taken(there, "7")
        there.leave("ann", "never taken")
        await asyncio.sleep(0.1)
        assert not await here.take("ann", "8", 3)


async def test_seats_of_a_process_that_died_are_free_when_the_lease_is_over(redis: Redis) -> None:
    """Nobody renews them."""
    dead, alive = [Seats(redis, lease_seconds=0.3) for _ in range(2)]
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
