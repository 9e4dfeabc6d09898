"""Customers and deals are found by what people know of them, within their store, and by an index."""

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from protocol import codec
from server.database.core.pool import connect_as_owner, open_pool
from server.database.core.scope import StoreScopes
from server.database.deals import finding
from server.database.deals.finding import digits_of, find, numbers_of, words_of
from server.settings import Settings
from tests.services import Database, Services, free_port, settings_for

pytestmark = pytest.mark.flow

MANY = 40_000
MOST_BUFFERS = 800
"""Pages of 8 KiB; the customers alone take more than 600, and their deals as many."""

MADE = f"""
INSERT INTO store_groups (group_id, name) VALUES ('valley', 'Valley');
INSERT INTO stores (store_id, group_id, name, state)
    VALUES ('east', 'valley', 'East', 'OH'), ('west', 'valley', 'West', 'OH');
INSERT INTO users (login, name, role, store_id) VALUES ('ann', 'Ann', 'salesperson', 'east');
INSERT INTO customers (store_id, name, co_name, phone, state)
    SELECT (ARRAY['east', 'west'])[1 + n % 2], 'Given' || n || ' Family' || n % 9000,
           CASE WHEN n % 3 = 0 THEN 'Other' || n END, '(937) 555-' || lpad(n::text, 6, '0'), 'OH'
      FROM generate_series(1, {MANY}) AS n;
INSERT INTO deals (store_id, customer_id, salesperson_id, structure)
    SELECT c.store_id, c.customer_id, u.user_id, '{{}}' FROM customers c, users u;
"""  # noqa: S608 - a number of our own

SOLD = f"""
INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, mileage, price_cents, cost_cents,
                      stocked_on)
    SELECT 'east', 'valley', lpad(n::text, 17, '0'), 'S' || n, 2024, 'Ford', 'Edge', n, 2000000, 1900000,
           '2026-01-01'
      FROM generate_series(1, {MANY // 10}) AS n;
INSERT INTO rate_sheets (rates_version, effective_from, is_sample) VALUES ('r', '2026-01-01', true);
INSERT INTO risk_models (risk_version, effective_from, is_sample) VALUES ('k', '2026-01-01', true);
INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
                    term_months, risk_version, tax_version, engine_version, structure, rate_bp,
                    cash_down_cents, principal_cents, payment_cents, npv_cents, stress_npv_cents, body,
                    created_by)
    SELECT d.deal_id, 0, v.vehicle_id, 1, 'r', 'p', 'prime', 60, 'k', 't', '4', '{{}}', 700,
           0, 1, 1, 0, 0, '{{}}', d.salesperson_id
      FROM (SELECT *, 1 + row_number() OVER () % {MANY // 10} AS n FROM deals) AS d
      JOIN (SELECT *, row_number() OVER () AS n FROM vehicles) AS v USING (n);
UPDATE deals d SET selected_offer = o.offer_id FROM offers o WHERE o.deal_id = d.deal_id;
"""  # noqa: S608 - numbers of our own


@pytest.fixture
async def stores(services: Services, migrated: Database, redis_url: str) -> AsyncIterator[StoreScopes]:
    """Two stores with 20,000 customers each, each with a deal."""
    made = services.create(migrated.name)
    try:
        async with connect_as_owner(made.owner_url) as owner:
            await owner.execute(MADE)
            await owner.execute("VACUUM ANALYZE")
        async with await open_pool(settings_for(made, redis_url, free_port())) as pool:
            yield StoreScopes(pool)
    finally:
        services.drop(made)


@pytest.fixture
async def sold(services: Services, migrated: Database, redis_url: str) -> AsyncIterator[StoreScopes]:
    """The same stores, with a deal of each customer about one of 4,000 cars."""
    made = services.create(migrated.name)
    try:
        async with connect_as_owner(made.owner_url) as owner:
            await owner.execute(MADE + SOLD)
            await owner.execute("VACUUM ANALYZE")
        async with await open_pool(settings_for(made, redis_url, free_port())) as pool:
            yield StoreScopes(pool)
    finally:
        services.drop(made)


