"""Each subject's verdicts, from facts to checks and severities, without any service."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.doctor.subjects.clocks import Clock, judge_clocks
from server.doctor.subjects.disks import Disk, judge_disks
from server.doctor.subjects.latency import Latency, judge_latency, latency_of
from server.doctor.subjects.pools import Demand, demand_of, judge_demand
from server.doctor.subjects.postgres import Connections, PostgresFacts, judge_postgres
from server.doctor.subjects.processes import Loop, Pool, ProcessFacts, Vitals, judge_processes
from server.doctor.subjects.queue import QueueFacts, judge_queue
from server.doctor.subjects.redis import judge_redis
from server.doctor.subjects.redis_facts import LatencyEvent, RedisFacts, SlowCommand
from server.doctor.verdicts import Severity
from tests.doctor.verdicts import FAULT, NOTE, WARNING, Said, said

REDIS = RedisFacts(version="7.2.4", max_bytes=512, used_bytes=10, max_clients=10_000, clients=9)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"version": "6.0.16"}, [("redis.version", FAULT)]),
        ({"version": "6.2.14"}, [("redis.version", NOTE)]),
        ({"version": "8.1.1", "server": "valkey"}, []),
        ({"policy": "allkeys-lru"}, [("redis.policy", WARNING)]),
        (
            {"policy": "volatile-ttl", "evicted_keys": 3},
            [("redis.evicting", FAULT), ("redis.policy", WARNING)],
        ),
        ({"evicted_keys": 3}, [("redis.evicting", NOTE)]),
        ({"max_bytes": 0}, [("redis.memory", NOTE)]),
        ({"used_bytes": 420}, [("redis.memory", WARNING)]),
        ({"used_bytes": 512}, [("redis.memory", FAULT)]),
        ({"loading": True}, [("redis.refuses_writes", FAULT)]),
        ({"role": "slave"}, [("redis.refuses_writes", FAULT)]),
        ({"aof": True, "aof_failed": True}, [("redis.refuses_writes", FAULT), ("redis.persistence", NOTE)]),
        ({"rdb_failed": True}, [("redis.refuses_writes", FAULT)]),
        ({"rdb_failed": True, "stops_on_rdb_failure": False}, []),
        ({"cluster": True, "cluster_size": 3}, [("redis.cluster", FAULT)]),
        ({"cluster": True, "cluster_size": 1}, []),
        ({"cpu_share": 0.75}, [("redis.busy", WARNING)]),
        ({"cpu_share": 0.97}, [("redis.busy", FAULT)]),
        ({"clients": 9_900}, [("redis.clients", FAULT)]),
        ({"pubsub_limit": (1024, 512, 60)}, [("redis.buffers", WARNING)]),
        ({"pubsub_limit": (0, 0, 0)}, []),
        ({"aof": True, "aof_fsync": "always"}, [("redis.persistence", WARNING)]),
        ({"rdb_rules": "3600 1"}, [("redis.persistence", NOTE)]),
        ({"slow": (SlowCommand(seconds_ago=1, ms=80, command="KEYS"),)}, [("redis.slow_commands", WARNING)]),
        ({"slow": (SlowCommand(seconds_ago=1, ms=12, command="KEYS"),)}, []),
        ({"latency_events": (LatencyEvent(event="fork", max_ms=90),)}, [("redis.slow_commands", WARNING)]),
    ],
)
def test_redis(changes: dict[str, Any], expected: Said) -> None:
    """A Redis as the embedded one is set has nothing to say; each difference that matters has one verdict."""
    assert said(judge_redis(replace(REDIS, **changes))) == expected


FREE = Connections(most=100, reserved=3, used=10, ours=9, listeners=1)
POSTGRES = PostgresFacts(
    version="18.4",
    version_number=180004,
    revision="0028",
    newest_revision="0028",
    in_recovery=False,
    connections=FREE,
    statement_timeout_ms=10_000,
    jit=False,
    fsync=True,
    full_page_writes=True,
    synchronous_commit="on",
    shared_buffers_bytes=2**28,
    work_mem_bytes=2**22,
    autovacuum=True,
    transactions_since_freeze=1_000,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"revision": None}, [("schema.old", FAULT)]),
        ({"revision": "0027"}, [("schema.old", FAULT)]),
        ({"revision": "0099"}, [("schema.old", FAULT)]),
        ({"in_recovery": True}, [("postgres.read_only", FAULT)]),
        ({"fsync": False, "full_page_writes": False}, [("postgres.durability", WARNING)]),
        ({"synchronous_commit": "off"}, [("postgres.durability", WARNING)]),
        ({"statement_timeout_ms": 0}, [("postgres.timeout", WARNING)]),
        ({"jit": True}, [("postgres.jit", WARNING)]),
        ({"shared_buffers_bytes": 2**20}, [("postgres.memory", NOTE)]),
        ({"transactions_since_freeze": 1_900_000_000}, [("postgres.wraparound", FAULT)]),
        ({"connections": replace(FREE, used=80)}, [("postgres.connections", WARNING)]),
        ({"connections": replace(FREE, used=97)}, [("postgres.connections", FAULT)]),
    ],
)
def test_postgres(changes: dict[str, Any], expected: Said) -> None:
    """A Postgres as the embedded one is set has nothing to say."""
    assert said(judge_postgres(replace(POSTGRES, **changes))) == expected


VITALS = Vitals(
    kind="web",
    pid=7,
    started_at=0.0,
    now=100.0,
    loop=Loop(blocked_ms=0.0, lag_p99_ms=3.0),
    pool=Pool(size=10, idle=0, max=10),
    open_fds=20,
    fd_limit=1024,
    redis_connected=True,
)


@pytest.mark.parametrize(
    ("vitals", "facts", "expected"),
    [
        ({}, {}, []),
        ({"loop": Loop(blocked_ms=300.0, stack=["a", "b"])}, {}, [("process.blocked", WARNING)]),
        ({"loop": Loop(blocked_ms=3000.0)}, {}, [("process.blocked", FAULT)]),
        ({"loop": Loop(lag_p99_ms=120.0)}, {}, [("process.lag", WARNING)]),
        ({"loop": Loop(lag_p99_ms=900.0)}, {}, [("process.lag", FAULT)]),
        ({"loop": Loop(lag_p99_ms=900.0), "started_at": 90.0}, {}, []),
        ({"loop": None}, {}, []),
        ({"open_fds": 1000}, {}, [("process.files", FAULT)]),
        ({"open_fds": 900, "fd_limit": 1024}, {}, [("process.files", WARNING)]),
        ({"fd_limit": -1, "open_fds": 5}, {}, []),
        ({"redis_connected": False}, {}, [("process.disconnected", FAULT)]),
        ({}, {"waits": 4, "wait_ms": 30.0}, [("pool.exhausted", WARNING)]),
        ({}, {"waits": 4, "wait_ms": 130.0}, [("pool.exhausted", FAULT)]),
        ({}, {"is_drained": True}, [("pool.exhausted", WARNING)]),
        ({"pool": Pool(size=10, max=10, waiting=2)}, {"is_drained": True}, [("pool.exhausted", FAULT)]),
        ({"pool": None}, {}, []),
    ],
)
def test_a_process(vitals: dict[str, Any], facts: dict[str, Any], expected: Said) -> None:
    """A process that answers is judged by its loop, its files, what it is connected to and its pool."""
    process = ProcessFacts(kind="web", pid=7, vitals=replace(VITALS, **vitals), **facts)
    assert said(judge_processes([process], listeners=1)) == expected


def test_processes_that_are_not_there() -> None:
    """One that does not answer is a fault. A web process of another machine is seen by its listener."""
    silent = ProcessFacts(kind="worker", pid=8, silence="it is stopped")

    assert said(judge_processes([silent], listeners=2)) == [("process.silent", FAULT)]
    assert said(judge_processes([], listeners=0)) == [("process.no_web", FAULT)]
    assert said(judge_processes([], listeners=1)) == []


def test_the_innermost_frames_of_a_blocked_loop_are_named() -> None:
    """Stacks come outermost first; what blocks is at their end."""
    loop = Loop(blocked_ms=3_000.0, stack=["main:1", "serve:2", "handle:3", "time.sleep:4"])
    process = ProcessFacts(kind="web", pid=7, vitals=replace(VITALS, loop=loop))

    assert "in time.sleep:4 < handle:3 < serve:2" in judge_processes([process], listeners=1)[0].says


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (QueueFacts(workers_alive=1), []),
        (QueueFacts(), [("process.no_worker", FAULT)]),
        (QueueFacts(workers_alive=1, depth=1_700), [("queue.full", WARNING)]),
        (QueueFacts(workers_alive=1, depth=2_000), [("queue.full", FAULT)]),
        (QueueFacts(workers_alive=1, depth=3, oldest_ms=3_000), [("queue.old", WARNING)]),
        (QueueFacts(workers_alive=1, depth=3, oldest_ms=30_000), [("queue.old", FAULT)]),
        (QueueFacts(workers_alive=1, expired=1), [("queue.expired", WARNING)]),
        (QueueFacts(workers_alive=1, dead_letters=2, last_dead_seconds_ago=60), [("queue.dead", WARNING)]),
        (QueueFacts(workers_alive=1, dead_letters=2, last_dead_seconds_ago=9e5), [("queue.dead", NOTE)]),
    ],
)
def test_the_queue(facts: QueueFacts, expected: Said) -> None:
    """An empty queue with a worker has nothing to say."""
    assert said(judge_queue(facts)) == expected


def test_latency() -> None:
    """The median decides; a bad hundredth is a warning."""
    fine = Latency(count=50, p50_ms=0.1, p95_ms=0.2, p99_ms=0.3, max_ms=0.3)

    assert judge_latency("redis", fine, 2) == []
    assert said(judge_latency("redis", replace(fine, p50_ms=12.0), 2)) == [("redis.slow", WARNING)]
    assert said(judge_latency("postgres", replace(fine, p50_ms=20.0), 3)) == [("postgres.slow", FAULT)]
    assert said(judge_latency("redis", replace(fine, p99_ms=60.0), 2)) == [("redis.slow", WARNING)]
    assert latency_of([]) is None
    assert latency_of([float(number) for number in range(1, 101)]) == Latency(
        count=100, p50_ms=50.0, p95_ms=95.0, p99_ms=99.0, max_ms=100.0
    )


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        ({"Postgres": 0.0, "Redis": 1.0}, {}),
        ({"Postgres": 2_000.0, "Redis": 1.0}, {"Postgres": WARNING}),
        ({"Postgres": 90_000.0, "Redis": 90_000.0}, {"this machine": FAULT}),
        ({"Postgres": 0.0, "Redis": 0.0, "web 7": -9_000.0}, {"web 7": FAULT}),
    ],
)
def test_clocks(ahead: dict[str, float], expected: dict[str, Severity]) -> None:
    """The one that differs from most others is off, also if it is this machine's."""
    found = judge_clocks([Clock(name=name, ahead_ms=by) for name, by in ahead.items()])
    assert {verdict.about: verdict.severity for verdict in found} == expected


