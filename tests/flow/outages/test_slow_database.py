"""Reading the stock hangs or is slow: searches are refused at once, or answered from memory, and go on by
themselves.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.events import Notice, SearchEnded
from protocol.records import EndReason, Filters
from server.database.core.pool import connect_as_owner
from server.hub.upkeep.outages import NO_SEARCHES, STALE
from server.settings import Settings
from tests.flow.outages import quick_limits
from tests.flow.shop import a_deal_of, connect, token_of
from tests.services import start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0
SLOW_SECONDS = 1.5 * quick_limits.SLOW_SECONDS
SLOW_ROWS = (
    "CREATE POLICY slow_rows ON vehicles AS RESTRICTIVE FOR SELECT TO deal_app"
    " USING ((SELECT true FROM pg_sleep({})))"
)


async def until(deal: Deal, kind: type, **wanted: object) -> Any:
    """Return the next delivery of a kind with these attributes."""
    async with asyncio.timeout(GUARD_SECONDS):
        async for delivery in deal:
            if (
                isinstance(delivery, kind)
                and wanted.items() <= {name: getattr(delivery, name) for name in wanted}.items()
            ):
                return delivery
    raise AssertionError("the deal was closed")


async def test_slow_searches_open_the_breaker_and_older_cars_are_shown(
    stocked: Settings, tmp_path: Path
) -> None:
    """A lock keeps the stock from being read: people are told, notes are saved, it recovers by itself."""
    settings = replace(stocked, statement_timeout_ms=500)
    channel, token = await a_deal_of(settings), await token_of(settings, "riverside-manager")
    async with start_web(settings, tmp_path) as web, connect(web.url, token) as workspace:
        deal = await workspace.join(channel)
        await deal.search(filters=Filters(makes=["Honda"]))
        before = await until(deal, SearchEnded)
        lock = await asyncpg.connect(settings.database_owner_url)
        try:
            await lock.execute("UPDATE vehicles SET price_cents = price_cents + 100 WHERE make = 'Honda'")
            await lock.execute("BEGIN; LOCK TABLE vehicles IN ACCESS EXCLUSIVE MODE")
            for year in range(2010, 2013):
                with pytest.raises(CommandError) as refused:
                    await deal.search(filters=Filters(year_min=year))
                assert refused.value.code is ErrorCode.DEGRADED
            assert (await until(deal, Notice, code="degraded")).message == NO_SEARCHES
            with pytest.raises(CommandError) as refused:
                await deal.search(filters=Filters(year_min=2013))
            assert refused.value.retry_after_seconds
            await deal.desk.note("Saved while searches are stopped")
            await deal.search(filters=Filters(makes=["Honda"]))
            stale = await until(deal, SearchEnded)
            assert (stale.matched, stale.trace["stale"] >= 1) == (before.matched, True)
        finally:
            await lock.close()
        await until(deal, Notice, code="recovered")
        await deal.search(filters=Filters(year_min=2013))
        assert "stale" not in (await until(deal, SearchEnded)).trace


@asynccontextmanager
async def slow_rows(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Let Postgres sleep whenever a store's people read cars. It ends after reads that have begun."""
    await owner.execute(SLOW_ROWS.format(SLOW_SECONDS))
    try:
        yield
    finally:
        await owner.execute("DROP POLICY slow_rows ON vehicles")


async def until_probed(database: asyncpg.Connection) -> None:
    """Return once a read of cars sleeps that nobody asked for."""
    async with asyncio.timeout(GUARD_SECONDS):
        asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        while not await database.fetchval(asked):  # noqa: ASYNC110 - Postgres does not tell
            await asyncio.sleep(0.02)


async def test_a_database_that_sleeps(stocked: Settings, tmp_path: Path) -> None:
    """Answers come, but too late: nobody waits for them any more, and a probe that is as late changes
    nothing. Everything else works, and once Postgres is quick again people get the cars as they are now.
    """
    channel = await a_deal_of(stocked)
    tokens = [await token_of(stocked, login) for login in ("riverside-manager", "riverside-sales")]
    hondas = Filters(makes=["Honda"])
    async with (
        start_web(stocked, tmp_path, module=quick_limits.__name__) as web,
        connect(web.url, tokens[0]) as one,
        connect(web.url, tokens[1]) as two,
        connect_as_owner(stocked.database_owner_url) as owner,
        connect_as_owner(stocked.database_url) as observer,  # it sees what its own role does
    ):
        deal, other = await one.join(channel), await two.join(channel)
        before = await until(deal, SearchEnded, search_id=await deal.search(filters=hondas))
        async with slow_rows(owner):
            await owner.execute("UPDATE vehicles SET price_cents = price_cents + 100 WHERE make = 'Honda'")
            with pytest.raises(CommandError) as refused:
                for year in range(2000, 2025):
                    slow = await deal.search(filters=Filters(year_min=year))
                    assert (await until(deal, SearchEnded, search_id=slow)).reason is EndReason.COMPLETE
            assert refused.value.code is ErrorCode.DEGRADED
            assert refused.value.retry_after_seconds
            assert (await until(other, Notice)).message == NO_SEARCHES
            stale = await until(deal, SearchEnded, search_id=await other.search(filters=hondas))
            assert (stale.matched, stale.trace["stale"] >= 1) == (before.matched, True)
            assert await until(other, Notice) == STALE
            await deal.desk.note("Saved while searches are stopped")
            async with connect(web.url, tokens[0]) as later:
                joined = await later.join(channel)
                assert [note.text for note in joined.state.notes] == ["Saved while searches are stopped"]
                assert later.notice is not None
                assert later.notice.message == NO_SEARCHES
            await until_probed(observer)
        with pytest.raises(CommandError):
            await deal.search(filters=Filters(year_min=2013))
        assert (await until(other, Notice)).code == "recovered"
        fresh = await until(deal, SearchEnded, search_id=await deal.search(filters=hondas))
        assert (one.notice, "stale" in fresh.trace) == (None, False)
        prices = await owner.fetch(
            "SELECT vehicle_id::text, price_cents FROM vehicles WHERE vehicle_id::text = ANY($1)",
            list(deal.rows),
        )
        assert len(prices) == len(deal.rows) > 0
        assert {car: row.match["price_cents"] for car, row in deal.rows.items()} == dict(prices)