async def test_nothing_is_found_by_reading_everything(sold: StoreScopes) -> None:
    """Each question reads a few pages, in a store with 20,000 customers."""
    async with sold.of("east").acquire() as database:
        deal_id = await database.fetchval("SELECT deal_id FROM deals LIMIT 1")
        customers = [
            row["customer_id"] for row in await database.fetch("SELECT customer_id FROM customers LIMIT 9")
        ]
        numbers = numbers_of(str(deal_id)[:8])
        assert numbers is not None
        asked = (
            (finding.BY_NAME, ("family4000:* & given:*", 50)),
            (finding.BY_PHONE, (digits_of("555-012345"), 50)),
            (finding.DEALS_OF, ("east", customers, 50)),
            (finding.DEALS_NUMBERED, ("east", *numbers, 50)),
            (finding.DEALS_ABOUT, ("east", ["S1"], 50)),
        )
        for statement, args in asked:
            explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
            plan = codec.decode(await database.fetchval(explain, *args))[0]["Plan"]
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < MOST_BUFFERS, statement
            assert not {"customers", "deals"} & set(_read_whole(plan)), statement


def _read_whole(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", []):
        yield from _read_whole(child)


async def test_a_customer_is_found_by_what_people_say(stores: StoreScopes) -> None:
    """The beginnings of names, the co-buyer's too; the end of a phone number; nothing of another store."""
    async with stores.of("east").acquire() as database:
        for text in ("given1000 family1000", "FAMILY1000 Given10", "555-001000", "937.555.001000"):
            customers, deals = await find(database, "east", text)
            assert [row.name for row in customers if row.name.startswith("Given1000 ")], text
            assert len(deals) == len(customers) > 0, text
        spouse, _ = await find(database, "east", "other3000")
        assert "Given3000 Family3000" in {row.name for row in spouse}
        elsewhere, deals = await find(database, "east", "given1001")
        assert not any(row.name == "Given1001 Family1001" for row in elsewhere)
        assert await find(database, "east", "!!!") == ([], [])
        assert await find(database, "east", "") == ([], [])


async def test_a_deal_is_found_by_its_number(stores: StoreScopes) -> None:
    """The first figures of its id are enough."""
    async with stores.of("east").acquire() as database:
        deal_id = str(await database.fetchval("SELECT deal_id FROM deals LIMIT 1"))
        for text in (deal_id, deal_id[:13], f"#{deal_id[:8]}"):
            _, deals = await find(database, "east", text)
            assert deal_id in {deal.id for deal in deals}


async def test_a_deal_is_found_by_the_stock_number_of_its_car(stocked: Settings) -> None:
    """However it is typed."""
    async with connect_as_owner(stocked.database_owner_url) as owner:
        deal, stock = await _select(owner)
    async with await open_pool(stocked) as pool, StoreScopes(pool).of("riverside").acquire() as database:
        for text in (stock, f" {stock.lower()} "):
            _, deals = await find(database, "riverside", text)
            assert str(deal) in {row.id for row in deals}


async def _select(owner: asyncpg.Connection) -> tuple[uuid.UUID, str]:
    deal = await owner.fetchval("SELECT deal_id FROM deals WHERE store_id = 'riverside' LIMIT 1")
    car, stock = await owner.fetchrow(
        "SELECT vehicle_id, stock_no FROM vehicles WHERE store_id = 'riverside' LIMIT 1"
    )
    await owner.execute(
        "WITH made AS (INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version,"
        " programme_id, tier, term_months, risk_version, tax_version, engine_version, structure, rate_bp,"
        " cash_down_cents, principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)"
        " SELECT $1, 0, $2, 1, rates_version, programme_id, tier, term_months,"
        " (SELECT risk_version FROM risk_models LIMIT 1), 't', '2', '{}', 700, 0, 1, 1, 0, 0, '{}',"
        " (SELECT salesperson_id FROM deals WHERE deal_id = $1) FROM lender_programmes LIMIT 1"
        " RETURNING offer_id) UPDATE deals SET selected_offer = offer_id FROM made WHERE deal_id = $1",
        deal,
        car,
    )
    return deal, stock


@pytest.mark.parametrize(
    ("text", "words", "digits"),
    [
        ("Lin Moore", "lin:* & moore:*", None),
        ("O'Neil", "o:* & neil:*", None),
        ("(937) 555-0133", None, "3310555739%"),
        ("133", None, None),
        ("U0003553", "u0003553:*", None),
        ("", None, None),
    ],
)
def test_what_a_text_may_be(text: str, words: str | None, digits: str | None) -> None:
    """A name, or a phone number; not both."""
    assert (words_of(text), digits_of(text)) == (words, digits)
