"""Words of a text filter that are found by their grams mean what they mean when every car is compared."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocol.records import Filters, Scope, Sort
from server.database.core.pool import connect_as_owner, open_pool
from server.database.core.scope import StoreScopes
from server.search.sql.cursor import FEW_CARS, StockReader, read_stock
from server.search.sql.query import Stock, build_query
from server.search.sql.statement import OrderedQuery
from server.search.trace import Trace
from server.settings import Settings
from tests.flow.searches.test_plans import TODAY

pytestmark = pytest.mark.flow


@pytest.fixture
async def stores(stocked: Settings) -> AsyncIterator[StoreScopes]:
    """The application's way to the sample stores, and to one of a group of its own, which has no cars."""
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await owner.execute(
            "INSERT INTO store_groups (group_id, name) VALUES ('lone', 'Lone');"
            " INSERT INTO stores (store_id, group_id, name, state) VALUES ('lonely', 'lone', 'Lonely', 'OH')"
        )
    async with await open_pool(stocked) as pool:
        yield StoreScopes(pool)


async def whole(reader: StockReader, query: OrderedQuery) -> list[Any]:
    """Return all rows of a query, page by page."""
    rows, more = await reader.fetch(query)
    while more:
        further, more = await reader.fetch(query)
        rows = [*rows, *further]
    return rows


@pytest.mark.parametrize("sort", Sort)
async def test_pages_are_the_whole_query(stores: StoreScopes, sort: Sort) -> None:
    """Whatever the words: parts of makes, models, stock numbers and VINs, in either case, or of none."""
    async with read_stock(stores.of("riverside"), Trace()) as reader:
        some = await reader.database.fetch("SELECT * FROM vehicles ORDER BY vehicle_id LIMIT 4")
    parts = [car[name][1:6] for car in some for name in ("make", "model", "stock_no")]
    parts += [car["vin"][-6:].lower() for car in some] + [some[0]["vin"], some[0]["vin"][3:9] + " " + "toy"]
    for text in ("", "a", "x5", "zzqqz", "oyota", "TOYOTA camry", "%%%", "e_e", *parts):
        query = build_query(
            Stock("riverside", "sample-group", Scope.GROUP),
            Filters(text=text or None),
            sort,
            window=(1, 10**10),
            after=None,
            today=TODAY,
        )
        async with read_stock(stores.of("riverside"), Trace()) as reader:
            assert await whole(reader, query) == await reader.database.fetch(query.text, *query.args), text


async def test_words_are_looked_up_in_the_own_group_only(stores: StoreScopes) -> None:
    """A store of another group finds no car by the VIN of one; without a store nothing is found out."""
    async with stores.of("riverside").acquire() as database:
        vin = await database.fetchval("SELECT vin FROM vehicles WHERE status = 'available' LIMIT 1")
        assert len(await database.fetchval("SELECT cars_with_text($1, $2)", [vin], FEW_CARS)) == 1
        assert await database.fetchval("SELECT cars_with_text($1, $2)", ["toyota"], 3) is None
        await database.execute("SET LOCAL deal.store_id = ''")
        assert await database.fetchval("SELECT cars_with_text($1, $2)", [vin], FEW_CARS) is None
    async with stores.of("lonely").acquire() as database:
        assert await database.fetchval("SELECT cars_with_text($1, $2)", [vin], FEW_CARS) == []
