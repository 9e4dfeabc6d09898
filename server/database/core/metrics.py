"""The metrics of a process's connections to PostgreSQL."""

from collections.abc import Mapping

from server.database.core.metered import MeteredPool
from server.database.core.standbys.replicas import Replicas
from server.observe.metrics.metrics import Metrics
from server.observe.metrics.statements import StatementTimes


def add_database(metrics: Metrics, pools: Mapping[str, MeteredPool], statements: StatementTimes) -> None:
    """Declare the state of each pool, the waits for its connections, and the times of statements."""

    def connections() -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for name, pool in pools.items():
            idle = pool.get_idle_size()
            found[name, "idle"], found[name, "used"] = idle, max(0, pool.get_size() - idle)
        return found

    metrics.gauge("deal_pool_connections", "Connections to PostgreSQL", connections, "pool", "state")
    metrics.gauge(
        "deal_pool_max_connections",
        "How many connections a pool may have",
        lambda: {name: pool.get_max_size() for name, pool in pools.items()},
        "pool",
    )
    metrics.gauge(
        "deal_pool_waiting",
        "Callers that wait for a connection now",
        lambda: {name: pool.waiting for name, pool in pools.items()},
        "pool",
    )
    metrics.histogram(
        "deal_pool_wait_seconds",
        "How long callers waited for a connection",
        lambda: {name: pool.waits for name, pool in pools.items()},
        "pool",
    )
    metrics.histogram(
        "deal_statement_seconds",
        "How long statements took, by the function that sent them",
        lambda: statements.seconds,
        "statement",
    )
    metrics.counter(
        "deal_statement_failures_total",
        "Statements that failed, by the function that sent them",
        lambda: statements.failures,
        "statement",
    )


def add_replicas(metrics: Metrics, replicas: Replicas) -> None:
    """Declare which database answered searches, and how the replicas are."""
    metrics.counter(
        "deal_search_snapshots_total",
        "Snapshots that searches read, by the database; primary if no replica was fit",
        lambda: {"primary": replicas.on_primary, **{one.name: one.reads for one in replicas.all}},
        "database",
    )
    metrics.gauge(
        "deal_replica_fit",
        "Whether searches read from a replica (1) or not (0)",
        lambda: {one.name: int(one.is_fit) for one in replicas.all},
        "replica",
    )
    metrics.gauge(
        "deal_replica_lag_seconds",
        "How old the state is that a replica shows; -1 if nobody knows",
        lambda: {one.name: one.lag_seconds for one in replicas.all},
        "replica",
    )
    metrics.gauge(
        "deal_replica_lag_bytes",
        "How much of the primary's log a replica has yet to apply; -1 if nobody knows",
        lambda: {one.name: one.lag_bytes for one in replicas.all},
        "replica",
    )

    def refusals() -> dict[tuple[str, ...], float]:
        return {
            (one.name, reason): count for one in replicas.all for reason, count in list(one.refusals.items())
        }

    metrics.counter(
        "deal_replica_refusals_total",
        "Reads of searches that a replica could not answer, by reason",
        refusals,
        *("replica", "reason"),
    )
