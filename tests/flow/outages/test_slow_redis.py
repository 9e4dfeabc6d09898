"""Redis answers, but late: what needs it is stopped, the rest works, and nothing that happened is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from client import Deal, Workspace
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import NoteAdded, SearchEnded
from protocol.records import Filters
from server.hub.upkeep.outages import NO_UPDATES
from server.settings import Settings
from tests.flow.outages import quick_limits
from tests.flow.shop import a_deal_of, assert_no_gap, connect, events_until, state_of, token_of
from tests.services import free_port, open_folder, start_web
from tests.services.slow_proxy import SlowProxy, slow_proxy

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


@asynccontextmanager
async def behind_a_proxy(settings: Settings) -> AsyncIterator[tuple[Settings, SlowProxy]]:
    """Give settings whose Redis can be slowed down."""
    target = Path(urlsplit(settings.redis_url).path)
    with open_folder() as folder:
        url = settings.redis_url.replace(str(target), str(folder / "redis.sock"))
        async with slow_proxy(folder / "redis.sock", target, 0.0) as proxy:
            yield replace(settings, redis_url=url, redis_uid=None), proxy


async def noticed(workspace: Workspace, message: str | None) -> None:
    """Return once this is what the page of a person says."""
    async with asyncio.timeout(GUARD_SECONDS):
        while (workspace.notice and workspace.notice.message) != message:  # noqa: ASYNC110 - a program asks
            await asyncio.sleep(0.01)


async def seen(deal: Deal, holds: Callable[[Deal], bool]) -> None:
    """Follow a deal until what its client holds is as asked for."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not holds(deal):
            await anext(deal)


def texts(deal: Deal) -> list[str]:
    """Return the notes that a client has."""
    return [note.text for note in deal.state.notes]


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(1.5 * quick_limits.SLOW_SECONDS, id="late"),
        pytest.param(1.5 * quick_limits.GIVEN_UP_SECONDS, id="too late for whoever asked"),
    ],
)
async def test_a_slow_redis(stocked: Settings, tmp_path: Path, seconds: float) -> None:
    """People are told that updates are paused. They go on to save and see what others save in this process;
    when Redis is quick again, each holds what a newcomer gets. Who hears it from another process, for which
    Redis was never slow, gets every event once.
    """
    channel, written = await a_deal_of(stocked), list[str]()
    tokens = [await token_of(stocked, login) for login in ("riverside-manager", "riverside-sales")]

    async def write(by: Deal) -> None:
        written.append(f"note {len(written)}")
        await by.desk.note(written[-1])

    async with (
        behind_a_proxy(stocked) as (settings, proxy),
        start_web(settings, tmp_path, module=quick_limits.__name__) as web,
        connect(web.url, tokens[0]) as one,
        connect(web.url, tokens[1]) as two,
        start_web(stocked, tmp_path, port=free_port()) as elsewhere,
        connect(elsewhere.url, tokens[0]) as far,
    ):
        deal, other, afar = [await each.join(channel) for each in (one, two, far)]
        await deal.search(filters=Filters(makes=["Honda"]))
        await seen(other, lambda each: each.search_state is not None and each.search_state.ended)
        proxy.delay(seconds)
        async with asyncio.timeout(GUARD_SECONDS):
            while one.notice is None:
                await write(deal)
                await asyncio.sleep(0.05)  # a person does not write faster
        assert one.notice.message == NO_UPDATES
        with pytest.raises(CommandError) as refused:
            await deal.search(filters=Filters())
        assert refused.value.code is ErrorCode.DEGRADED
        assert refused.value.retry_after_seconds
        await write(deal)
        await write(other)
        await deal.terms(StructureChanges(cash_down_cents=12_300), version=deal.state.version)
        for each in (deal, other):
            await seen(
                each, lambda it: texts(it) == written and it.state.structure["cash_down_cents"] == 12_300
            )
        async with connect(web.url, tokens[1]) as later:
            assert texts(await later.join(channel)) == written
        proxy.delay(0.0)
        for workspace in (one, two):
            await noticed(workspace, None)
        search = await deal.search(filters=Filters(makes=["Honda"]))
        for each in (deal, other):
            await seen(
                each,
                lambda it: (
                    (found := it.search_state) is not None and found.search_id == search and found.ended
                ),
            )
        heard = await events_until(
            afar, lambda each: isinstance(each, SearchEnded) and each.search_id == search
        )
        assert_no_gap(heard)
        assert [each.text for each in heard if isinstance(each, NoteAdded)] == written
        for each, token in zip((deal, other), tokens, strict=True):
            async with connect(web.url, token) as newcomer:
                fresh = state_of(await newcomer.join(channel))
            assert fresh["deal"].structure["cash_down_cents"] == 12_300
            assert [note.text for note in fresh["deal"].notes] == written
            assert state_of(each) == fresh
