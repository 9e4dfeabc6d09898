"""A process hears every master of a cluster, knows when it does not, and follows slots that move."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.crc import key_slot

from server.log.bus import Bus
from server.log.redis_log import RedisLog
from server.log.redis_scripts import bell_name
from tests.cluster.redis.node import Node
from tests.cluster.redis.nodes import Cluster
from tests.log.test_bus import Ears
from tests.log.writing import decision

GUARD_SECONDS = 30.0
CHANNELS = [f"deal:{number}" for number in range(12)]


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[Bus, dict[str, Ears]]]:
    """Listen to all channels."""
    bus, ears = Bus(url, probe_seconds=0.05, deaf_seconds=2.0), {name: Ears() for name in CHANNELS}
    for name, each in ears.items():
        bus.subscribe(name, each)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bus.run())
        async with asyncio.timeout(GUARD_SECONDS):
            await bus.standing.wait_up()
        await confirmed(ears, dict.fromkeys(CHANNELS, 1))
        yield bus, ears
        running.cancel()


async def confirmed(ears: dict[str, Ears], counts: dict[str, int]) -> None:
    """Wait until each channel was confirmed so often."""
    for name, count in counts.items():
        await ears[name].until(lambda name=name, count=count: ears[name].confirmations >= count)


async def published(log: RedisLog, channels: list[str]) -> None:
    """Publish a decision on each of the channels."""
    for name in channels:
        head = await log.head(name)
        await log.set_base(name, head.epoch, 0)
        await log.decide(name, 1, decision(1))


def served_by(cluster: Cluster, node: Node) -> set[str]:
    return {name for name in CHANNELS if cluster.master_of(bell_name(name)) is node}


async def test_every_channel_is_heard_from_its_own_master(
    redis: Redis, redis_url: str, cluster: Cluster
) -> None:
    """One subscription each, and only on the node of its slot: bells are not sent round the cluster."""
    async with listening(redis_url) as (bus, ears):
        await published(RedisLog(redis), CHANNELS)
        for name in CHANNELS:
            await ears[name].until(lambda name=name: [entry.seq for entry in ears[name].events] == [0, 1])
        for node in cluster.masters():
            heard = {name.decode() for name in node.ask("PUBSUB", "SHARDCHANNELS") if b"probe" not in name}
            assert heard == {bell_name(name) for name in served_by(cluster, node)}
            assert not node.ask("PUBSUB", "CHANNELS")
        assert bus.silence_seconds < GUARD_SECONDS


async def test_a_slot_that_moves_takes_its_channel_along(
    redis: Redis, redis_url: str, cluster: Cluster
) -> None:
    """Its subscription is confirmed again, so what was missed is read from the log; others notice nothing."""
    moved, log = CHANNELS[0], RedisLog(redis)
    async with listening(redis_url) as (bus, ears):
        await published(log, [moved])
        await ears[moved].until(lambda: len(ears[moved].events) == 2)
        slot, source = key_slot(bell_name(moved).encode()), cluster.master_of(bell_name(moved))
        await asyncio.to_thread(cluster.move, slot, cluster.other_than(source))
        await confirmed(ears, {moved: 2})
        await published(log, [moved])
        await ears[moved].until(lambda: [entry.seq for entry in ears[moved].events] == [0, 1, 0, 1])
        assert all(ears[name].confirmations == 1 for name in CHANNELS if name != moved)
        assert bus.connected
        bus.unsubscribe(moved)
        await asyncio.sleep(0.2)
        await published(log, [moved])
        assert len(ears[moved].events) == 4


async def test_one_deaf_node_is_known_and_it_alone_is_heard_anew(redis_url: str, cluster: Cluster) -> None:
    """A bus that does not hear one of three masters is not ready; the others are left alone."""
    async with listening(redis_url) as (bus, ears):
        node = cluster.master_of(bell_name(CHANNELS[0]))
        node.ask("CLIENT", "KILL", "TYPE", "pubsub")
        async with asyncio.timeout(GUARD_SECONDS):
            await bus.standing.wait_down()
            await bus.standing.wait_up()
        theirs = served_by(cluster, node)
        await confirmed(ears, dict.fromkeys(theirs, 2))
        assert all(ears[name].confirmations == 1 for name in CHANNELS if name not in theirs)


async def test_a_dead_master_is_replaced(redis: Redis, redis_url: str, cluster: Cluster) -> None:
    """The bus finds the replica by itself, and every channel of it is confirmed again."""
    async with listening(redis_url) as (bus, ears):
        node = cluster.master_of(bell_name(CHANNELS[0]))
        theirs = served_by(cluster, node)
        await asyncio.to_thread(cluster.replica_of, node)
        await asyncio.to_thread(cluster.kill, node)
        async with asyncio.timeout(GUARD_SECONDS):
            await bus.standing.wait_up()
        await confirmed(ears, dict.fromkeys(theirs, 2))
        await published(RedisLog(redis), CHANNELS)
        for name in CHANNELS:
            await ears[name].until(
                lambda name=name: ears[name].events[-1:] and ears[name].events[-1].seq == 1
            )
        await asyncio.to_thread(node.start)
        await asyncio.to_thread(cluster.wait_well)
