"""Reading the stock hangs: searches are refused at once, or answered from memory, and go on by themselves."""

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.events import Notice, SearchEnded
from protocol.records import Filters
from server.hub.upkeep.outages import NO_SEARCHES
from server.settings import Settings
from tests.flow.shop import a_deal_of, connect, token_of
from tests.services import start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


async def until(deal: Deal, kind: type, code: str = "") -> object:
    """Return the next delivery of a kind."""
    async with asyncio.timeout(GUARD_SECONDS):
        async for delivery in deal:
            if isinstance(delivery, kind) and getattr(delivery, "code", "") == code:
                return delivery
    raise AssertionError("the deal was closed")


async def test_slow_searches_open_the_breaker_and_older_cars_are_shown(
    stocked: Settings, tmp_path: Path
) -> None:
    """A lock keeps the stock from being read: people are told, notes are saved, it recovers by itself."""
    settings = replace(stocked, statement_timeout_ms=150)
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
            assert (await until(deal, Notice, "degraded")).message == NO_SEARCHES
            with pytest.raises(CommandError) as refused:
                await deal.search(filters=Filters(year_min=2013))
            assert refused.value.retry_after_seconds
            await deal.desk.note("Saved while searches are stopped")
            await deal.search(filters=Filters(makes=["Honda"]))
            stale = await until(deal, SearchEnded)
            assert (stale.matched, stale.trace["stale"] >= 1) == (before.matched, True)
        finally:
            await lock.close()
        await until(deal, Notice, "recovered")
        await deal.search(filters=Filters(year_min=2013))
        assert "stale" not in (await until(deal, SearchEnded)).trace
