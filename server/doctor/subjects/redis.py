"""Redis: what it may refuse or delete, and what holds its only thread up."""

from typing import Final

from msgspec.structs import replace

from server.doctor.subjects.redis_facts import NO_EVICTION, RedisFacts
from server.doctor.verdicts import STOPPED_MS, Severity, Verdict

MEBIBYTE: Final = 2**20
OLDEST: Final = (6, 2)
OLDEST_KEPT_UP: Final = (7, 0)
MEMORY_WARNING, MEMORY_FAULT = 0.8, 0.95
CLIENTS_WARNING, CLIENTS_FAULT = 0.8, 0.95
BUSY_WARNING, BUSY_FAULT = 0.7, 0.9
SLOW_MS: Final = 50.0
"""How long a command may hold everyone up before that is worth a look."""

LEAST_PUBSUB_BYTES: Final = 8 * MEBIBYTE
"""The least hard limit of a subscriber's output buffer. A subscriber that is cut off reads the log
instead.
"""


def judge_redis(facts: RedisFacts) -> list[Verdict]:
    """Return what is wrong with a Redis server, its settings and its load."""
    found = [
        *_serving(facts),
        *_memory(facts),
        *_load(facts),
        *_slow_commands(facts),
        *_buffers(facts),
        *_persistence(facts),
        *_version(facts),
    ]
    if not facts.node:
        return found
    return [replace(each, about=facts.node, says=f"{facts.node}: {each.says}") for each in found]


def _serving(facts: RedisFacts) -> list[Verdict]:
    reasons = []
    if facts.loading:
        reasons.append(("it is still loading its data", "Wait until it has loaded them."))
    if facts.role != "master":
        reasons.append(("it is a replica", "Name the primary in REDIS_URL."))
    if facts.aof_failed:
        reasons.append(("it could not write its append-only file", "Make room on its disk."))
    if facts.rdb_failed and facts.stops_on_rdb_failure is not False:
        reasons.append(
            (
                "its last snapshot failed",
                "Make room on its disk, or turn snapshots off (`CONFIG SET save ''`): nothing here needs"
                " them.",
            )
        )
    found = [
        Verdict(
            check="redis.refuses_writes",
            severity=Severity.FAULT,
            says=f"Redis refuses writes: {reason}",
            remedy=remedy,
            wait_ms=STOPPED_MS,
            explained_by=("disk.full",),
        )
        for reason, remedy in reasons
    ]
    if facts.node and facts.cluster_state != "ok":
        found.append(
            Verdict(
                check="redis.cluster",
                severity=Severity.FAULT,
                says=f"this master's cluster does not serve all slots (state {facts.cluster_state})",
                remedy="Start the masters that are away, or let their replicas take over"
                " (`redis-cli --cluster check`).",
                wait_ms=STOPPED_MS,
            )
        )
    elif not facts.node and facts.cluster and (facts.cluster_size > 1 or facts.cluster_state != "ok"):
        found.append(
            Verdict(
                check="redis.cluster",
                severity=Severity.FAULT,
                says=f"REDIS_URL names one node of a cluster of {facts.cluster_size} (state"
                f" {facts.cluster_state}): keys of other nodes are refused",
                remedy="Begin REDIS_URL with redis+cluster:// (with TLS: rediss+cluster://), or name a"
                " single server.",
                wait_ms=STOPPED_MS,
            )
        )
    return found


def _memory(facts: RedisFacts) -> list[Verdict]:
    found = []
    keep = "Set `maxmemory-policy noeviction`, and give it more memory (`maxmemory`)."
    limit = f"{facts.used_bytes / MEBIBYTE:.0f} of {facts.max_bytes / MEBIBYTE:.0f} MiB"
    evicts = facts.policy != NO_EVICTION
    if facts.evicted_keys and evicts:
        found.append(
            Verdict(
                check="redis.evicting",
                severity=Severity.FAULT,
                about=facts.policy,
                says=f"Redis has deleted {facts.evicted_keys:,} keys to make room ({facts.policy}, {limit}):"
                " logs and jobs get holes, and deals are loaded again",
                remedy=keep,
                wait_ms=STOPPED_MS / 60,
            )
        )
    elif facts.evicted_keys:
        found.append(
            Verdict(
                check="redis.evicting",
                severity=Severity.NOTE,
                says=f"Redis deleted {facts.evicted_keys:,} keys before its policy was {NO_EVICTION}",
                remedy="Nothing, if that was before today's trouble.",
            )
        )
    if evicts:
        found.append(
            Verdict(
                check="redis.policy",
                severity=Severity.WARNING,
                about=facts.policy,
                says=f"maxmemory-policy is {facts.policy}: a full Redis deletes logs and jobs instead of"
                " refusing new ones",
                remedy="Set `maxmemory-policy noeviction`.",
                explained_by=("redis.evicting",),
            )
        )
    share = facts.used_bytes / facts.max_bytes if facts.max_bytes else 0.0
    if not facts.max_bytes:
        found.append(
            Verdict(
                check="redis.memory",
                severity=Severity.NOTE,
                says="Redis has no memory limit: a machine that runs out of memory kills it",
                remedy="Set `maxmemory` to what the machine can spare.",
            )
        )
    elif share >= MEMORY_WARNING and not evicts:
        is_full = share >= MEMORY_FAULT
        found.append(
            Verdict(
                check="redis.memory",
                severity=Severity.FAULT if is_full else Severity.WARNING,
                says=f"Redis uses {limit} ({share:.0%}): {'at' if share >= 1 else 'at 100 %'} it refuses"
                " writes",
                remedy="Raise `maxmemory`, or find what fills it: `doctor --watch-redis 10`.",
                wait_ms=STOPPED_MS if share >= 1 else 0.0,
            )
        )
    return found


