"""The way of a search through the log, in Redis and in memory: chunks, offers, tokens, leases, revalue."""

import uuid

import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.records import EndReason, Filters, Sort
from server.log.channel_log import ChannelLog
from server.log.search_log import Outcome
from tests.log.writing import (
    DEAL,
    HELD,
    REJECTED,
    chunks_of,
    ended,
    events,
    found,
    started,
    valued,
)


async def test_search_is_stored_as_it_goes(log: ChannelLog) -> None:
    """The search state counts what was published; its chunks come back in order with their offers."""
    assert await started(log) == (Outcome.PUBLISHED, "s1")
    for chunk in (0, 1, 10):
        assert await found(log, chunk) is Outcome.PUBLISHED
    assert await found(log, 1) is Outcome.REPEATED
    assert await valued(log, 1) is Outcome.PUBLISHED
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.search_id, state.filters) == ("s1", Filters(makes=["Kia"]))
    assert (state.sort, state.limit, state.deal_version) == (Sort.YEAR_DESC, 500, 3)
    assert (state.scanned, state.matched, state.chunks) == (110, 22, 11)
    assert (state.pending, state.valued, state.failed, state.ended) == (2, 2, 0, None)
    chunks = [chunk async for chunk in log.searches.chunks(DEAL, "s1")]
    assert [chunk.number for chunk in chunks] == [0, 1, 10]
    npvs = [chunk.offers and chunk.offers["npv_cents"] for chunk in chunks]
    assert npvs == [None, [100, None], None]
    assert chunks[2].matches == {"vehicle_id": ["10-1", "10-2"], "rev": [1, 1]}
    assert [chunk async for chunk in log.searches.chunks(DEAL, "s0")] == []


async def test_valued_follows_the_end_and_the_last_chunk(log: ChannelLog) -> None:
    """search_valued comes once, after search_ended and after the last pending chunk, with summed timings."""
    await started(log)
    await found(log, 0)
    await found(log, 1)
    assert await valued(log, 0) is Outcome.PUBLISHED
    assert await valued(log, 0) is Outcome.REPEATED
    assert await ended(log) is Outcome.PUBLISHED
    assert await ended(log) is Outcome.REPEATED
    failed = await log.searches.value_failed(
        DEAL, search_id="s1", chunk=1, vehicle_id=["1-1", "1-2"], message="no"
    )
    assert failed is Outcome.PUBLISHED
    assert await valued(log, 1) is Outcome.REPEATED
    seen = await events(log)
    assert [event["type"] for event in seen] == [
        "search_started", "matches", "matches", "offers", "search_ended", "value_failed", "search_valued",
    ]  # fmt: skip
    assert (seen[-1]["offers"], seen[-1]["failed"]) == (2, 2)
    assert seen[-1]["trace"] == {"value": 1.25, "queue_wait": 0.5}
    chunks = [chunk async for chunk in log.searches.chunks(DEAL, "s1")]
    assert [(chunk.failed, chunk.offers is None) for chunk in chunks] == [(False, False), (True, True)]


async def test_search_without_matches_is_valued_at_its_end(log: ChannelLog) -> None:
    """Where nothing is pending, search_valued stands right behind search_ended."""
    await started(log)
    await ended(log)
    assert [event["type"] for event in await events(log)][1:] == ["search_ended", "search_valued"]


async def test_newer_search_supersedes(log: ChannelLog) -> None:
    """The older search is ended in the log, its rows are dropped and its later results refused."""
    await started(log)
    await found(log, 0)
    assert await started(log, "s2") == (Outcome.PUBLISHED, "s2")
    assert await found(log, 1) is Outcome.SUPERSEDED
    assert await valued(log, 0) is Outcome.SUPERSEDED
    assert await ended(log) is Outcome.SUPERSEDED
    assert await log.searches.pending_job(DEAL, "s1", 0) is None
    _, _, end, start = await events(log)
    shown = (end["type"], end["search_id"], end["reason"], end["matched"])
    assert shown == ("search_ended", "s1", "superseded", 2)
    assert start["search_id"] == "s2"
    assert [chunk async for chunk in log.searches.chunks(DEAL, "s2")] == []


