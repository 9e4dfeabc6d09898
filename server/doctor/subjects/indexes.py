"""The indexes of the schema: those that a database has, compared with those that the migrations make."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import Severity, Verdict

BEFORE_PARTITIONS: Final = {"pencils_pkey": ("pencil_id",), "security_events_pkey": ("event_id",)}
"""Keys of tables that are too large for the migration to partition, as they were before."""

MS_PER_THOUSAND_ROWS: Final = 1.0
"""What reading a whole table costs: a million rows a second."""


class Index(Struct, frozen=True, kw_only=True):
    """An index, in what does not change between Postgres's versions. A column that is an expression is
    ``()``.

    ``made_by`` is the statement that makes it.
    """

    table: str
    method: str
    columns: tuple[str, ...]
    unique: bool = False
    partial: bool = False
    valid: bool = True
    made_by: str = ""

    @property
    def shape(self) -> tuple[object, ...]:
        """What must be equal."""
        return self.table, self.method, self.columns, self.unique, self.partial


def judge_indexes(
    expected: Mapping[str, Index], present: Mapping[str, Index], rows: Mapping[str, int]
) -> list[Verdict]:
    """Return the indexes that are missing, invalid, different or not ours. ``rows`` are those of each
    table.
    """
    found: list[Verdict] = []
    for name, index in expected.items():
        there = present.get(name)
        if there is None or not there.valid:
            found.append(_missing(name, index, there, rows.get(index.table, 0)))
        elif there.shape != index.shape:
            found.append(_different(name, index, there))
    found += [
        Verdict(
            check="indexes.extra",
            severity=Severity.NOTE,
            about=index.table,
            says=f"the index {name} on {index.table} is not one of this schema: each write pays for it",
            remedy="Drop it if nobody else needs it.",
        )
        for name, index in present.items()
        if name not in expected and index.table in {each.table for each in expected.values()}
    ]
    return found


def _missing(name: str, index: Index, there: Index | None, rows: int) -> Verdict:
    if there is None:
        says, remedy = f"the index {name} on {index.table} is missing", f"Make it again: {index.made_by};"
    else:
        says = f"the index {name} on {index.table} is invalid: making it was interrupted"
        remedy = f"Make it again: DROP INDEX {name}; {index.made_by};"
    return Verdict(
        check="indexes.missing",
        severity=Severity.FAULT,
        about=index.table,
        says=f"{says} ({rows:,} rows): queries that need it read the whole table",
        remedy=remedy,
        wait_ms=rows / 1000 * MS_PER_THOUSAND_ROWS,
    )


def _different(name: str, index: Index, there: Index) -> Verdict:
    if there.columns == BEFORE_PARTITIONS.get(name):
        return Verdict(
            check="indexes.different",
            severity=Severity.NOTE,
            about=index.table,
            says=f"the table {index.table} is not partitioned yet: it was too large for `migrate`",
            remedy="Run `deal-architect partition`; everything keeps running.",
        )
    return Verdict(
        check="indexes.different",
        severity=Severity.WARNING,
        about=index.table,
        says=f"the index {name} is on {there.table} ({', '.join(there.columns)}), not on {index.table}"
        f" ({', '.join(index.columns)}) as the schema makes it",
        remedy=f"DROP INDEX {name}; {index.made_by};",
    )
