"""What only the log over a real Redis has: runs of a server, keys, doorbells."""

import pytest
from redis.asyncio import Redis

from server.log.cars import ShownCars
from server.log.channel_log import Entry
from server.log.redis_log import RedisLog, parse_bell
from server.log.redis_scripts import bell_name
from server.log.search_log import Outcome
from tests.log.writing import DEAL, found, started, valued

pytestmark = pytest.mark.flow


@pytest.fixture
def log(redis: Redis) -> RedisLog:
    return RedisLog(redis)


async def test_epoch_names_the_history_of_redis(log: RedisLog, redis: Redis) -> None:
    """An epoch contains the replication id, so that another run or another master never continues it."""
    head = await log.head(DEAL)
    info = await redis.info("replication")
    assert head.epoch.startswith(info["master_replid"])


async def test_log_of_another_run_is_not_continued(log: RedisLog, redis: Redis) -> None:
    """What an older Redis run left behind (a reloaded RDB) gives way to a new epoch, search included."""
    await started(log)
    old = await log.head(DEAL)
    await redis.hset(f"{{{DEAL}}}:meta", "epoch", "0" * 40 + "-nonce")
    head = await log.head(DEAL)
    assert (head.seq, head.no) == (0, None)
    assert head.epoch != old.epoch
    assert await log.searches.current(DEAL) is None
    assert await log.read(DEAL, old.epoch, 0, 10) is None
    assert await found(log, 0) is Outcome.SUPERSEDED


@pytest.mark.parametrize("lost", ["meta", "log"])
async def test_lost_key_begins_a_new_epoch(log: RedisLog, redis: Redis, lost: str) -> None:
    """A channel whose keys are partly gone does not go on counting over the hole."""
    await started(log)
    old = await log.head(DEAL)
    await redis.delete(f"{{{DEAL}}}:{lost}")
    assert await log.read(DEAL, old.epoch, 0, 10) is None
    assert (await log.head(DEAL)).epoch != old.epoch


async def test_bell_carries_each_event(log: RedisLog, redis: Redis) -> None:
    """Whoever listens gets every event with its epoch and seq, and word of a new epoch as seq 0."""
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(bell_name(DEAL))
        await pubsub.get_message(timeout=5)
        await started(log)
        heard = [await pubsub.get_message(ignore_subscribe_messages=True, timeout=5) for _ in range(2)]
    head = await log.head(DEAL)
    entries = await log.read(DEAL, head.epoch, 0, 10)
    assert entries is not None
    assert [parse_bell(message["data"]) for message in heard] == [Entry(head.epoch, 0, b""), *entries]


async def test_every_key_expires(log: RedisLog, redis: Redis) -> None:
    """Nothing of a channel stays for ever, and no part outlives the rest."""
    await started(log)
    await found(log, 0)
    await found(log, 1)
    await valued(log, 0)
    # The first question about a car makes the index of cars.
    await ShownCars(redis).shown([DEAL])
    deadlines = {key: await redis.pttl(key) for key in await redis.keys("*")}
    assert len(deadlines) == 10
    assert all(0 < left <= 4 * 3600 * 1000 for left in deadlines.values())
