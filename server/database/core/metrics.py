"""The metrics of a process's connections to PostgreSQL."""

from collections.abc import Mapping

from server.database.core.metered import MeteredPool
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
