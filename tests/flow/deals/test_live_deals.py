"""A deal is held in memory while it is watched, and yet is never older than what Postgres says of it."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from protocol.closing import ErrorCode
from protocol.records import View
from server.database.core.pool import connect_as_owner
from tests.flow.desk import Both, is_valued, refused
from tests.flow.shop import connect, events_until, token_of

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
POOR = """
UPDATE customers SET monthly_income_cents = 100, co_monthly_income_cents = NULL WHERE customer_id = $1
"""


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it holds: a notification is on its way when its transaction is over."""
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


async def matches_of(both: Both) -> int:
    """Search, and return how many cars a lender may take."""
    await events_until(both.sales, is_valued(await both.sales.search(limit=40)))
    return sum(row.match["payment_min_cents"] is not None for row in both.sales.rows.values())


async def finds_nothing(both: Both) -> bool:
    """Return whether nobody lends this customer anything."""
    return await matches_of(both) == 0


async def test_a_customers_income_reaches_the_next_search(both: Both) -> None:
    """It is changed by the store's own system, and no event of the deal tells of it."""
    assert await matches_of(both) > 0
    await both.run_sql(POOR, both.manager.state.customer.id)
    await until(lambda: finds_nothing(both))


async def test_what_changes_while_nobody_hears_postgres(both: Both) -> None:
    """The connection that hears is lost, and the customer changes before another one stands."""
    assert await matches_of(both) > 0
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        # Nobody listens when this is committed: the listeners end first.
        ended = await owner.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'deal-architect listener' AND datname = current_database()"
        )
        assert ended
        await owner.execute(POOR, both.manager.state.customer.id)
    await until(lambda: finds_nothing(both))


async def test_a_stores_settings_reach_the_next_quote(both: Both) -> None:
    """What the store adds to a lender's rate."""

    async def rate() -> float:
        return float((await both.manager.quote(both.cars[0])).rate_bp)

    before = await rate()
    await both.run_sql("UPDATE stores SET standard_markup_bp = 0 WHERE store_id = 'riverside'")

    async def is_lower() -> bool:
        return await rate() < before

    await until(is_lower)


async def test_an_edition_that_begins_today_is_in_force_at_once(both: Both) -> None:
    """Nobody restarts anything for a new rate sheet."""
    before = (await both.manager.quote(both.cars[0])).versions.rates
    async with connect_as_owner(both.settings.database_owner_url) as owner, owner.transaction():
        columns = await owner.fetchval(
            "SELECT string_agg(quote_ident(attname::text), ', ' ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = 'lender_programmes'::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attname <> 'rates_version'"
        )
        await owner.execute(
            "INSERT INTO rate_sheets (rates_version, effective_from, is_sample) VALUES ('newer', $1, true)",
            dt.datetime.now(dt.UTC).date(),
        )
        await owner.execute(
            f"INSERT INTO lender_programmes (rates_version, {columns})"  # noqa: S608 - names of our own
            f" SELECT 'newer', {columns} FROM lender_programmes WHERE rates_version = $1",
            before,
        )

    async def is_newer() -> bool:
        return (await both.manager.quote(both.cars[0])).versions.rates == "newer"

    await until(is_newer)


async def test_another_stores_people_find_nothing_in_memory(both: Both) -> None:
    """The deal is held for those who watch it, and is not there for anybody else."""
    token = await token_of(both.settings, "northgate-sales")
    async with connect(f"http://127.0.0.1:{both.settings.port}", token) as stranger:
        hidden = await refused(stranger.join(both.sales.channel, View.SALES))
        assert (hidden.code, hidden.detail["field"]) == (ErrorCode.NOT_FOUND, "channel")
    assert (await both.manager.quote(both.cars[0])).eligible
