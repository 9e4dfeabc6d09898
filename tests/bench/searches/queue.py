"""How long a job waits for an idle worker: until that has it in hand, and until it has read the job's body.

The floor is a worker that is no more than a blocked XREADGROUP, and a job that travels in the stream whole.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis

from protocol import codec
from protocol.events import SearchEnded
from protocol.jobs import JobPointer, ValueJob, ValueResult
from protocol.money.lending import RateSheet, RiskModel
from protocol.records import Actor, Filters, Role, Sort
from server.clock import utc_now
from server.log.links.connecting import connect_redis
from server.log.redis_log import RedisLog
from server.log.search_log import Lease, Progress
from server.sharing.lanes import Lane
from server.work.queue import Delivery, JobQueue
from server.work.valuer import Valuer
from server.work.worker import Worker
from tests.bench import goals
from tests.bench.clients.hearing import connected
from tests.bench.results.figures import Figure, Report, median
from tests.bench.stage import MS, Stage, make_easy, stock
from tests.flow.shop import events_until
from tests.services import Services, start_web

CARS, LIMIT = 4_000, 2_000
TURNS_PER_REPEAT = 10
WARM = 20
LEASE_MS = 10_000
BLOCKED_SECONDS = 0.005
"""How long before a job comes the worker sits in Redis at least."""

DATABASE = 3
"""Of the same Redis: what waits there is nobody else's."""

BARE = "bench-bare"
GUARD_SECONDS = 60.0


class Hands(JobQueue):
    """A queue that takes the time at which a job is in its worker's hands."""

    taken_at = 0.0

    async def take(self, wait_ms: int) -> Delivery | None:
        """Take the time."""
        taken = await super().take(wait_ms)
        self.taken_at = time.perf_counter()
        return taken


class Starts(Valuer):
    """Takes the time at which a worker has read a job, and values nothing."""

    def __init__(self) -> None:
        super().__init__(cast(Any, None))
        self.at: asyncio.Queue[float] = asyncio.Queue()

    async def tables_for(self, job: ValueJob) -> tuple[RateSheet, RiskModel]:
        """Take the time."""
        self.at.put_nowait(time.perf_counter())
        return cast(RateSheet, None), cast(RiskModel, None)

    def value(self, job: ValueJob, sheet: RateSheet, model: RiskModel) -> ValueResult:
        """Return no offers."""
        return ValueResult(columns={"vehicle_id": job.vehicle_id, "rev": job.rev}, value_ms=0.0)


