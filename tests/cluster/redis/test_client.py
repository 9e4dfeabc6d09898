"""A command finds its slot wherever that goes, runs once, and gives up in time."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as TookTooLong

from server.counts.attempts import Attempts
from server.counts.usage import UsageLog
from server.log.links import cluster as links
from server.log.links.connecting import connect_guarded, connect_redis
from server.log.links.guarded_pool import Guard, RedisAway
from server.log.links.topology import SlotAway
from server.log.redis_log import RedisLog
from server.observe.failing import REDIS_FAILS
from tests.cluster.redis.nodes import Cluster
from tests.log.writing import DEAL, decision, events

SLOT = key_slot(f"{{{DEAL}}}:meta".encode())
STORES = [f"store-{number}" for number in range(60)]
LONG_SECONDS = 20.0


@pytest.fixture
async def log(redis: Redis) -> AsyncIterator[RedisLog]:
    """A log with one decision."""
    log = RedisLog(redis)
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    await log.decide(DEAL, 1, decision(1))
    yield log


async def test_a_moved_slot_is_followed_into_a_new_epoch(log: RedisLog, cluster: Cluster) -> None:
    """The keys come along, and the node of their new place begins anew: nobody continues old numbers."""
    before = await log.head(DEAL)
    moved = await asyncio.to_thread(cluster.move, SLOT, cluster.other_than(cluster.master_of(_key(DEAL))))
    assert moved >= 3
    after = await log.head(DEAL)
    assert (after.seq, after.no) == (0, None)
    assert after.epoch != before.epoch


async def test_a_slot_that_came_back_untouched_is_continued(log: RedisLog, cluster: Cluster) -> None:
    """Nothing was written elsewhere, so nothing is lost."""
    before, first = await log.head(DEAL), cluster.master_of(_key(DEAL))
    for to in (cluster.other_than(first), first):
        await asyncio.to_thread(cluster.move, SLOT, to)
    assert await log.head(DEAL) == before
    assert [event["version"] for event in await events(log)] == [1]


async def test_a_script_waits_while_its_keys_are_on_two_nodes(log: RedisLog, cluster: Cluster) -> None:
    """It runs once, when they are together again, and not on a part of them."""
    source = cluster.master_of(_key(DEAL))
    moving = asyncio.create_task(asyncio.to_thread(cluster.move, SLOT, cluster.other_than(source), 0.2))
    began = time.monotonic()
    while len(await asyncio.to_thread(source.ask, "CLUSTER", "GETKEYSINSLOT", SLOT, 20)) > 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    head = await log.head(DEAL)
    assert await moving >= 3
    assert time.monotonic() - began >= 0.2
    assert head.seq == 0
    assert (await log.head(DEAL)) == head


async def test_a_move_that_does_not_end_is_given_up_in_time(
    log: RedisLog, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an outage like any other: nobody waits for long."""
    monkeypatch.setattr(links, "REDIRECTED_SECONDS", 0.3)
    other = cluster.other_than(cluster.master_of(_key(DEAL)))
    with cluster.moving(SLOT, other) as source:
        source.ask("MIGRATE", "127.0.0.1", other.port, _key(DEAL), 0, 5_000)
        began = time.monotonic()
        with pytest.raises(SlotAway, match="moving"):
            await log.head(DEAL)
        assert 0.3 <= time.monotonic() - began < 2.0
        rest = source.ask("CLUSTER", "GETKEYSINSLOT", SLOT, 20)
        source.ask("MIGRATE", "127.0.0.1", other.port, "", 0, 5_000, "KEYS", *rest)
    assert (await log.head(DEAL)).seq == 0


async def test_a_key_that_is_not_there_yet_is_made_where_its_slot_goes(
    redis: Redis, cluster: Cluster
) -> None:
    """ASK: one script with one key goes on while its slot moves, many at once."""
    name = "somebody"
    attempts = Attempts(redis)
    await attempts.take(name, 60)
    (key,) = [each for node in cluster.masters() for each in node.ask("KEYS", "attempts:*")]
    slot, source = key_slot(key), cluster.master_of(key.decode())
    with cluster.moving(slot, cluster.other_than(source)):
        source.ask("DEL", key)
        counts = await asyncio.gather(*(attempts.take(name, 60) for _ in range(20)))
        assert sorted(count for count, _ in counts) == list(range(1, 21))
        assert source.ask("CLUSTER", "COUNTKEYSINSLOT", slot) == 0
    assert (await attempts.take(name, 60))[0] == 21


