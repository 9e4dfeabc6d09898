"""Postgres: whether it serves, what its settings risk, and how its connections are used."""

from typing import Final

from msgspec import Struct

from server.doctor.verdicts import STOPPED_MS, Severity, Verdict

WRAPAROUND_WARNING, WRAPAROUND_FAULT = 1_000_000_000, 1_800_000_000
"""Transactions since the oldest frozen one. At 2^31 less some millions Postgres takes no more writes."""

CONNECTIONS_WARNING, CONNECTIONS_FAULT = 0.8, 0.95
SMALL_BUFFERS_BYTES: Final = 64 * 2**20
SMALL_WORK_MEM_BYTES: Final = 2**20


class Connections(Struct, frozen=True, kw_only=True):
    """Client connections of the whole server. ``ours`` have our name, ``listeners`` one for each web
    process.
    """

    most: int
    reserved: int
    used: int
    ours: int
    listeners: int

    @property
    def free_for_all(self) -> int:
        """How many connections plain roles can have."""
        return self.most - self.reserved


class PostgresFacts(Struct, frozen=True, kw_only=True):
    """What a Postgres server says of itself. Settings of the session are those that the application gets."""

    version: str
    version_number: int
    revision: str | None
    newest_revision: str
    in_recovery: bool
    connections: Connections
    statement_timeout_ms: int
    jit: bool
    fsync: bool
    full_page_writes: bool
    synchronous_commit: str
    shared_buffers_bytes: int
    work_mem_bytes: int
    autovacuum: bool
    transactions_since_freeze: int


def judge_postgres(facts: PostgresFacts) -> list[Verdict]:
    """Return what is wrong with a Postgres server and its settings."""
    return [
        *_serving(facts),
        *_schema(facts),
        *_connections(facts.connections),
        *_durability(facts),
        *_session(facts),
        *_memory(facts),
    ]


def _serving(facts: PostgresFacts) -> list[Verdict]:
    found = []
    if facts.in_recovery:
        found.append(
            Verdict(
                check="postgres.read_only",
                severity=Severity.FAULT,
                says="Postgres is a standby or is recovering: it takes no writes",
                remedy="Name the primary in DATABASE_URL, or wait until it has recovered.",
                wait_ms=STOPPED_MS,
            )
        )
    if facts.transactions_since_freeze >= WRAPAROUND_WARNING:
        is_near = facts.transactions_since_freeze >= WRAPAROUND_FAULT
        found.append(
            Verdict(
                check="postgres.wraparound",
                severity=Severity.FAULT if is_near else Severity.WARNING,
                says=f"{facts.transactions_since_freeze:,} transactions since the oldest frozen row: at about"
                " 2,100,000,000 Postgres takes no more writes",
                remedy="Find what holds vacuum back (a long transaction, an abandoned replication slot or"
                " prepared transaction), then run `VACUUM FREEZE` on the whole database.",
            )
        )
    return found


def _schema(facts: PostgresFacts) -> list[Verdict]:
    if facts.revision == facts.newest_revision:
        return []
    if facts.revision is None:
        says, remedy = "the database has no schema", "Run `deal-architect migrate`."
    elif facts.revision < facts.newest_revision:
        says = f"the schema is at revision {facts.revision}, this release needs {facts.newest_revision}"
        remedy = "Run `deal-architect migrate`."
    else:
        says = (
            f"the schema is at revision {facts.revision}, but this release knows none after"
            f" {facts.newest_revision}"
        )
        remedy = "Run the release that migrated it, or a newer one."
    return [
        Verdict(check="schema.old", severity=Severity.FAULT, says=says, remedy=remedy, wait_ms=STOPPED_MS)
    ]


def _connections(found: Connections) -> list[Verdict]:
    share = found.used / max(1, found.free_for_all)
    if share < CONNECTIONS_WARNING:
        return []
    return [
        Verdict(
            check="postgres.connections",
            severity=Severity.FAULT if share >= CONNECTIONS_FAULT else Severity.WARNING,
            says=f"{found.used} of the {found.free_for_all} connections that Postgres gives plain roles are"
            f" in use, {found.ours} of them by this program: more are refused at the end",
            remedy="End what is not needed, raise max_connections, or put a pooler in front.",
            wait_ms=STOPPED_MS if share >= 1 else 0.0,
        )
    ]


def _durability(facts: PostgresFacts) -> list[Verdict]:
    off = [
        name
        for name, is_on in (("fsync", facts.fsync), ("full_page_writes", facts.full_page_writes))
        if not is_on
    ]
    if off:
        return [
            Verdict(
                check="postgres.durability",
                severity=Severity.WARNING,
                about=", ".join(off),
                says=f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off: a crash of the machine can"
                " destroy the database",
                remedy="Turn it on. It is the disk that must be faster.",
            )
        ]
    if facts.synchronous_commit == "off":
        return [
            Verdict(
                check="postgres.durability",
                severity=Severity.WARNING,
                about="synchronous_commit",
                says="synchronous_commit is off: a crash can lose decisions that people saw confirmed",
                remedy="Set synchronous_commit to on.",
            )
        ]
    return []


def _session(facts: PostgresFacts) -> list[Verdict]:
    found = []
    if facts.statement_timeout_ms == 0:
        found.append(
            Verdict(
                check="postgres.timeout",
                severity=Severity.WARNING,
                says="the application's statements have no timeout, although it asks for one",
                remedy="A pooler drops start-up settings: set it for the role (`ALTER ROLE deal_app SET"
                " statement_timeout = '10s'`).",
            )
        )
    if facts.jit:
        found.append(
            Verdict(
                check="postgres.jit",
                severity=Severity.WARNING,
                says="jit is on for the application's sessions, although it asks for off: compiling takes"
                " longer than these queries",
                remedy="Set `ALTER ROLE deal_app SET jit = off`.",
                wait_ms=20.0,
            )
        )
    return found


def _memory(facts: PostgresFacts) -> list[Verdict]:
    small = []
    if facts.shared_buffers_bytes < SMALL_BUFFERS_BYTES:
        small.append(
            f"shared_buffers is {facts.shared_buffers_bytes // 2**20} MiB (a quarter of memory is usual)"
        )
    if facts.work_mem_bytes < SMALL_WORK_MEM_BYTES:
        small.append(f"work_mem is {facts.work_mem_bytes // 1024} KiB (4 MiB is usual)")
    if not small:
        return []
    return [
        Verdict(
            check="postgres.memory",
            severity=Severity.NOTE,
            says=" and ".join(small),
            remedy="Raise it if reads or sorts go to the disk.",
        )
    ]
