"""What the planner knows of each table, and the dead rows that every scan reads."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import Severity, Verdict

LEAST_ROWS: Final = 1_000
"""Smaller tables are read whole, whatever the planner believes."""

STALE_SHARE: Final = 0.2
STALE_ROWS: Final = 500
STALE_SECONDS: Final = 600.0
"""Statistics are stale if this share of a table changed and autovacuum had this time to come, or never
comes.
"""

DEAD_SHARE: Final = 0.3
DEAD_ROWS: Final = 10_000


class Table(Struct, frozen=True, kw_only=True):
    """A table's figures. ``planned_rows`` is -1 if it was never analysed; ``analysed_seconds_ago`` None
    likewise.

    ``autovacuum`` says whether this table is left to it.
    """

    name: str
    bytes: int
    planned_rows: int
    live_rows: int
    dead_rows: int
    changed_rows: int
    analysed_seconds_ago: float | None
    autovacuum: bool = True

    @property
    def rows(self) -> int:
        """Its rows, as far as anyone knows."""
        return max(self.planned_rows, self.live_rows, 0)


def judge_statistics(tables: Sequence[Table], *, autovacuum: bool) -> list[Verdict]:
    """Return the tables of which the planner knows nothing, or old figures, and those full of dead rows."""
    found: list[Verdict] = []
    if not autovacuum:
        found.append(
            Verdict(
                check="statistics.autovacuum",
                severity=Severity.WARNING,
                says="autovacuum is off: statistics grow old and dead rows stay",
                remedy="Set autovacuum to on.",
            )
        )
    for table in tables:
        found += _planner(table, autovacuum=autovacuum and table.autovacuum)
        found += _dead(table)
    return found


def _planner(table: Table, *, autovacuum: bool) -> list[Verdict]:
    if table.rows < LEAST_ROWS:
        return []
    remedy = f"ANALYZE {table.name};"
    if not table.autovacuum:
        remedy += f" ALTER TABLE {table.name} RESET (autovacuum_enabled);"
    if table.planned_rows < 0:
        return [
            Verdict(
                check="statistics.never",
                severity=Severity.FAULT,
                about=table.name,
                says=f"{table.name} has about {table.rows:,} rows and was never analyzed: the planner"
                " guesses",
                remedy=remedy,
                wait_ms=table.rows / 1000,
                explained_by=("statistics.autovacuum",),
            )
        ]
    ago = table.analysed_seconds_ago
    is_old = not autovacuum or ago is None or ago >= STALE_SECONDS
    if table.changed_rows < STALE_ROWS + STALE_SHARE * table.rows or not is_old:
        return []
    since = "since its last analysis" if ago is None else f"since its analysis {_ago(ago)} ago"
    is_far = table.changed_rows >= table.rows * 0.5
    return [
        Verdict(
            check="statistics.stale",
            severity=Severity.FAULT if is_far else Severity.WARNING,
            about=table.name,
            says=f"{table.changed_rows:,} of {table.name}'s {table.rows:,} rows changed {since}: the planner"
            f" reckons with {table.planned_rows:,}"
            + ("" if autovacuum else ", and autovacuum does not come"),
            remedy=remedy,
            wait_ms=table.rows / 1000,
            explained_by=("statistics.autovacuum",),
        )
    ]


def _dead(table: Table) -> list[Verdict]:
    if table.dead_rows < DEAD_ROWS + DEAD_SHARE * table.rows:
        return []
    return [
        Verdict(
            check="statistics.dead_rows",
            severity=Severity.WARNING,
            about=table.name,
            says=f"{table.name} holds {table.dead_rows:,} dead rows beside {table.rows:,} live ones",
            remedy=f"VACUUM {table.name}; if it removes nothing, a long transaction keeps them.",
            wait_ms=table.dead_rows / 1000,
            explained_by=("locks.held", "locks.idle", "locks.long", "statistics.autovacuum"),
        )
    ]


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
