"""The queue of chunks to value: a waiting room that is served in turns, and a Redis Stream with one group.

It carries pointers. A job's body is stored with its chunk on the deal's slot, where its worker reads it.

Workers take jobs off the stream, which holds no more than workers can take at once. The other jobs wait in
the room. Whenever a job is settled, the next person of the next store gets a turn. The first chunk of a page
is urgent and goes before the later ones, so that everyone sees offers soon, however much others search.

A job stays on the stream until it is settled: it is taken under a lease, and removed once its result is
published. Its worker renews the lease after each third of it; if the worker is gone, another one takes the
job over once the lease has expired. Redis counts how often a job was taken, so a job that ends its worker
each time is detected. The queue is bounded, in total and for each store and person. A full queue refuses
jobs; it never drops them.
"""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError, ResponseError

from protocol import codec
from protocol.jobs import JobPointer
from server.log.redis_scripts import cancellable
from server.sharing.lanes import Lane

MAX_ATTEMPTS = 5
MAX_JOBS = 2_000
MAX_JOBS_OF_STORE = 1_000
MAX_JOBS_OF_PERSON = 500
MAX_DEAD_LETTERS = 1_000

# One hash tag: jobs, dead letters and the waiting room are on one slot.
JOBS_KEY = "{value}:jobs"
DEAD_KEY = "{value}:dead"
BODIES_KEY = "{value}:bodies"
KEYS = (
    *(JOBS_KEY, DEAD_KEY, BODIES_KEY),
    *(f"{{value}}:{part}" for part in ("line", "stores", "people", "arrived", "counts")),
)
GROUP = "workers"
URGENT, BULK = "u", "v"

# Deleting a consumer also drops the jobs that it holds, so only a consumer without jobs is deleted.
_LEAVE = """
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
"""

log = structlog.get_logger(__name__)


class QueueFull(Exception):
    """The queue is full and takes no more jobs for now."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A job that this consumer holds. ``attempt`` counts from 1; ``payload`` is its pointer's JSON."""

    id: bytes
    payload: bytes
    attempt: int

    def pointer(self) -> JobPointer:
        """Return the job's pointer. Raises codec.FieldError if the payload is not one."""
        return codec.decode_as(JobPointer, self.payload)


@dataclass(frozen=True, slots=True)
class QueueLook:
    """When the oldest unsettled job was added, by Redis's clock, None without jobs; the time of the look; and
    how many jobs of each store wait for their turns.
    """

    oldest_ms: int | None
    now_ms: int
    waiting: Mapping[str, int]

    @property
    def age_seconds(self) -> float:
        """How long the oldest job has been there; 0 without jobs."""
        return 0.0 if self.oldest_ms is None else max(0.0, (self.now_ms - self.oldest_ms) / 1000)


