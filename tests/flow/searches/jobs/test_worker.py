"""Workers over real Redis and Postgres: offers for every match, once, whatever dies."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as LostConnection

from protocol import codec
from protocol.events import OFFER_COLUMNS
from protocol.records import Filters, Scope
from server.database.core.pool import connect_as_owner
from server.database.deals.deals import Deal
from server.embedded import EmbeddedServices, Service
from server.log.links.connecting import connect_redis
from server.settings import Settings
from server.work.queue import (
    BODIES_KEY,
    DEAD_KEY,
    GROUP,
    JOBS_KEY,
    MAX_ATTEMPTS,
    MAX_JOBS,
    JobQueue,
    QueueFull,
)
from server.work.valuer import Valuer
from server.work.worker import Worker
from tests.flow.searches.searching import (
    Searching,
    channel_of,
    column,
    of_kind,
    open_searching,
    pointer_to,
    poison,
)
from tests.services import open_folder, start_worker

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0


@asynccontextmanager
async def worker_here(searching: Searching, settings: Settings) -> AsyncIterator[Worker]:
    """Run a worker in the test itself; told to stop at the end."""
    async with connect_redis(settings.redis_url, 1) as blocking:
        queue = JobQueue(searching.redis, lease_ms=settings.job_lease_ms, blocking=blocking)
        worker = Worker(queue, searching.log.searches, Valuer(searching.pool), lease_ms=settings.job_lease_ms)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await task
            await queue.leave()


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    """Wait until what ``holds`` returns is true."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not await holds():  # noqa: ASYNC110 - Redis tells nobody of these changes
            await asyncio.sleep(0.01)


async def queue_is_empty(searching: Searching) -> bool:
    """Return whether no job is left."""
    return await searching.queue.length() == 0


async def job_is_held(searching: Searching) -> bool:
    """Return whether a worker has a job in hand; at first there is no group of workers yet."""
    groups = await searching.redis.xinfo_groups(JOBS_KEY)
    return any(group["pending"] for group in groups)


async def whole_job(searching: Searching, deal: Deal, pointer: bytes) -> bytes:
    """Let a job be as an older release stored it, and return it as that queued it."""
    about = codec.decode(pointer)
    return codec.encode(await searching.change_job(deal, about["chunk"], lambda job: job | about))


async def assert_every_match_has_one_offer(searching: Searching, deal: Deal) -> None:
    """Check what the channel heard once it was all valued."""
    events = await searching.heard(deal, "search_valued")
    matches, offers = of_kind(events, "matches"), of_kind(events, "offers")
    assert sorted(offer["chunk"] for offer in offers) == [match["chunk"] for match in matches]
    assert sorted(column(offers, "vehicle_id")) == sorted(column(matches, "vehicle_id"))
    valued = of_kind(events, "search_valued")
    assert [event["offers"] for event in valued] == [len(column(matches, "vehicle_id"))]
    assert valued[0]["failed"] == 0


async def test_a_job_may_end_while_its_lease_is_renewed(redis_url: str) -> None:
    """Whatever the moment, the job is let go: a renewal that went on for ever would be this worker's end."""
    async with connect_redis(redis_url, 4) as redis, asyncio.timeout(GUARD_SECONDS):
        queue = JobQueue(redis, lease_ms=1)
        await queue.put(pointer_to("deal:1", 0))
        assert await queue.take(0) is None  # makes the group
        delivery = await queue.take(0)
        assert delivery is not None
        for number in range(300):
            async with queue.holding(delivery):
                await asyncio.sleep(0.0004 + number % 37 * 0.00005)


async def test_every_match_gets_its_offer(searching: Searching, stocked: Settings, tmp_path: Path) -> None:
    """A worker process values all; what was matched is never found infeasible; nothing is left behind."""
    deal = await searching.deal()
    await searching.begin(deal, limit=20_000)
    async with start_worker(stocked, tmp_path):
        await assert_every_match_has_one_offer(searching, deal)
    offers = of_kind(await searching.events(deal), "offers")
    assert set(offers[0]["columns"]) == set(OFFER_COLUMNS)
    reasons = zip(column(offers, "binding"), column(offers, "npv_cents"), strict=True)
    assert {binding for binding, npv in reasons if npv is None} <= {"npv_floor"}
    payments = dict(zip(column(offers, "vehicle_id"), column(offers, "payment_cents"), strict=True))
    matches = of_kind(await searching.events(deal), "matches")
    shown = ("vehicle_id", "payment_min_cents", "payment_max_cents")
    ranges = zip(*(column(matches, name) for name in shown), strict=True)
    assert all(payments[car] is None or low <= payments[car] <= high for car, low, high in ranges)
    assert await searching.queue.length() == 0
    assert await searching.redis.xinfo_consumers(JOBS_KEY, GROUP) == []


