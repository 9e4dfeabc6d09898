"""Cars and terms that cannot be quoted are refused by what is wrong with them, over the wire."""

from contextlib import AsyncExitStack

import asyncpg
import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.records import View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.deals.figures.quoted import a_car, joined
from tests.flow.shop import a_deal_of

pytestmark = pytest.mark.flow


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("status = 'sold'", id="sold"),
        pytest.param("store_id = 'elsewhere', group_id = 'elsewhere'", id="of another group"),
    ],
)
async def test_cars_that_cannot_be_quoted(stocked: Settings, web_url: str, change: str) -> None:
    """A sold car, one of another group, and an id that is none are all not found."""
    car = await a_car(stocked)
    async with connect_as_owner(stocked.database_owner_url) as database:
        await another_group(database)
        await database.execute(f"UPDATE vehicles SET {change} WHERE vehicle_id = $1", int(car))  # noqa: S608 - the test's own
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        for vehicle_id in (car, "none", "9" * 30):
            with pytest.raises(CommandError) as refused:
                await deal.quote(vehicle_id)
            assert (refused.value.code, refused.value.detail) == (
                ErrorCode.NOT_FOUND,
                {"field": "vehicle_id"},
            )


async def test_terms_that_cannot_be_quoted(stocked: Settings, web_url: str) -> None:
    """Changes that contradict the deal, and an address without a tax rule, are refused by their field."""
    car = await a_car(stocked)
    async with connect_as_owner(stocked.database_owner_url) as database:
        await database.execute("UPDATE customers SET state = 'AK', postal_code = '99501'")
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        for changes, field in (
            (StructureChanges(payment_min_cents=90_000, payment_max_cents=80_000), "payment_max_cents"),
            (StructureChanges(tax_rate_bp=None), "tax_rate_bp"),
        ):
            with pytest.raises(CommandError) as refused:
                await deal.quote(car, changes)
            assert refused.value.code is ErrorCode.INVALID
            assert refused.value.detail["field"] == field


async def test_a_stored_payoff_beyond_all_bounds_is_named_and_can_be_mended(
    stocked: Settings, web_url: str
) -> None:
    """A deal that an older version stored with it: quote, offers and search say which field to mend, at once,
    and everything else goes on.
    """
    car, channel = await a_car(stocked), await a_deal_of(stocked)
    async with connect_as_owner(stocked.database_owner_url) as database:
        await database.execute(
            "UPDATE deals SET structure = structure || $2 WHERE deal_id = $1::text::uuid",
            channel.removeprefix("deal:"),
            {"payoff_per_diem_cents": 9_999_999_999, "payoff_good_through": "1990-01-01"},
        )
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-sales", View.SALES)
        for ask in (
            lambda: deal.quote(car),
            lambda: deal.frontier(car),
            lambda: deal.desk.select(car),
            lambda: deal.search(limit=10),
            lambda: deal.terms(StructureChanges(cash_down_cents=5)),
        ):
            for _ in range(3):
                with pytest.raises(CommandError) as refused:
                    await ask()
                assert refused.value.code is ErrorCode.INVALID
                assert refused.value.detail["field"] == "payoff_per_diem_cents"
        await deal.terms(StructureChanges(payoff_per_diem_cents=600))
        assert (await deal.quote(car)).payoff_cents > 0


async def another_group(database: asyncpg.Connection) -> None:
    """Copy a store into a group of its own."""
    names = await database.fetchval(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_name = 'stores'"
        " AND table_schema = 'public' AND is_identity = 'NO'"
        " AND column_name NOT IN ('store_id', 'group_id')"
    )
    await database.execute("INSERT INTO store_groups (group_id, name) VALUES ('elsewhere', 'Elsewhere')")
    await database.execute(
        f"INSERT INTO stores (store_id, group_id, {names})"  # noqa: S608 - names of our own columns
        f" SELECT 'elsewhere', 'elsewhere', {names} FROM stores WHERE store_id = 'riverside'"
    )
