"""The queue of chunks to value: how much waits, since when, and whether anybody works on it."""

from typing import Final

from msgspec import Struct

from server.doctor.verdicts import STOPPED_MS, Severity, Verdict
from server.work.queue import MAX_JOBS

ALIVE_MS: Final = 10_000
"""A worker contacts Redis at least once a second. The queue's scripts use the same bound."""

OLD_WARNING_MS: Final = 2_000.0
OLD_FAULT_MS: Final = 10_000.0
FULL_SHARE: Final = 0.8
RECENT_SECONDS: Final = 3_600.0


class QueueFacts(Struct, frozen=True, kw_only=True):
    """The queue by Redis's clock. ``depth`` are jobs that are not settled; ``held`` are those with a worker.

    ``expired`` are held ones whose lease has run out. ``oldest_ms`` is None without jobs.
    """

    depth: int = 0
    held: int = 0
    oldest_ms: float | None = None
    expired: int = 0
    workers_alive: int = 0
    workers_gone: int = 0
    dead_letters: int = 0
    last_dead_seconds_ago: float | None = None
    last_dead_reason: str = ""


def judge_queue(facts: QueueFacts) -> list[Verdict]:
    """Return what is wrong with the queue and its workers."""
    return [*_workers(facts), *_full(facts), *_age(facts), *_expired(facts), *_dead(facts)]


def _workers(facts: QueueFacts) -> list[Verdict]:
    if facts.workers_alive:
        return []
    gone = f" ({facts.workers_gone} were there before)" if facts.workers_gone else ""
    return [
        Verdict(
            check="process.no_worker",
            severity=Severity.FAULT,
            says=f"no worker is alive{gone}: cars are found, but never valued",
            remedy="Start one: `deal-architect worker`; `up` starts them, and its output says why one ended.",
            wait_ms=STOPPED_MS,
            explained_by=("redis.away", "postgres.away"),
        )
    ]


def _full(facts: QueueFacts) -> list[Verdict]:
    if facts.depth < FULL_SHARE * MAX_JOBS:
        return []
    return [
        Verdict(
            check="queue.full",
            severity=Severity.FAULT if facts.depth >= MAX_JOBS else Severity.WARNING,
            says=f"{facts.depth:,} jobs are in the queue, which takes {MAX_JOBS:,} at most",
            remedy="Start more workers, on this machine or another one.",
            wait_ms=facts.oldest_ms or 0.0,
            explained_by=("process.no_worker", "process.silent", "redis.slow"),
        )
    ]


def _age(facts: QueueFacts) -> list[Verdict]:
    age = facts.oldest_ms or 0.0
    if age < OLD_WARNING_MS:
        return []
    return [
        Verdict(
            check="queue.old",
            severity=Severity.FAULT if age >= OLD_FAULT_MS else Severity.WARNING,
            says=f"the oldest of {facts.depth:,} jobs waits for {age / 1000:.1f} s, with"
            f" {facts.workers_alive} workers alive",
            remedy="Start more workers, if their processors are busy; else look at what holds them up.",
            wait_ms=age,
            explained_by=("process.no_worker", "process.silent", "process.blocked", "redis.slow"),
        )
    ]


def _expired(facts: QueueFacts) -> list[Verdict]:
    if not facts.expired:
        return []
    one = facts.expired == 1
    return [
        Verdict(
            check="queue.expired",
            severity=Severity.WARNING,
            says=f"{facts.expired} job{' has' if one else 's have'} an expired lease: the worker that took"
            f" {'it' if one else 'them'} is gone or hangs",
            remedy="Another worker takes it over within seconds; if not, none is alive.",
            explained_by=("process.no_worker", "process.silent", "process.blocked"),
        )
    ]


def _dead(facts: QueueFacts) -> list[Verdict]:
    if not facts.dead_letters:
        return []
    ago = facts.last_dead_seconds_ago
    is_recent = ago is not None and ago < RECENT_SECONDS
    last = "" if ago is None else f", the last one {ago / 60:.0f} min ago: {facts.last_dead_reason}"
    return [
        Verdict(
            check="queue.dead",
            severity=Severity.WARNING if is_recent else Severity.NOTE,
            says=f"{facts.dead_letters:,} jobs were given up{last}",
            remedy="Look for `job failed` in the workers' logs. The cars of such a chunk show no value;"
            " a new search values them again.",
        )
    ]