async def test_a_worker_killed_with_a_job_in_hand_loses_nothing(
    searching: Searching, stocked: Settings, tmp_path: Path
) -> None:
    """The job goes to another worker when the lease has run out, and its offers appear exactly once."""
    deal = await searching.deal()
    await searching.begin(deal, limit=10)
    await searching.heard(deal, "search_ended")
    async with connect_as_owner(stocked.database_owner_url) as owner, owner.transaction():
        # The worker takes the job and then waits for the rate sheet, which it has never read.
        await owner.execute("LOCK TABLE lender_programmes IN ACCESS EXCLUSIVE MODE")
        async with start_worker(stocked, tmp_path) as doomed:
            await until(lambda: job_is_held(searching))
            await doomed.kill()
    assert of_kind(await searching.events(deal), "offers") == []
    async with start_worker(stocked, tmp_path):
        await assert_every_match_has_one_offer(searching, deal)


async def test_a_job_done_twice_is_published_once(searching: Searching, stocked: Settings) -> None:
    """A worker that died between result and acknowledgement: the repetition changes nothing."""
    deal = await searching.deal()
    await searching.begin(deal, limit=10)
    await searching.heard(deal, "search_ended")
    (_, fields), *_ = await searching.redis.xrange(JOBS_KEY)
    await searching.redis.xadd(JOBS_KEY, fields)
    async with worker_here(searching, stocked):
        await until(lambda: queue_is_empty(searching))
    await assert_every_match_has_one_offer(searching, deal)


async def test_a_poisoned_job_is_given_up(searching: Searching, stocked: Settings) -> None:
    """A job that always fails ends as value_failed and a dead letter; the search is still valued."""
    deal = await searching.deal()
    await searching.begin(deal, limit=60)
    await searching.heard(deal, "search_ended")
    job = await searching.change_job(deal, 0, poison)
    quick = replace(stocked, job_lease_ms=100)
    async with worker_here(searching, quick):
        events = await searching.heard(deal, "search_valued")
    assert of_kind(events, "value_failed")[0]["vehicle_id"] == job["vehicle_id"]
    assert of_kind(events, "search_valued")[0]["failed"] == len(job["vehicle_id"])
    (_, letter), *others = await searching.redis.xrange(DEAD_KEY)
    assert not others
    assert codec.decode(letter[b"job"])["channel"] == channel_of(deal)
    assert codec.decode(letter[b"body"]) == job
    assert (letter[b"reason"], letter[b"attempts"]) == (b"failed 5 times", b"6")
    assert await searching.queue.length() == 0