class JobQueue:
    """Both ends of the queue. Every method raises RedisError if Redis is unreachable.

    ``redis`` must return bytes. ``blocking`` is a client with its own connection for ``take``, which blocks
    in Redis; a process that only adds jobs does not need it.
    """

    def __init__(self, redis: Redis, *, lease_ms: int, blocking: Redis | None = None) -> None:
        self._redis = redis
        self._blocking = blocking or redis
        self._lease_ms = lease_ms
        self._put = _script(redis, "put")
        self._sweep = _script(redis, "sweep")
        self._settle = _script(redis, "settle")
        self._oldest = _script(redis, "oldest")
        self._leave = redis.register_script(_LEAVE)
        self._consumer = f"{socket.gethostname()}:{uuid.uuid4().hex[:12]}"
        self._scan_from: bytes | str = "0-0"

    async def put(self, pointer: JobPointer, *, urgent: bool = False) -> None:
        """Add a job; it takes the turns of its store and person. Raises QueueFull."""
        lane = Lane(pointer.store_id, pointer.person_id)
        whose = (URGENT if urgent else BULK, lane.store_id, lane.person_id)
        bounds = (MAX_JOBS, MAX_JOBS_OF_STORE, MAX_JOBS_OF_PERSON)
        if not await _run(self._put, codec.encode(pointer), *whose, *bounds):
            raise QueueFull(
                f"{MAX_JOBS} jobs wait, {MAX_JOBS_OF_STORE} of {lane.store_id!r} or"
                f" {MAX_JOBS_OF_PERSON} of one person there"
            )

    async def length(self) -> int:
        """Return how many jobs are not settled, whether they wait or are held by a worker."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xlen(JOBS_KEY)
            pipe.hlen(BODIES_KEY)
            return sum(await pipe.execute())

    async def oldest_ms(self) -> int | None:
        """Return when the oldest job that is not settled was added, by Redis's clock; None without jobs.

        All jobs added before it are settled or lost.
        """
        return (await self.look()).oldest_ms

    async def look(self) -> QueueLook:
        """Return how old the queue is and whose jobs wait in it, in one trip."""
        oldest, now, *waiting = await _run(self._oldest)
        pairs = zip(waiting[::2], waiting[1::2], strict=True)
        stores = {store.decode(): int(jobs) for store, jobs in pairs}
        return QueueLook(int(oldest) if oldest else None, int(now), stores)

    async def take(self, wait_ms: int) -> Delivery | None:
        """Return the next new job; wait up to ``wait_ms`` for one, else return None."""
        try:
            reply: Any = await self._blocking.xreadgroup(
                GROUP, self._consumer, {JOBS_KEY: ">"}, count=1, block=wait_ms
            )
        except ResponseError as error:
            await self._make_group(error)
            return None
        for _, entries in reply or ():
            for entry, fields in entries:
                return Delivery(entry, fields[b"job"], attempt=1)
        return None

    async def sweep(self) -> Delivery | None:
        """Move waiting jobs onto the stream if it has room, and take over one job whose lease has expired.

        Returns that job; None if the scanned part of the list has none.
        """
        try:
            self._scan_from, *found = await _run(self._sweep, self._consumer, self._lease_ms, self._scan_from)
        except ResponseError as error:
            await self._make_group(error)
            return None
        return Delivery(*found) if found else None

    @asynccontextmanager
    async def holding(self, delivery: Delivery) -> AsyncIterator[None]:
        """Renew the lease of a job while the context lasts."""
        renewal = asyncio.create_task(self._renew(delivery))
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)

    async def uncount(self, delivery: Delivery) -> None:
        """Take back that this was an attempt: it ended in an outage, which says nothing of the job.

        If the queue is away too, the attempt counts.
        """
        before = delivery.attempt - 1
        try:
            async with cancellable():
                await self._redis.xclaim(
                    JOBS_KEY, GROUP, self._consumer, 0, [delivery.id], retrycount=before, justid=True
                )
        except RedisError as error:
            log.warning("attempt counted", job=delivery.id.decode(), error=error)

    async def settle(self, delivery: Delivery) -> None:
        """Remove a job whose result is published or no longer wanted."""
        await _run(self._settle, delivery.id)

    async def bury(self, delivery: Delivery, reason: str, body: bytes = b"") -> None:
        """Move a job to the dead letters, with its body if that was found."""
        letter = (delivery.payload, reason, delivery.attempt, MAX_DEAD_LETTERS, body)
        await _run(self._settle, delivery.id, *letter)

    async def leave(self) -> None:
        """Delete this consumer from the group. One that still holds a job remains until it is taken over."""
        try:
            await self._leave(keys=[JOBS_KEY], args=[GROUP, self._consumer])
        except ResponseError as error:
            await self._make_group(error)

    async def _renew(self, delivery: Delivery) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / 3 / 1000)
            try:
                # JUSTID: the lease begins again, and this does not count as another attempt. If the job ends
                # at this moment, its cancellation must not be swallowed.
                async with cancellable():
                    await self._redis.xclaim(JOBS_KEY, GROUP, self._consumer, 0, [delivery.id], justid=True)
            except RedisError as error:
                log.warning("lease not renewed", job=delivery.id.decode(), error=error)

    async def _make_group(self, error: ResponseError) -> None:
        """Create the group if ``error`` says that there is none: initially, and after Redis lost its data."""
        if "NOGROUP" not in str(error):
            raise error
        try:
            await self._redis.xgroup_create(JOBS_KEY, GROUP, id="0", mkstream=True)
        except ResponseError as raced:
            if not str(raced).startswith("BUSYGROUP"):
                raise


def _script(redis: Redis, name: str) -> AsyncScript:
    parts = (files("server.work").joinpath("scripts", part) for part in ("room.lua", f"{name}.lua"))
    return redis.register_script("".join(part.read_text() for part in parts))


async def _run(script: AsyncScript, *args: str | bytes | float) -> Any:
    async with cancellable():
        return await script(keys=KEYS, args=[GROUP, *args])
