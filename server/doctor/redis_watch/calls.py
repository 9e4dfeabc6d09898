"""From two looks at Redis's counters to what it was asked in between. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from server.doctor.subjects.redis_facts import SlowCommand

VERSION: Final = 1
MICROSECONDS: Final = 1_000_000
OWN_COMMANDS: Final = frozenset({"info", "client|list", "slowlog|get", "slowlog|len", "hello", "auth"})
"""What the watch itself asks, twice. It is left out where nobody else asked it as well."""


class CommandLoad(Struct, frozen=True, kw_only=True):
    """One command while it was watched. ``share`` is its part of the time that all commands took.

    ``busy_share`` is its part of the watched time. ``p99_us`` counts since Redis started, where it says so.
    """

    command: str
    calls: int
    calls_per_second: float
    us_per_call: float
    share: float
    busy_share: float
    failed: int = 0
    p99_us: float | None = None


class ClientGroup(Struct, frozen=True, kw_only=True):
    """The connections of one name, or of one program without a name."""

    name: str
    connections: int
    subscribed: int
    blocked: int
    buffered_bytes: int


class Traffic(Struct, frozen=True, kw_only=True):
    """Rates while it was watched."""

    commands_per_second: float
    received_bytes_per_second: float
    sent_bytes_per_second: float
    keys: int
    keys_added: int
    expired_per_second: float
    evicted_per_second: float
    hits_per_second: float
    misses_per_second: float
    busy_share: float


class RedisWatch(Struct, frozen=True, kw_only=True):
    """What ``doctor --watch-redis --json`` prints. Version 1 grows only by additions."""

    version: int = VERSION
    seconds: float
    traffic: Traffic
    commands: list[CommandLoad]
    clients: list[ClientGroup]
    slow: list[SlowCommand]
    unseen: list[str]


class Counters(Struct, frozen=True, kw_only=True):
    """One look at Redis: INFO as redis-py reads it, and its clients. ``at`` is monotonic, in seconds."""

    at: float
    info: dict[str, Any]
    clients: list[dict[str, str]]


def watched(before: Counters, after: Counters, slow: Sequence[SlowCommand]) -> RedisWatch:
    """Return what was asked between two looks. ``slow`` are the entries of the slow log since the first."""
    seconds = max(1e-9, after.at - before.at)
    return RedisWatch(
        seconds=round(seconds, 3),
        traffic=_traffic(before.info, after.info, seconds),
        commands=command_loads(before.info, after.info, seconds),
        clients=client_groups(after.clients),
        slow=list(slow),
        unseen=[
            "which scripts: Redis counts all of them as EVALSHA. The commands inside them are counted as"
            " well, so that EVALSHA's time holds theirs. Slow ones are named.",
            "keys and values: only MONITOR shows them, at half of Redis's throughput.",
        ],
    )


def command_loads(before: Mapping[str, Any], after: Mapping[str, Any], seconds: float) -> list[CommandLoad]:
    """Return the commands that were called between two INFOs, that which took most time first."""
    found: list[tuple[str, int, float, int]] = []
    for name, now in _stats(after, "cmdstat_").items():
        then = _stats(before, "cmdstat_").get(name, {})
        # The counters begin anew with Redis, and with CONFIG RESETSTAT.
        is_anew = now["calls"] < then.get("calls", 0)
        base: Mapping[str, Any] = {} if is_anew else then
        calls = int(now["calls"] - base.get("calls", 0))
        if calls <= 0 or (name in OWN_COMMANDS and calls <= 2):
            continue
        failed = sum(int(now.get(key, 0) - base.get(key, 0)) for key in ("rejected_calls", "failed_calls"))
        found.append((name, calls, float(now["usec"] - base.get("usec", 0)), failed))
    total = sum(usec for _, _, usec, _ in found) or 1.0
    tails = _stats(after, "latency_percentiles_usec_")
    return [
        CommandLoad(
            command=name.replace("|", " ").upper(),
            calls=calls,
            calls_per_second=round(calls / seconds, 2),
            us_per_call=round(usec / calls, 2),
            share=round(usec / total, 4),
            busy_share=round(usec / MICROSECONDS / seconds, 5),
            failed=failed,
            p99_us=_p99(tails.get(name)),
        )
        for name, calls, usec, failed in sorted(found, key=lambda each: (-each[2], -each[1], each[0]))
    ]


def client_groups(clients: Sequence[Mapping[str, str]]) -> list[ClientGroup]:
    """Return the clients by name, the most connections first. Those without a name go by their library."""
    counts: Counter[str] = Counter()
    subscribed: Counter[str] = Counter()
    blocked: Counter[str] = Counter()
    buffered: Counter[str] = Counter()
    for client in clients:
        name = client.get("name") or client.get("lib-name") or "no name"
        counts[name] += 1
        subscriptions = sum(_whole(client.get(key)) for key in ("sub", "psub", "ssub"))
        subscribed[name] += subscriptions > 0
        blocked[name] += "b" in client.get("flags", "")
        buffered[name] += _whole(client.get("omem"))
    return [
        ClientGroup(
            name=name,
            connections=count,
            subscribed=subscribed[name],
            blocked=blocked[name],
            buffered_bytes=buffered[name],
        )
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _traffic(before: Mapping[str, Any], after: Mapping[str, Any], seconds: float) -> Traffic:
    def rate(name: str) -> float:
        return round(max(0.0, float(after.get(name, 0)) - float(before.get(name, 0))) / seconds, 2)

    busy = sum(
        float(after.get(name, 0)) - float(before.get(name, 0)) for name in ("used_cpu_sys", "used_cpu_user")
    )
    keys = _keys(after)
    return Traffic(
        commands_per_second=rate("total_commands_processed"),
        received_bytes_per_second=rate("total_net_input_bytes"),
        sent_bytes_per_second=rate("total_net_output_bytes"),
        keys=keys,
        keys_added=keys - _keys(before),
        expired_per_second=rate("expired_keys"),
        evicted_per_second=rate("evicted_keys"),
        hits_per_second=rate("keyspace_hits"),
        misses_per_second=rate("keyspace_misses"),
        busy_share=round(max(0.0, busy) / seconds, 4),
    )


def _stats(info: Mapping[str, Any], prefix: str) -> dict[str, dict[str, Any]]:
    return {
        name.removeprefix(prefix): value
        for name, value in info.items()
        if name.startswith(prefix) and isinstance(value, dict)
    }


def _p99(percentiles: Mapping[str, Any] | None) -> float | None:
    found = None if percentiles is None else percentiles.get("p99")
    return None if found is None else float(found)


def _keys(info: Mapping[str, Any]) -> int:
    return sum(int(value["keys"]) for value in _stats(info, "db").values() if "keys" in value)


def _whole(text: str | None) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else 0
