"""Redis or PostgreSQL is away for longer: everybody is told, nothing is lost, all goes on by itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import Notice
from server.hub.upkeep.outages import NO_DATABASE, NO_UPDATES
from server.settings import Settings
from tests.faults.servers import RedisServer
from tests.flow.shop import a_deal_of, connect, token_of
from tests.services import Services, start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


async def until_told(deal: Deal, code: str) -> Notice:
    """Return the next notice of a deal's reader; it must be of this code."""
    async with asyncio.timeout(GUARD_SECONDS):
        async for delivery in deal:
            if isinstance(delivery, Notice):
                assert delivery.code == code
                return delivery
    raise AssertionError("the deal was closed")


@contextmanager
def own_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a Redis that a test may stop."""
    redis = RedisServer(folder)
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()


async def test_without_redis(stocked: Settings, tmp_path: Path) -> None:
    """People are told, who comes in later too; what is saved meanwhile is shown as soon as it is back."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    with own_redis(tmp_path) as redis:
        settings = replace(stocked, redis_url=redis.url)
        async with start_web(settings, tmp_path) as web, connect(web.url, token) as workspace:
            deal = await workspace.join(channel)
            redis.kill()
            assert (await until_told(deal, "degraded")).message == NO_UPDATES
            await deal.terms(StructureChanges(cash_down_cents=12_300), version=deal.state.version)
            async with connect(web.url, token) as later:
                while later.notice is None:  # noqa: ASYNC110 - a program asks for it
                    await asyncio.sleep(0.01)
                assert later.notice.message == NO_UPDATES
                joined = await later.join(channel)
                assert joined.state.structure["cash_down_cents"] == 12_300
                redis.start()
                await until_told(deal, "recovered")
                async with asyncio.timeout(GUARD_SECONDS):
                    while deal.state.structure["cash_down_cents"] != 12_300:
                        await anext(deal)
                assert joined.state.structure["cash_down_cents"] == 12_300


async def test_without_the_database(stocked: Settings, services: Services, tmp_path: Path) -> None:
    """What cannot be saved is refused as degraded, and goes through once it is back."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    name = stocked.database_url.partition("?")[0].rpartition("/")[2]
    async with start_web(stocked, tmp_path) as web, connect(web.url, token) as workspace:
        deal = await workspace.join(channel)
        changes = StructureChanges(cash_down_cents=45_600)
        services.run_sql(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'deal%'",
        )
        assert (await until_told(deal, "degraded")).message == NO_DATABASE
        with pytest.raises(CommandError) as refused:
            await deal.terms(changes, version=deal.state.version)
        assert refused.value.code is ErrorCode.DEGRADED
        services.run_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await until_told(deal, "recovered")
        await deal.terms(changes, version=deal.state.version)
