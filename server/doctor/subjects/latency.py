"""Round trips: percentiles, and what they add to a search's first matches."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import BUDGET_MS, STOPPED_MS, Severity, Verdict

POSTGRES_TRIPS: Final = 3
REDIS_TRIPS: Final = 2
"""Round trips between ``search`` and its first matches, as tests/trips holds them."""

FAULT_SHARE: Final = 0.5
WARNING_SHARE: Final = 0.2
"""Shares of the budget that one dependency's round trips may take, by their median."""


class Latency(Struct, frozen=True, kw_only=True):
    """Round trips of one service, in milliseconds. ``failed`` are those that were not answered in time."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    failed: int = 0


def latency_of(samples_ms: Sequence[float], failed: int = 0) -> Latency | None:
    """Return the percentiles of some round trips; None without any that was answered."""
    if not samples_ms:
        return None
    ordered = sorted(samples_ms)

    def percentile(share: float) -> float:
        return round(ordered[max(0, ceil(share * len(ordered)) - 1)], 3)

    return Latency(
        count=len(ordered),
        p50_ms=percentile(0.5),
        p95_ms=percentile(0.95),
        p99_ms=percentile(0.99),
        max_ms=round(ordered[-1], 3),
        failed=failed,
    )


def judge_latency(service: str, latency: Latency, trips: int) -> list[Verdict]:
    """Return what slow round trips of ``postgres`` or ``redis`` cost a search that makes ``trips``."""
    name = {"postgres": "Postgres", "redis": "Redis"}[service]
    wait_ms = trips * latency.p50_ms
    tail_ms = trips * latency.p99_ms
    if wait_ms >= WARNING_SHARE * BUDGET_MS:
        severity = Severity.FAULT if wait_ms >= FAULT_SHARE * BUDGET_MS else Severity.WARNING
        says = (
            f"a round trip to {name} takes {latency.p50_ms:g} ms (p99 {latency.p99_ms:g}): {trips} of them"
            f" are {wait_ms:.0f} ms of a search's first matches"
        )
    elif tail_ms >= BUDGET_MS:
        severity, wait_ms = Severity.WARNING, tail_ms / 100
        says = (
            f"one round trip to {name} in a hundred takes {latency.p99_ms:g} ms, half of them at most"
            f" {latency.p50_ms:g} ms"
        )
    else:
        return []
    causes = {"redis": ("redis.busy", "redis.slow_commands"), "postgres": ("postgres.connections",)}
    return [
        Verdict(
            check=f"{service}.slow",
            severity=severity,
            says=says,
            remedy=f"Look at the network between this machine and {name} (same zone? a proxy?), then at the"
            f" processor of {name}'s machine.",
            wait_ms=wait_ms,
            explained_by=causes[service],
        )
    ]


def away(service: str, reason: str, remedy: str, node: str = "") -> Verdict:
    """Return the verdict on a service that does not answer, or on one ``node`` of it."""
    name = {"postgres": "Postgres", "redis": "Redis"}[service]
    return Verdict(
        check=f"{service}.away",
        severity=Severity.FAULT,
        about=node,
        says=f"{node or name} is away: {reason}",
        remedy=remedy,
        wait_ms=STOPPED_MS,
        explained_by=("disk.full",),
    )
