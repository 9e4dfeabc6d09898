"""The log of a channel over a real Redis: order, epochs, idempotency, bounds, and the way of a search."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.records import EndReason, Filters, Sort
from server.push.log import ChannelLog, Entry, Head, Lease, LogBounds, Outcome, Progress
from server.push.redis_log import RedisLog, parse_bell
from server.push.redis_scripts import bell_name

pytestmark = pytest.mark.flow

DEAL = "deal:0d8b7c1e"
ACTOR = {"id": "u1", "name": "Ann", "role": "salesperson"}
REJECTED = [{"limit": "mileage", "cars": 16, "fix": None}]
HELD = Lease("owner", 60_000)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def log(redis: Redis) -> RedisLog:
    return RedisLog(redis)


async def started(
    log: ChannelLog,
    search_id: str = "s1",
    op: uuid.UUID | None = None,
    lease: Lease = HELD,
    replaces: str | None = None,
) -> tuple[Outcome, str]:
    event = {
        "type": "search_started",
        "search_id": search_id,
        "deal_version": 3,
        "estimate": 40,
        "filters": Filters(makes=["Kia"]),
        "sort": Sort.YEAR_DESC,
        "versions": {"inventory": "1", "rates": "r1", "tax": "t1", "risk": "k1", "engine": "e1"},
        "by": ACTOR,
    }
    return await log.begin_search(
        DEAL,
        op=op or uuid.uuid4(),
        search_id=search_id,
        limit=500,
        event=event,
        lease=lease,
        replaces=replaces,
    )


async def found(log: ChannelLog, chunk: int, search_id: str = "s1", lease: Lease = HELD) -> Outcome:
    columns = {"vehicle_id": [f"{chunk}-1", f"{chunk}-2"], "rev": [1, 1]}
    progress = Progress(scanned=10 * (chunk + 1), matched=2 * (chunk + 1), chunks=chunk + 1)
    return await log.matches(
        DEAL,
        search_id=search_id,
        chunk=chunk,
        rows=2,
        columns=columns,
        progress=progress,
        rejected=REJECTED,
        place=f"behind {chunk}",
        job=b"job %d" % chunk,
        lease=lease,
    )


async def ended(
    log: ChannelLog,
    reason: EndReason = EndReason.COMPLETE,
    search_id: str = "s1",
    token: str | None = None,
    owner: str | None = HELD.owner,
) -> Outcome:
    return await log.end_search(
        DEAL, search_id=search_id, reason=reason, progress=Progress(20, 4, 2), next_token=token,
        rejected=REJECTED, trace={"db_total": 1.5}, owner=owner,
    )  # fmt: skip


async def valued(log: RedisLog, chunk: int, search_id: str = "s1") -> Outcome:
    columns = {"vehicle_id": [f"{chunk}-1", f"{chunk}-2"], "npv_cents": [100, None]}
    return await log.offers(
        DEAL,
        search_id=search_id,
        chunk=chunk,
        rows=2,
        columns=columns,
        timings={"value": 1.25, "queue_wait": 0.5},
    )


async def events(log: RedisLog, after: int = 0) -> list[dict[str, Any]]:
    head = await log.head(DEAL)
    entries = await log.read(DEAL, head.epoch, after, 1000)
    assert entries is not None
    assert [entry.seq for entry in entries] == list(range(after + 1, head.seq + 1))
    return [codec.decode(entry.body) for entry in entries]


def decision(version: int) -> dict[str, Any]:
    return {"type": "deal_changed", "version": version, "changes": {"cash_down_cents": version}, "by": ACTOR}


async def test_epoch_names_the_redis_run_and_stands(log: RedisLog, redis: Redis) -> None:
    """A new channel begins an epoch that contains the run id; asking again changes nothing."""
    head = await log.head(DEAL)
    info = await redis.info("server")
    assert head == Head(head.epoch, 0, None)
    assert head.epoch.startswith(info["run_id"])
    assert await log.head(DEAL) == head
    assert (await log.head("deal:other")).epoch != head.epoch


async def test_log_of_another_run_is_not_continued(log: RedisLog, redis: Redis) -> None:
    """What an older Redis run left behind (a reloaded RDB) gives way to a new epoch, search included."""
    await started(log)
    old = await log.head(DEAL)
    await redis.hset(f"{{{DEAL}}}:meta", "epoch", "0" * 40 + "-nonce")
    head = await log.head(DEAL)
    assert (head.seq, head.no) == (0, None)
    assert head.epoch != old.epoch
    assert await log.search(DEAL) is None
    assert await log.read(DEAL, old.epoch, 0, 10) is None
    assert await found(log, 0) is Outcome.SUPERSEDED


@pytest.mark.parametrize("lost", ["meta", "log"])
async def test_lost_key_begins_a_new_epoch(log: RedisLog, redis: Redis, lost: str) -> None:
    """A channel whose keys are partly gone does not go on counting over the hole."""
    await started(log)
    old = await log.head(DEAL)
    await redis.delete(f"{{{DEAL}}}:{lost}")
    assert await log.read(DEAL, old.epoch, 0, 10) is None
    assert (await log.head(DEAL)).epoch != old.epoch


async def test_decisions_go_in_order_and_once(log: RedisLog) -> None:
    """The log accepts last + 1, ignores lower, refuses higher; without a base it refuses all."""
    assert await log.decide(DEAL, 1, decision(1)) == (Outcome.MISSING, -1)
    head = await log.head(DEAL)
    assert await log.set_base(DEAL, head.epoch, 7) == 7
    assert await log.set_base(DEAL, head.epoch, 9) == 7
    assert await log.set_base(DEAL, "another", 9) is None
    assert await log.decide(DEAL, 9, decision(9)) == (Outcome.MISSING, 7)
    assert await log.decide(DEAL, 8, decision(8)) == (Outcome.PUBLISHED, 8)
    assert await log.decide(DEAL, 8, decision(8)) == (Outcome.REPEATED, 8)
    assert await log.decide(DEAL, 9, decision(9)) == (Outcome.PUBLISHED, 9)
    assert [event["version"] for event in await events(log)] == [8, 9]
    assert await log.head(DEAL) == Head(head.epoch, 2, 9)


async def test_bodies_begin_with_type_and_lack_seq(log: RedisLog) -> None:
    """A body is an object that begins with its type, so that a hub can put seq in without decoding it."""
    await started(log)
    await found(log, 0)
    await ended(log)
    await valued(log, 0)
    head = await log.head(DEAL)
    entries = await log.read(DEAL, head.epoch, 0, 10)
    assert entries is not None
    for entry in entries:
        assert entry.body.startswith(b'{"type":"')
        spliced = b'{"seq":%d,' % entry.seq + entry.body[1:]
        (message,) = codec.decode_messages(spliced)
        assert message.seq == entry.seq
        assert message.channel == DEAL


async def test_bell_carries_each_event(log: RedisLog, redis: Redis) -> None:
    """Whoever listens gets every event with its epoch and seq, and word of a new epoch as seq 0."""
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(bell_name(DEAL))
        await pubsub.get_message(timeout=5)
        await started(log)
        heard = [await pubsub.get_message(ignore_subscribe_messages=True, timeout=5) for _ in range(2)]
    head = await log.head(DEAL)
    entries = await log.read(DEAL, head.epoch, 0, 10)
    assert entries is not None
    assert [parse_bell(message["data"]) for message in heard] == [Entry(head.epoch, 0, b""), *entries]


async def test_log_is_bounded_by_events(redis: Redis) -> None:
    """The oldest events go first; whoever needs one that is gone is told so."""
    log = RedisLog(redis, LogBounds(events=5))
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    for no in range(1, 9):
        await log.decide(DEAL, no, decision(no))
    assert await log.read(DEAL, head.epoch, 2, 10) is None
    kept = await log.read(DEAL, head.epoch, 3, 10)
    assert kept is not None
    assert [entry.seq for entry in kept] == [4, 5, 6, 7, 8]
    assert await log.read(DEAL, head.epoch, 8, 10) == []
    assert await log.read(DEAL, head.epoch, 9, 10) is None


async def test_log_is_bounded_by_bytes(redis: Redis) -> None:
    """Large events push out older ones before the count is reached; the newest always stays."""
    log = RedisLog(redis, LogBounds(bytes=400))
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    for no in range(1, 9):
        await log.decide(DEAL, no, decision(no))
    kept = await log.read(DEAL, head.epoch, 7, 10)
    assert kept is not None
    assert await log.read(DEAL, head.epoch, 0, 10) is None
    await log.decide(DEAL, 9, {**decision(9), "changes": {"text": "x" * 500}})
    last = await log.read(DEAL, head.epoch, 8, 10)
    assert last is not None
    assert [entry.seq for entry in last] == [9]


async def test_every_key_expires(log: RedisLog, redis: Redis) -> None:
    """Nothing of a channel stays for ever, and no part outlives the rest."""
    await started(log)
    await found(log, 0)
    await found(log, 1)
    await valued(log, 0)
    deadlines = {key: await redis.pttl(key) for key in await redis.keys("*")}
    assert len(deadlines) == 9
    assert all(0 < left <= 4 * 3600 * 1000 for left in deadlines.values())


async def test_search_is_stored_as_it_goes(log: RedisLog) -> None:
    """The search state counts what was published; its chunks come back in order with their offers."""
    assert await started(log) == (Outcome.PUBLISHED, "s1")
    for chunk in (0, 1, 10):
        assert await found(log, chunk) is Outcome.PUBLISHED
    assert await found(log, 1) is Outcome.REPEATED
    assert await valued(log, 1) is Outcome.PUBLISHED
    state = await log.search(DEAL)
    assert state is not None
    assert (state.search_id, state.filters) == ("s1", Filters(makes=["Kia"]))
    assert (state.sort, state.limit, state.deal_version) == (Sort.YEAR_DESC, 500, 3)
    assert (state.scanned, state.matched, state.chunks) == (110, 22, 11)
    assert (state.pending, state.valued, state.failed, state.ended) == (2, 2, 0, None)
    chunks = [chunk async for chunk in log.chunks(DEAL, "s1")]
    assert [chunk.number for chunk in chunks] == [0, 1, 10]
    npvs = [chunk.offers and chunk.offers["npv_cents"] for chunk in chunks]
    assert npvs == [None, [100, None], None]
    assert chunks[2].matches == {"vehicle_id": ["10-1", "10-2"], "rev": [1, 1]}
    assert [chunk async for chunk in log.chunks(DEAL, "s0")] == []


async def test_valued_follows_the_end_and_the_last_chunk(log: RedisLog) -> None:
    """search_valued comes once, after search_ended and after the last pending chunk, with summed timings."""
    await started(log)
    await found(log, 0)
    await found(log, 1)
    assert await valued(log, 0) is Outcome.PUBLISHED
    assert await valued(log, 0) is Outcome.REPEATED
    assert await ended(log) is Outcome.PUBLISHED
    assert await ended(log) is Outcome.REPEATED
    failed = await log.value_failed(DEAL, search_id="s1", chunk=1, vehicle_id=["1-1", "1-2"], message="no")
    assert failed is Outcome.PUBLISHED
    assert await valued(log, 1) is Outcome.REPEATED
    seen = await events(log)
    assert [event["type"] for event in seen] == [
        "search_started", "matches", "matches", "offers", "search_ended", "value_failed", "search_valued",
    ]  # fmt: skip
    assert (seen[-1]["offers"], seen[-1]["failed"]) == (2, 2)
    assert seen[-1]["trace"] == {"value": 1.25, "queue_wait": 0.5}
    chunks = [chunk async for chunk in log.chunks(DEAL, "s1")]
    assert [(chunk.failed, chunk.offers is None) for chunk in chunks] == [(False, False), (True, True)]


async def test_search_without_matches_is_valued_at_its_end(log: RedisLog) -> None:
    """Where nothing is pending, search_valued stands right behind search_ended."""
    await started(log)
    await ended(log)
    assert [event["type"] for event in await events(log)][1:] == ["search_ended", "search_valued"]


async def test_newer_search_supersedes(log: RedisLog) -> None:
    """The older search is ended in the log, its rows are dropped and its later results refused."""
    await started(log)
    await found(log, 0)
    assert await started(log, "s2") == (Outcome.PUBLISHED, "s2")
    assert await found(log, 1) is Outcome.SUPERSEDED
    assert await valued(log, 0) is Outcome.SUPERSEDED
    assert await ended(log) is Outcome.SUPERSEDED
    assert not await log.is_pending(DEAL, "s1", 0)
    _, _, end, start = await events(log)
    shown = (end["type"], end["search_id"], end["reason"], end["matched"])
    assert shown == ("search_ended", "s1", "superseded", 2)
    assert start["search_id"] == "s2"
    assert [chunk async for chunk in log.chunks(DEAL, "s2")] == []


async def test_repeated_search_op_changes_nothing(log: RedisLog) -> None:
    """A client that sends its search again after a broken connection gets the id of the first time."""
    op = uuid.uuid4()
    await started(log, "s1", op)
    assert await started(log, "s2", op) == (Outcome.REPEATED, "s1")
    assert len(await events(log)) == 1


async def test_cancelled_search_takes_no_more(log: RedisLog) -> None:
    """After the end no further match is published; what is on the screens already is still valued."""
    await started(log)
    await found(log, 0)
    await ended(log, EndReason.CANCELLED)
    state = await log.search(DEAL)
    assert state is not None
    assert (state.ended, state.rejected, state.trace) == (EndReason.CANCELLED, REJECTED, {"db_total": 1.5})
    assert await found(log, 1) is Outcome.SUPERSEDED
    assert await log.is_pending(DEAL, "s1", 0)
    await valued(log, 0)
    assert [event["type"] for event in await events(log)][-2:] == ["offers", "search_valued"]


async def test_token_is_taken_once(log: RedisLog) -> None:
    """more continues the ended search with its token; a used or a strange one is a conflict."""
    await started(log)
    await found(log, 0)
    await ended(log, EndReason.LIMIT, token="t1")
    op = uuid.uuid4()
    assert (
        await log.continue_search(DEAL, op=uuid.uuid4(), search_id="s0", token="t1", lease=HELD)
        is Outcome.SUPERSEDED
    )
    assert await log.continue_search(DEAL, op=op, search_id="s1", token="t1", lease=HELD) is Outcome.PUBLISHED
    assert await log.continue_search(DEAL, op=op, search_id="s1", token="t1", lease=HELD) is Outcome.REPEATED
    with pytest.raises(CommandError) as refused:
        await log.continue_search(DEAL, op=uuid.uuid4(), search_id="s1", token="t1", lease=HELD)
    assert refused.value.code is ErrorCode.CONFLICT
    assert await found(log, 1) is Outcome.PUBLISHED
    await ended(log)
    await valued(log, 0)
    await valued(log, 1)
    assert [event["type"] for event in await events(log)].count("search_valued") == 1


async def test_oversized_event_is_refused(log: RedisLog) -> None:
    """Whoever cuts chunks too large hears of it at once; nothing of it is stored."""
    await started(log)
    columns = {"vehicle_id": ["x" * 300_000]}
    with pytest.raises(ValueError, match="at most 262144 bytes"):
        await log.offers(DEAL, search_id="s1", chunk=0, rows=1, columns=columns, timings={})
    assert len(await events(log)) == 1
