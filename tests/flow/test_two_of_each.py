"""Two web processes and two workers, on real PostgreSQL and Redis, seen through the Python client."""

import asyncio
import dataclasses
import os
import signal
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace
from redis.asyncio import Redis

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import DealChanged, Event, Matches, Offers, SearchEnded, SearchStarted, SearchValued
from protocol.records import EndReason, Scope
from server.database.core.pool import connect_as_owner
from server.log.redis_log import RedisLog
from server.settings import Settings
from server.work.queue import GROUP, JOBS_KEY
from server.work.serving import NICENESS
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
GUARD_SECONDS = 60.0
LEAST_PRIORITY = 19


def valued(event: Event) -> bool:
    """Return whether this is the end of a search with all its values."""
    return isinstance(event, SearchValued)


async def holders(settings: Settings) -> int:
    """Return how many workers hold a job."""
    async with Redis.from_url(settings.redis_url) as redis:
        consumers: list[dict[str, Any]] = await redis.xinfo_consumers(JOBS_KEY, GROUP)
        return sum(consumer["pending"] > 0 for consumer in consumers)


async def test_both_sides_see_the_same_events(stocked: Settings, tmp_path: Path) -> None:
    """Clients on two processes hear each event of a search in the same order, no gap, all values."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_web(stocked, tmp_path) as here,
        start_web(stocked, tmp_path, port=free_port()) as there,
        start_worker(stocked, tmp_path),
        start_worker(stocked, tmp_path),
        connect(here.url, token) as one,
        connect(there.url, token) as other,
    ):
        mine, theirs = await one.join(channel), await other.join(channel)
        await mine.terms(EASY)
        search_id = await mine.search(limit=300)
        heard, overheard = await asyncio.gather(events_until(mine, valued), events_until(theirs, valued))
        assert heard == overheard
        assert_no_gap(heard)
        assert_valued_once(heard)
        (ended,) = (event for event in heard if isinstance(event, SearchEnded))
        assert (ended.search_id, ended.matched) == (search_id, len(mine.rows))
        assert all(row.offer is not None for row in mine.rows.values())
        assert state_of(mine) == state_of(theirs)
        async with connect(there.url, token) as late:
            assert state_of(await late.join(channel)) == state_of(mine)


async def test_an_edit_here_appears_there(stocked: Settings, tmp_path: Path) -> None:
    """Terms by one are the other's state; a repeated op changes nothing; the same field twice conflicts."""
    channel = await a_deal_of(stocked)
    sales, manager = [await token_of(stocked, f"riverside-{who}") for who in ("sales", "manager")]
    async with (
        start_web(stocked, tmp_path) as here,
        start_web(stocked, tmp_path, port=free_port()) as there,
        connect(here.url, sales) as one,
        connect(there.url, manager) as other,
    ):
        mine, theirs = await one.join(channel), await other.join(channel)
        before, op = mine.state.version, uuid.uuid4()
        version = await mine.terms(StructureChanges(discount_cents=12_300), op=op)
        (edit,) = await events_until(theirs, lambda event: isinstance(event, DealChanged))
        assert isinstance(edit, DealChanged)
        assert (edit.version, edit.changes, edit.by.id) == (version, {"discount_cents": 12_300}, one.user.id)
        assert theirs.state.structure["discount_cents"] == 12_300
        assert await mine.terms(StructureChanges(discount_cents=12_300), op=op) == version
        with pytest.raises(CommandError) as taken:
            await mine.terms(StructureChanges(discount_cents=45_600), op=op)
        assert (taken.value.code, taken.value.detail) == (ErrorCode.CONFLICT, {"field": "op"})
        with pytest.raises(CommandError) as caught:
            await theirs.terms(StructureChanges(discount_cents=7_800), version=before)
        assert caught.value.code is ErrorCode.CONFLICT
        assert caught.value.detail["field"] == "discount_cents"
        merged = await theirs.terms(StructureChanges(rebate_cents=100), version=before)
        assert merged == version + 1
        for deal in (mine, theirs):
            await events_until(deal, lambda event: isinstance(event, DealChanged) and event.version == merged)
        assert (mine.state.version, theirs.state.version) == (merged, merged)
        assert mine.state.structure["discount_cents"] == 12_300
        assert mine.state.customer.score is UNSET
        assert mine.position == theirs.position


