"""Our processes on this machine: whether they answer, their event loops, pools and open files."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import STOPPED_MS, Severity, Verdict

BLOCKED_WARNING_MS, BLOCKED_FAULT_MS = 200.0, 500.0
LAG_SECONDS: Final = 60.0
"""Lag is judged once a process has run for so long: its start imports much, and nobody waits for it then."""

LAG_WARNING_MS, LAG_FAULT_MS = 100.0, 500.0
FILES_WARNING, FILES_FAULT = 0.8, 0.95
STACK_FRAMES: Final = 3
WAIT_WARNING_MS, WAIT_FAULT_MS = 20.0, 100.0
"""The mean wait for a database connection, over the waits of the moment that was watched."""


class Loop(Struct, frozen=True, kw_only=True):
    """An event loop: how long it has not turned, where it is if that is long, and its lag of the last
    minute.
    """

    blocked_ms: float = 0.0
    stack: list[str] | None = None
    lag_p50_ms: float | None = None
    lag_p99_ms: float | None = None
    lag_max_ms: float | None = None


class Pool(Struct, frozen=True, kw_only=True):
    """A pool of database connections, with its totals since the process began."""

    size: int = 0
    idle: int = 0
    max: int = 0
    waiting: int = 0
    waits_total: int = 0
    wait_seconds_total: float = 0.0


class Vitals(Struct, frozen=True, kw_only=True):
    """What a process says of itself through its probe socket. What it does not say is None."""

    kind: str
    pid: int
    started_at: float | None = None
    now: float | None = None
    loop: Loop | None = None
    pool: Pool | None = None
    system_pool: Pool | None = None
    cpu_seconds: float | None = None
    rss_bytes: int | None = None
    open_fds: int | None = None
    fd_limit: int | None = None
    redis_connected: bool | None = None
    postgres_connected: bool | None = None
    connections: int | None = None
    sessions: int | None = None

    @property
    def age_seconds(self) -> float | None:
        """How long the process has run, by its own clock."""
        return None if self.now is None or self.started_at is None else self.now - self.started_at


class ProcessFacts(Struct, frozen=True, kw_only=True):
    """A process of this machine. ``vitals`` is None if it did not answer, and ``silence`` says how.

    ``waits`` and ``wait_ms`` are the waits for a connection, and their mean, between two looks;
    ``is_drained`` if no connection was idle at either.
    """

    kind: str
    pid: int
    vitals: Vitals | None = None
    silence: str = ""
    skew_ms: float | None = None
    skew_error_ms: float = 0.0
    cpu_share: float | None = None
    waits: int = 0
    wait_ms: float = 0.0
    is_drained: bool = False

    @property
    def name(self) -> str:
        """The process as a person finds it."""
        return f"{self.kind} {self.pid}"


def judge_processes(processes: Sequence[ProcessFacts], *, listeners: int | None) -> list[Verdict]:
    """Return what is wrong with our processes.

    ``listeners`` is how many web processes Postgres knows, of all machines; None: it was not asked.
    """
    found: list[Verdict] = []
    if not listeners and not any(process.kind == "web" for process in processes):
        found.append(
            Verdict(
                check="process.no_web",
                severity=Severity.FAULT,
                says="no web process runs",
                remedy="Start one: `deal-architect up`, or `deal-architect web`.",
                wait_ms=STOPPED_MS,
                explained_by=("postgres.away", "redis.away"),
            )
        )
    for process in processes:
        if process.vitals is None:
            found.append(_silent(process))
        else:
            found += [
                *_loop(process, process.vitals),
                *_files(process, process.vitals),
                *_disconnected(process, process.vitals),
                *_pools(process, process.vitals),
            ]
    return found


def _silent(process: ProcessFacts) -> Verdict:
    return Verdict(
        check="process.silent",
        severity=Severity.FAULT,
        about=process.name,
        says=f"{process.name} does not answer: {process.silence}",
        remedy=f"Look at its log. A stopped one continues with `kill -CONT {process.pid}`; one that hangs"
        f" ends with `kill {process.pid}`, and `up` starts another.",
        wait_ms=STOPPED_MS,
    )


def _loop(process: ProcessFacts, vitals: Vitals) -> list[Verdict]:
    loop = vitals.loop
    if loop is None:
        return []
    if loop.blocked_ms >= BLOCKED_WARNING_MS:
        innermost = (loop.stack or ["somewhere unseen"])[: -STACK_FRAMES - 1 : -1]
        return [
            Verdict(
                check="process.blocked",
                severity=Severity.FAULT if loop.blocked_ms >= BLOCKED_FAULT_MS else Severity.WARNING,
                about=process.name,
                says=f"the event loop of {process.name} has not turned for {loop.blocked_ms:,.0f} ms, in"
                f" {' < '.join(innermost)}",
                remedy=f"That call must not run in the loop. See all of it: `doctor --profile 5 --pid"
                f" {process.pid}`.",
                wait_ms=loop.blocked_ms,
            )
        ]
    lag = loop.lag_p99_ms or 0.0
    if lag < LAG_WARNING_MS or (vitals.age_seconds or LAG_SECONDS) < LAG_SECONDS:
        return []
    most = "" if loop.lag_max_ms is None else f", up to {loop.lag_max_ms:,.0f}"
    return [
        Verdict(
            check="process.lag",
            severity=Severity.FAULT if lag >= LAG_FAULT_MS else Severity.WARNING,
            about=process.name,
            says=f"the event loop of {process.name} turned {lag:,.0f} ms late (p99 of the last minute{most})",
            remedy=f"See what it computes: `doctor --profile 10 --pid {process.pid}`. If it is simply busy,"
            " start another web process.",
            wait_ms=lag,
            explained_by=("process.blocked",),
        )
    ]


def _files(process: ProcessFacts, vitals: Vitals) -> list[Verdict]:
    if vitals.open_fds is None or not vitals.fd_limit or vitals.fd_limit < 0:
        return []
    share = vitals.open_fds / vitals.fd_limit
    if share < FILES_WARNING:
        return []
    return [
        Verdict(
            check="process.files",
            severity=Severity.FAULT if share >= FILES_FAULT else Severity.WARNING,
            about=process.name,
            says=f"{process.name} has {vitals.open_fds:,} of at most {vitals.fd_limit:,} files open: each"
            " browser is one",
            remedy="Raise the limit (`ulimit -n`, LimitNOFILE), or start another web process.",
        )
    ]


def _disconnected(process: ProcessFacts, vitals: Vitals) -> list[Verdict]:
    lost = [
        name
        for name, is_connected in (("Redis", vitals.redis_connected), ("Postgres", vitals.postgres_connected))
        if is_connected is False
    ]
    return [
        Verdict(
            check="process.disconnected",
            severity=Severity.FAULT,
            about=process.name,
            says=f"{process.name} has lost {name}",
            remedy=f"If {name} is well, look at the process's log and at the network between them.",
            wait_ms=STOPPED_MS,
            explained_by=(f"{name.lower()}.away", "process.blocked"),
        )
        for name in lost
    ]


def _pools(process: ProcessFacts, vitals: Vitals) -> list[Verdict]:
    pool = vitals.pool
    if pool is None:
        return []
    queued = process.is_drained and pool.waiting > 0
    if not process.is_drained and process.wait_ms < WAIT_WARNING_MS:
        return []
    if pool.waiting:
        waits = f"all are in use, callers that wait now: {pool.waiting}"
    elif process.waits:
        waits = f"callers that waited while the doctor looked: {process.waits}"
    else:
        waits = "all are in use"
    mean = f", {process.wait_ms:,.0f} ms on average" if process.wait_ms else ""
    return [
        Verdict(
            check="pool.exhausted",
            severity=Severity.FAULT if queued or process.wait_ms >= WAIT_FAULT_MS else Severity.WARNING,
            about=process.name,
            says=f"the pool of {process.name} is too small, {pool.max} at most: {waits}{mean}",
            remedy="Raise DEAL_POOL_MAX, as far as max_connections allows, or start another web process.",
            wait_ms=max(process.wait_ms, WAIT_FAULT_MS if queued else 0.0),
            explained_by=(
                "locks.held",
                "indexes.missing",
                "plans.scan",
                "postgres.away",
                "postgres.slow",
                "process.blocked",
                "pool.over_limit",
            ),
        )
    ]
