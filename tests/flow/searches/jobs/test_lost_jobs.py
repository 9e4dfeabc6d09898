"""No value is lost: jobs that the queue lost or refused are queued again, given-up ones on demand."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from protocol import codec
from protocol.records import Scope
from server.log.channel_log import Pulse
from server.settings import Settings
from server.work.queue import JOBS_KEY, KEYS, MAX_JOBS
from tests.flow.searches.jobs.test_worker import assert_every_match_has_one_offer, worker_here
from tests.flow.searches.keeping import keeping
from tests.flow.searches.searching import Searching, channel_of, column, of_kind, poison

pytestmark = pytest.mark.flow


async def test_jobs_that_the_queue_lost_are_queued_again(searching: Searching, stocked: Settings) -> None:
    """The chunks' jobs stand in the log: whoever watches queues them once they are overdue, and all is
    valued, each chunk once.
    """
    deal = await searching.deal(scope=Scope.GROUP)
    await searching.begin(deal, limit=300)
    await searching.heard(deal, "search_ended")
    await searching.redis.delete(*KEYS)
    async with (
        worker_here(searching, stocked),
        keeping(searching, stocked, searching.service, channel_of(deal), overdue_ms=100) as keeper,
    ):
        await assert_every_match_has_one_offer(searching, deal)
    chunks = len(of_kind(await searching.events(deal), "matches"))
    assert keeper.mended["jobs"] == chunks


async def test_jobs_that_only_wait_are_not_queued_again(
    searching: Searching, stocked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as an older job is in the queue, a chunk's own may be, however late it is."""
    deal = await searching.deal(scope=Scope.GROUP)
    await searching.begin(deal, limit=300)
    await searching.heard(deal, "search_ended")
    waiting = await searching.queue.length()
    beats, beat = asyncio.Semaphore(0), searching.log.beat

    async def beat_and_count(*arguments: Any, **options: Any) -> list[Pulse]:
        pulses = await beat(*arguments, **options)
        beats.release()
        return pulses

    monkeypatch.setattr(searching.log, "beat", beat_and_count)
    async with keeping(searching, stocked, searching.service, channel_of(deal), overdue_ms=0) as keeper:
        for _ in range(3):
            await beats.acquire()
    assert keeper.mended["jobs"] == 0
    assert await searching.queue.length() == waiting


async def test_a_job_that_nobody_can_read_holds_no_other_up(searching: Searching, stocked: Settings) -> None:
    """One of another version and one that is none: whoever takes them gives up the cars of their chunks; all
    others are queued again and valued.
    """
    deal = await searching.deal(scope=Scope.GROUP)
    await searching.begin(deal, limit=300)
    await searching.heard(deal, "search_ended")
    await searching.redis.delete(*KEYS)
    jobs = f"{{{channel_of(deal)}}}:jobs"
    older = codec.decode(await searching.redis.hget(jobs, "0"))
    del older["inputs"]
    await searching.redis.hset(jobs, mapping={"0": codec.encode(older), "1": b"no job"})
    chunks = len(of_kind(await searching.events(deal), "matches"))
    async with (
        worker_here(searching, stocked),
        keeping(searching, stocked, searching.service, channel_of(deal), overdue_ms=100),
    ):
        events = await searching.heard(deal, "search_valued")
    failed = sorted(event["vehicle_id"] for event in of_kind(events, "value_failed"))
    assert failed == sorted(match["columns"]["vehicle_id"] for match in of_kind(events, "matches")[:2])
    assert {event["chunk"] for event in of_kind(events, "offers")} == set(range(2, chunks))


async def test_a_full_queue_loses_no_chunk(
    searching: Searching, stocked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that finds the queue full goes on; its chunks are queued when there is room again."""
    monkeypatch.setattr("server.search.paging.publishing.publication.ENQUEUE_SECONDS", 0.05)
    deal = await searching.deal(scope=Scope.GROUP)
    async with searching.redis.pipeline() as pipe:
        for _ in range(MAX_JOBS):
            pipe.xadd(JOBS_KEY, {"job": b"{}"})
        await pipe.execute()
    await searching.begin(deal, limit=100)
    assert (await searching.ended(deal))["reason"] == "limit"
    await searching.redis.delete(*KEYS)
    async with (
        worker_here(searching, stocked),
        keeping(searching, stocked, searching.service, channel_of(deal), overdue_ms=100),
    ):
        await assert_every_match_has_one_offer(searching, deal)


async def test_cars_that_were_given_up_are_valued_on_demand(searching: Searching, stocked: Settings) -> None:
    """A poisoned job: value_failed. revalue: its offers come after all, and search_valued once more; the same
    op again, and cars that were valued, change nothing.
    """
    deal = await searching.deal()
    await searching.begin(deal, limit=60)
    await searching.heard(deal, "search_ended")
    sound = await searching.change_job(deal, 0, dict)
    job = await searching.change_job(deal, 0, poison)
    async with worker_here(searching, replace(stocked, job_lease_ms=100)):
        events = await searching.heard(deal, "search_valued")
        failed = of_kind(events, "value_failed")[0]["vehicle_id"]
        assert failed == job["vehicle_id"]
        op = uuid.uuid4()
        await searching.change_job(deal, 0, lambda _: sound)
        await searching.service.revalue(channel_of(deal), op, failed[3:4])
        events = await searching.heard(deal, "search_valued", 2)
        await searching.service.revalue(channel_of(deal), op, failed[3:4])
        await searching.service.revalue(channel_of(deal), uuid.uuid4(), failed)
    assert await searching.events(deal) == events
    matches, offers = of_kind(events, "matches"), of_kind(events, "offers")
    assert sorted(column(offers, "vehicle_id")) == sorted(column(matches, "vehicle_id"))
    assert [(event["offers"], event["failed"]) for event in of_kind(events, "search_valued")] == [
        (60 - len(failed), len(failed)),
        (60, 0),
    ]
    assert await searching.queue.length() == 0