async def test_an_outage_is_no_attempt(
    searching: Searching, stocked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the deal's master or Postgres is away while the queue's master is well, no car is given
    up.
    """
    deal = await searching.deal()
    await searching.begin(deal, limit=10)
    await searching.heard(deal, "search_ended")
    queue, valuer = JobQueue(searching.redis, lease_ms=10), Valuer(searching.pool)
    worker = Worker(queue, searching.log.searches, valuer, lease_ms=10)
    while await queue.take(1) is None:
        pass
    # The job is taken over again and again. Redis ends a wait that is this short only after 100 ms.
    monkeypatch.setattr(queue, "take", lambda _: asyncio.sleep(0.005))
    failed = 0

    async def redis_is_away(*_: object) -> None:
        nonlocal failed
        failed += 1
        raise LostConnection

    async def postgres_is_away(*_: object) -> None:
        nonlocal failed
        failed += 1
        raise ConnectionRefusedError

    away = ((searching.log.searches, "pending_job", redis_is_away), (valuer, "tables_for", postgres_is_away))
    for times, outage in enumerate(away, 1):
        with monkeypatch.context() as patch:
            patch.setattr(*outage)
            async with asyncio.timeout(GUARD_SECONDS):
                while failed < times * (MAX_ATTEMPTS + 1):
                    with contextlib.suppress(LostConnection):
                        await worker.work_once()
    async with worker_here(searching, replace(stocked, job_lease_ms=20)):
        await assert_every_match_has_one_offer(searching, deal)
    assert await searching.redis.xlen(DEAD_KEY) == 0


async def test_a_job_of_an_older_release_is_valued(searching: Searching, stocked: Settings) -> None:
    """It waits as a whole job, with what points to it among its fields: what counts stands in the log."""
    deal = await searching.deal()
    await searching.begin(deal, limit=60)
    await searching.heard(deal, "search_ended")
    for entry, fields in await searching.redis.xrange(JOBS_KEY):
        await searching.redis.xdel(JOBS_KEY, entry)
        await searching.redis.xadd(JOBS_KEY, {"job": await whole_job(searching, deal, fields[b"job"])})
    for number, pointer in (await searching.redis.hgetall(BODIES_KEY)).items():
        await searching.redis.hset(BODIES_KEY, number, await whole_job(searching, deal, pointer))
    async with worker_here(searching, stocked):
        await assert_every_match_has_one_offer(searching, deal)
    assert await searching.redis.xlen(DEAD_KEY) == 0


async def test_a_job_that_does_not_end_ends_its_worker(
    searching: Searching, stocked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread cannot be ended, the process can: whoever takes the job over values it."""
    deal = await searching.deal()
    await searching.begin(deal, limit=10)
    await searching.heard(deal, "search_ended")
    released, overrun = threading.Event(), asyncio.Event()
    queue = JobQueue(searching.redis, lease_ms=stocked.job_lease_ms)
    valuer = Valuer(searching.pool)
    monkeypatch.setattr(valuer, "value", lambda *_: released.wait(GUARD_SECONDS))
    worker = Worker(
        queue,
        searching.log.searches,
        valuer,
        lease_ms=stocked.job_lease_ms,
        value_seconds=0.2,
        overrun=overrun.set,
    )
    try:
        async with asyncio.timeout(GUARD_SECONDS):
            await worker.work_once()
    finally:
        released.set()
    assert overrun.is_set()
    assert of_kind(await searching.events(deal), "offers") == []
    async with worker_here(searching, stocked):
        await assert_every_match_has_one_offer(searching, deal)


async def test_what_is_no_job_is_put_aside(searching: Searching, stocked: Settings) -> None:
    """A payload that nobody understands becomes a dead letter and does not stop the others."""
    await searching.redis.xadd(JOBS_KEY, {"job": b"{}"})
    deal = await searching.deal()
    await searching.begin(deal, limit=10)
    async with worker_here(searching, stocked):
        await assert_every_match_has_one_offer(searching, deal)
    assert await searching.redis.xlen(DEAD_KEY) == 1


async def test_jobs_of_an_old_search_are_skipped(searching: Searching, stocked: Settings) -> None:
    """Only the newer search is valued."""
    deal = await searching.deal(scope=Scope.GROUP)
    await searching.begin(deal, limit=50)
    await searching.heard(deal, "search_ended")
    newer = await searching.begin(deal, limit=20, filters=Filters(year_min=2020))
    await searching.heard(deal, "search_ended", 2)
    async with worker_here(searching, stocked):
        events = await searching.heard(deal, "search_valued")
    assert {event["search_id"] for event in of_kind(events, "offers")} == {newer}
    assert await searching.queue.length() == 0


async def test_a_full_queue_refuses(searching: Searching) -> None:
    """Nothing is dropped to make room: whoever puts a job is told."""
    async with searching.redis.pipeline() as pipe:
        for _ in range(MAX_JOBS):
            pipe.xadd(JOBS_KEY, {"job": b"{}"})
        await pipe.execute()
    with pytest.raises(QueueFull):
        await searching.queue.put(pointer_to("deal:1", 0))
    assert await searching.redis.xlen(JOBS_KEY) == MAX_JOBS


async def test_work_goes_on_after_redis_lost_everything(stocked: Settings) -> None:
    """Redis is restarted empty under a running worker: it makes its group anew and values the next search."""
    with open_folder() as folder, EmbeddedServices(folder, Service.REDIS, fleeting=True) as embedded:
        settings = replace(stocked, redis_url=embedded.redis.url)
        async with open_searching(settings) as searching, worker_here(searching, settings):
            deal = await searching.deal()
            await searching.begin(deal, limit=10)
            await assert_every_match_has_one_offer(searching, deal)
            await asyncio.to_thread(embedded.redis.stop)
            await asyncio.to_thread(embedded.redis.start)
            await searching.begin(deal, limit=10)
            await assert_every_match_has_one_offer(searching, deal)
