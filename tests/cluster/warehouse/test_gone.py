"""Rows that are gone: small stores, what waits for a person, and what is found by comparing keys."""

import datetime as dt
from typing import Any

import pytest

from server.warehouse.errors import TooManyGone
from server.warehouse.fields import What
from server.warehouse.reading.pacing import Hours
from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, vin_of
from tests.warehouse.test_gone import GO, status, there

pytestmark = pytest.mark.flow


async def without_marks(both: Both) -> None:
    """Let the warehouse have no ``deleted_at``."""
    for table in ("stock", "customers"):
        await both.change(f"ALTER TABLE deal_architect.{table} DROP COLUMN deleted_at")


async def a_day_later(both: Both) -> None:
    await both.ours.execute("UPDATE sync_state SET compared_at = now() - interval '25 hours'")


async def test_a_small_store_is_guarded_beside_a_large_one(both: Both) -> None:
    """Seven cars are all of lakeside, and 7 % of the stock. Customers go on, and a store may lose a few."""
    await fill(both.source, stock=[*cars(93, ["riverside"]), *cars(7, ["lakeside"], first=100)],
               customers=customers(4, STORES))  # fmt: skip
    await both.sync("stock", "customers", rows=100)
    await both.change(GO.format("stock") + "store = 'lakeside'")
    await both.change(GO.format("stock") + "stock_no < 'S14' AND store = 'riverside'")
    await both.change(
        "UPDATE deal_architect.customers SET city = 'Xenia', updated_at = now() WHERE customer_id = 1"
    )

    with pytest.raises(TooManyGone, match="7 of 7 cars of lakeside are gone"):
        await both.sync("stock", "customers", rows=100)

    assert (await there(both, "riverside"), await there(both, "lakeside")) == (93, 7)
    assert await both.ours.fetchval("SELECT count(*) FROM customers WHERE city = 'Xenia'") == 1
    await both.change(
        "UPDATE deal_architect.stock SET deleted_at = NULL, updated_at = now() WHERE stock_no < 'S103'"
    )
    await both.sync("stock", rows=100)
    assert (await there(both, "riverside"), await there(both, "lakeside")) == (90, 3)


async def test_what_is_refused_waits_while_it_is_held_and_goes_on_when_confirmed(both: Both) -> None:
    """As with ``--watch``, which tries once."""
    await fill(both.source, stock=cars(20, ["riverside"]), customers=customers(4, STORES))
    await both.sync("stock", "customers", rows=100)
    await both.change(GO.format("stock") + "true")
    with pytest.raises(TooManyGone):
        await both.sync("stock", rows=100)

    held = frozenset({What.STOCK})
    assert list(await both.sync("stock", "customers", held=held)) == ["customers"]
    await both.sync("stock", confirmed=True)
    assert list(await both.sync("stock", "customers", held=held)) == ["stock", "customers"]
    assert await there(both) == 0


async def test_comparing_keys_removes_no_car_that_the_warehouse_has(both: Both) -> None:
    """Under a VIN with characters that nobody sees, of a store that is mistyped, or with a broken VIN."""
    await without_marks(both)
    rows: list[Any] = [list(row[:-1]) for row in cars(20, ["riverside"])]
    rows[3][0] = f" {vin_of(3)[:8].lower()}\u200b{vin_of(3)[8:]}"
    await fill(
        both.source, stock=map(tuple, rows), customers=[row[:-1] for row in customers(8, ["riverside"])]
    )
    assert (await both.sync("stock", "customers", rows=100))["stock"].tally.removed == 0
    for table in ("stock", "customers"):
        key = {"stock": "stock_no = 'S4'", "customers": "customer_id = 4"}[table]
        await both.change(
            f"UPDATE deal_architect.{table} SET store = 'riversid', updated_at = now()"  # noqa: S608 - ours
            f" WHERE {key}"
        )
    await both.change(
        "UPDATE deal_architect.stock SET vin = left(vin, 9), updated_at = now() WHERE stock_no = 'S5'"
    )
    await both.change("DELETE FROM deal_architect.stock WHERE stock_no = 'S6'")
    await both.change("DELETE FROM deal_architect.customers WHERE customer_id = 6")
    await a_day_later(both)

    found = await both.sync("stock", "customers", rows=100)

    assert (found["stock"].compared, found["customers"].compared) == (True, True)
    assert (found["stock"].tally.removed, found["customers"].tally.removed) == (1, 1)
    assert [await status(both, number) for number in (3, 4, 5, 6)] == [
        *[("riverside", "available")] * 3,
        ("riverside", "removed"),
    ]