def test_a_slow_way_is_no_skew() -> None:
    """A clock that was read over a slow line may be that much off."""
    assert judge_clocks([Clock(name="Redis", ahead_ms=1_400.0, error_ms=900.0)]) == []


GIBIBYTE = 2**30


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        ({}, []),
        ({"free_bytes": 10 * 2**20}, [("disk.full", FAULT)]),
        ({"free_bytes": GIBIBYTE}, [("disk.low", WARNING)]),
        ({"free_bytes": 3 * GIBIBYTE}, []),
        ({"total_inodes": 100_000, "free_inodes": 10}, [("disk.low", WARNING)]),
        ({"total_inodes": 100_000, "free_inodes": 0}, [("disk.full", FAULT)]),
    ],
)
def test_disks(disk: dict[str, Any], expected: Said) -> None:
    """Little is judged by bytes and by share, so that neither a small nor a huge disk is always low."""
    roomy = Disk(holds="the data folder", path="/data", free_bytes=50 * GIBIBYTE, total_bytes=100 * GIBIBYTE)
    assert said(judge_disks([replace(roomy, **disk)])) == expected


def test_the_demand_of_all_pools() -> None:
    """A web process has its pool, four connections of the system's and a listener; a worker has two."""
    own = [ProcessFacts(kind="web", pid=7, vitals=VITALS), ProcessFacts(kind="worker", pid=8, vitals=VITALS)]

    here = demand_of(own, pool_max=20, listeners=None, workers_alive=None)
    everywhere = demand_of(own, pool_max=20, listeners=3, workers_alive=4)

    assert here == Demand(web=1, workers=1, connections=10 + 5 + 2)
    assert everywhere == Demand(web=3, workers=4, connections=10 + 2 * 20 + 3 * 5 + 4 * 2)


@pytest.mark.parametrize(
    ("connections", "expected"),
    [(96, []), (97, [("pool.over_limit", WARNING)]), (98, [("pool.over_limit", FAULT)])],
)
def test_the_demand_against_the_limit(connections: int, expected: Said) -> None:
    """97 are for plain roles; one is another program's."""
    demand = Demand(web=2, workers=1, connections=connections)
    assert said(judge_demand(demand, FREE)) == expected


def test_a_pool_that_fits_is_named() -> None:
    """97 less one of another program, for two web processes with five more each and a worker with two."""
    (verdict,) = judge_demand(Demand(web=2, workers=1, connections=200), FREE)
    assert "DEAL_POOL_MAX to 42 or less" in verdict.remedy