async def test_a_deal_of_another_store_is_not_found(stocked: Settings, tmp_path: Path) -> None:
    """Who may not see a deal learns nothing of it, and the connection goes on."""
    channel, token = await a_deal_of(stocked, "northgate"), await token_of(stocked, "riverside-manager")
    async with start_web(stocked, tmp_path) as here, connect(here.url, token) as workspace:
        with pytest.raises(CommandError) as caught:
            await workspace.join(channel)
        assert caught.value.code is ErrorCode.NOT_FOUND
        await workspace.join(await a_deal_of(stocked))


async def test_a_worker_that_dies_with_a_job_in_hand_loses_nothing(stocked: Settings, tmp_path: Path) -> None:
    """Killed with a job taken and not done: another worker takes it over, and each chunk is valued once."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_web(stocked, tmp_path) as here,
        connect(here.url, token) as workspace,
        connect_as_owner(stocked.database_owner_url) as owner,
        AsyncExitStack() as workers,
    ):
        deal = await workspace.join(channel)
        await deal.terms(EASY)
        await deal.search(limit=300)
        heard = await events_until(deal, lambda event: isinstance(event, SearchEnded))
        async with owner.transaction():
            # Each worker takes a job and then waits for the rate sheet, which it has never read.
            await owner.execute("LOCK TABLE lender_programmes IN ACCESS EXCLUSIVE MODE")
            doomed, _ = [await workers.enter_async_context(start_worker(stocked, tmp_path)) for _ in "12"]
            while await holders(stocked) < 2:  # noqa: ASYNC110 - Redis tells nobody when a job is taken
                await asyncio.sleep(0.01)
            await doomed.kill()
        heard += await events_until(deal, valued)
        assert_no_gap(heard)
        assert_valued_once(heard)
        assert sum(isinstance(event, Offers) for event in heard) >= 2


async def test_a_client_of_a_web_process_that_dies_goes_on_at_the_other(
    stocked: Settings, tmp_path: Path
) -> None:
    """Its client comes back to the process that shares the port, resumes, and misses nothing."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_web(stocked, tmp_path) as doomed,
        start_web(stocked, tmp_path, port=free_port()) as there,
        start_worker(stocked, tmp_path),
        start_worker(stocked, tmp_path),
        connect(doomed.url, token) as one,
        connect(there.url, token) as other,
    ):
        mine, theirs = await one.join(channel), await other.join(channel)
        await theirs.terms(EASY)
        await theirs.search(limit=300)
        heard = await events_until(mine, lambda event: isinstance(event, SearchStarted))
        async with start_web(stocked, tmp_path) as successor:
            await die(doomed)
            version = await theirs.terms(StructureChanges(discount_cents=4_200))
            overheard = await events_until(theirs, lambda event: last_of(event, version))
            overheard += await events_until(theirs, valued)
            heard += await events_until(mine, lambda event: event.seq == overheard[-1].seq)
            assert heard == overheard
            assert_no_gap(heard)
            assert mine.state.structure["discount_cents"] == 4_200
            async with connect(successor.url, token) as late:
                assert state_of(await late.join(channel)) == state_of(mine) == state_of(theirs)


