"""A sync from a warehouse that is a Redshift as far as the wire shows."""

import datetime as dt
from typing import Any

import pytest

from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, payments

pytestmark = pytest.mark.flow


async def stock_here(both: Both) -> list[tuple[Any, ...]]:
    rows = await both.ours.fetch(
        "SELECT vin, store_id, stock_no, year, make, model, is_new, mileage, price_cents, cost_cents,"
        " wholesale_cents,"
        " stocked_on, status::text FROM vehicles ORDER BY vin"
    )
    return [tuple(row) for row in rows]


async def stock_there(both: Both) -> list[tuple[Any, ...]]:
    rows = await both.source.fetch(
        "SELECT vin, store, stock_no, year, make, model, is_new, mileage, (price * 100)::bigint, (cost *"
        " 100)::bigint,"
        " (wholesale * 100)::bigint, stocked_on, 'available' FROM deal_architect.stock"
        " WHERE deleted_at IS NULL ORDER BY vin"
    )
    return [tuple(row) for row in rows]


async def test_a_first_sync_equals_the_source_and_a_second_one_moves_nothing(both: Both) -> None:
    await fill(both.source, stock=cars(60, STORES), customers=customers(40, STORES))

    first = await both.sync("stock", "customers")

    assert both.proxy.refused == []
    assert (first["stock"].tally.added, first["customers"].tally.added) == (60, 40)
    assert await stock_here(both) == await stock_there(both)
    before = await both.ours.fetch("SELECT vehicle_id, rev, xmin FROM vehicles ORDER BY 1")
    versions = await both.ours.fetch("SELECT store_id, inventory_version FROM stores ORDER BY 1")
    both.proxy.forget()

    second = await both.sync("stock", "customers")

    assert (second["stock"].tally.read, second["customers"].tally.read) == (0, 0)
    # For each kind its columns, its present (after a look at whether it answers), and a page; five to
    # connect.
    assert both.proxy.connections == 1
    assert len(both.proxy.queries) == 5 + 2 * 4
    assert both.proxy.most_at_once == 1
    assert await both.ours.fetch("SELECT vehicle_id, rev, xmin FROM vehicles ORDER BY 1") == before
    assert await both.ours.fetch("SELECT store_id, inventory_version FROM stores ORDER BY 1") == versions


async def test_what_changed_since_comes_and_nothing_else(both: Both) -> None:
    """Rows that changed, rows that came, several at one moment over the end of a page, and deleted ones."""
    await fill(both.source, stock=cars(50, STORES), customers=customers(30, STORES))
    await both.sync("stock", "customers")
    await both.change(
        "UPDATE deal_architect.stock SET price = price + 100, updated_at = now() WHERE year = 2025"
    )
    await both.change(
        "UPDATE deal_architect.stock SET deleted_at = now(), updated_at = now() WHERE stock_no < 'S13'"
    )
    await both.change(
        "UPDATE deal_architect.customers SET city = 'Xenia', updated_at = now() WHERE customer_id < 4"
    )
    await both.change(
        "UPDATE deal_architect.customers SET deleted_at = now(), updated_at = now() WHERE customer_id = 9"
    )
    gone = await both.source.fetchval(
        "SELECT count(*) FROM deal_architect.stock WHERE deleted_at IS NOT NULL"
    )
    now = dt.datetime.now(dt.UTC)
    await fill(both.source, stock=cars(20, STORES, first=1_000, at=now - dt.timedelta(minutes=5)))

    found = await both.sync("stock", "customers", rows=3)

    stock, people = found["stock"].tally, found["customers"].tally
    assert (stock.added, stock.removed) == (20, gone)
    assert stock.read == stock.added + stock.updated + stock.removed
    assert (people.read, people.updated, people.removed) == (5, 4, 1)
    here = [row for row in await stock_here(both) if row[-1] == "available"]
    assert here == await stock_there(both)
    assert await both.ours.fetchval("SELECT count(*) FROM customers WHERE city = 'Xenia'") == 4
    assert await both.ours.fetchval("SELECT count(*) FROM customers") == 29
    assert both.proxy.refused == []


async def test_live_deals_hear_of_a_page_once(both: Both) -> None:
    await fill(both.source, stock=cars(10, ["riverside"]))
    await both.sync("stock")
    heard: list[tuple[str, str]] = []
    for subject in ("vehicles", "stock_versions"):
        await both.ours.add_listener(subject, lambda _c, _p, channel, text: heard.append((channel, text)))
    await both.change("UPDATE deal_architect.stock SET price = price + 1, updated_at = now() WHERE is_new")

    await both.sync("stock", rows=100)

    await both.ours.execute("SELECT 1")
    assert sorted(channel for channel, _ in heard) == ["stock_versions", "vehicles"]
    changed = await both.ours.fetch("SELECT vehicle_id FROM vehicles WHERE rev = 2")
    assert len(changed) == 3
    assert all(str(row["vehicle_id"]) in dict(heard)["vehicles"] for row in changed)


async def test_rows_that_cannot_be_stored_are_listed_and_stop_nothing(both: Both) -> None:
    rows = [list(row) for row in cars(9, STORES)]
    rows[1][0] = "1HGCM82633A00435"
    rows[2][1] = "nowhere"
    rows[3][7] = 999_999
    rows[4][4] = None
    people = [list(row) for row in customers(6, STORES)]
    people[0][2] = ""
    people[1][3] = "Ohio"
    people[2][8] = "hearsay"
    people[3][6] = 10**9
    paid = [list(row) for row in payments(12)]
    paid[5][7] = "lost"
    paid[6][2] = None
    paid[7][3] = None
    await fill(both.source, stock=map(tuple, rows), customers=map(tuple, people), payments=map(tuple, paid))

    found = await both.sync()

    counts = {name: (one.tally.rejected, one.tally.added) for name, one in found.items()}
    assert counts == {"stock": (4, 5), "customers": (4, 2), "loans": (0, 0), "payments": (3, 9)}
    listed = both.rejects()
    for words in (
        'deal_architect.stock,1HGCM82633A00435,rejected,"VIN has 16 characters',
        "there is no store 'nowhere'",
        "odometer 999,999 is a placeholder",
        "make is missing",
        "deal_architect.customers,0,rejected,name",
        "deal_architect.customers,1,rejected,state",
        "score_source",
        "monthly_income",
        'deal_architect.payments,5,rejected,"status: expected one of current,',
        "deal_architect.payments,6,rejected,due_on: is missing",
        "deal_architect.payments,7,rejected,paid_cents: is missing",
    ):
        assert words in listed, (words, listed)
    totals = await both.ours.fetch("SELECT what, rows_read, rows_rejected FROM sync_state ORDER BY what")
    assert [tuple(row) for row in totals] == [
        ("customers", 6, 4), ("loans", 0, 0), ("payments", 12, 3), ("stock", 9, 4),
    ]  # fmt: skip
