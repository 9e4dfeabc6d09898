"""What Redis says of itself, of its clock, and of our queue. Only commands that read."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

from server.doctor.probes.deadline import CONNECT_SECONDS, Unknown, within
from server.doctor.subjects.clocks import Clock
from server.doctor.subjects.queue import ALIVE_MS, QueueFacts
from server.doctor.subjects.redis_facts import LatencyEvent, RedisFacts, SlowCommand
from server.log.links.cluster import ClusterClient
from server.log.links.connecting import connect
from server.log.links.topology import slot_of
from server.settings import Settings
from server.work.census import take_census
from server.work.queue import DEAD_KEY, GROUP, JOBS_KEY

MASTER_SECONDS: Final = 1.0
"""How long one master of several may take to answer at all."""

RECENT_SECONDS: Final = 600.0
"""Entries of the slow log that are older tell nothing of today's trouble."""

SLOW_ENTRIES: Final = 128
MOST_PENDING: Final = 200
SCRIPT_COMMANDS: Final = frozenset({"EVALSHA", "EVAL", "EVALSHA_RO"})


Server = tuple[str, Redis]
"""A server and its place in a cluster; nothing for a single one."""


def open_redis(settings: Settings) -> Redis:
    """Return a client of the doctor's own. It tries nothing twice: what fails once is a finding."""
    return connect(
        settings.redis_url,
        settings.redis_uid,
        ConnectionPool,
        max_connections=4,
        socket_timeout=CONNECT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        client_name="deal-architect-doctor",
    )


async def nodes_of(redis: Redis) -> list[Server]:
    """Return each master of a cluster with its place, that of the queue first; nothing for one server.

    Raises RedisError.
    """
    if not isinstance(redis, ClusterClient):
        return []
    await redis.topology.settle()
    first = redis.topology.owner_or_none(slot_of(JOBS_KEY))
    masters = sorted(redis.topology.masters, key=lambda node: node != first)
    return [(f"{node[0]}:{node[1]}", redis.node(node)) for node in masters]


async def reach(redis: Redis) -> tuple[list[Server], dict[str, str]]:
    """Return the servers that answer, that of the queue first, and by its place why another master does not.

    Raises RedisError if none answers.
    """
    nodes = await nodes_of(redis)
    if not nodes:
        await redis.ping()
        return [("", redis)], {}
    answers = await asyncio.gather(*(within(MASTER_SECONDS, node.ping()) for _, node in nodes))
    pairs = list(zip(nodes, answers, strict=True))
    silent = {name: answer.reason for (name, _), answer in pairs if isinstance(answer, Unknown)}
    if len(silent) == len(nodes):
        raise LostConnection("; ".join(f"{name}: {reason}" for name, reason in silent.items()))
    return [server for server, answer in pairs if not isinstance(answer, Unknown)], silent


async def ping_all(servers: list[Server]) -> None:
    """Ask all servers at once. Raises RedisError."""
    first, *others = [server.ping() for _, server in servers]
    await (asyncio.gather(first, *others) if others else first)


