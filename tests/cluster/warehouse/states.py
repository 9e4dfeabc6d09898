"""The state that a sync leaves: what the sweeps compare."""

from typing import Any

import duckdb

from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, loans, payments

NEWEST = """
SELECT payment_id, loan_id, due_on, paid_cents, status, balance_cents
  FROM read_parquet($files, hive_partitioning = false)
QUALIFY row_number() OVER (PARTITION BY payment_id ORDER BY updated_at DESC) = 1 ORDER BY payment_id
"""


async def fill_all(both: Both, count: int) -> None:
    """Give the warehouse rows of every kind."""
    await fill(
        both.source,
        stock=cars(count, STORES),
        customers=customers(count // 2, STORES),
        loans=loans(count // 12 + 1),
        payments=payments(count),
    )


async def state(both: Both) -> dict[str, Any]:
    """Return everything that a sync stores. A ``rev`` shows each change that a car ever had."""
    vehicles = await both.ours.fetch(
        "SELECT vin, rev, store_id, price_cents, mileage, status::text FROM vehicles ORDER BY vin"
    )
    people = await both.ours.fetch(
        "SELECT customer_id::text, store_id, name, monthly_income_cents, s.stated_at FROM customers"
        " JOIN customer_sources s USING (customer_id) ORDER BY 1"
    )
    totals = await both.ours.fetch(
        "SELECT what, rows_read, rows_changed, rows_rejected, page_at, failure FROM sync_state ORDER BY what"
    )
    files = [str(file) for file in (both.folder / "history" / "payments").glob("*/*.parquet")]
    with duckdb.connect() as database:
        paid = database.execute(NEWEST, {"files": files}).fetchall()
        written = database.execute("SELECT count(*) FROM read_parquet($files)", {"files": files}).fetchone()
    return {
        "vehicles": [tuple(row) for row in vehicles],
        "customers": [tuple(row) for row in people],
        "totals": [tuple(row) for row in totals],
        "payments": paid,
        "rows of files": written,
    }


async def assert_all_is_here(both: Both) -> None:
    """Compare with the warehouse itself, of which nothing is deleted or rejected."""
    found = await state(both)
    stock = await both.source.fetch(
        "SELECT vin, store, (price * 100)::bigint, mileage FROM deal_architect.stock"
    )
    assert sorted(
        (vin, store, price, miles) for vin, _, store, price, miles, _ in found["vehicles"]
    ) == sorted(tuple(row) for row in stock)
    people = await both.source.fetch("SELECT name, store FROM deal_architect.customers")
    assert sorted((name, store) for _, store, name, *_ in found["customers"]) == sorted(
        tuple(row) for row in people
    )
    paid = await both.source.fetch(
        "SELECT payment_id::text, loan_id, due_on, paid_cents, status, balance_cents"
        " FROM deal_architect.payments"
    )
    assert found["payments"] == sorted(tuple(row) for row in paid)


async def empty(both: Both) -> None:
    """Forget what was synced."""
    await both.ours.execute("DELETE FROM vehicles; DELETE FROM customers; DELETE FROM sync_state")
    for file in (both.folder / "history").rglob("*.parquet"):
        file.unlink()
