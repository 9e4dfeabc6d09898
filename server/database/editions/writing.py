"""Writing a version of a table: rates, risk, taxes, rebates, limits, products, leases. Append-only and dated.

A version is a row of the head table and its contents; neither ever changes. The newest version that has begun
is in force, so no two versions of a kind begin on the same day.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg

from server.database.core.catalogue import PRODUCT_COLUMNS
from server.database.editions.leases import LEASE_COLUMNS
from server.database.editions.rates import (
    CURVE_COLUMNS,
    LIMIT_COLUMNS,
    PROGRAMME_COLUMNS,
    REBATE_COLUMNS,
    TAX_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of versioned table: its name, its head table with the key, and the table of its contents."""

    name: str
    head: str
    key: str
    contents: str
    columns: tuple[str, ...]


RATES = TableKind("rate sheet", "rate_sheets", "rates_version", "lender_programmes", PROGRAMME_COLUMNS)
RISK = TableKind("risk model", "risk_models", "risk_version", "risk_curves", CURVE_COLUMNS)
TAXES = TableKind("tax table", "tax_tables", "tax_version", "tax_rules", TAX_COLUMNS)
REBATES = TableKind("rebate sheet", "rebate_sheets", "rebates_version", "rebates", REBATE_COLUMNS)
LIMITS = TableKind("table of state limits", "limit_tables", "limits_version", "state_limits", LIMIT_COLUMNS)
PRODUCTS = TableKind(
    "product catalogue", "product_catalogues", "products_version", "catalogue_products", PRODUCT_COLUMNS
)
LEASES = TableKind("lease sheet", "lease_sheets", "leases_version", "lease_programmes", LEASE_COLUMNS)


@dataclass(frozen=True, slots=True)
class Edition:
    """A version, and the day from which it is in force; a sample is marked as one."""

    version: str
    effective_from: dt.date
    is_sample: bool


async def is_stored(database: asyncpg.Connection, kind: TableKind, version: str) -> bool:
    """Return whether there is such a version."""
    found: bool = await database.fetchval(
        f"SELECT EXISTS (SELECT FROM {kind.head} WHERE {kind.key} = $1)",  # noqa: S608 - names of our own
        version,
    )
    return found


async def begun_on(database: asyncpg.Connection, kind: TableKind, day: dt.date) -> str | None:
    """Return the version that is in force from ``day``, if there is one."""
    found: str | None = await database.fetchval(
        f"SELECT {kind.key} FROM {kind.head} WHERE effective_from = $1",  # noqa: S608 - names of our own
        day,
    )
    return found


async def store_version(
    database: asyncpg.Connection, kind: TableKind, edition: Edition, rows: Iterable[object]
) -> int:
    """Write a version with its rows, records of ``protocol.money``; return how many rows.

    Raises what asyncpg raises if the version or its day is taken. Needs a transaction.
    """
    await database.execute(
        f"INSERT INTO {kind.head} ({kind.key}, effective_from, is_sample)"  # noqa: S608 - names of our own
        " VALUES ($1, $2, $3)",
        edition.version,
        edition.effective_from,
        edition.is_sample,
    )
    columns = (kind.key, *kind.columns)
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    values = [(edition.version, *(getattr(row, name) for name in kind.columns)) for row in rows]
    await database.executemany(
        f"INSERT INTO {kind.contents} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - as above
        values,
    )
    return len(values)