async def read_redis(
    redis: Redis, scripts: Mapping[str, str], window_seconds: float, node: str = ""
) -> RedisFacts:
    """Return what the server says now, and what its processor did in a window. Raises RedisError."""
    before, began = await redis.info("all"), time.monotonic()
    limits = await _config(redis, "maxclients", "client-output-buffer-limit", "save", "appendfsync")
    limits |= await _config(redis, "stop-writes-on-bgsave-error", "slowlog-log-slower-than")
    limits |= await _config(redis, "latency-monitor-threshold")
    slow = await _slow_log(redis, scripts)
    events = await _latency_events(redis)
    cluster = await _cluster(redis) if before.get("cluster_enabled") else {}
    await asyncio.sleep(max(0.0, window_seconds - (time.monotonic() - began)))
    after, took = await redis.info("all"), time.monotonic() - began
    threshold = limits.get("slowlog-log-slower-than")
    return RedisFacts(
        version=str(after.get("valkey_version") or after["redis_version"]),
        node=node,
        server=str(after.get("server_name", "redis")),
        role=str(after.get("role", "master")),
        loading=bool(after.get("loading", 0)),
        uptime_seconds=int(after.get("uptime_in_seconds", 0)),
        cluster=bool(after.get("cluster_enabled", 0)),
        cluster_size=int(cluster.get("cluster_size", 0)),
        cluster_state=cluster.get("cluster_state", "ok"),
        policy=str(after.get("maxmemory_policy", "noeviction")),
        max_bytes=int(after.get("maxmemory", 0)),
        used_bytes=int(after.get("used_memory", 0)),
        evicted_keys=int(after.get("evicted_keys", 0)),
        evicted_now=int(after.get("evicted_keys", 0)) - int(before.get("evicted_keys", 0)),
        clients=int(after.get("connected_clients", 0)),
        blocked_clients=int(after.get("blocked_clients", 0)),
        max_clients=_whole(limits.get("maxclients") or after.get("maxclients")),
        rejected_connections=int(after.get("rejected_connections", 0)),
        pubsub_limit=_pubsub_limit(limits.get("client-output-buffer-limit")),
        aof=bool(after.get("aof_enabled", 0)),
        aof_fsync=limits.get("appendfsync"),
        aof_failed=after.get("aof_last_write_status", "ok") != "ok",
        rdb_rules=limits.get("save"),
        rdb_failed=after.get("rdb_last_bgsave_status", "ok") != "ok",
        stops_on_rdb_failure=_flag(limits.get("stop-writes-on-bgsave-error")),
        cpu_share=_cpu_share(before, after, took),
        slow=slow,
        slow_log_ms=None if threshold is None else int(threshold) / 1000,
        latency_monitor_ms=_whole(limits.get("latency-monitor-threshold")),
        latency_events=events,
        keys=sum(int(value["keys"]) for name, value in after.items() if _is_keyspace(name, value)),
    )


async def read_redis_clock(redis: Redis) -> Clock:
    """Return Redis's clock. Raises RedisError."""
    began, sent = time.monotonic(), time.time()
    seconds, micros = await redis.time()
    trip_ms = (time.monotonic() - began) * 1000
    there_ms = seconds * 1000 + micros / 1000
    return Clock(name="Redis", ahead_ms=there_ms - (sent * 1000 + trip_ms / 2), error_ms=trip_ms / 2)


async def read_queue(redis: Redis, lease_ms: int) -> QueueFacts:
    """Return what waits in the queue and who works on it, by Redis's clock. Raises RedisError."""
    census = await take_census(redis)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.xpending_range(JOBS_KEY, GROUP, "-", "+", MOST_PENDING)
        pipe.xinfo_consumers(JOBS_KEY, GROUP)
        pipe.xrevrange(DEAD_KEY, count=1)
        pipe.client_list()
        now, pending, consumers, last, clients = await pipe.execute(raise_on_error=False)
    now_ms = now[0] * 1000 + now[1] / 1000
    # Without a group nobody has taken a job yet.
    idle = [] if isinstance(consumers, Exception) else [each["idle"] for each in consumers]
    leases = [] if isinstance(pending, Exception) else [each["time_since_delivered"] for each in pending]
    letter = last[0] if last and not isinstance(last, Exception) else None
    depth = census.waiting + census.ready + census.held
    return QueueFacts(
        depth=depth,
        held=census.held,
        oldest_ms=census.oldest_seconds * 1000 if depth else None,
        expired=sum(each > lease_ms for each in leases),
        workers_alive=max(
            sum(each < ALIVE_MS for each in idle), _waiting_workers(clients, _database_of(redis))
        ),
        workers_gone=sum(each >= ALIVE_MS for each in idle),
        dead_letters=census.dead_letters,
        last_dead_seconds_ago=None if letter is None else (now_ms - _id_ms(letter[0])) / 1000,
        last_dead_reason=""
        if letter is None
        else letter[1].get(b"reason", b"").decode(errors="replace")[:120],
    )


