"""Days' supply and floorplan to date in a search, against the cars as they are sold, come and go."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from protocol.records import Scope
from server.clock import utc_now
from server.database.deals.deals import Deal
from tests.flow.searches.searching import Searching, column, of_kind

pytestmark = pytest.mark.flow

COUNTED = """
SELECT make, model, is_new::int,
       round(count(*) FILTER (WHERE status IN ('available', 'held')) * 45.0
             / nullif(count(*) FILTER (WHERE status = 'sold' AND sold_on > $2::date - 45), 0))::int AS days
  FROM vehicles WHERE store_id = ANY ($1) GROUP BY 1, 2, 3
"""
CARS = """
SELECT vehicle_id::text, is_new::int, floorplan_day_cents * ($1::date - stocked_on) AS floorplan FROM vehicles
"""
# What is kept and what is counted, each without the other.
KEPT_UP = """
WITH kept AS (
    SELECT 'units' AS what, store_id, NULL AS day, make, model, is_new, units AS cars FROM model_units
     WHERE units <> 0
    UNION ALL
    SELECT 'sold', store_id, sold_on::text, make, model, is_new, sold FROM model_sales WHERE sold <> 0
), counted AS (
    SELECT CASE status WHEN 'sold' THEN 'sold' ELSE 'units' END AS what, store_id, sold_on::text AS day,
           make, model, is_new, count(*)::int AS cars
      FROM vehicles WHERE status IN ('available', 'held') OR (status = 'sold' AND sold_on IS NOT NULL)
     GROUP BY 1, 2, 3, 4, 5, 6
)
(TABLE kept EXCEPT TABLE counted) UNION ALL (TABLE counted EXCEPT TABLE kept)
"""
SELL = "UPDATE vehicles SET status = 'sold' WHERE vehicle_id % 2 = 0"
BACKDATE = "UPDATE vehicles SET sold_on = sold_on - (vehicle_id % 80)::int WHERE sold_on IS NOT NULL"
CHANGES = (
    # Some sales are unwound.
    "UPDATE vehicles SET status = 'available' WHERE status = 'sold' AND vehicle_id % 10 = 0",
    # Some cars go to a neighbour, were entered wrongly, are taken off the lot, are dearer, and are gone.
    "UPDATE vehicles SET store_id = 'northgate' WHERE vehicle_id % 7 = 0",
    "UPDATE vehicles SET model = 'Other', is_new = NOT is_new WHERE vehicle_id % 11 = 0",
    "UPDATE vehicles SET status = 'removed' WHERE vehicle_id % 13 = 0",
    "UPDATE vehicles SET price_cents = price_cents + 1",
    "DELETE FROM vehicles WHERE vehicle_id % 17 = 0",
)


async def searched(searching: Searching, deal: Deal, count: int) -> list[dict[str, Any]]:
    """Search for every car and return the matches of the deal's search number ``count``."""
    await searching.begin(deal, limit=20_000)
    events = await searching.heard(deal, "search_ended", count)
    return [each for each in of_kind(events, "matches") if each["search_id"] == events[-1]["search_id"]]


async def assert_counted(pool: asyncpg.Pool, matches: list[dict[str, Any]], stores: Sequence[str]) -> int:
    """Assert that the columns are what the cars say; return of how many cars the supply is known."""
    today = utc_now().date()
    counted = {
        (row["make"], row["model"], row["is_new"]): row["days"]
        for row in await pool.fetch(COUNTED, stores, today)
    }
    cars = {row["vehicle_id"]: row for row in await pool.fetch(CARS, today)}
    found = [cars[car] for car in column(matches, "vehicle_id")]
    names = zip(column(matches, "make"), column(matches, "model"), found, strict=True)
    expected = [counted[make, model, car["is_new"]] for make, model, car in names]
    assert column(matches, "days_supply") == expected
    assert column(matches, "floorplan_cents") == [car["floorplan"] for car in found]
    return sum(days is not None for days in expected)


async def test_days_supply_and_floorplan_are_what_the_cars_say(searching: Searching) -> None:
    """In the scope of the search, after each change of the stock. No supply is known until 45 days of sales
    are. One sale more by the application, and the next search shows it.
    """
    pool = searching.pool
    own, group = await searching.deal(), await searching.deal(scope=Scope.GROUP)
    sampled = column(await searched(searching, own, 1), "days_supply")
    known = sorted(days for days in sampled if days is not None)
    assert None in sampled
    assert 10 < known[0] < 60 < known[-1] < 400
    # The sample's sales are of cars that are not there: without them, everything can be counted.
    await pool.execute("DELETE FROM model_sales")
    await pool.execute(SELL)
    assert set(column(await searched(searching, own, 2), "days_supply")) == {None}
    for change in (BACKDATE, *CHANGES):
        await pool.execute(change)
        assert not await pool.fetch(KEPT_UP), change
    assert await assert_counted(pool, await searched(searching, own, 3), ["riverside"]) > 50
    matches = await searched(searching, group, 4)
    assert await assert_counted(pool, matches, ["riverside", "northgate"]) > 100
    cars = zip(column(matches, "vehicle_id"), column(matches, "days_supply"), strict=True)
    car = next(int(car) for car, days in cars if days is not None)
    async with searching.stores.of("riverside").acquire() as database:
        await database.execute("UPDATE vehicles SET status = 'sold' WHERE vehicle_id = $1", car)
    after = await searched(searching, group, 5)
    assert await assert_counted(pool, after, ["riverside", "northgate"]) > 100
    before, now = (
        dict(zip(column(each, "vehicle_id"), column(each, "days_supply"), strict=True))
        for each in (matches, after)
    )
    assert any(now[each] != days for each, days in before.items() if each in now)