async def test_repeated_search_op_changes_nothing(log: ChannelLog) -> None:
    """A client that sends its search again after a broken connection gets the id of the first time."""
    op = uuid.uuid4()
    await started(log, "s1", op)
    assert await started(log, "s2", op) == (Outcome.REPEATED, "s1")
    assert len(await events(log)) == 1


async def test_cancelled_search_takes_no_more(log: ChannelLog) -> None:
    """After the end no further match is published; what is on the screens already is still valued."""
    await started(log)
    await found(log, 0)
    await ended(log, EndReason.CANCELLED)
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.ended, state.rejected, state.trace) == (EndReason.CANCELLED, REJECTED, {"db_total": 1.5})
    assert await found(log, 1) is Outcome.SUPERSEDED
    assert await log.searches.pending_job(DEAL, "s1", 0) == b"job 0"
    await valued(log, 0)
    assert [event["type"] for event in await events(log)][-2:] == ["offers", "search_valued"]


async def test_token_is_taken_once(log: ChannelLog) -> None:
    """more continues the ended search with its token; a used or a strange one is a conflict."""
    await started(log)
    await found(log, 0)
    await ended(log, EndReason.LIMIT, token="t1")
    op = uuid.uuid4()
    assert (
        await log.searches.continue_search(DEAL, op=uuid.uuid4(), search_id="s0", token="t1", lease=HELD)
        is Outcome.SUPERSEDED
    )
    assert (
        await log.searches.continue_search(DEAL, op=op, search_id="s1", token="t1", lease=HELD)
        is Outcome.PUBLISHED
    )
    assert (
        await log.searches.continue_search(DEAL, op=op, search_id="s1", token="t1", lease=HELD)
        is Outcome.REPEATED
    )
    with pytest.raises(CommandError) as refused:
        await log.searches.continue_search(DEAL, op=uuid.uuid4(), search_id="s1", token="t1", lease=HELD)
    assert refused.value.code is ErrorCode.CONFLICT
    assert await found(log, 1) is Outcome.PUBLISHED
    await ended(log)
    await valued(log, 0)
    await valued(log, 1)
    assert [event["type"] for event in await events(log)].count("search_valued") == 1


async def test_oversized_event_is_refused(log: ChannelLog) -> None:
    """Whoever cuts chunks too large hears of it at once; nothing of it is stored."""
    await started(log)
    columns = {"vehicle_id": ["x" * 300_000]}
    with pytest.raises(ValueError, match="at most 262144 bytes"):
        await log.searches.offers(DEAL, search_id="s1", chunk=0, rows=1, columns=columns)
    assert len(await events(log)) == 1


async def test_a_superseded_search_says_what_any_other_says(log: ChannelLog) -> None:
    """Its end has what it had rejected so far, and a trace."""
    await started(log)
    await found(log, 0)
    await started(log, "s2")
    told = (await events(log))[-2]
    assert (told["search_id"], told["reason"]) == ("s1", "superseded")
    assert (told["scanned"], told["matched"], told["chunks"], told["next"]) == (10, 2, 1, None)
    assert (told["rejected"], told["trace"]) == (REJECTED, {})


async def test_a_search_may_replace_only_the_one_it_knows(log: ChannelLog) -> None:
    """Where a person has begun a newer search meanwhile, it stands."""
    await started(log)
    await started(log, "s2")
    assert await started(log, "s3", replaces="s1") == (Outcome.SUPERSEDED, "s2")
    assert await started(log, "s3", replaces="s2") == (Outcome.PUBLISHED, "s3")


async def test_a_later_page_knows_where_it_began(log: ChannelLog) -> None:
    """Of a page that is taken over in its middle, it is known what was found before it, and where it is."""
    await started(log)
    await found(log, 0)
    await ended(log, EndReason.LIMIT, token="t1")
    await log.searches.continue_search(DEAL, op=uuid.uuid4(), search_id="s1", token="t1", lease=HELD)
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.base, state.matched, state.place, state.lapsed) == (4, 4, "behind t1", False)
    await found(log, 2)
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.base, state.matched, state.place) == (4, 6, "behind 2")


