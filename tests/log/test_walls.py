"""Summaries of deals on a store's wall in Redis: each state once, the latest one whole, none too soon."""

from typing import Any

import pytest
from redis.asyncio import Redis

from protocol import codec
from protocol.channels import wall_channel
from server.log.redis_log import RedisLog
from server.log.walls import Walls

pytestmark = pytest.mark.flow

STORE, DEAL = "riverside", "d1"
WALL = wall_channel(STORE)
HOUR_SECONDS = 3_600


@pytest.fixture
def walls(redis: Redis) -> Walls:
    """Walls on which a deal is told of once an hour."""
    return Walls(redis, summary_ms=HOUR_SECONDS * 1_000)


def summary(no: int, **fields: Any) -> dict[str, Any]:
    """Return how a deal stands after its decision ``no``."""
    return {"deal_id": DEAL, "last_no": no, "removed": False, **fields}


async def told(redis: Redis) -> list[int]:
    """Return which states the wall was told of."""
    log = RedisLog(redis)
    head = await log.head(wall_channel(STORE))
    entries = await log.read(wall_channel(STORE), head.epoch, 0, 100)
    return [codec.decode(entry.body)["last_no"] for entry in entries or ()]


async def an_hour_passes(redis: Redis) -> None:
    """Let what was told have been told an hour ago."""
    (key,) = [key for key in await redis.keys() if await redis.type(key) == b"hash" and key.endswith(b"told")]
    no, at, digest = (await redis.hget(key, DEAL)).split(b":")
    await redis.hset(key, DEAL, b":".join((no, b"%d" % (int(at) - HOUR_SECONDS * 1_000), digest)))


async def test_a_deal_is_told_of_at_its_pace(redis: Redis, walls: Walls) -> None:
    """What changes too soon waits for its time, whichever process asks; then only the latest is told."""
    other = Walls(redis, summary_ms=HOUR_SECONDS * 1_000)
    assert await walls.summarise(WALL, summary(1)) == 0
    for asked, no in ((walls, 2), (other, 3)):
        assert HOUR_SECONDS - 60 < await asked.summarise(WALL, summary(no)) <= HOUR_SECONDS
    assert await told(redis) == [1]
    await an_hour_passes(redis)
    assert await other.summarise(WALL, summary(3)) == 0
    assert await told(redis) == [1, 3]


async def test_a_state_is_told_once(redis: Redis, walls: Walls) -> None:
    """Neither what is known already nor what is older is told, and nobody is to come back for it."""
    assert await walls.summarise(WALL, summary(2, state="working")) == 0
    assert await walls.summarise(WALL, summary(2, state="working")) == 0
    await an_hour_passes(redis)
    assert await walls.summarise(WALL, summary(1, state="submitted")) == 0
    assert await told(redis) == [2]
    # Something else than a decision may change a deal's row: a car that another deal wants as well.
    assert await walls.summarise(WALL, summary(2, state="working", contended=True)) == 0
    assert await told(redis) == [2, 2]