async def test_a_search_goes_on_when_its_process_freezes(stocked: Settings, tmp_path: Path) -> None:
    """Frozen between two chunks: the other process finds the rest, each car once; thawed, the first one adds
    nothing.
    """
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_web(stocked, tmp_path) as frozen,
        start_web(stocked, tmp_path, port=free_port()) as there,
        start_worker(stocked, tmp_path),
        connect(frozen.url, token) as one,
        connect(there.url, token) as other,
        Redis.from_url(stocked.redis_url) as redis,
    ):
        mine, theirs = await one.join(channel), await other.join(channel)
        await mine.terms(replace(EASY, scope=Scope.GROUP))
        log, running = RedisLog(redis), False
        while not running:
            asked = asyncio.create_task(mine.search(limit=20_000))
            heard = await events_until(theirs, lambda event: isinstance(event, Matches))
            os.kill(frozen.pid, signal.SIGSTOP)
            state = await log.searches.current(channel)
            running = state is not None and state.ended is None
            if not running:
                # It had ended: the next one begins when everything of this one was heard.
                os.kill(frozen.pid, signal.SIGCONT)
                await events_until(theirs, valued)
                await asked
        heard += await events_until(theirs, valued)
        os.kill(frozen.pid, signal.SIGCONT)
        search_id = await asked
        await theirs.terms(StructureChanges(discount_cents=4_200))
        heard += await events_until(theirs, lambda event: isinstance(event, DealChanged))
        assert_no_gap(heard)
        ended = [event for event in heard if isinstance(event, SearchEnded)][-1]
        assert (ended.search_id, ended.reason) == (search_id, EndReason.COMPLETE)
        of_it = [event for event in heard if getattr(event, "search_id", "") == search_id]
        assert_valued_once(of_it)
        cars = [car for event in of_it if isinstance(event, Matches) for car in event.columns["vehicle_id"]]
        assert len(cars) == len(set(cars)) == ended.matched


async def says(process: Process, words: str) -> None:
    """Wait until a process has written ``words``."""
    async with asyncio.timeout(GUARD_SECONDS):
        while words not in process.output():  # noqa: ASYNC110 - a file tells nobody that it grew
            await asyncio.sleep(0.02)


async def die(process: Process) -> None:
    """Kill a process and wait until it is gone."""
    await process.kill()
    assert process.process.returncode == -signal.SIGKILL


def last_of(event: Event, version: int) -> bool:
    """Return whether this starts the search of that version: its values are the last ones."""
    return isinstance(event, SearchStarted) and event.deal_version >= version


async def test_a_web_process_that_is_told_to_end_sends_its_clients_elsewhere(
    stocked: Settings, tmp_path: Path
) -> None:
    """They are told, go one by one, and lose nothing; the search goes on; the process ends well."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_web(dataclasses.replace(stocked, drain_seconds=1), tmp_path) as leaving,
        start_worker(stocked, tmp_path),
        AsyncExitStack() as clients,
    ):
        deals = []
        for _ in range(8):
            workspace = await clients.enter_async_context(connect(leaving.url, token))
            deals.append(await workspace.join(channel))
        await deals[0].terms(EASY)
        # Another process takes the same port: who comes back comes to it.
        staying = await clients.enter_async_context(start_web(stocked, tmp_path))
        await says(staying, "web ready")
        other = await (await clients.enter_async_context(connect(staying.url, token))).join(channel)
        search_id = await deals[0].search(limit=500)
        leaving.process.send_signal(signal.SIGTERM)
        for deal in [*deals, other]:
            events = await events_until(deal, valued)
            assert_no_gap(events)
            (ended,) = (event for event in events if isinstance(event, SearchEnded))
            assert (ended.search_id, ended.reason) == (search_id, "complete")
        async with asyncio.timeout(GUARD_SECONDS):
            assert await leaving.process.wait() == 0
        assert "draining" in leaving.output()


async def test_a_worker_stands_back(stocked: Settings, tmp_path: Path) -> None:
    """On a machine that it shares, whoever serves people and its Redis go first."""
    async with start_worker(stocked, tmp_path) as worker:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) == min(own + NICENESS, LEAST_PRIORITY)