async def test_cars_that_were_given_up_are_pending_again(log: ChannelLog) -> None:
    """revalue gives the jobs of the chunks that hold these cars, once for each op; search_valued follows
    anew; a newer search has none of them.
    """
    await started(log)
    for chunk in range(4):
        await found(log, chunk)
    await ended(log)
    await valued(log, 0)
    for chunk in (1, 2, 3):
        cars = [f"{chunk}-1", f"{chunk}-2"]
        await log.searches.value_failed(DEAL, search_id="s1", chunk=chunk, vehicle_id=cars, message="no")
    op = uuid.uuid4()
    cars = ["0-1", "3-2", "1-1", "9-9"]
    for _ in range(2):
        assert chunks_of(await log.searches.revalue(DEAL, op=op, vehicle_ids=cars)) == [1, 3]
    assert await log.searches.revalue(DEAL, op=uuid.uuid4(), vehicle_ids=cars) == []
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.pending, state.valued, state.failed) == (2, 2, 2)
    jobs = [await log.searches.pending_job(DEAL, "s1", chunk) for chunk in range(4)]
    assert jobs == [None, b"job 1", None, b"job 3"]
    chunks = [chunk async for chunk in log.searches.chunks(DEAL, "s1")]
    assert [chunk.failed for chunk in chunks] == [False, False, True, False]
    assert await valued(log, 3) is Outcome.PUBLISHED
    assert chunks_of(await log.searches.revalue(DEAL, op=op, vehicle_ids=cars)) == [1]
    assert await valued(log, 1) is Outcome.PUBLISHED
    seen = [event for event in await events(log) if event["type"] == "search_valued"]
    assert [(event["offers"], event["failed"]) for event in seen] == [(2, 6), (6, 2)]
    await started(log, "s2")
    assert await log.searches.revalue(DEAL, op=op, vehicle_ids=cars) == []


async def test_an_op_answers_only_what_it_was_given_for(log: ChannelLog) -> None:
    """Not somebody else's search, nor another command; for its own it is answered as before."""
    search, more, again = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    page = {"search_id": "s1", "token": "t1", "lease": HELD}
    assert await started(log, op=search, asked="ann-search") == (Outcome.PUBLISHED, "s1")
    await found(log, 0)
    await ended(log, EndReason.LIMIT, token="t1")
    await log.searches.value_failed(DEAL, search_id="s1", chunk=0, vehicle_id=["0-1", "0-2"], message="no")
    assert await log.searches.continue_search(DEAL, op=more, asked="ann-more", **page) is Outcome.PUBLISHED
    assert chunks_of(await log.searches.revalue(DEAL, op=again, asked="ann-cars", vehicle_ids=["0-1"])) == [0]
    for op in (search, more, again):
        for doing in (
            started(log, "s2", op=op, asked="bo-search"),
            log.searches.continue_search(DEAL, op=op, asked="bo-more", **page),
            log.searches.revalue(DEAL, op=op, asked="bo-cars", vehicle_ids=["0-1"]),
        ):
            with pytest.raises(CommandError) as refused:
                await doing
            assert (refused.value.code, refused.value.detail) == (ErrorCode.CONFLICT, {"field": "op"})
    assert await started(log, op=search, asked="ann-search") == (Outcome.REPEATED, "s1")
    assert await log.searches.continue_search(DEAL, op=more, asked="ann-more", **page) is Outcome.REPEATED
    assert chunks_of(await log.searches.revalue(DEAL, op=again, asked="ann-cars", vehicle_ids=["0-1"])) == [0]


async def test_revalue_without_a_search_does_nothing(log: ChannelLog) -> None:
    """There is nothing to value, and no event."""
    assert await log.searches.revalue(DEAL, op=uuid.uuid4(), vehicle_ids=["1"]) == []
    assert await events(log) == []


async def test_an_oversized_job_is_refused(log: ChannelLog) -> None:
    """Neither the chunk nor its job is stored."""
    await started(log)
    with pytest.raises(ValueError, match="job: expected at most 262144 bytes"):
        await found(log, 0, job=b"x" * 300_000)
    assert len(await events(log)) == 1
