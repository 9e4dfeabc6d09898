"""Rows that come late or again, clocks that differ, a dry run, and a warehouse that is a plain PostgreSQL."""

import datetime as dt

import asyncpg
import pytest

from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, loans, payments, vin_of

pytestmark = pytest.mark.flow


async def test_a_car_that_comes_back_and_one_that_moves(both: Both) -> None:
    await fill(both.source, stock=cars(8, STORES))
    await both.sync("stock")
    first, second = vin_of(1), vin_of(2)
    await both.change(
        "UPDATE deal_architect.stock SET deleted_at = now(), updated_at = now() WHERE vin = $1", first
    )
    await both.sync("stock")
    assert await both.ours.fetchval("SELECT status::text FROM vehicles WHERE vin = $1", first) == "removed"

    await both.change(
        "UPDATE deal_architect.stock SET deleted_at = NULL, updated_at = now() WHERE vin = $1", first
    )
    await both.change(
        "UPDATE deal_architect.stock SET store = 'lakeside', updated_at = now() WHERE vin = $1", second
    )
    found = await both.sync("stock", rows=100)

    assert (found["stock"].tally.read, found["stock"].tally.updated) == (2, 2)
    assert await both.ours.fetchval("SELECT status::text FROM vehicles WHERE vin = $1", first) == "available"
    assert await both.ours.fetchval("SELECT store_id FROM vehicles WHERE vin = $1", second) == "lakeside"


async def test_a_row_that_commits_late_is_read_by_the_next_run(both: Both) -> None:
    await fill(both.source, stock=cars(3, STORES))
    other = await asyncpg.connect(both.warehouse.owner_url)
    writing = other.transaction()
    await writing.start()
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=5)
    await fill(other, stock=cars(1, STORES, first=3, at=moment))
    await both.sync("stock")
    assert await both.ours.fetchval("SELECT count(*) FROM vehicles") == 3
    await writing.commit()
    await other.close()

    found = await both.sync("stock")

    assert (found["stock"].tally.read, found["stock"].tally.added) == (1, 1)


async def test_a_run_without_overlap_would_miss_it(both: Both) -> None:
    """The overlap is what finds a late row: without it, it stays away."""
    await fill(both.source, stock=cars(5, STORES))
    await both.sync("stock")
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=60)
    await fill(both.source, stock=cars(1, STORES, first=5, at=moment))

    assert (await both.sync("stock", overlap=dt.timedelta(0)))["stock"].tally.read == 0
    assert (await both.sync("stock"))["stock"].tally.added == 1


async def test_the_warehouses_clock_counts_and_not_ours(both: Both) -> None:
    """It is three hours ahead: its rows are of its present, and come; then it is set back, and they still
    come.
    """
    await fill(both.source, stock=cars(5, STORES))
    both.proxy.skew = "3 hours"
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=3, seconds=-20)
    await fill(both.source, stock=cars(3, STORES, first=50, at=ahead))
    assert (await both.sync("stock"))["stock"].tally.added == 8
    both.proxy.skew = "0 seconds"
    await fill(
        both.source, stock=cars(2, STORES, first=80, at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
    )

    assert (await both.sync("stock"))["stock"].tally.added == 2


async def test_a_dry_run_stores_nothing(both: Both) -> None:
    await fill(
        both.source,
        stock=cars(9, STORES),
        customers=customers(5, STORES),
        payments=payments(5),
        loans=loans(1),
    )

    found = await both.sync(dry=True)

    assert {name: one.tally.added for name, one in found.items()} == {
        "stock": 9, "customers": 5, "loans": 1, "payments": 5,
    }  # fmt: skip
    assert await both.ours.fetchval("SELECT count(*) FROM vehicles") == 0
    assert await both.ours.fetchval("SELECT count(*) FROM customers") == 0
    assert await both.ours.fetchval("SELECT sum(rows_read) FROM sync_state") == 0
    assert not (both.folder / "history").exists()
    assert (await both.sync("stock"))["stock"].tally.added == 9


async def test_a_plain_postgresql_will_do(both: Both) -> None:
    both.proxy.is_redshift = False
    await fill(both.source, stock=cars(9, STORES), customers=customers(3, STORES))

    found = await both.sync("stock", "customers")

    assert (found["stock"].tally.added, found["customers"].tally.added) == (9, 3)
    assert not any("query_group" in sql for sql in both.proxy.queries)
