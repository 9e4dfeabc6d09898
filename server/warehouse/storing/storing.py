"""What every kind of rows has in common when a page of them is stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg

from protocol.texts import without_unseen
from server.database.importing.flaws import Flaw, FlawKind
from server.warehouse.layout import Table
from server.warehouse.reading.keyset import NAMES_OF_CAR, STORE
from server.warehouse.rejects import Reject
from server.warehouse.runs import Tally

Advance = Callable[[asyncpg.Connection, Tally], Awaitable[None]]
"""Notes how far the run has come, in the transaction of the page; raises to roll the page back."""


@dataclass(slots=True)
class Stored:
    """The outcome of a page."""

    tally: Tally = field(default_factory=Tally)
    rejects: list[Reject] = field(default_factory=list)


class Storing(Protocol):
    """Stores pages of one kind of rows."""

    async def store(self, rows: Sequence[Any], begins: str, advance: Advance) -> Stored:
        """Store a page in one transaction that also runs ``advance``; ``begins`` names where it begins."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Our stores, by how the warehouse calls them."""

    groups: Mapping[str, str]
    renamed: Mapping[str, str]

    def of(self, row: Any) -> tuple[str, str] | None:
        """Return the store and the group of a row; None if it names no store of ours."""
        named = named_store(row)
        store = self.renamed.get(named, named)
        group = self.groups.get(store)
        return None if group is None else (store, group)


def named_store(row: Any) -> str:
    """Return a row's store, as the warehouse calls it."""
    return without_unseen((row[STORE] or "").strip())


def no_store(row: Any) -> Flaw:
    """Return what is wrong with a row that names no store of ours."""
    return Flaw(FlawKind.STORE, f"there is no store {named_store(row)!r}")


def names_of_car(row: Any) -> tuple[str, str]:
    """Return the VIN and the stock number of a row as they would be stored, valid or not; empty where it has
    none.
    """
    vin, stock_no = (without_unseen(" ".join((row.get(name) or "").split())) for name in NAMES_OF_CAR)
    return vin.upper(), stock_no


async def read_stores(database: asyncpg.Connection, table: Table) -> Stores:
    """Return the stores of the database."""
    rows = await database.fetch("SELECT store_id, group_id FROM stores")
    return Stores({row["store_id"]: row["group_id"] for row in rows}, table.mapped.stores)