@dataclass(slots=True)
class Bench:
    """A worker of ours and a bare one, both idle, and a job as a search makes it."""

    log: RedisLog
    queue: JobQueue
    hands: Hands
    redis: Redis
    starts: Starts
    job: bytes
    bare: asyncio.Queue[float]
    channel: str = field(default_factory=lambda: f"deal:{uuid.uuid4()}")
    search_id: str = "bench"
    lease: Lease = field(default_factory=lambda: Lease("bench", 3_600_000))

    async def begin(self) -> None:
        """Begin the search whose chunks are valued."""
        event = {
            "type": "search_started",
            "search_id": self.search_id,
            "deal_version": 1,
            "estimate": 1,
            "filters": Filters(),
            "sort": Sort.PRICE,
            "versions": {},
            "by": Actor(id="bench", name="Bench", role=Role.SALESPERSON),
        }
        await self.log.searches.begin_search(
            self.channel, op=uuid.uuid4(), search_id=self.search_id, limit=1, event=event, lease=self.lease
        )

    async def ours(self, chunk: int) -> tuple[float, float]:
        """Return the milliseconds from putting a job until it is in hand, and until its body is read.

        Its chunk was published before.
        """
        lane = Lane("riverside", "bench")
        await self.log.searches.matches(
            self.channel,
            search_id=self.search_id,
            chunk=chunk,
            rows=1,
            columns=codec.encode({"vehicle_id": [str(chunk)], "rev": [1]}),
            progress=Progress(chunk, chunk, chunk),
            rejected=[],
            place="bench",
            job=self.job,
            lane=lane,
            lease=self.lease,
        )
        await asyncio.sleep(BLOCKED_SECONDS)
        began = time.perf_counter()
        await self.queue.put(
            JobPointer(
                channel=self.channel,
                search_id=self.search_id,
                chunk=chunk,
                store_id=lane.store_id,
                person_id=lane.person_id,
                enqueued_at=utc_now(),
            )
        )
        read_at = await self.starts.at.get()
        return (self.hands.taken_at - began) * MS, (read_at - began) * MS

    async def floor(self) -> float:
        """Return the milliseconds of the same by the bare parts."""
        await asyncio.sleep(BLOCKED_SECONDS)
        began = time.perf_counter()
        await self.redis.xadd(BARE, {"job": self.job}, maxlen=10)
        return (await self.bare.get() - began) * MS


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure with a job of a search that nobody has valued."""
    stage = await stock(services, folder, CARS)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        workspace = await running.enter_async_context(connected(web.url, stage))
        deal = await workspace.join(stage.channel)
        await deal.search(limit=LIMIT)
        await events_until(deal, lambda event: isinstance(event, SearchEnded))
        return await _measure(stage, repeats * TURNS_PER_REPEAT)


async def _measure(stage: Stage, turns: int) -> Report:
    async with asyncio.timeout(GUARD_SECONDS), _open(stage) as bench:
        in_hand: list[float] = []
        read: list[float] = []
        floor: list[float] = []
        for turn in range(turns + WARM):
            taken, bare = await bench.ours(turn), await bench.floor()
            if turn >= WARM:
                in_hand.append(taken[0])
                read.append(taken[1])
                floor.append(bare)
        figures = [
            Figure(
                f"enqueue → {what}, p50",
                "ms",
                median(ours),
                median(floor),
                "XADD of the whole job → XREADGROUP BLOCK",
                goal=goals.ENQUEUE_TO_START,
            )
            for what, ours in (("a worker has the job", in_hand), ("it has read and decoded it", read))
        ]
        return figures, [f"A job of the queue's figures: {len(bench.job):,} bytes, {len(floor)} turns"]


@asynccontextmanager
async def _open(stage: Stage) -> AsyncIterator[Bench]:
    url = stage.settings.redis_url
    own_url = urlsplit(url)._replace(query=f"db={DATABASE}").geturl()
    async with (
        connect_redis(url, 1) as searched,
        connect_redis(own_url, 4) as redis,
        connect_redis(own_url, 1) as blocking,
        connect_redis(own_url, 1) as bare,
    ):
        jobs: list[bytes] = await searched.hvals(f"{{{stage.channel}}}:jobs")
        job = max(jobs, key=len)
        codec.decode_as(ValueJob, job)
        log, starts = RedisLog(redis), Starts()
        hands = Hands(redis, lease_ms=LEASE_MS, blocking=blocking)
        worker = Worker(hands, log.searches, starts, lease_ms=LEASE_MS)
        await redis.xgroup_create(BARE, "bench", mkstream=True)
        bench = Bench(log, JobQueue(redis, lease_ms=LEASE_MS), hands, redis, starts, job, asyncio.Queue())
        await bench.begin()
        working = asyncio.create_task(worker.run())
        done = asyncio.Event()
        taking = asyncio.create_task(_take(bare, bench.bare, done))
        try:
            yield bench
        finally:
            worker.stop()
            done.set()
            await asyncio.gather(working, taking)
            await redis.flushdb()


async def _take(redis: Redis, at: asyncio.Queue[float], done: asyncio.Event) -> None:
    while not done.is_set():
        reply = await redis.xreadgroup("bench", "one", {BARE: ">"}, count=1, block=1_000)
        if reply:
            at.put_nowait(time.perf_counter())
            await redis.xack(BARE, "bench", reply[0][1][0][0])
