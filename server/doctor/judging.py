"""From what was measured to verdicts. Pure."""

from collections.abc import Mapping

from server.doctor.report import Measured
from server.doctor.subjects.clocks import Clock, judge_clocks
from server.doctor.subjects.disks import judge_disks
from server.doctor.subjects.indexes import Index, judge_indexes
from server.doctor.subjects.latency import POSTGRES_TRIPS, REDIS_TRIPS, judge_latency
from server.doctor.subjects.locks import judge_locks
from server.doctor.subjects.plans import judge_plans
from server.doctor.subjects.pools import judge_demand
from server.doctor.subjects.postgres import judge_postgres
from server.doctor.subjects.processes import ProcessFacts, judge_processes
from server.doctor.subjects.queue import judge_queue
from server.doctor.subjects.redis import judge_redis
from server.doctor.subjects.replicas import judge_replicas
from server.doctor.subjects.statistics import judge_statistics
from server.doctor.verdicts import Verdict


def judge(
    measured: Measured, *, expected: Mapping[str, Index], present: Mapping[str, Index] | None
) -> list[Verdict]:
    """Return all verdicts on what was measured, in no order. ``present`` is None if no index was seen."""
    found = [*judge_disks(measured.disks), *judge_clocks(measured.clocks)]
    postgres, rows = measured.postgres, {table.name: table.rows for table in measured.tables}
    listeners = None if postgres is None else postgres.connections.listeners
    found += judge_processes(measured.processes, listeners=listeners)
    if postgres is not None:
        found += judge_postgres(postgres)
        if measured.demand is not None:
            found += judge_demand(measured.demand, postgres.connections)
    if measured.tables:
        found += judge_statistics(measured.tables, autovacuum=postgres is None or postgres.autovacuum)
    has_schema = postgres is None or postgres.revision == postgres.newest_revision
    if present is not None and has_schema:
        found += judge_indexes(expected, present, rows)
    found += judge_locks(measured.transactions)
    found += judge_plans(measured.plans, rows)
    for node in (measured.redis, *measured.redis_nodes):
        if node is not None:
            found += judge_redis(node)
    if measured.replicas is not None:
        found += judge_replicas(measured.replicas)
    if measured.queue is not None:
        found += judge_queue(measured.queue)
    if measured.redis_latency is not None:
        found += judge_latency("redis", measured.redis_latency, REDIS_TRIPS)
    if measured.postgres_latency is not None:
        found += judge_latency("postgres", measured.postgres_latency, POSTGRES_TRIPS)
    return found


def clock_of(process: ProcessFacts) -> Clock | None:
    """Return a process's clock; None if it did not tell the time."""
    if process.skew_ms is None:
        return None
    return Clock(name=process.name, ahead_ms=process.skew_ms, error_ms=process.skew_error_ms)
