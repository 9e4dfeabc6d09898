"""The pools of all processes together, against the connections that Postgres gives."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from server.database.core.pool import SYSTEM_CONNECTIONS
from server.doctor.subjects.postgres import Connections
from server.doctor.subjects.processes import ProcessFacts
from server.doctor.verdicts import Severity, Verdict
from server.work.serving import POOL_CONNECTIONS

LISTENERS_OF_WEB: Final = 1


class Demand(Struct, frozen=True, kw_only=True):
    """How many connections our processes may open. ``web`` and ``workers`` count processes of all
    machines.
    """

    web: int
    workers: int
    connections: int


def demand_of(
    processes: Sequence[ProcessFacts], *, pool_max: int, listeners: int | None, workers_alive: int | None
) -> Demand:
    """Return what all processes may ask for together.

    Web processes of other machines are known by their listeners in Postgres and are taken to have
    ``pool_max``, workers by their heartbeat in Redis.
    """
    web = [process for process in processes if process.kind == "web"]
    own = sum(_most(process, pool_max) for process in web)
    count = max(len(web), listeners or 0)
    workers = max(sum(process.kind == "worker" for process in processes), workers_alive or 0)
    each = SYSTEM_CONNECTIONS + LISTENERS_OF_WEB
    return Demand(
        web=count,
        workers=workers,
        connections=own + (count - len(web)) * pool_max + count * each + workers * POOL_CONNECTIONS,
    )


def judge_demand(demand: Demand, limit: Connections) -> list[Verdict]:
    """Return whether Postgres can give what all processes may ask for, beside who else is connected."""
    others = max(0, limit.used - limit.ours)
    room = limit.free_for_all - others
    if demand.connections <= room:
        return []
    beyond = demand.connections > limit.free_for_all
    beside = f", and {others} are used by others" if others else ""
    return [
        Verdict(
            check="pool.over_limit",
            severity=Severity.FAULT if beyond else Severity.WARNING,
            says=f"{demand.web} web processes and {demand.workers} workers may open {demand.connections}"
            f" connections, but Postgres gives {limit.free_for_all}{beside}: under load some are refused",
            remedy=f"Set DEAL_POOL_MAX to {_fitting(demand, room)} or less, raise max_connections, or put a"
            " pooler in front.",
        )
    ]


def _most(process: ProcessFacts, pool_max: int) -> int:
    pool = None if process.vitals is None else process.vitals.pool
    return pool.max if pool is not None and pool.max else pool_max


def _fitting(demand: Demand, room: int) -> int:
    """Return the largest pool of each web process that fits."""
    fixed = demand.web * (SYSTEM_CONNECTIONS + LISTENERS_OF_WEB) + demand.workers * POOL_CONNECTIONS
    return max(1, (room - fixed) // max(1, demand.web))