async def test_an_empty_master_gets_its_first_slot(log: RedisLog, redis: Redis, cluster: Cluster) -> None:
    """It knows no script and is no master yet, and is asked (ASK); and again once it has a slot."""
    name, attempts = "somebody", Attempts(redis)
    await attempts.take(name, 60)
    (key,) = [each for node in cluster.masters() for each in node.ask("KEYS", "attempts:*")]
    slot, home = key_slot(key), cluster.master_of(key.decode())
    log_home = cluster.master_of(_key(DEAL))
    new = await asyncio.to_thread(cluster.join)
    with cluster.moving(slot, new):
        home.ask("DEL", key)
        counts = await asyncio.gather(*(attempts.take(name, 60) for _ in range(5)))
    assert sorted(count for count, _ in counts) == [1, 2, 3, 4, 5]
    await asyncio.to_thread(cluster.move, SLOT, new)
    assert (await log.head(DEAL)).seq == 0
    for each, back in ((slot, home), (SLOT, log_home)):
        await asyncio.to_thread(cluster.move, each, back)
    await asyncio.to_thread(cluster.leave, new)
    await asyncio.to_thread(cluster.wait_well)


async def test_many_slots_are_one_trip_to_each_node_and_run_once(redis: Redis, cluster: Cluster) -> None:
    """Answers are in order, also where one node does not know the script and where slots have moved."""
    usage = UsageLog(redis, window_seconds=3600)
    await usage.add({store: {"ann": 1} for store in STORES})
    cluster.masters()[0].ask("SCRIPT", "FLUSH")
    slot = key_slot(f"{{budget:{STORES[0]}}}".encode())
    source = cluster.at(cluster.owners(cluster.masters()[0])[slot])
    await asyncio.to_thread(cluster.move, slot, cluster.other_than(source))
    counted = await usage.add({store: {"ann": place} for place, store in enumerate(STORES)})
    assert [used.running["ann"] for used in counted.values()] == [1 + place for place in range(len(STORES))]


async def test_a_master_that_is_gone_fails_at_once_until_its_replica_is_there(
    redis_url: str, cluster: Cluster
) -> None:
    """Commands of its slots fail, none of them waits, and then they find the replica, which has the data."""
    redis, guard = connect_guarded(redis_url, max_connections=4, timeout=5, socket_timeout=5)
    async with redis:
        key = "{somebody}"
        await redis.set(key, "here")
        master = cluster.master_of(key)
        await asyncio.to_thread(cluster.replica_of, master)
        master.kill()
        longest, failed, deadline = 0.0, 0, time.monotonic() + LONG_SECONDS
        while time.monotonic() < deadline:
            began = time.monotonic()
            try:
                found = await redis.get(key)
                break
            except REDIS_FAILS:
                failed += 1
            longest = max(longest, time.monotonic() - began)
            if not guard.breaker.is_closed:
                with pytest.raises(REDIS_FAILS):
                    await redis.get(key)
                await _close(guard)
            await asyncio.sleep(0.02)
        assert failed
        assert longest < 1.5
        assert found == b"here"
        master.start()
        await asyncio.to_thread(cluster.wait_well)


async def _close(guard: Guard) -> None:
    """Probe as the hub does, until the breaker lets commands through."""
    async with asyncio.timeout(LONG_SECONDS):
        while not guard.breaker.is_closed:
            await asyncio.sleep(0.05)
            try:
                await guard.probe()
            except REDIS_FAILS:
                continue


async def test_a_master_that_failed_over_and_back_begins_anew(log: RedisLog, cluster: Cluster) -> None:
    """Its process never ended, but its data are those of a replica that was behind."""
    before = await log.head(DEAL)
    for _ in range(2):
        replica = await asyncio.to_thread(cluster.replica_of, cluster.master_of(_key(DEAL)))
        await asyncio.to_thread(cluster.take_over, replica, 0.0)
        await asyncio.to_thread(cluster.wait_well)
    after = await log.head(DEAL)
    assert after.epoch != before.epoch
    assert after.seq == 0


async def test_no_node_at_all_is_an_outage() -> None:
    """And it is known at once."""
    async with connect_redis("redis+cluster://127.0.0.1:1,127.0.0.1:2", 2) as redis:
        with pytest.raises(LostConnection):
            await RedisLog(redis).head(DEAL)


def _key(channel: str) -> str:
    return f"{{{channel}}}:meta"


async def test_nobody_waits_while_every_node_hangs(redis_url: str, cluster: Cluster) -> None:
    """One caller finds out, those beside it fail by their time limit, and then the breaker refuses all."""
    redis, guard = connect_guarded(redis_url, max_connections=8, timeout=0.5, socket_timeout=0.5)
    async with redis:
        log = RedisLog(redis)
        await log.head(DEAL)
        for node in cluster.nodes:
            node.freeze()
        try:
            began = time.monotonic()
            ends = await asyncio.gather(*(log.head(DEAL) for _ in range(4)), return_exceptions=True)
            assert all(isinstance(end, LostConnection | TookTooLong) for end in ends)
            assert time.monotonic() - began < 1.5
            assert not guard.breaker.is_closed
            # Nobody was asked: that is what the error says.
            with pytest.raises(RedisAway):
                await log.head(DEAL)
        finally:
            for node in cluster.nodes:
                node.thaw()
        await asyncio.to_thread(cluster.wait_well)
        await _close(guard)
        assert await log.head(DEAL)