def _load(facts: RedisFacts) -> list[Verdict]:
    found = []
    if facts.cpu_share is not None and facts.cpu_share >= BUSY_WARNING:
        found.append(
            Verdict(
                check="redis.busy",
                severity=Severity.FAULT if facts.cpu_share >= BUSY_FAULT else Severity.WARNING,
                says=f"Redis's only thread is busy {facts.cpu_share:.0%} of the time",
                remedy="See what it is asked: `doctor --watch-redis 10`. Then a faster processor, or fewer"
                " searches.",
            )
        )
    if facts.max_clients and facts.clients / facts.max_clients >= CLIENTS_WARNING:
        share = facts.clients / facts.max_clients
        found.append(
            Verdict(
                check="redis.clients",
                severity=Severity.FAULT if share >= CLIENTS_FAULT else Severity.WARNING,
                says=f"{facts.clients} of {facts.max_clients} clients are connected to Redis"
                f" ({facts.rejected_connections} were refused since it started)",
                remedy="Raise `maxclients`, and look for who holds connections: `doctor --watch-redis 5`.",
            )
        )
    return found


def _slow_commands(facts: RedisFacts) -> list[Verdict]:
    slow = [each for each in facts.slow if each.ms >= SLOW_MS]
    events = [each for each in facts.latency_events if each.max_ms >= SLOW_MS]
    if not slow and not events:
        return []
    worst = max(slow, key=lambda each: each.ms, default=None)
    parts = []
    if worst is not None:
        parts.append(
            f"{len(slow)} commands took {SLOW_MS:g} ms or more in the last minutes, the longest"
            f" {worst.command} with {worst.ms:.0f} ms"
        )
    parts += [f"{each.event} took up to {each.max_ms} ms" for each in events]
    return [
        Verdict(
            check="redis.slow_commands",
            severity=Severity.WARNING,
            says="everybody waited for Redis: " + "; ".join(parts),
            remedy="If it is not a command of ours, stop who sends it; if it is, look at the size of its"
            " keys.",
            wait_ms=worst.ms / 10 if worst else 0.0,
            explained_by=("redis.busy",),
        )
    ]


def _buffers(facts: RedisFacts) -> list[Verdict]:
    hard = None if facts.pubsub_limit is None else facts.pubsub_limit[0]
    if not hard or hard >= LEAST_PUBSUB_BYTES:  # 0 is no limit
        return []
    return [
        Verdict(
            check="redis.buffers",
            severity=Severity.WARNING,
            says=f"a subscriber is cut off when {hard / MEBIBYTE:g} MiB wait for it: a burst makes a web"
            " process subscribe again and read the log",
            remedy="Set `client-output-buffer-limit pubsub 32mb 8mb 60`, Redis's default.",
        )
    ]


def _persistence(facts: RedisFacts) -> list[Verdict]:
    if facts.aof and facts.aof_fsync == "always":
        return [
            Verdict(
                check="redis.persistence",
                severity=Severity.WARNING,
                says="Redis waits for its disk at every write (appendfsync always)",
                remedy="Set `appendfsync everysec`, or `appendonly no`: all of it can be rebuilt from"
                " Postgres.",
            )
        ]
    if facts.aof or facts.rdb_rules:
        what = "an append-only file" if facts.aof else f"snapshots (save {facts.rdb_rules})"
        return [
            Verdict(
                check="redis.persistence",
                severity=Severity.NOTE,
                says=f"Redis keeps {what}; nothing here reads it: a restarted Redis begins new epochs",
                remedy="Turn it off if writing it is felt (decision 0004).",
            )
        ]
    return []


def _version(facts: RedisFacts) -> list[Verdict]:
    numbers = tuple(int(part) for part in facts.version.split(".")[:2] if part.isdigit())
    if numbers >= OLDEST_KEPT_UP:
        return []
    is_too_old = numbers < OLDEST
    flaw = "is too old: 6.2 is the oldest that works" if is_too_old else "gets no security fixes"
    return [
        Verdict(
            check="redis.version",
            severity=Severity.FAULT if is_too_old else Severity.NOTE,
            says=f"Redis {facts.version} {flaw}",
            remedy="Install Redis 7 or newer, or Valkey.",
        )
    ]
