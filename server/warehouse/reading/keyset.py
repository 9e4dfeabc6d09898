"""Which rows come next, and the queries for them. Pure.

Rows are read in the order of (updated_at, id), a page at a time, each page a query of its own: a warehouse
may have no cursors. A page looks at a bounded span of time, so that a column store reads only the blocks of
that span and not all that is left. The span follows the data: it doubles after a page with room, and halves
after a full one.

A page that begins within a moment first asks for what is left of that moment, by key alone: so an index by
(updated_at, id) reads no row twice, however many rows share a moment.

Every column is named with its table. Outputs are named after the fields, and an ``ORDER BY`` of a bare name
means the output, which is a text: payment 10 would come before 9.

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
PAGES_BEFORE_GROWING: Final = 8
"""After a query that took too long, pages stay small for so many, and again before each doubling."""

_TICK: Final = dt.timedelta(microseconds=1)
"""The resolution of a warehouse's moments."""

NEWEST, KEY = "_at", "_key"
"""The columns of a page before those of the fields."""

GONE, STORE = "_gone", "_store"
NAMES_OF_CAR: Final = ("vin", "stock_no")
Query = tuple[str, tuple[str, ...]]
"""SQL, and its arguments, which are all texts."""

_ALIAS: Final = "w"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {"is_new": ("new", "used")}
"""How a boolean column is read for a field, if not as yes or no."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run has come: all rows before ``at``, and those at ``at`` up to ``id`` if there is one."""

    at: dt.datetime
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A run's way from a position to ``target``, which it does not include, in pages of up to ``most`` rows.

    ``halved`` is how often the pages were halved, and not doubled again, for a source that took too long;
    ``held`` how many pages are to be read before they grow.
    """

    position: Position
    target: dt.datetime
    most: int
    span: dt.timedelta = FIRST_SPAN
    halved: int = 0
    held: int = 0

    @property
    def rows(self) -> int:
        """How many rows the next page has at most."""
        return max(self.most >> self.halved, 1)

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
        grown = self._grown()
        if found == self.rows and last is not None:
            return replace(grown, position=last, span=max(self.span / 2, LEAST_SPAN))
        span = self.span if self.held else min(self.span * 2, MOST_SPAN)
        return replace(grown, position=Position(self.until), span=span)

    def smaller(self) -> "Walk | None":
        """Return the walk with pages of half the rows and half the span, for a source that took too long.

        None: they are as small as can be.
        """
        if self.rows == 1 and self.span == LEAST_SPAN:
            return None
        halved = self.halved + (self.rows > 1)
        return replace(self, halved=halved, held=PAGES_BEFORE_GROWING, span=max(self.span / 2, LEAST_SPAN))

    def _grown(self) -> "Walk":
        if self.held:
            return replace(self, held=self.held - 1)
        if self.halved:
            return replace(self, halved=self.halved - 1, held=PAGES_BEFORE_GROWING)
        return self


def tie_query(table: Table, walk: Walk) -> Query | None:
    """Return the query for what is left of the moment within which a walk stands; None if it stands before
    one.
    """
    if walk.position.id is None:
        return None
    key = _named(table.id)
    at = f"{_named(table.updated_at)} = {_moment(walk.position.at, table.updated_at)}"
    return (
        f"SELECT {', '.join(_page_columns(table))} FROM {_place(table)}"  # noqa: S608 - names are quoted
        f" WHERE {at} AND {key} > {_argument(table.id)} ORDER BY {key} LIMIT {walk.rows}"
    ), (walk.position.id,)


def page_query(table: Table, walk: Walk, rows: int) -> Query:
    """Return the query for the next rows of a walk after the moment within which it stands, if it does.

    Row comparisons and arrays are avoided: a warehouse that descends from PostgreSQL 8.0 has no arrays and
    compares rows column by column.
    """
    at, key = _named(table.updated_at), _named(table.id)
    first = walk.position.at if walk.position.id is None else walk.position.at + _TICK
    start, end = _moment(first, table.updated_at), _moment(walk.until, table.updated_at)
    return (
        f"SELECT {', '.join(_page_columns(table))} FROM {_place(table)}"  # noqa: S608 - names are quoted
        f" WHERE {at} >= {start} AND {at} < {end} ORDER BY {at}, {key} LIMIT {rows}"
    ), ()


def first_query(table: Table) -> Query:
    """Return the query for the earliest ``updated_at``."""
    at = _named(table.updated_at)
    return f"SELECT CAST(MIN({at}) AS VARCHAR) AS first FROM {_place(table)}", ()  # noqa: S608 - quoted


def keys_query(table: Table, after: str | None, rows: int) -> Query:
    """Return the query for the next keys in their own order, which deletions are found by."""
    key = _named(table.id)
    columns = [f"{_text(table.id)} AS {KEY}"]
    if table.what is What.STOCK:
        columns += [f"{_text(table.fields[name])} AS {name}" for name in NAMES_OF_CAR if name in table.fields]
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
    name = _named(column)
    return name if column.type == BOOLEAN else f"{name} IS NOT NULL"


def _text(column: Column, yes: str = "yes", no: str = "no") -> str:
    """Return a column as text, to be judged as a file's cells are. Not every warehouse casts booleans."""
    name = _named(column)
    if column.type == BOOLEAN:
        return f"CASE WHEN {name} THEN '{yes}' WHEN NOT {name} THEN '{no}' END"
    return f"CAST({name} AS VARCHAR)"


def _moment(at: dt.datetime, column: Column) -> str:
    text = at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return f"TIMESTAMP '{text}'" if column.type == TIMES[0] else f"TIMESTAMPTZ '{text}+00'"


def _place(table: Table) -> str:
    return f"{_quoted(table.mapped.schema)}.{_quoted(table.mapped.table)} AS {_ALIAS}"


def _named(column: Column) -> str:
    return f"{_ALIAS}.{_quoted(column.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
