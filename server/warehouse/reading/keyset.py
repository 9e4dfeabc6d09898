"""Which rows come next, and the queries for them. Pure.

Rows are read in the order of (updated_at, id), a page at a time, each page a query of its own: a warehouse
may have no cursors. A page looks at a bounded span of time, so that a column store reads only the blocks of
that span and not all that is left. The span follows the data: it doubles after a page with room, and halves
after a full one.

A run goes from where the last complete one ended, less an overlap, up to the warehouse's present, less a lag.
So a row that commits later than its ``updated_at`` says is read by the next run, if it is late by no more
than both together.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from server.warehouse.fields import What
from server.warehouse.layout import BOOLEAN, TEXTS, TIMES, Column, Table

FIRST_SPAN: Final = dt.timedelta(days=1)
LEAST_SPAN: Final = dt.timedelta(seconds=1)
MOST_SPAN: Final = dt.timedelta(days=3_650)
NEWEST, KEY = "_at", "_key"
"""The columns of a page before those of the fields."""

GONE, STORE = "_gone", "_store"
Query = tuple[str, tuple[str, ...]]
"""SQL, and its arguments, which are all texts."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = {"is_new": ("new", "used")}
"""How a boolean column is read for a field, if not as yes or no."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run has come: all rows before ``at``, and those at ``at`` up to ``id`` if there is one."""

    at: dt.datetime
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A run's way from a position to ``target``, which it does not include, in pages of ``rows``."""

    position: Position
    target: dt.datetime
    rows: int
    span: dt.timedelta = FIRST_SPAN

    @property
    def done(self) -> bool:
        """Whether every row up to the target was read."""
        return self.position.at >= self.target

    @property
    def until(self) -> dt.datetime:
        """The end of the next page's span, which it does not include."""
        return min(self.position.at + self.span, self.target)

    def after(self, found: int, last: Position | None) -> "Walk":
        """Return the walk after a page of ``found`` rows that ended with ``last``."""
        if found == self.rows and last is not None:
            return replace(self, position=last, span=max(self.span / 2, LEAST_SPAN))
        return replace(self, position=Position(self.until), span=min(self.span * 2, MOST_SPAN))

    def smaller(self) -> "Walk":
        """Return the walk with pages of half the rows and half the span, for a source that took too long."""
        return replace(self, rows=max(self.rows // 2, 1), span=max(self.span / 2, LEAST_SPAN))


def page_query(table: Table, walk: Walk) -> Query:
    """Return the query for the next page of a walk.

    Row comparisons and arrays are avoided: a warehouse that descends from PostgreSQL 8.0 has no arrays and
    compares rows column by column.
    """
    at, key = _quoted(table.updated_at.name), _quoted(table.id.name)
    start = _moment(walk.position.at, table.updated_at)
    conditions = [f"{at} >= {start}", f"{at} < {_moment(walk.until, table.updated_at)}"]
    arguments: tuple[str, ...] = ()
    if walk.position.id is not None:
        conditions.append(f"({at} > {start} OR {key} > {_argument(table.id)})")
        arguments = (walk.position.id,)
    return (
        f"SELECT {', '.join(_page_columns(table))} FROM {_place(table)}"  # noqa: S608 - names are quoted
        f" WHERE {' AND '.join(conditions)} ORDER BY {at}, {key} LIMIT {walk.rows}"
    ), arguments


def first_query(table: Table) -> Query:
    """Return the query for the earliest ``updated_at``."""
    column = Column(table.updated_at.name, table.updated_at.type)
    return f"SELECT CAST(MIN({_quoted(column.name)}) AS VARCHAR) AS first FROM {_place(table)}", ()  # noqa: S608 - quoted


def keys_query(table: Table, after: str | None, rows: int) -> Query:
    """Return the query for the next keys in their own order, which deletions are found by."""
    key = _quoted(table.id.name)
    columns = [f"{_text(table.id)} AS {KEY}"]
    if table.what is What.STOCK:
        columns.append(f"{_text(table.fields['vin'])} AS vin")
    if table.store is not None:
        columns.append(f"{_text(table.store)} AS {STORE}")
    condition = ""
    arguments: tuple[str, ...] = ()
    if after is not None:
        condition = f" WHERE {key} > {_argument(table.id)}"
        arguments = (after,)
    names = ", ".join(columns)
    return f"SELECT {names} FROM {_place(table)}{condition} ORDER BY {key} LIMIT {rows}", arguments  # noqa: S608 - quoted


def moment_of(text: str) -> dt.datetime:
    """Return a moment as the warehouse writes it; without a zone it is UTC. Raises ValueError."""
    found = dt.datetime.fromisoformat(text)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _page_columns(table: Table) -> list[str]:
    columns = [f"{_text(table.updated_at)} AS {NEWEST}", f"{_text(table.id)} AS {KEY}"]
    if table.store is not None:
        columns.append(f"{_text(table.store)} AS {STORE}")
    if table.deleted_at is not None:
        columns.append(f"CASE WHEN {_gone(table.deleted_at)} THEN 'gone' ELSE '' END AS {GONE}")
    columns += [
        f"{_text(column, *_WORDS.get(name, ()))} AS {_quoted(name)}" for name, column in table.fields.items()
    ]
    return columns


def _argument(column: Column) -> str:
    # A CHARACTER without a length has one.
    return "CAST($1 AS VARCHAR)" if column.type in TEXTS else f"CAST(CAST($1 AS VARCHAR) AS {column.type})"


def _gone(column: Column) -> str:
    name = _quoted(column.name)
    return name if column.type == BOOLEAN else f"{name} IS NOT NULL"


def _text(column: Column, yes: str = "yes", no: str = "no") -> str:
    """Return a column as text, to be judged as a file's cells are. Not every warehouse casts booleans."""
    name = _quoted(column.name)
    if column.type == BOOLEAN:
        return f"CASE WHEN {name} THEN '{yes}' WHEN NOT {name} THEN '{no}' END"
    return f"CAST({name} AS VARCHAR)"


def _moment(at: dt.datetime, column: Column) -> str:
    text = at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return f"TIMESTAMP '{text}'" if column.type == TIMES[0] else f"TIMESTAMPTZ '{text}+00'"


def _place(table: Table) -> str:
    return f"{_quoted(table.mapped.schema)}.{_quoted(table.mapped.table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
