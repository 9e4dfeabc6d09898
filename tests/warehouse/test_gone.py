"""Rows that are gone: which of them are removed, and when that looks like a mistake."""

import pytest

from server.warehouse.errors import TooManyGone
from tests.warehouse.conftest import Both
from tests.warehouse.sample import cars, fill, vin_of

pytestmark = pytest.mark.flow
GO = "UPDATE deal_architect.{} SET deleted_at = now(), updated_at = now() - interval '1 s' WHERE "


async def there(both: Both, store: str = "riverside") -> int:
    """Return how many cars a store has for sale."""
    count: int = await both.ours.fetchval(
        "SELECT count(*) FROM vehicles WHERE store_id = $1 AND status = 'available'", store
    )
    return count


async def status(both: Both, number: int) -> tuple[str, str]:
    """Return the store and the status of a car."""
    row = await both.ours.fetchrow(
        "SELECT store_id, status::text FROM vehicles WHERE vin = $1", vin_of(number)
    )
    return row["store_id"], row["status"]


async def test_a_store_is_not_emptied_in_several_goes(both: Both) -> None:
    """What a run removed counts in every call that goes on with it, and in a full one that replaces it."""
    await fill(both.source, stock=cars(20, ["riverside"]))
    await both.sync("stock", rows=100)
    await both.change(GO.format("stock") + "true")

    for full in (False, True, False):
        with pytest.raises(
            TooManyGone, match=r"of 20 cars of riverside are gone .*, more than 30 %"
        ) as refused:
            await both.sync("stock", rows=4, full=full)
        assert await there(both) == 20 - refused.value.removed
        assert refused.value.removed == 4
    failing = await both.ours.fetchval("SELECT failure FROM sync_state WHERE what = 'stock'")
    assert failing.startswith("TooManyGone")

    found = await both.sync("stock", rows=4, confirmed=True)
    assert found["stock"].tally.removed == 16
    assert await both.ours.fetchval("SELECT refused_at IS NULL FROM sync_state WHERE what = 'stock'")
    # A run that is complete does not count in the next one.
    await fill(both.source, stock=cars(20, ["riverside"], first=100))
    await both.sync("stock", full=True)
    await both.change(GO.format("stock") + "stock_no IN ('S100', 'S101', 'S102', 'S103', 'S104', 'S105')")
    assert (await both.sync("stock", rows=5))["stock"].tally.removed == 6


async def test_a_row_that_is_gone_removes_the_car_of_its_store_alone(both: Both) -> None:
    """A store of another group has the car, or one of the group got it in a trade. All are read again."""
    await both.ours.execute(
        "INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, mileage, price_cents,"
        " stocked_on) VALUES ('lonely', 'lone', $1, 'X', 2020, 'Ford', 'Edge', 30000, 1500000, '2026-01-01')",
        vin_of(0),
    )
    await fill(both.source, stock=cars(8, ["riverside"]))
    await both.sync("stock")
    # Traded to lakeside, whose row comes first: 1 in one page, 2 in two. 3 is sold. 4 is of no store.
    bought = [(vin, "lakeside", f"T{stock}", *rest) for vin, _, stock, *rest in cars(3, ["riverside"])[1:]]
    await fill(both.source, stock=bought)
    await both.change(
        "UPDATE deal_architect.stock SET updated_at = now() - interval '40 s' WHERE store = 'lakeside'"
    )
    await both.change(
        "UPDATE deal_architect.stock SET store = CASE stock_no WHEN 'S4' THEN 'nowhere' ELSE store END,"
        " deleted_at = now(),"
        " updated_at = now() - CASE stock_no WHEN 'S2' THEN 10 ELSE 30 END * interval '1 s'"
        " WHERE store = 'riverside' AND stock_no IN ('S0', 'S1', 'S2', 'S3', 'S4')"
    )

    for _ in range(2):
        found = await both.sync("stock", rows=4)
        statuses = [await status(both, number) for number in range(5)]
        assert statuses == [
            ("lonely", "available"),
            ("lakeside", "available"),
            ("lakeside", "available"),
            ("riverside", "removed"),
            ("riverside", "available"),
        ]
    assert found["stock"].tally.changed == 0
    assert "there is no store 'nowhere'" in both.rejects()
