"""A query's text with its arguments, and how an ordered one is read page by page. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

CARS = "vehicles v"


@dataclass(frozen=True, slots=True)
class Keyset:
    """A place in an order: the last car that was read. ``position`` is the value of the order's column; for a
    date, its proleptic ordinal.
    """

    position: int
    vehicle_id: int


@dataclass(frozen=True, slots=True)
class Query:
    """SQL with ``$1`` … and its arguments."""

    text: str
    args: tuple[Any, ...]


@dataclass(slots=True)
class Conditions:
    """Conditions of a query and their arguments, which are bound in order."""

    parts: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """Bind a value and return its placeholder."""
        self.args.append(value)
        return f"${len(self.args)}"

    def add(self, template: str, *values: Any) -> None:
        """Add a condition with a placeholder of each value in its braces."""
        self.parts.append(template.format(*(self.bind(value) for value in values)))


@dataclass(frozen=True, slots=True)
class OrderedQuery(Query):
    """A query that can be read page by page, in the order of ``column`` and then of ``vehicle_id``.

    ``selected`` are its expressions; ``likes`` are the conditions of its ``words``, ``where`` are all others.
    ``most`` is the row limit of a query that is read at once.
    """

    selected: str
    where: str
    likes: str
    order: str
    column: str
    backwards: bool
    words: tuple[str, ...]
    most: int | None = None

    def limited(self, rows: int) -> "OrderedQuery":
        """Return the query for its first ``rows`` rows."""
        return replace(self, text=f"{self.text} LIMIT {rows}", most=rows)

    def counted(self, most: int) -> Query:
        """Return the query that counts its rows, up to ``most``."""
        rows = f"SELECT {self.selected} FROM {CARS} WHERE {self.where}{self.likes} LIMIT {most}"  # noqa: S608 - bound
        return Query(f"SELECT count(*) FROM ({rows}) counted", self.args)  # noqa: S608 - bound

    def page(
        self,
        after: Keyset | None,
        rows: int,
        *,
        among: Sequence[int] | None = None,
        within: int | None = None,
    ) -> Query:
        """Return the query for the next ``rows`` rows after a place.

        ``among``: only these cars. ``within``: only that many of the next cars that meet all other conditions
        than the words.
        """
        conditions = Conditions([self.where], list(self.args))
        if after is not None:
            add_keyset(conditions, self.column, self.backwards, after)
        cars, where = CARS, " AND ".join(conditions.parts)
        if among is not None:
            # OFFSET keeps the planner from scanning the whole index of the order for them.
            ids = conditions.bind(list(among))
            cars = f"(SELECT * FROM vehicles WHERE vehicle_id = ANY ({ids}::bigint[]) OFFSET 0) v"  # noqa: S608 - bound
        elif within is not None:
            cars = f"(SELECT * FROM {CARS} WHERE {where}{self.order} LIMIT {within}) v"  # noqa: S608 - bound
            where = "true"
        # The limit is bound too, so that pages of all sizes share one prepared statement.
        limit = f"{self.order} LIMIT {conditions.bind(rows)}::bigint"
        text = f"SELECT {self.selected} FROM {cars} WHERE {where}{self.likes}{limit}"  # noqa: S608 - bound
        return Query(text, tuple(conditions.args))


def add_keyset(conditions: Conditions, column: str, backwards: bool, after: Keyset) -> None:
    """Add the condition of the rows after a place in an order."""
    kind, position = (
        ("date", dt.date.fromordinal(after.position))
        if column == "stocked_on"
        else ("bigint", after.position)
    )
    compared = "<" if backwards else ">"
    conditions.add(
        f"(v.{column}, v.vehicle_id) {compared} ({{}}::{kind}, {{}}::bigint)", position, after.vehicle_id
    )
