"""What a search reads of the tables beside each car, on a real PostgreSQL: its rebate and its transfer."""

import datetime as dt
from collections.abc import AsyncIterator

import asyncpg
import pytest

from protocol.records import Filters, Scope, Sort
from server.database.core.pool import prepare_connection
from server.database.editions.rates import load_rebates
from server.database.sample.seed import VERSION, SeedPlan
from server.finance.rules.rebates import rebate_for, rebates_open_to, without
from server.search.sql.query import Stock, build_car_query, build_query
from tests.services import Database

pytestmark = pytest.mark.flow

DAY = dt.date(2026, 7, 1)


@pytest.fixture
def sample() -> SeedPlan:
    """Enough cars to read rebates with."""
    return SeedPlan(vehicles=300, customers=40, deals=6)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to a seeded database."""
    connection = await asyncpg.connect(database.owner_url)
    await prepare_connection(connection)
    yield connection
    await connection.close()


async def test_the_search_reads_each_cars_rebate_without_what_a_rate_excludes(
    owner: asyncpg.Connection,
) -> None:
    """A number for each list of exclusions, by programme or by id."""
    today = dt.datetime.now(dt.UTC).date()
    who = ("loyalty", "military")
    sheet = rebates_open_to(await load_rebates(owner, VERSION), who, today)
    lists = (("Customer cash (sample)",), ("Owner loyalty (sample)", "ford-military"))
    stock = Stock("riverside", "sample-group", Scope.GROUP)
    reading = {"today": today, "rebates": sheet, "exclusions": lists}
    query = build_query(stock, Filters(), Sort.PRICE, window=(1, 10**9), after=None, **reading)
    rows = await owner.fetch(query.text, *query.args)
    for row in rows:
        facts = (row["make"], row["model"], row["year"], bool(row["is_new"]), who, today)
        assert row["rebates_without"] == [rebate_for(without(sheet, each), *facts) for each in lists]
    assert len({tuple(row["rebates_without"]) for row in rows}) > 2
    best = max(rows, key=lambda row: row["rebate_cents"])
    one = build_car_query(stock, int(best["vehicle_id"]), **reading)
    assert (await owner.fetchrow(one.text, *one.args))["rebates_without"] == best["rebates_without"]


@pytest.mark.parametrize("who", [(), ("military",), ("military", "loyalty", "graduate")])
async def test_the_search_reads_each_cars_rebate(owner: asyncpg.Connection, who: tuple[str, ...]) -> None:
    """Every row's rebate_cents is the best combination that is permitted, for each kind of customer."""
    today = dt.datetime.now(dt.UTC).date()
    sheet = await load_rebates(owner, VERSION)
    stock = Stock("riverside", "sample-group", Scope.GROUP)
    query = build_query(
        stock,
        Filters(),
        Sort.PRICE,
        window=(1, 10**9),
        after=None,
        today=today,
        rebates=rebates_open_to(sheet, who, today),
    )
    rows = await owner.fetch(query.text, *query.args)
    found = [row["rebate_cents"] for row in rows]
    assert found == [
        rebate_for(sheet, row["make"], row["model"], row["year"], bool(row["is_new"]), who, today)
        for row in rows
    ]
    assert len(set(found)) > 2
    best = max(rows, key=lambda row: row["rebate_cents"])
    one = build_car_query(
        stock, int(best["vehicle_id"]), today=today, rebates=rebates_open_to(sheet, who, today)
    )
    assert (await owner.fetchrow(one.text, *one.args))["rebate_cents"] == best["rebate_cents"]


def transfers(rows: list[asyncpg.Record]) -> set[tuple[str, int, int]]:
    """Return what the rows say of their stores: the store, cents, days."""
    return {(row["store_id"], row["transfer_cost_cents"], row["transfer_days"]) for row in rows}


async def test_the_search_reads_what_each_transfer_takes(owner: asyncpg.Connection) -> None:
    """An own car takes nothing; another store's what the two have agreed on in that direction, else what
    their group has; a store's own stock has no transfers. One car is read as the search reads it.
    """
    await owner.execute(
        "INSERT INTO stores (store_id, group_id, name, state) VALUES ('east', 'sample-group', 'East', 'OH')"
    )
    await owner.execute(
        "UPDATE vehicles SET store_id = 'east' WHERE vehicle_id ="
        " (SELECT min(vehicle_id) FROM vehicles WHERE store_id = 'northgate' AND status = 'available')"
    )
    expected = {
        "riverside": {("riverside", 0, 0), ("northgate", 225_00, 2), ("east", 350_00, 3)},
        "northgate": {("riverside", 175_00, 1), ("northgate", 0, 0), ("east", 350_00, 3)},
        "east": {("riverside", 350_00, 3), ("northgate", 350_00, 3), ("east", 0, 0)},
    }
    for store, terms in expected.items():
        for scope, seen in ((Scope.GROUP, terms), (Scope.STORE, {(store, 0, 0)})):
            stock = Stock(store, "sample-group", scope)
            query = build_query(stock, Filters(), Sort.PRICE, window=(1, 10**9), after=None, today=DAY)
            rows = await owner.fetch(query.text, *query.args)
            assert transfers(rows) == seen
            for row in rows[::50]:
                one = build_car_query(stock, int(row["vehicle_id"]), today=DAY)
                assert transfers(await owner.fetch(one.text, *one.args)) == transfers([row])