async def test_a_store_of_which_the_warehouse_has_nothing_keeps_all(both: Both) -> None:
    await without_marks(both)
    await fill(both.source, stock=[row[:-1] for row in cars(20, STORES)],
               customers=[row[:-1] for row in customers(20, STORES)])  # fmt: skip
    await both.sync("stock", "customers", rows=100)
    for table in ("stock", "customers"):
        await both.change(f"DELETE FROM deal_architect.{table} WHERE store = 'lakeside'")  # noqa: S608 - ours
    await a_day_later(both)

    found = await both.sync("stock", "customers", rows=100)

    assert (found["stock"].tally.removed, found["customers"].tally.removed) == (0, 0)


async def test_keys_that_were_refused_are_compared_again_when_confirmed_and_not_before(both: Both) -> None:
    """Until then the sync counts as failing, though the rows that changed come."""
    await fill(both.source, stock=cars(20, ["riverside"]))
    await both.sync("stock", rows=100)
    await without_marks(both)
    await both.change("DELETE FROM deal_architect.stock WHERE stock_no < 'S16'")
    with pytest.raises(TooManyGone, match="8 of 20 cars of riverside are gone"):
        await both.sync("stock", rows=100)
    assert await there(both) == 20

    assert not (await both.sync("stock", rows=100))["stock"].compared
    assert await both.ours.fetchval("SELECT refused_at IS NOT NULL FROM sync_state WHERE what = 'stock'")

    assert (await both.sync("stock", rows=100, confirmed=True))["stock"].tally.removed == 8
    assert not (await both.sync("stock", rows=100, confirmed=True))["stock"].compared


async def test_comparing_keys_keeps_to_the_hours(both: Both) -> None:
    """Keys that the hours were too short for are compared in the next ones, and their time counts."""
    await both.change("ALTER TABLE deal_architect.stock DROP COLUMN deleted_at")
    await fill(both.source, stock=[row[:-1] for row in cars(9, STORES)])
    await both.sync("stock", rows=100)
    await both.ours.execute("UPDATE sync_state SET compared_at = now() - interval '25 hours', source_ms = 0")

    class OnePage(Hours):
        left = 1

        def hold(self, _at: dt.datetime) -> bool:
            OnePage.left -= 1
            return OnePage.left >= 0

    both.proxy.delay_seconds = 0.005
    found = await both.sync("stock", rows=100, hours=OnePage())

    assert (found["stock"].complete, found["stock"].compared) == (True, False)
    assert (await both.sync("stock", rows=100))["stock"].compared
    # Of each sync the columns, two looks at the present and a page; of the second one the keys, too.
    assert await both.ours.fetchval("SELECT source_ms FROM sync_state WHERE what = 'stock'") >= 9 * 5


async def test_keys_are_compared_where_deletions_are_not_marked_once_a_day(both: Both) -> None:
    for table in ("stock", "customers"):
        await both.change(f"ALTER TABLE deal_architect.{table} DROP COLUMN deleted_at")
    await fill(both.source, stock=[row[:-1] for row in cars(20, ["riverside"])],
               customers=[row[:-1] for row in customers(20, STORES)])  # fmt: skip
    await both.ours.execute(
        "INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, mileage,"
        " price_cents, stocked_on)"
        " VALUES ('lakeside', 'miami', $1, 'X', 2020, 'Ford', 'Edge', 30000, 1500000, '2026-01-01')",
        vin_of(77),
    )
    assert (await both.sync("stock", "customers"))["stock"].compared
    await both.change("DELETE FROM deal_architect.stock WHERE stock_no IN ('S3', 'S4')")
    await both.change("DELETE FROM deal_architect.customers WHERE customer_id = 5")

    found = await both.sync("stock", "customers")
    assert not found["stock"].compared
    assert (found["stock"].tally.removed, found["customers"].tally.removed) == (0, 0)
    await both.ours.execute("UPDATE sync_state SET compared_at = now() - interval '25 hours'")
    found = await both.sync("stock", "customers")

    assert (found["stock"].tally.removed, found["customers"].tally.removed) == (2, 1)
    gone = await both.ours.fetch("SELECT vin FROM vehicles WHERE status = 'removed' ORDER BY vin")
    assert [row["vin"] for row in gone] == sorted((vin_of(3), vin_of(4)))
    assert both.proxy.refused == []
