"""The doctor's report: what ``doctor --json`` prints. Version 1 grows only by additions."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from server.doctor.subjects.clocks import Clock
from server.doctor.subjects.disks import Disk
from server.doctor.subjects.latency import Latency
from server.doctor.subjects.locks import OpenTransaction
from server.doctor.subjects.plans import Plan
from server.doctor.subjects.pools import Demand
from server.doctor.subjects.postgres import PostgresFacts
from server.doctor.subjects.processes import ProcessFacts
from server.doctor.subjects.queue import QueueFacts
from server.doctor.subjects.redis_facts import RedisFacts
from server.doctor.subjects.replicas import Followed
from server.doctor.subjects.statistics import Table
from server.doctor.verdicts import Severity, Verdict, exit_code, ranked, worst

VERSION: Final = 1


class Measured(Struct, frozen=True, kw_only=True):
    """What was measured. What could not be is None, or empty, and ``Report.unseen`` says why."""

    postgres: PostgresFacts | None = None
    postgres_latency: Latency | None = None
    redis: RedisFacts | None = None
    redis_nodes: tuple[RedisFacts, ...] = ()
    redis_latency: Latency | None = None
    queue: QueueFacts | None = None
    processes: tuple[ProcessFacts, ...] = ()
    demand: Demand | None = None
    tables: tuple[Table, ...] = ()
    transactions: tuple[OpenTransaction, ...] = ()
    plans: tuple[Plan, ...] = ()
    clocks: tuple[Clock, ...] = ()
    disks: tuple[Disk, ...] = ()
    indexes: int | None = None
    replicas: Followed | None = None


class Finding(Struct, frozen=True, kw_only=True):
    """A verdict in its place. ``wait_ms`` is how long a person waits because of it, ``share`` that wait over
    the 100 ms that people take as at once. ``about`` names the table, process or setting.
    """

    check: str
    severity: Severity
    about: str
    says: str
    remedy: str
    wait_ms: float
    share: float


class Report(Struct, frozen=True, kw_only=True):
    """The outcome of an examination. ``worst`` is None if nothing was found; ``unseen`` are probes without an
    answer, and why.
    """

    version: int = VERSION
    at: dt.datetime
    seconds: float
    worst: Severity | None
    exit_code: int
    findings: list[Finding] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    measured: Measured = field(default_factory=Measured)


def report_of(
    verdicts: Sequence[Verdict],
    measured: Measured,
    *,
    at: dt.datetime,
    seconds: float,
    unseen: Sequence[str] = (),
) -> Report:
    """Return the report on some verdicts, in order."""
    return Report(
        at=at,
        seconds=round(seconds, 3),
        worst=worst(verdicts),
        exit_code=int(exit_code(verdicts)),
        findings=[
            Finding(
                check=verdict.check,
                severity=verdict.severity,
                about=verdict.about,
                says=verdict.says,
                remedy=verdict.remedy,
                wait_ms=round(verdict.wait_ms, 1),
                share=round(verdict.share, 3),
            )
            for verdict in ranked(verdicts)
        ],
        unseen=list(unseen),
        measured=measured,
    )
