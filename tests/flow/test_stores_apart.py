"""Two web processes of a machine that keep the stores apart: who serves whom, and what becomes of it when one
stops, hangs or dies.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from protocol.deal.structure import StructureChanges
from protocol.events import DealChanged, Event
from server.settings import Settings
from tests.flow.current import GUARD_SECONDS
from tests.flow.desk import valued
from tests.flow.shop import (
    EASY,
    a_deal_of,
    assert_no_gap,
    assert_valued_once,
    connect,
    events_until,
    state_of,
    token_of,
)
from tests.services import Process, free_port, start_web, start_worker

pytestmark = pytest.mark.flow
STORES = ("riverside", "northgate")
MOVED_SOON = "tests.flow.soon_moved"


@pytest.fixture
async def tokens(stocked: Settings) -> dict[str, str]:
    """A token for a person of each store."""
    return {store: await token_of(stocked, f"{store}-sales") for store in STORES}


@asynccontextmanager
async def two(
    stocked: Settings, folder: Path, module: str = "server.run.processes"
) -> AsyncIterator[list[Process]]:
    """Run two web processes that keep stores apart, on ports of their own so that a test can choose."""
    apart = replace(stocked, stores_apart=True)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(start_web(apart, folder, port=port, module=module))
            for port in (stocked.port, free_port())
        ]


async def connections(web: Process) -> dict[int, float]:
    """Return how many connections each process has, by its process id, as one of them reports for both."""
    port = web.url.rpartition(":")[2]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
    _, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return {
        int(sample.labels["process"].removeprefix("web-")): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == "deal_connections"
    }


def changed_to(event: Event, version: int) -> bool:
    """Return whether an event is the deal's change to a version."""
    return isinstance(event, DealChanged) and event.version == version


async def until_serves(web: Process, expected: dict[int, int]) -> None:
    """Return when these processes have so many connections. There may be others, of other tests' services."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not expected.items() <= (await connections(web)).items():  # noqa: ASYNC110 - metrics are asked for
            await asyncio.sleep(0.02)


async def test_the_people_of_a_store_are_in_one_process(
    stocked: Settings, tokens: dict[str, str], tmp_path: Path
) -> None:
    """Whichever process accepts their sockets; they work on a deal together there. Who is served elsewhere,
    because that process was slow to answer, is moved there.
    """
    channel = await a_deal_of(stocked)
    manager = await token_of(stocked, "riverside-manager")
    async with (
        two(stocked, tmp_path, MOVED_SOON) as webs,
        start_worker(stocked, tmp_path),
        AsyncExitStack() as people,
    ):
        ours, theirs = webs
        for web in webs:
            for token in tokens.values():
                await people.enter_async_context(connect(web.url, token))
        await until_serves(theirs, {ours.pid: 2, theirs.pid: 2})
        mine, other = [
            await (await people.enter_async_context(connect(web.url, manager))).join(channel) for web in webs
        ]
        await until_serves(ours, {ours.pid: 4, theirs.pid: 2})
        await mine.terms(EASY)
        await other.search(limit=300)
        heard, overheard = [await events_until(deal, valued) for deal in (mine, other)]
        assert heard == overheard
        assert_no_gap(heard)
        assert_valued_once(heard)
        assert state_of(mine) == state_of(other)


async def test_when_its_process_dies_a_store_goes_on_in_the_other_and_comes_back(
    stocked: Settings, tokens: dict[str, str], tmp_path: Path
) -> None:
    """A successor serves the same store, and its people are moved there; nobody misses an event."""
    channel = await a_deal_of(stocked)
    async with two(stocked, tmp_path, MOVED_SOON) as (ours, theirs), AsyncExitStack() as people:
        one = await people.enter_async_context(connect(theirs.url, tokens["riverside"]))
        other = await people.enter_async_context(connect(ours.url, tokens["northgate"]))
        deal = await one.join(channel)
        await until_serves(theirs, {ours.pid: 1, theirs.pid: 1})
        await ours.kill()
        version = await deal.terms(StructureChanges(discount_cents=4_200))
        heard = await events_until(deal, lambda event: changed_to(event, version))
        await until_serves(theirs, {theirs.pid: 2})
        apart = replace(stocked, stores_apart=True)
        async with start_web(apart, tmp_path, module=MOVED_SOON) as successor:
            await until_serves(successor, {successor.pid: 1, theirs.pid: 1})
            version = await deal.terms(StructureChanges(discount_cents=4_300))
            heard += await events_until(deal, lambda event: changed_to(event, version))
            assert_no_gap(heard)
            assert other.user.store_id == "northgate"


async def test_a_process_that_hangs_does_not_keep_its_store_out(
    stocked: Settings, tokens: dict[str, str], tmp_path: Path
) -> None:
    """After a second, whoever accepted a socket serves it; when the other goes on, it takes nothing late."""
    async with two(stocked, tmp_path) as (ours, theirs):
        os.kill(ours.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(GUARD_SECONDS), connect(theirs.url, tokens["riverside"]) as workspace:
                deal = await workspace.join(await a_deal_of(stocked))
                os.kill(ours.pid, signal.SIGCONT)
                await until_serves(ours, {ours.pid: 0, theirs.pid: 1})
                before = deal.state.version
                assert await deal.terms(StructureChanges(discount_cents=4_200)) == before + 1
        finally:
            os.kill(ours.pid, signal.SIGCONT)
