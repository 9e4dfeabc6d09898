"""Cars on a channel's screens in Redis: told once, and kept until they are matched at their new price."""

import pytest
from redis.asyncio import Redis

from server.log.cars import CarState, ShownCars
from server.log.redis_log import RedisLog
from tests.log.writing import DEAL, LANE, events, found, started

pytestmark = pytest.mark.flow


@pytest.fixture
def log(redis: Redis) -> RedisLog:
    """The log that the cars are told to."""
    return RedisLog(redis)


@pytest.fixture
def cars(redis: Redis) -> ShownCars:
    """The cars of the channel."""
    return ShownCars(redis)


def state(car: str, rev: int, *, status: str = "available", base_rev: int | None = None) -> CarState:
    fields = {"vehicle_id": car, "rev": rev, "status": status, "price_cents": 100 * rev}
    return CarState(car, rev, 0, fields, base_rev)


async def matched(cars: ShownCars, **revs: int) -> int | None:
    columns = {"vehicle_id": [name.replace("_", "-")[1:] for name in revs], "rev": list(revs.values())}
    return await cars.match_again(DEAL, search_id="s1", columns=columns, job=b"job", lane=LANE)


async def waiting(cars: ShownCars) -> dict[str, int]:
    found = await cars.unmatched(DEAL)
    if found is None:
        return {}
    assert (found.search_id, found.by.name) == ("s1", "Ann")
    return dict(found.cars)


async def test_a_repriced_car_waits_until_it_is_matched(log: RedisLog, cars: ShownCars) -> None:
    """At the price that was told, or at a newer one; whoever comes second publishes nothing."""
    await started(log)
    await found(log, 0)
    assert await cars.tell(DEAL, [state("0-1", 2), state("0-2", 3)])
    assert not await cars.tell(DEAL, [state("0-1", 2)])
    assert await waiting(cars) == {"0-1": 2, "0-2": 3}
    assert await matched(cars, c0_1=1) is None
    assert await matched(cars, c0_1=2, c0_2=2) == 1_000_001
    assert await waiting(cars) == {"0-2": 3}
    assert await matched(cars, c0_2=4) == 1_000_002
    assert await matched(cars, c0_1=2, c0_2=3) is None
    assert [event["chunk"] for event in await events(log) if event["type"] == "matches"] == [
        0,
        1_000_001,
        1_000_002,
    ]


async def test_what_cannot_be_matched_waits_no_longer(log: RedisLog, cars: ShownCars) -> None:
    """A car that is sold, that nobody can match at the price that was told, or of a search that is over."""
    assert not await cars.tell(DEAL, [state("9-9", 2, base_rev=1)])
    await started(log)
    await found(log, 0)
    await cars.tell(DEAL, [state("0-1", 2), state("0-2", 2)])
    assert not await cars.tell(DEAL, [state("0-1", 3, status="sold")])
    await cars.pass_over(DEAL, {"0-2": 1})
    assert await waiting(cars) == {"0-2": 2}
    await cars.pass_over(DEAL, {"0-2": 2})
    assert await waiting(cars) == {}
    await cars.tell(DEAL, [state("0-2", 3)])
    await started(log, "s2")
    assert await waiting(cars) == {}


async def test_a_chunk_with_an_older_state_is_told_again(log: RedisLog, cars: ShownCars) -> None:
    """A car is sold after the search began and before the chunk that still offers it: it is told once more,
    behind the chunk, and a chunk with the newer state changes nothing.
    """
    await started(log)
    sold = state("0-1", 2, status="sold", base_rev=1)
    await cars.tell(DEAL, [sold])
    await found(log, 0)
    for _ in range(2):
        await cars.tell(DEAL, [sold])
    told = [event["type"] for event in await events(log)]
    assert told == ["search_started", "vehicle_changed", "matches", "vehicle_changed"]


async def test_a_beat_tells_of_cars_that_nobody_matches(log: RedisLog, cars: ShownCars) -> None:
    """Once they have waited for as long as a job may; then their time begins anew."""
    await started(log)
    await found(log, 0)
    await cars.tell(DEAL, [state("0-1", 2)])
    for overdue_ms, told in ((60_000, False), (0, True), (60_000, False)):
        (pulse,) = await log.beat([DEAL], overdue_ms=overdue_ms, lost_before_ms=1)
        assert pulse.unmatched is told
    await matched(cars, c0_1=2)
    (pulse,) = await log.beat([DEAL], overdue_ms=0, lost_before_ms=1)
    assert not pulse.unmatched


async def test_shown_cars_are_looked_up(log: RedisLog, cars: ShownCars) -> None:
    """What is asked for, or everything: as it was told last, else as it was matched last."""
    assert await cars.shown([DEAL], ["0-1"]) == [{}]
    await started(log)
    assert await cars.shown([DEAL]) == [{}]
    await found(log, 0)
    await found(log, 1)
    await cars.tell(DEAL, [state("0-1", 2), state("9-9", 4, base_rev=3)])
    everything = {"0-1": (2, 0), "0-2": (1, 0), "1-1": (1, 0), "1-2": (1, 0), "9-9": (4, 0)}
    assert await cars.shown([DEAL]) == [everything]
    asked = ["0-1", "1-2", "7-7", "9-9"]
    assert await cars.shown([DEAL, "deal:other"], asked) == [
        {"0-1": (2, 0), "1-2": (1, 0), "9-9": (4, 0)},
        {},
    ]
    many = [f"{number}-2" for number in range(2_500)]
    assert await cars.shown([DEAL], many) == [{"0-2": (1, 0), "1-2": (1, 0)}]
    await matched(cars, c0_1=2)
    assert await cars.shown([DEAL]) == [everything]
    await started(log, "s2")
    assert await cars.shown([DEAL]) == [{}]


async def test_the_first_question_makes_the_index(log: RedisLog, cars: ShownCars, redis: Redis) -> None:
    """Chunks that are stored before are put in then, and those after it at once."""
    index = f"{{{DEAL}}}:revs"
    await started(log)
    await found(log, 0)
    await found(log, 1)
    assert not await redis.exists(index)
    assert await cars.shown([DEAL], ["1-1"]) == [{"1-1": (1, 0)}]
    await found(log, 2)
    indexed = {b"": b"s1 3"} | {f"{chunk}-{car}".encode(): b"1" for chunk in range(3) for car in (1, 2)}
    assert await redis.hgetall(index) == indexed
    await started(log, "s2")
    assert not await redis.exists(index)


async def test_chunks_of_an_older_release_are_in_the_index(
    log: RedisLog, cars: ShownCars, redis: Redis
) -> None:
    """That stores them without it, and begins searches without dropping it; so it is made anew."""
    index, stored = f"{{{DEAL}}}:revs", f"{{{DEAL}}}:matches"
    await started(log)
    await found(log, 0)
    await redis.hset(index, mapping={"": "s0 1", "5-5": "1"})
    await redis.hset(stored, "1", '{"vehicle_id":["1-1","1-2"],"rev":[3,4]}')
    await found(log, 2)
    shown = {"0-1": (1, 0), "0-2": (1, 0), "1-1": (3, 0), "1-2": (4, 0), "2-1": (1, 0), "2-2": (1, 0)}
    assert await cars.shown([DEAL]) == [shown]
    await found(log, 3)
    assert await cars.shown([DEAL]) == [shown | {"3-1": (1, 0), "3-2": (1, 0)}]
    await redis.delete(index)
    assert await cars.tell(DEAL, [state("1-2", 5)])
    assert await waiting(cars) == {"1-2": 5}
    assert 0 < await redis.pttl(index) <= 4 * 3600 * 1000
