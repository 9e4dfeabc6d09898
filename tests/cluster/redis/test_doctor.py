"""What the doctor sees of a cluster: every master."""

import asyncio

from redis.asyncio import Redis

from server.doctor.examination import Options, examine
from server.doctor.probes.redis import nodes_of, open_redis, read_queue, read_redis, read_redis_clock
from server.doctor.redis_watch.watching import watch_redis
from server.doctor.scripts import script_names
from server.doctor.subjects.redis import judge_redis
from server.log.redis_log import RedisLog
from server.settings import Settings
from server.work.queue import JOBS_KEY
from tests.cluster.redis.node import wait_for
from tests.cluster.redis.nodes import Cluster


def settings_of(url: str) -> Settings:
    return Settings.from_environment({"DATABASE_URL": "postgresql://db", "REDIS_URL": url})


async def test_every_master_is_looked_at(redis: Redis, redis_url: str, cluster: Cluster) -> None:
    """The one with the queue first; what is wrong with one of them is said of that one."""
    await RedisLog(redis).head("deal:1")
    odd = cluster.masters()[-1]
    odd.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        async with open_redis(settings_of(redis_url)) as doctor:
            nodes = await nodes_of(doctor)
            assert nodes[0][0].endswith(f":{cluster.master_of(JOBS_KEY).port}")
            assert {name for name, _ in nodes} == {f"127.0.0.1:{node.port}" for node in cluster.masters()}
            facts = [await read_redis(node, script_names(), 0.0, name) for name, node in nodes]
            queue, clock = await read_queue(doctor, 1_000), await read_redis_clock(doctor)
    finally:
        odd.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert [each.role for each in facts] == ["master"] * 3
    assert sum(each.keys for each in facts) == 1
    assert queue.depth == 0
    assert abs(clock.ahead_ms) < 1_000 + clock.error_ms
    found = [verdict for each in facts for verdict in judge_redis(each) if verdict.check == "redis.policy"]
    assert [verdict.about for verdict in found] == [f"127.0.0.1:{odd.port}"]
    assert not [each for fact in facts for each in judge_redis(fact) if each.check == "redis.cluster"]


async def test_a_dead_master_does_not_hide_the_others(redis_url: str, cluster: Cluster) -> None:
    """It is named, and those that answer say that the cluster does not serve all slots."""
    dead = next(node for node in cluster.masters() if node is not cluster.master_of(JOBS_KEY))
    replica = await asyncio.to_thread(cluster.replica_of, dead)
    replica.kill()
    dead.kill()
    try:
        await asyncio.to_thread(wait_for, lambda: not cluster.is_ok(), "the cluster to be down")
        report = await examine(settings_of(redis_url), Options(window_seconds=0.0, pings=1))
    finally:
        dead.start()
        replica.start()
        await asyncio.to_thread(cluster.wait_well)
    faults = [(each.check, each.about) for each in report.findings if each.check.startswith("redis.")]
    assert ("redis.away", f"127.0.0.1:{dead.port}") in faults
    others = {f"127.0.0.1:{node.port}" for node in cluster.masters() if node is not dead}
    assert {about for check, about in faults if check == "redis.cluster"} == others
    assert report.measured.redis is not None
    assert report.measured.redis_latency is not None


async def test_one_node_that_is_named_alone_is_a_fault(cluster: Cluster) -> None:
    """REDIS_URL without +cluster reaches a third of the keys."""
    async with open_redis(settings_of(f"redis://127.0.0.1:{cluster.masters()[0].port}")) as doctor:
        assert await nodes_of(doctor) == []
        facts = await read_redis(doctor, {}, 0.0)
    (verdict,) = (each for each in judge_redis(facts) if each.check == "redis.cluster")
    assert "redis+cluster://" in verdict.remedy


async def test_what_the_queues_master_is_asked(redis_url: str, cluster: Cluster) -> None:
    """A watch is of that master."""
    watching = asyncio.create_task(watch_redis(settings_of(redis_url), 0.3))
    while not watching.done():
        # Between its first look and its last, whenever these are.
        await asyncio.to_thread(lambda: cluster.master_of(JOBS_KEY).ask("ECHO", "here"))
    found = await watching
    assert any(call.command.upper() == "ECHO" for call in found.commands)
