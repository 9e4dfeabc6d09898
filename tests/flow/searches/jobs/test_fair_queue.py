"""Jobs are taken in turns: by store, then by person, and first chunks before later ones."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from protocol import codec
from protocol.records import Actor, Role, Scope
from server.log.links.connecting import connect_redis
from server.sharing.lanes import Lane
from server.work.queue import JOBS_KEY, MAX_JOBS_OF_PERSON, MAX_JOBS_OF_STORE, JobQueue, QueueFull
from tests.flow.searches.searching import Searching, channel_of, pointer_to

pytestmark = pytest.mark.flow

ANN, BOB, CAT = Lane("riverside", "ann"), Lane("riverside", "bob"), Lane("northgate", "cat")
READY = 2
"""How many jobs stand before whoever comes, with one worker."""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the empty Redis."""
    async with connect_redis(redis_url, 4) as client:
        yield client


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    """A queue without jobs."""
    return JobQueue(redis, lease_ms=10_000)


async def put_all(queue: JobQueue, lane: Lane, names: list[str], *, urgent: bool = False) -> None:
    """Put jobs of channels that are no more than names."""
    for name in names:
        await queue.put(pointer_to(name, 0, lane=lane), urgent=urgent)


async def take_all(queue: JobQueue) -> list[str]:
    """Take and settle every job, one after the other; return their names in that order."""
    taken: list[str] = []
    await queue.take(1)  # makes the group
    while await queue.length():
        delivery = await queue.take(100)
        if delivery is not None:
            taken.append(delivery.pointer().channel)
            await queue.settle(delivery)
    return taken


def names(of: str, count: int) -> list[str]:
    """Return so many names."""
    return [f"{of}{number}" for number in range(count)]


async def test_people_and_stores_take_turns(queue: JobQueue) -> None:
    """A hundred jobs of one person stand before at most one of each who comes later, stores first."""
    await put_all(queue, ANN, names("a", 100))
    await put_all(queue, BOB, names("b", 3))
    await put_all(queue, CAT, names("c", 5))
    taken = await take_all(queue)
    assert sorted(taken) == sorted(names("a", 100) + names("b", 3) + names("c", 5))
    for lane in "abc":
        mine = [name for name in taken if name[0] == lane]
        assert mine == names(lane, len(mine))
    assert taken[READY : READY + 10] == ["a2", "c0", "b0", "c1", "a3", "c2", "b1", "c3", "a4", "c4"]


async def test_first_chunks_go_first_but_not_for_ever(queue: JobQueue) -> None:
    """What is urgent goes before all that waits; after four in a row one of the others has its turn."""
    await put_all(queue, ANN, names("a", 20))
    await put_all(queue, BOB, names("b", 10), urgent=True)
    taken = await take_all(queue)
    assert taken[READY : READY + 12] == [
        *(*names("b", 4), "a2"),
        *(*names("b", 8)[4:], "a3"),
        *names("b", 10)[8:],
    ]


async def test_no_person_and_no_store_fills_the_queue(queue: JobQueue) -> None:
    """Beyond their bounds a person and a store are refused, and others are not."""
    await put_all(queue, ANN, names("a", READY + MAX_JOBS_OF_PERSON))
    with pytest.raises(QueueFull):
        await queue.put(pointer_to("a", 0, lane=ANN))
    await put_all(queue, BOB, names("b", MAX_JOBS_OF_STORE - MAX_JOBS_OF_PERSON))
    with pytest.raises(QueueFull):
        await queue.put(pointer_to("d", 0, lane=Lane("riverside", "dan")))
    await queue.put(pointer_to("c", 0, lane=CAT))
    assert await queue.length() == READY + MAX_JOBS_OF_STORE + 1


async def test_failing_jobs_keep_nobody_waiting(queue: JobQueue) -> None:
    """A job that was taken and is not settled leaves its place on the stream to the next one."""
    await put_all(queue, ANN, names("a", 10))
    await queue.take(1)
    taken = [await queue.take(100) for _ in range(READY)]
    assert all(taken)
    assert await queue.sweep() is None
    following = await queue.take(100)
    assert following is not None
    assert following.pointer().channel == "a2"


async def test_a_lost_stream_does_not_hide_what_was_lost(queue: JobQueue, redis: Redis) -> None:
    """The oldest job is one that is there: one that waited since it came, and never a lost one."""
    await put_all(queue, ANN, names("a", READY + 2))
    came = await queue.oldest_ms()
    await asyncio.sleep(0.02)
    await queue.take(1)
    for _ in range(READY):
        delivery = await queue.take(100)
        assert delivery is not None
        await queue.settle(delivery)
    on_stream = await redis.xrange(JOBS_KEY)
    assert [codec.decode(fields[b"job"])["channel"] for _, fields in on_stream] == ["a2", "a3"]
    oldest = await queue.oldest_ms()
    assert came is not None
    assert oldest is not None
    assert came <= oldest < int(on_stream[0][0].split(b"-")[0])
    await redis.delete(JOBS_KEY)
    assert await queue.oldest_ms() is None


async def test_a_storm_of_searches_stands_before_nobody(searching: Searching) -> None:
    """Forty searches of one person wait when another person searches: once workers go on, the other's first
    values are among the next few.
    """
    deal = await searching.deal(scope=Scope.GROUP)
    ann, bob = [Actor(id=name, name=name, role=Role.SALESPERSON) for name in ("ann", "bob")]
    for _ in range(40):
        other = replace(deal, id=str(uuid.uuid4()))
        await searching.begin(other, limit=100, actor=ann)
        await searching.ended(other)
    late = replace(deal, id=str(uuid.uuid4()))
    await searching.begin(late, limit=100, actor=bob)
    await searching.ended(late)
    taken: list[tuple[str, int]] = []
    assert await searching.queue.take(1) is None  # makes the group
    while (delivery := await searching.queue.take(100)) is not None:
        taken.append((delivery.pointer().channel, delivery.pointer().chunk))
        await searching.queue.settle(delivery)
    mine = [place for place, (channel, _) in enumerate(taken) if channel == channel_of(late)]
    assert len(set(taken)) == len(taken) >= 2 * 41
    assert mine[0] <= READY + 2
    assert sum(chunk == 0 for _, chunk in taken[:40]) >= 30
