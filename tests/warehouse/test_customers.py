"""Customers of the warehouse and what people here learned of them."""

import asyncio
from typing import Any

import asyncpg
import pytest

from server.warehouse.storing.facts import customer_id_of
from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import customers, fill

pytestmark = pytest.mark.flow


async def customer(both: Both, number: int) -> Any:
    """Return a customer of riverside or lakeside by the warehouse's number."""
    key = customer_id_of(STORES[number % 2], str(number))
    return await both.ours.fetchrow("SELECT * FROM customers WHERE customer_id = $1", key)


async def give_deal(both: Both, number: int, state: str = "working") -> str:
    """Open a deal for a customer of the warehouse, as a copy of nothing but what a deal must have."""
    key = customer_id_of(STORES[number % 2], str(number))
    await both.ours.execute(
        "INSERT INTO users (login, name, role, store_id) VALUES ('ann', 'Ann', 'salesperson', $1) ON"
        " CONFLICT DO NOTHING",
        STORES[number % 2],
    )
    found: str = await both.ours.fetchval(
        "INSERT INTO deals (store_id, customer_id, salesperson_id, structure, state)"
        " SELECT $1, $2, user_id, '{}', $3::deal_state FROM users WHERE login = 'ann' RETURNING"
        " deal_id::text",
        STORES[number % 2], key, state,
    )  # fmt: skip
    return found


async def test_what_people_learned_stays_until_the_warehouse_says_something_else(both: Both) -> None:
    await fill(both.source, customers=customers(4, STORES))
    await both.sync("customers")
    key = customer_id_of("riverside", "2")
    await both.ours.execute(
        "UPDATE customers SET phone = '555-9999', monthly_income_cents = 999900 WHERE customer_id = $1", key
    )
    await both.change(
        "UPDATE deal_architect.customers SET city = 'Xenia', monthly_income = 5100, updated_at = now()"
        " WHERE customer_id = 2"
    )

    await both.sync("customers")
    # Read again, since it is within the overlap: nothing changes.
    assert (await both.sync("customers"))["customers"].tally.unchanged == 1

    row = await customer(both, 2)
    assert (row["phone"], row["city"], row["monthly_income_cents"]) == ("555-9999", "Xenia", 510000)


async def test_a_customer_with_an_open_deal_changes_as_by_a_command(both: Both) -> None:
    """The deal gets an event, which its watchers hear; a customer of a deal that is over just changes."""
    await fill(both.source, customers=customers(6, STORES))
    await both.sync("customers")
    deal = await give_deal(both, 2)
    await give_deal(both, 4, "lost")
    await both.change(
        "UPDATE deal_architect.customers SET monthly_income = 6000, updated_at = now() WHERE customer_id"
        " IN (2, 4)"
    )

    found = await both.sync("customers")

    assert found["customers"].tally.read == 2
    assert [(await customer(both, number))["monthly_income_cents"] for number in (2, 4)] == [600000, 600000]
    events = await both.ours.fetch("SELECT deal_id::text, kind, body FROM deal_events")
    assert [(row["deal_id"], row["kind"]) for row in events] == [(deal, "customer_changed")]
    assert events[0]["body"]["fields"] == ["monthly_income_cents"]
    assert events[0]["body"]["by"]["id"] == "system"
    assert (await both.sync("customers"))["customers"].tally.unchanged == 2
    assert await both.ours.fetchval("SELECT count(*) FROM deal_events") == 1


async def test_a_customer_with_deals_is_not_removed(both: Both) -> None:
    await fill(both.source, customers=customers(8, STORES))
    await both.sync("customers")
    await give_deal(both, 2, "lost")
    await both.change(
        "UPDATE deal_architect.customers SET deleted_at = now(), updated_at = now() WHERE customer_id IN"
        " (2, 3)"
    )

    found = await both.sync("customers")

    assert (found["customers"].tally.removed, found["customers"].tally.unchanged) == (1, 1)
    assert await customer(both, 2) is not None
    assert await customer(both, 3) is None
    assert await both.ours.fetchval("SELECT count(*) FROM customer_sources WHERE gone_at IS NOT NULL") == 1


async def test_an_erased_customer_does_not_come_back(both: Both) -> None:
    """Neither with a change nor when everything is read again; what the warehouse said is forgotten, too."""
    await fill(both.source, customers=customers(6, STORES))
    await both.sync("customers")
    key = customer_id_of("riverside", "2")
    await both.ours.execute(
        "INSERT INTO erasures (customer_id, store_id, request, asked_by)"
        " VALUES ($1, 'riverside', 'R-1', 'ann')",
        key,
    )
    await both.ours.execute("UPDATE customers SET name = '[erased]', phone = '' WHERE customer_id = $1", key)
    await both.change("UPDATE deal_architect.customers SET city = 'Xenia', updated_at = now()")

    assert (await both.sync("customers"))["customers"].tally.updated == 5
    assert (await both.sync("customers", full=True))["customers"].tally.unchanged == 6

    row = await customer(both, 2)
    assert (row["name"], row["phone"], row["city"]) == ("[erased]", "", "Dayton")
    assert await both.ours.fetchval("SELECT count(*) FROM customer_sources WHERE customer_id = $1", key) == 0


async def test_an_erasure_during_a_page_keeps_what_the_warehouse_says_away(both: Both) -> None:
    """The page waits for the customer, and then sees that there is nobody to state anything of."""
    await fill(both.source, customers=customers(6, STORES))
    await both.sync("customers")
    key = customer_id_of("riverside", "2")
    await both.change("UPDATE deal_architect.customers SET city = 'Xenia', updated_at = now()")
    other = await asyncpg.connect(both.settings.database_owner_url)
    erasing = other.transaction()
    await erasing.start()
    await other.execute("SELECT FROM customers WHERE customer_id = $1 FOR UPDATE", key)

    syncing = asyncio.create_task(both.sync("customers", rows=100))
    async with asyncio.timeout(20):
        while not await both.ours.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        ):
            assert not syncing.done()
            await asyncio.sleep(0.01)
    await other.execute(
        "INSERT INTO erasures (customer_id, store_id, request, asked_by)"
        " VALUES ($1, 'riverside', 'R-1', 'ann')",
        key,
    )
    await other.execute(
        "UPDATE customers SET name = '[erased]', erased_at = now() WHERE customer_id = $1", key
    )
    await other.execute("DELETE FROM customer_sources WHERE customer_id = $1", key)
    await erasing.commit()
    await other.close()
    found = await syncing

    assert (found["customers"].tally.updated, found["customers"].tally.unchanged) == (5, 1)
    assert (await customer(both, 2))["name"] == "[erased]"
    assert await both.ours.fetchval("SELECT count(*) FROM customer_sources WHERE customer_id = $1", key) == 0
