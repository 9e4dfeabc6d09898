"""Sample data for trials: stores, staff, lenders, risk, cars by COPY, customers and deals.

A plan says how many of each there shall be. Existing rows count, so a repeated seed adds nothing, and a
larger plan adds the difference. The same random seed gives the same data on the same day.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import asyncpg

from protocol import codec
from protocol.deal.structure import StructureChanges
from server.database.core.catalogue import with_catalogue
from server.database.core.pool import connect_as_owner
from server.database.deals.new_deals import starting_structure
from server.database.decisions.edits.terms import revise
from server.database.editions.writing import (
    LEASES,
    LIMITS,
    PRODUCTS,
    RATES,
    REBATES,
    RISK,
    TAXES,
    Edition,
    TableKind,
    is_stored,
    store_version,
)
from server.database.people.users import hash_password
from server.database.sample import cars, leases, lenders, limits, people, products, rebates, sales, taxes

SEED_LOCK = 0x73656564  # "seed"
VERSION = "sample-1"

Progress = Callable[[str, int, int], None]
"""Called with what is being written, how many are done and how many there will be."""


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """How much sample data there shall be in all."""

    vehicles: int = 4_000
    customers: int = 200
    deals: int = 40
    stores: int = 2
    random_seed: int = 1


@dataclass(frozen=True, slots=True)
class SeedSummary:
    """What a seed added."""

    stores: int
    vehicles: int
    customers: int
    deals: int

    def __str__(self) -> str:
        added = {
            "stores": self.stores,
            "vehicles": self.vehicles,
            "customers": self.customers,
            "deals": self.deals,
        }
        if not any(added.values()):
            return "nothing added: the database already holds at least this much sample data"
        return "added " + ", ".join(f"{count:,} {what}" for what, count in added.items() if count)


async def seed(owner_url: str, plan: SeedPlan, progress: Progress | None = None) -> SeedSummary:
    """Bring the sample data up to ``plan``, whole or not at all, and return what was added.

    Raises ValueError for a plan with deals but no customers, or with anything but no store.
    """
    _check(plan)
    report = progress or (lambda _what, _done, _total: None)
    today = dt.datetime.now(dt.UTC).date()
    async with connect_as_owner(owner_url) as database:
        async with database.transaction():
            await database.execute("SELECT pg_advisory_xact_lock($1)", SEED_LOCK)
            stores = [people.sample_store(number) for number in range(plan.stores)]
            added_stores = await _add_stores(database, stores)
            await _add_lenders(database, today)
            vehicles = await _add_vehicles(database, plan, stores, today, report)
            customers = await _add_customers(database, plan, stores, today, report)
            deals = await _add_deals(database, plan, report)
        # Without statistics the first searches would be planned for empty tables.
        await database.execute("ANALYZE")
    return SeedSummary(added_stores, vehicles, customers, deals)


def _check(plan: SeedPlan) -> None:
    if plan.stores < 1:
        raise ValueError("stores: expected at least 1")
    if plan.deals > 0 and plan.customers < 1:
        raise ValueError("customers: expected at least 1 if there are deals")
    if min(plan.vehicles, plan.customers, plan.deals) < 0:
        raise ValueError("vehicles, customers, deals: expected 0 or more")
    if plan.vehicles > cars.MOST:
        raise ValueError(f"vehicles: expected at most {cars.MOST:,}")


async def _add_stores(database: asyncpg.Connection, stores: list[people.SampleStore]) -> int:
    """Add stores that are not there, each with two salespeople and a desk manager; return how many."""
    there = {row["store_id"] for row in await database.fetch("SELECT store_id FROM stores")}
    missing = [store for store in stores if store.id not in there]
    await database.execute(
        "INSERT INTO store_groups (group_id, name, transfer_cost_cents, transfer_days)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        *people.GROUP,
    )
    for store in missing:
        await database.execute(
            "INSERT INTO stores (store_id, group_id, name, state, default_structure, standard_markup_bp,"
            " npv_floor_cents, product_cost_share_bp) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            store.id,
            people.GROUP[0],
            store.name,
            store.state,
            store.structure,
            store.markup_bp,
            store.npv_floor_cents,
            store.product_cost_share_bp,
        )
        # Everybody's is the same: each hash takes a tenth of a second.
        password_hash = hash_password(people.DEMO_PASSWORD)
        for kind, role, authority_cents in people.STAFF:
            await database.execute(
                "INSERT INTO users"
                " (login, name, role, store_id, password_hash, discount_authority_cents, demo)"
                " VALUES ($1, $2, $3, $4, $5, $6, true)",
                f"{store.id}-{kind}",
                store.name_of(kind),
                role,
                store.id,
                password_hash,
                authority_cents,
            )
    await database.executemany(
        "INSERT INTO store_transfers (from_store, to_store, group_id, cost_cents, days)"
        " SELECT $1, $2, s.group_id, $3, $4 FROM stores s JOIN stores t USING (group_id)"
        " WHERE s.store_id = $1 AND t.store_id = $2 ON CONFLICT DO NOTHING",
        people.TRANSFERS,
    )
    return len(missing)


async def _add_lenders(database: asyncpg.Connection, today: dt.date) -> None:
    """Add the sample version of each missing table: rates, risk, taxes, rebates, limits, products, leases."""
    began = dt.date(today.year, 1, 1)
    contents: tuple[tuple[TableKind, Iterable[object]], ...] = (
        (RATES, lenders.sample_programmes(today.year)),
        (RISK, lenders.CURVES),
        (TAXES, taxes.RULES),
        (REBATES, rebates.sample_rebates(today.year)),
        (LIMITS, limits.LIMITS),
        (PRODUCTS, products.PRODUCTS),
        (LEASES, leases.sample_leases(today.year)),
    )
    for kind, rows in contents:
        if not await is_stored(database, kind, VERSION):
            await store_version(database, kind, Edition(VERSION, began, is_sample=True), rows)


async def _add_vehicles(
    database: asyncpg.Connection,
    plan: SeedPlan,
    stores: list[people.SampleStore],
    today: dt.date,
    report: Progress,
) -> int:
    there: int = await database.fetchval(
        "SELECT count(*) FROM vehicles WHERE book_source = $1", cars.BOOK_SOURCE
    )
    missing = max(plan.vehicles - there, 0)
    pairs = [(store.id, people.GROUP[0]) for store in stores]
    before: int = await database.fetchval("SELECT coalesce(max(vehicle_id), 0) FROM vehicles")
    done = 0
    for block in cars.sample_cars(there, there + missing, pairs, plan.random_seed, today):
        await database.copy_records_to_table("vehicles", records=block, columns=cars.COLUMNS)
        done += len(block)
        report("vehicles", done, missing)
    await sales.add_sales(database, before, plan.random_seed, today)
    return missing


async def _add_customers(
    database: asyncpg.Connection,
    plan: SeedPlan,
    stores: list[people.SampleStore],
    today: dt.date,
    report: Progress,
) -> int:
    there: int = await database.fetchval("SELECT count(*) FROM customers")
    missing = max(plan.customers - there, 0)
    rows = (
        people.sample_customer(number, stores[number % len(stores)], plan.random_seed, today)
        for number in range(there, there + missing)
    )
    for done, row in enumerate(rows, 1):
        await database.execute(_insert("customers", tuple(row)), *row.values())
        report("customers", done, missing)
    return missing


async def _add_deals(database: asyncpg.Connection, plan: SeedPlan, report: Progress) -> int:
    """Begin deals for customers that have none, each with one of its store's salespeople."""
    there: int = await database.fetchval("SELECT count(*) FROM deals")
    missing = max(plan.deals - there, 0)
    rows = await database.fetch(_WITHOUT_DEAL, missing)
    for done, row in enumerate(rows, 1):
        seconds = row["second_id"] is not None and (there + done) % people.SECONDS_SHARE == 0
        wish = codec.convert(StructureChanges, people.sample_wish(row, plan.random_seed, there + done))
        structure = revise(starting_structure(row["default_structure"], row), wish)
        structure = await with_catalogue(database, structure, row["state"])
        await database.execute(
            "INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)"
            " VALUES ($1, $2, $3, $4, $5)",
            uuid.uuid5(people.NAMESPACE, f"deal of {row['customer_id']}"),
            row["store_id"],
            row["customer_id"],
            row["second_id" if seconds else "user_id"],
            codec.plain(structure),
        )
        report("deals", done, missing)
    return len(rows)


# The sample of an older release has one salesperson a store.
_WITHOUT_DEAL = """
SELECT c.*, s.default_structure, u.user_id, v.user_id AS second_id
  FROM customers c JOIN stores s USING (store_id) JOIN users u ON u.login = s.store_id || '-sales'
  LEFT JOIN users v ON v.login = s.store_id || '-sales-2'
 WHERE c.monthly_income_cents IS NOT NULL
   AND NOT EXISTS (SELECT FROM deals d WHERE d.customer_id = c.customer_id)
 ORDER BY c.customer_id LIMIT $1
"""


def _insert(table: str, columns: tuple[str, ...]) -> str:
    """Return an INSERT of one row; table and columns are names of our own."""
    places = [f"${place}" for place in range(1, len(columns) + 1)]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(places)})"  # noqa: S608 - names of our own