def command_name(words: bytes, scripts: Mapping[str, str]) -> str:
    """Return the name of a command, or of our script that it runs; nothing else of it is shown."""
    parts = words.split(b" ", 2)
    command = parts[0].decode(errors="replace").upper()[:40]
    if command in SCRIPT_COMMANDS and len(parts) > 1:
        digest = parts[1].decode(errors="replace")
        return f"script {scripts.get(digest, 'not ours')}"
    return command


def _waiting_workers(clients: Any, database: str) -> int:
    """Return how many connections ask for jobs of our database: a worker that had no job yet is no
    consumer.
    """
    if not isinstance(clients, list):
        return 0
    return sum(
        each.get("cmd") == "xreadgroup"
        and each.get("db") == database
        and int(each.get("idle", 0)) * 1000 < ALIVE_MS
        for each in clients
    )


def _database_of(redis: Redis) -> str:
    return str(redis.connection_pool.connection_kwargs.get("db") or 0)


def _id_ms(entry: bytes) -> float:
    return float(entry.split(b"-")[0])


async def _config(redis: Redis, *names: str) -> dict[str, str]:
    """Return settings; those that the server does not show are missing. A managed one may show none."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found |= {_text(key): _text(value) for key, value in (await redis.config_get(name)).items()}
        except ResponseError:
            continue
    return found


async def _ask(redis: Any, *words: str) -> Any:
    """Send a command that redis-py has no typed method for."""
    return await redis.execute_command(*words)


async def _slow_log(redis: Redis, scripts: Mapping[str, str]) -> tuple[SlowCommand, ...]:
    try:
        entries = await redis.slowlog_get(SLOW_ENTRIES)
        now = (await redis.time())[0]
    except ResponseError:
        return ()
    found = [
        SlowCommand(
            seconds_ago=float(max(0, now - entry["start_time"])),
            ms=entry["duration"] / 1000,
            command=command_name(entry["command"], scripts),
        )
        for entry in entries
    ]
    return tuple(each for each in found if each.seconds_ago <= RECENT_SECONDS)


async def _latency_events(redis: Redis) -> tuple[LatencyEvent, ...]:
    try:
        events = await _ask(redis, "LATENCY LATEST")
    except RedisError:
        return ()
    now = time.time()
    return tuple(
        LatencyEvent(event=_text(name), max_ms=int(latest))
        for name, at, latest, *_ in events
        if now - float(at) <= RECENT_SECONDS
    )


async def _cluster(redis: Redis) -> dict[str, str]:
    try:
        reply = await _ask(redis, "CLUSTER INFO")
    except RedisError:
        return {}
    if isinstance(reply, dict):
        return {_text(key): _text(value) for key, value in reply.items()}
    lines = _text(reply).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _cpu_share(before: Mapping[str, Any], after: Mapping[str, Any], seconds: float) -> float | None:
    names = ("used_cpu_sys_main_thread", "used_cpu_user_main_thread")
    if names[0] not in after:
        names = ("used_cpu_sys", "used_cpu_user")
    used = sum(float(after[name]) - float(before[name]) for name in names)
    return None if seconds <= 0 else round(min(1.0, used / seconds), 3)


def _pubsub_limit(text: str | None) -> tuple[int, int, int] | None:
    words = (text or "").split()
    if "pubsub" not in words:
        return None
    place = words.index("pubsub")
    hard, soft, seconds = (int(word) for word in words[place + 1 : place + 4])
    return hard, soft, seconds


def _is_keyspace(name: str, value: Any) -> bool:
    return name.startswith("db") and isinstance(value, dict) and "keys" in value


def _whole(text: Any) -> int | None:
    return None if text is None else int(text)


def _flag(text: str | None) -> bool | None:
    return None if text is None else text == "yes"


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
