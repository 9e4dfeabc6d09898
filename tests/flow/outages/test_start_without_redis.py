"""A web process starts without Redis: deals are opened and saved, and what was missing comes by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import DealChanged
from protocol.records import Filters
from server.hub.upkeep.outages import NO_UPDATES
from server.settings import Settings
from tests.faults.servers import RedisServer
from tests.flow.shop import a_deal_of, connect, token_of
from tests.services import start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


@asynccontextmanager
async def stopped_in_the_end(redis: RedisServer) -> AsyncIterator[None]:
    """Stop a Redis that may not have been started."""
    try:
        yield
    finally:
        with contextlib.suppress(AssertionError):
            redis.kill()


async def test_work_begins_without_redis_and_goes_on_with_it(stocked: Settings, tmp_path: Path) -> None:
    """Two people of one deal see each other's edits meanwhile; then both join the log and search again."""
    channel = await a_deal_of(stocked)
    tokens = [await token_of(stocked, login) for login in ("riverside-manager", "riverside-sales")]
    redis = RedisServer(tmp_path)
    settings = replace(stocked, redis_url=redis.url)
    async with (
        stopped_in_the_end(redis),
        start_web(settings, tmp_path, ready=False) as web,
        connect(web.url, tokens[0]) as one,
        connect(web.url, tokens[1]) as two,
    ):
        deal, other = await one.join(channel), await two.join(channel)
        async with asyncio.timeout(GUARD_SECONDS):
            while one.notice is None:  # noqa: ASYNC110 - a program asks for it
                await asyncio.sleep(0.01)
        assert one.notice.message == NO_UPDATES
        async with httpx.AsyncClient(timeout=GUARD_SECONDS) as probe:
            ready = (await probe.get(f"{web.url}/readyz")).json()
        assert (ready["checks"]["redis"], ready["checks"]["postgres"]) == (False, True)
        version = await deal.terms(StructureChanges(cash_down_cents=12_300), version=deal.state.version)
        await deal.desk.note("Written without Redis")
        async with asyncio.timeout(GUARD_SECONDS):
            while not isinstance(seen := await anext(other), DealChanged):
                pass
        assert seen.version == version
        with pytest.raises(CommandError) as refused:
            await deal.search(filters=Filters())
        assert refused.value.code is ErrorCode.DEGRADED
        assert refused.value.retry_after_seconds
        redis.start()
        async with asyncio.timeout(GUARD_SECONDS):
            while one.notice is not None:  # noqa: ASYNC110 - a program asks for it
                await asyncio.sleep(0.01)
            await deal.search(filters=Filters())
            while other.search_state is None:
                await anext(other)
        assert other.state.structure["cash_down_cents"] == 12_300
        assert [note.text for note in other.state.notes] == ["Written without Redis"]
