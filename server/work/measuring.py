"""The metrics of a worker."""

from collections.abc import Callable, Mapping
from typing import Any

from server.database.core.metered import MeteredPool
from server.database.core.metrics import add_database
from server.log.redis_log import RedisLog
from server.observe.metrics.metrics import Metrics
from server.observe.metrics.process import add_process
from server.observe.metrics.start_up import StartUp
from server.observe.metrics.statements import StatementTimes
from server.observe.probe.loop_watch import LoopWatch
from server.work.figures import WorkFigures


def worker_vitals(figures: WorkFigures, pool: MeteredPool) -> Callable[[], Mapping[str, Any]]:
    """Return what reads a worker's own vital signs, in any thread."""
    return lambda: {
        "pool": pool.figures(),
        "jobs": {
            **figures.jobs,
            "taken_over": figures.taken_over,
            "busy_seconds": round(figures.busy.total, 3),
        },
    }


def worker_metrics(
    figures: WorkFigures,
    *,
    log: RedisLog,
    pool: MeteredPool,
    statements: StatementTimes,
    watch: LoopWatch,
    start: StartUp,
) -> Metrics:
    """Return the metrics of a worker: its jobs, its stores and itself."""
    metrics = Metrics()
    metrics.counter("deal_jobs_total", "Jobs by what became of them", lambda: figures.jobs, "outcome")
    metrics.counter("deal_cars_valued_total", "Cars whose offers were published", lambda: figures.cars)
    metrics.counter(
        "deal_jobs_taken_over_total",
        "Jobs taken over from a worker that did not renew its lease",
        lambda: figures.taken_over,
    )
    metrics.histogram(
        "deal_job_wait_seconds",
        "From the publication of a chunk until a worker took its job",
        lambda: figures.waits,
    )
    metrics.histogram("deal_job_value_seconds", "Computation of a job's offers", lambda: figures.value)
    metrics.histogram(
        "deal_job_seconds",
        "From taking a job until it was settled; the sum is busy time",
        lambda: figures.busy,
    )
    metrics.histogram(
        "deal_script_seconds",
        "How long scripts took in Redis, with the wait for a connection",
        lambda: log.script_seconds,
        "script",
    )
    add_database(metrics, {"stores": pool}, statements)
    add_process(metrics, watch, start)
    return metrics
