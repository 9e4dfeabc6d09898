"""How Postgres reads the first rows of a large stock, as the application asks it to."""

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from protocol import codec
from protocol.records import Filters, Scope, Sort
from server.database.core.pool import connect_as_owner, open_pool
from server.database.core.scope import StoreScopes
from server.database.deals.story import story_page
from server.database.deals.wall import wall_of
from server.search.sql.cursor import FEW_CARS, FIRST_CHUNK, read_stock
from server.search.sql.query import LeasedCars, Stock, build_query
from server.search.sql.statement import Query
from server.search.trace import Trace
from tests.services import Database, Services, free_port, settings_for

pytestmark = pytest.mark.flow

CARS = 200_000
MOST_BUFFERS = 2_500
"""Pages of 8 KiB, in memory or not. The table has about 5,500, each order's index of a store about 950."""

MOST_BUFFERS_OF_MANY = 65_000
"""The same where many cars have a word and the order keeps them far away: each car on the way is visited."""

WINDOW = (9_000_00, 42_000_00)
TODAY = dt.date(2026, 11, 28)
FILTERS = {
    "none": Filters(),
    "make and year": Filters(makes=["Make 3"], year_min=2022),
    "price band": Filters(price_min_cents=20_000_00, price_max_cents=23_000_00),
    "mileage": Filters(mileage_max=30_000),
    "text of many": Filters(text="model17"),
    "text of one": Filters(text="0000123456"),
    "text of none": Filters(text="zzqqz"),
}

# Old cars are cheap and have gone far, as on any lot: an order and a filter may point in opposite directions.
MADE = f"""
INSERT INTO store_groups (group_id, name) VALUES ('valley', 'Valley');
INSERT INTO stores (store_id, group_id, name, state)
    VALUES ('east', 'valley', 'East', 'OH'), ('west', 'valley', 'West', 'OH');
SELECT setseed(0.5);
INSERT INTO vehicles (store_id, group_id, status, vin, stock_no, year, make, model, trim, mileage,
                      price_cents, cost_cents, stocked_on)
SELECT (ARRAY['east', 'west'])[1 + n % 2], 'valley', 'available', 'PLAN' || lpad(n::text, 13, '0'), 'S' || n,
       2026 - age, 'Make ' || kind % 8, 'Model' || kind, 'Base',
       CASE age WHEN 0 THEN 5 + luck * 50 ELSE age * 11000 * (0.5 + luck) + 350 END,
       100 * (300 + kind * 12 * (0.87 ^ age) + luck * 20)::bigint * 100 / 2, 0,
       date '2026-11-28' - (42 * -ln(1 - luck * 0.999))::int
  FROM (SELECT n, random() AS luck, (random() * 39)::int AS kind, greatest(0, (random() * 18)::int - 6) AS age
          FROM generate_series(1, {CARS}) AS n) AS drawn;
"""  # noqa: S608 - a number of our own


PARTITION = re.compile(r"_\d+\Z")
WHOLE = {"vehicles": "reads the whole stock", "deal_events": "reads the events of all deals"}


@dataclass(slots=True)
class Explaining:
    """A connection that also asks how each of its queries was read."""

    connection: Any
    buffers: int = 0
    faults: list[str] = field(default_factory=list)

    async def fetch(self, text: str, *args: Any) -> list[Any]:
        await self._explain(text, args)
        rows: list[Any] = await self.connection.fetch(text, *args)
        return rows

    async def fetchval(self, text: str, *args: Any) -> Any:
        await self._explain(text, args)
        return await self.connection.fetchval(text, *args)

    async def _explain(self, text: str, args: tuple[Any, ...]) -> None:
        asked = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {text}"
        top = codec.decode(await self.connection.fetchval(asked, *args))[0]["Plan"]
        self.buffers += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        for node in _nodes(top):
            rows, kind = node["Actual Rows"] * node["Actual Loops"], node["Node Type"]
            table = PARTITION.sub("", node.get("Relation Name", ""))
            if kind == "Seq Scan" and table in WHOLE:
                self.faults.append(WHOLE[table])
            # The few cars with a word are sorted; an order of the stock never is.
            if "Sort" in kind and not ("ANY" in text and "OFFSET" in text and rows <= FEW_CARS):
                self.faults.append(f"sorts {rows} rows")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


@pytest.fixture(scope="module")
def stock(services: Services, migrated: Database) -> Iterator[Database]:
    """Two stores with 100,000 cars each, analysed as imports leave them; no test changes a car."""
    made = services.create(migrated.name)
    try:
        asyncio.run(_fill(made))
        yield made
    finally:
        services.drop(made)


async def _fill(made: Database) -> None:
    async with connect_as_owner(made.owner_url) as owner:
        await owner.execute(MADE)
        await owner.execute("VACUUM ANALYZE vehicles")


@pytest.fixture
async def stores(stock: Database, redis_url: str) -> AsyncIterator[StoreScopes]:
    """The application's way to them."""
    async with await open_pool(settings_for(stock, redis_url, free_port())) as pool:
        yield StoreScopes(pool)


