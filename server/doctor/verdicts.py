"""Verdicts and their order: the likeliest bottleneck first. Pure.

The order is by severity, then by how long people wait because of it. A verdict that another one explains
comes right after that one, and the cause counts as much as the worst of its symptoms. So a dropped index
comes before the scan that it leaves, and a held lock before the pool that it drains.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

BUDGET_MS: Final = 100.0
"""What people take as "at once". A verdict's ``share`` is its wait over this."""

STOPPED_MS: Final = 60_000.0
"""The wait that counts for what does not work at all."""


class Severity(StrEnum):
    """How bad it is. A note asks for nothing, a warning for a look, a fault for action."""

    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"

    @property
    def rank(self) -> int:
        """Its place among the others; the worst is the highest."""
        return list(Severity).index(self)


class Exit(IntEnum):
    """The exit codes. 1 says that the doctor could not look at all, 2 that its options were unusable."""

    FINE = 0
    WARNINGS = 3
    FAULTS = 4


CHECKS: Final[dict[str, str]] = {
    "disk.full": "no space, or no inodes, where data is written",
    "disk.low": "little space left",
    "postgres.away": "Postgres refuses connections or does not answer",
    "redis.away": "Redis refuses connections or does not answer",
    "clock.off": "a clock differs from the others",
    "schema.old": "the schema is not at this release's revision",
    "postgres.read_only": "Postgres takes no writes",
    "postgres.wraparound": "transaction numbers run out",
    "process.blocked": "an event loop does not turn",
    "process.silent": "a process does not answer",
    "process.no_worker": "nobody computes values",
    "process.no_web": "nobody serves",
    "redis.cluster": "a cluster of which only one node is named, or whose slots are not all served",
    "redis.refuses_writes": "Redis refuses writes",
    "redis.evicting": "Redis deletes keys to make room",
    "redis.memory": "Redis's memory is nearly full, or has no limit",
    "redis.policy": "Redis may delete keys",
    "redis.busy": "Redis's only thread is busy",
    "redis.clients": "Redis's clients are near their limit",
    "redis.slow_commands": "commands that held Redis up",
    "redis.buffers": "subscribers are cut off early",
    "redis.persistence": "Redis writes to disk what nobody needs",
    "redis.version": "a version that gets no fixes, or is too old",
    "locks.held": "a transaction holds what others wait for",
    "locks.idle": "a transaction is open and does nothing",
    "locks.long": "a transaction is open for long",
    "look.partial": "a probe failed or ran out of time",
    "indexes.missing": "an index of the schema is missing or invalid",
    "indexes.different": "an index is not as the schema makes it",
    "indexes.extra": "an index that the schema does not have",
    "statistics.autovacuum": "nothing keeps the statistics fresh",
    "statistics.never": "the planner knows nothing of a table",
    "statistics.stale": "the planner's figures of a table are old",
    "statistics.dead_rows": "dead rows that every scan reads",
    "plans.scan": "a query on the hot path reads a whole table",
    "plans.sort": "a query on the hot path sorts what an index has in order",
    "plans.failed": "a query on the hot path does not run",
    "plans.slow": "a query on the hot path took long (with --analyze)",
    "postgres.connections": "Postgres's connections are near their limit",
    "postgres.slow": "round trips to Postgres are slow",
    "redis.slow": "round trips to Redis are slow",
    "replica.away": "a replica that searches should read from does not answer",
    "replica.foreign": "an address of replicas names something else",
    "replica.behind": "a replica is too far behind for searches",
    "pool.over_limit": "all pools together exceed what Postgres takes",
    "pool.exhausted": "work waits for a database connection",
    "postgres.durability": "a crash of Postgres can lose or damage data",
    "postgres.timeout": "statements have no timeout",
    "postgres.jit": "plans are compiled",
    "postgres.memory": "memory settings",
    "process.lag": "an event loop turns late",
    "process.disconnected": "a process has lost a dependency",
    "process.files": "a process is near its limit of open files",
    "queue.full": "the queue refuses jobs",
    "queue.old": "jobs wait for long",
    "queue.expired": "jobs whose worker is gone",
    "queue.dead": "jobs that were given up",
}
"""Every check with its meaning. A cause comes before its symptoms, so that no two explain each other."""

_PLACES: Final = {check: place for place, check in enumerate(CHECKS)}


class Verdict(Struct, frozen=True, kw_only=True):
    """One finding. ``about`` names the table, process or setting; ``wait_ms`` is how long a person waits
    because of it, as far as that can be estimated.

    ``explained_by`` are the checks, or ``check/about``, whose verdict explains this one if there is one.
    """

    check: str
    severity: Severity
    says: str
    remedy: str
    about: str = ""
    wait_ms: float = 0.0
    explained_by: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The wait over the budget."""
        return self.wait_ms / BUDGET_MS


def ranked(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts in order: causes before their symptoms, otherwise the worst first."""
    ordered: list[Verdict] = sorted(verdicts, key=_place)
    parents = [_cause_of(verdict, ordered) for verdict in ordered]
    weights = [_weight(verdict) for verdict in ordered]
    # A symptom's place is behind its cause's, so each cause is complete before its own cause reads it.
    for place in range(len(ordered) - 1, -1, -1):
        parent = parents[place]
        if parent is not None:
            weights[parent] = max(weights[parent], weights[place])
    found: list[Verdict] = []

    def add(parent: int | None) -> None:
        places = [place for place, cause in enumerate(parents) if cause == parent]
        for place in sorted(places, key=lambda each: (weights[each], -each), reverse=True):
            found.append(ordered[place])
            add(place)

    add(None)
    return found


def worst(verdicts: Sequence[Verdict]) -> Severity | None:
    """Return the worst severity; None without verdicts."""
    return max((verdict.severity for verdict in verdicts), key=lambda each: each.rank, default=None)


def exit_code(verdicts: Sequence[Verdict]) -> Exit:
    """Return the exit code that says the worst of the verdicts."""
    codes = {Severity.FAULT: Exit.FAULTS, Severity.WARNING: Exit.WARNINGS}
    found = worst(verdicts)
    return Exit.FINE if found is None else codes.get(found, Exit.FINE)


def _place(verdict: Verdict) -> tuple[object, ...]:
    return (
        *(_PLACES[verdict.check], verdict.about, verdict.says, verdict.severity, verdict.wait_ms),
        *(verdict.remedy, verdict.explained_by),
    )


def _weight(verdict: Verdict) -> tuple[int, float]:
    return verdict.severity.rank, verdict.wait_ms


def _cause_of(verdict: Verdict, ordered: Sequence[Verdict]) -> int | None:
    """Return the place of the weightiest verdict that explains this one; None if there is none."""
    candidates = [
        place
        for place, other in enumerate(ordered)
        if _PLACES[other.check] < _PLACES[verdict.check]
        and (other.check in verdict.explained_by or f"{other.check}/{other.about}" in verdict.explained_by)
        and other.severity is not Severity.NOTE
    ]
    return max(candidates, key=lambda place: (_weight(ordered[place]), -place), default=None)
