"""What is known of one Redis server, as the doctor judges it."""

from typing import Final

from msgspec import Struct

NO_EVICTION: Final = "noeviction"


class SlowCommand(Struct, frozen=True, kw_only=True):
    """One entry of the slow log. ``command`` is its name, or that of our script; never an argument."""

    seconds_ago: float
    ms: float
    command: str


class LatencyEvent(Struct, frozen=True, kw_only=True):
    """The worst of one kind of event that Redis's own latency monitor saw."""

    event: str
    max_ms: int


class RedisFacts(Struct, frozen=True, kw_only=True):
    """What a Redis server says of itself. None: it does not tell us.

    ``node`` is the place of a master if REDIS_URL names a cluster.
    """

    version: str
    node: str = ""
    server: str = "redis"
    role: str = "master"
    loading: bool = False
    uptime_seconds: int = 0
    cluster: bool = False
    cluster_size: int = 0
    cluster_state: str = "ok"
    policy: str = NO_EVICTION
    max_bytes: int = 0
    used_bytes: int = 0
    evicted_keys: int = 0
    evicted_now: int = 0
    clients: int = 0
    blocked_clients: int = 0
    max_clients: int | None = None
    rejected_connections: int = 0
    pubsub_limit: tuple[int, int, int] | None = None
    aof: bool = False
    aof_fsync: str | None = None
    aof_failed: bool = False
    rdb_rules: str | None = None
    rdb_failed: bool = False
    stops_on_rdb_failure: bool | None = None
    cpu_share: float | None = None
    slow: tuple[SlowCommand, ...] = ()
    slow_log_ms: float | None = None
    latency_monitor_ms: int | None = None
    latency_events: tuple[LatencyEvent, ...] = ()
    keys: int = 0