async def test_the_first_rows_never_cost_a_scan_or_a_sort(stores: StoreScopes) -> None:
    """Nor more than so many buffers, whatever is asked for; and they are the rows of the whole query."""
    faults: list[str] = []
    for scope in Scope:
        stock = Stock("east", "valley", scope)
        for name, filters in FILTERS.items():
            for sort in Sort:
                query = build_query(stock, filters, sort, window=WINDOW, after=None, today=TODAY)
                async with read_stock(stores.of("east"), Trace()) as reader:
                    explaining = Explaining(reader.database)
                    reader.database = explaining  # type: ignore[assignment]
                    rows, _ = await reader.fetch(query)
                    # What nobody has is looked for in the whole stock, where no index of words is asked.
                    whole = rows if filters.text else await _whole(explaining.connection, query)
                found = [*explaining.faults]
                if explaining.buffers > (MOST_BUFFERS_OF_MANY if name == "text of many" else MOST_BUFFERS):
                    found.append(f"{explaining.buffers} buffers")
                if rows != whole:
                    found.append("other rows than the whole query's first")
                faults += [f"{scope}, {name}, {sort}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


async def test_leased_cars_of_any_price_cost_neither_a_scan_nor_a_sort(stores: StoreScopes) -> None:
    """New cars above the price window are found on the way through the order's index. From the dearest on,
    each used car above the window is visited: no index says which cars are new, and here none is.
    """
    faults: list[str] = []
    leased = LeasedCars(("Make 3", "Make 5"))
    for sort in Sort:
        query = build_query(
            Stock("east", "valley", Scope.STORE),
            Filters(),
            sort,
            window=(9_000_00, 30_000_00),
            after=None,
            today=TODAY,
            leased=leased,
        )
        async with read_stock(stores.of("east"), Trace()) as reader:
            explaining = Explaining(reader.database)
            reader.database = explaining  # type: ignore[assignment]
            rows, _ = await reader.fetch(query)
            whole = await _whole(explaining.connection, query)
        found = [*explaining.faults]
        if explaining.buffers > (MOST_BUFFERS_OF_MANY if sort is Sort.PRICE_DESC else MOST_BUFFERS):
            found.append(f"{explaining.buffers} buffers")
        if rows != whole:
            found.append("other rows than the whole query's first")
        faults += [f"{sort}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


async def _whole(database: Any, query: Query) -> list[Any]:
    return list(await database.fetch(f"{query.text} LIMIT {FIRST_CHUNK}", *query.args))


STORIES = """
INSERT INTO users (login, name, role, store_id) VALUES ('ann', 'Ann', 'salesperson', 'east');
INSERT INTO customers (store_id, name, state, postal_code) VALUES ('east', 'Lee', 'OH', '45424');
INSERT INTO deals (store_id, customer_id, salesperson_id, structure)
SELECT 'east', customer_id, user_id, '{}' FROM customers, users, generate_series(1, 400);
ALTER TABLE deal_events DISABLE TRIGGER USER;
INSERT INTO deal_events (deal_id, no, op, kind, body, reply)
SELECT deal_id, no, gen_random_uuid(), CASE WHEN no % 50 = 1 THEN 'state_changed' ELSE 'note_added' END,
       jsonb_build_object('text', repeat('x', 200), 'reason', 'customer_agrees',
                          'by', '{"name": "Ann"}'::jsonb), '{}'
  FROM deals, generate_series(1, 300) AS no;
ALTER TABLE deal_events ENABLE TRIGGER USER;
UPDATE deals SET last_no = 300;
"""
MOST_BUFFERS_OF_A_STORY = 100
MOST_BUFFERS_OF_A_ROW = 25


async def test_a_story_is_read_from_the_end_of_a_deals_events(stores: StoreScopes, stock: Database) -> None:
    """Of 120,000 events of 400 deals: neither a scan nor a sort, whatever page is asked for; and a wall reads
    the last step of each deal, however many notes came after it.
    """
    async with connect_as_owner(stock.owner_url) as owner:
        await owner.execute(STORIES)
        await owner.execute("VACUUM ANALYZE deal_events, deals")
        deal_id = await owner.fetchval("SELECT deal_id::text FROM deals LIMIT 1")
    async with stores.of("east").acquire() as database:
        for before in (None, 301, 151, 2):
            explaining = Explaining(database)
            page = await story_page(explaining, deal_id, before, 50)  # type: ignore[arg-type]
            assert [told.no for told in page] == list(range(max(1, (before or 301) - 50), before or 301))
            assert explaining.faults == []
            assert explaining.buffers <= MOST_BUFFERS_OF_A_STORY
        explaining = Explaining(database)
        rows = await wall_of(explaining, "east")  # type: ignore[arg-type]
    assert WHOLE["deal_events"] not in explaining.faults
    assert {(row["last_reason"], row["reason_by"]) for row in rows} == {("customer_agrees", "Ann")}
    assert explaining.buffers <= len(rows) * MOST_BUFFERS_OF_A_ROW + MOST_BUFFERS
