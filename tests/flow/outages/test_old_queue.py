"""Values wait too long: new searches are refused, first those of the store that fills the queue, until the
workers have caught up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import SearchEnded, SearchStarted
from protocol.records import Sort
from server.settings import Settings
from server.sharing.pressure import LONGEST_RETRY_SECONDS, OLD_SECONDS
from server.work.queue import KEYS
from tests.flow.desk import is_valued
from tests.flow.outages import quick_limits
from tests.flow.shop import a_deal_of, connect, events_until, token_of
from tests.services import start_web, start_worker

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0
ARRIVED = next(key for key in KEYS if key.endswith(":arrived"))
EASY_TERMS = StructureChanges(payment_max_cents=None, cash_down_cents=0, cash_down_max_cents=4_000_000)
FEW = 40
LIMITS = range(100, 400, 100)


async def let_wait(redis: Redis, seconds: float) -> None:
    """Let the jobs that wait for their turns have waited for so much longer."""
    jobs = await redis.zrange(ARRIVED, 0, -1)
    assert jobs
    for job in jobs:
        await redis.zincrby(ARRIVED, -1000 * seconds, job)


@asynccontextmanager
async def opened(settings: Settings, url: str, store_id: str) -> AsyncIterator[Deal]:
    """Open a deal of a store that most cars can become."""
    token = await token_of(settings, f"{store_id}-sales")
    async with connect(url, token) as workspace:
        deal = await workspace.join(await a_deal_of(settings, store_id))
        await deal.terms(EASY_TERMS)
        yield deal


async def refusal(deal: Deal) -> CommandError:
    """Search until that is refused; return how."""
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            try:
                await deal.search(limit=FEW)
            except CommandError as error:
                return error
            await events_until(deal, lambda each: isinstance(each, SearchEnded))
            await asyncio.sleep(quick_limits.HEARTBEAT_SECONDS)


async def accepted(deal: Deal) -> str:
    """Search until that is taken; return the search's id."""
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            try:
                return await deal.search()
            except CommandError as error:
                assert error.code is ErrorCode.BUSY
            await asyncio.sleep(quick_limits.HEARTBEAT_SECONDS)


async def test_searches_wait_for_workers(stocked: Settings, redis: Redis, tmp_path: Path) -> None:
    """While no worker runs, begun searches go on and decisions are saved; then everybody may search again."""
    async with (
        start_web(stocked, tmp_path, module=quick_limits.__name__) as web,
        opened(stocked, web.url, "riverside") as full,
        opened(stocked, web.url, "northgate") as small,
    ):
        for limit in LIMITS:
            await full.search(limit=limit)
            await events_until(full, lambda each: isinstance(each, SearchEnded))
        await small.search(limit=FEW)
        await let_wait(redis, OLD_SECONDS)
        refused = await refusal(full)
        assert refused.code is ErrorCode.BUSY
        assert refused.retry_after_seconds
        assert OLD_SECONDS / 3 <= refused.retry_after_seconds <= LONGEST_RETRY_SECONDS
        await small.search(sort=Sort.MILEAGE, limit=FEW)
        assert full.search_state is not None
        assert full.search_state.next is not None
        await full.more(full.search_state.search_id, full.search_state.next)
        version = await full.terms(StructureChanges(cash_down_cents=10_000), version=full.state.version)
        await events_until(
            full, lambda each: isinstance(each, SearchStarted) and each.deal_version == version
        )
        await let_wait(redis, quick_limits.TOO_OLD_SECONDS)
        assert (await refusal(small)).code is ErrorCode.BUSY
        async with start_worker(stocked, tmp_path):
            for deal in (full, small):
                await events_until(deal, is_valued(await accepted(deal)))
