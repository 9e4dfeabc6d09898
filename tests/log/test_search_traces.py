"""The traces that the log keeps, in Redis and in memory: offsets, paints, and those of earlier searches."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from protocol.events import PAINT_STAGES, StageSpan
from protocol.records import EndReason
from server.log.channel_log import ChannelLog
from server.log.search_traces import KEPT_TRACES, merged
from tests.log.writing import DEAL, HELD, ended, events, found, started, valued

LONG_AGO_MS = 60_000.0
PAINT = StageSpan(name="paint", start_ms=20.0, end_ms=45.5, of="first_matches")
PUSHES = [
    StageSpan(name="push", start_ms=18.0, end_ms=19.0, of="first_matches"),
    StageSpan(name="push", start_ms=30.0, end_ms=32.0, of="first_offers"),
]


async def test_workers_stages_are_placed_on_the_searchs_time(log: ChannelLog) -> None:
    """Their offsets count from the search's command, whatever clock the worker has: by Redis's."""
    await started(log, age_ms=LONG_AGO_MS)
    await found(log, 0)
    await found(log, 1)
    await valued(log, 0)
    await valued(log, 1)
    await ended(log)
    told = (await events(log))[-1]
    assert told["type"] == "search_valued"
    assert told["trace"] == {"queue_wait": 1.0, "value": 2.5}
    waited, worked = told["spans"]
    assert [(each["name"], each["count"]) for each in (waited, worked)] == [("queue_wait", 2), ("value", 2)]
    for span in (waited, worked):
        assert LONG_AGO_MS - 2 < span["start_ms"] < span["end_ms"]
    # As it was told: the wait was over 1.5 ms before, and the value took the 1.25 ms until then.
    assert waited["start_ms"] <= worked["start_ms"]
    state = await log.searches.current(DEAL)
    assert state is not None
    assert state.trace == {"db_total": 1.5, "queue_wait": 1.0, "value": 2.5}
    assert [span.name for span in state.spans] == ["db_total", "queue_wait", "value"]
    assert state.age_ms >= LONG_AGO_MS


async def test_the_end_tells_the_pages_spans(log: ChannelLog) -> None:
    """search_ended has them as its owner measured them."""
    await started(log)
    await ended(log)
    told = next(event for event in await events(log) if event["type"] == "search_ended")
    assert told["spans"] == [{"name": "db_total", "start_ms": 1.0, "end_ms": 2.5}]


async def test_what_was_painted_is_added(log: ChannelLog) -> None:
    """The first report of a stage counts, of pushes the last; those of another search are refused."""
    await started(log)
    await ended(log)
    assert await log.searches.painted(DEAL, "s1", PAINT, PUSHES[:1])
    later = StageSpan(name="paint", start_ms=1.0, end_ms=900.0, of="first_matches")
    assert await log.searches.painted(DEAL, "s1", later, PUSHES)
    assert not await log.searches.painted(DEAL, "s0", PAINT)
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.trace["paint"], state.trace["push"]) == (25.5, 3.0)
    assert [span for span in state.spans if span.name in {"push", "paint"}] == [PUSHES[0], PAINT, PUSHES[1]]


async def test_earlier_searches_keep_their_traces(log: ChannelLog) -> None:
    """The last ones of a channel, oldest first; one that a newer search cut short is superseded."""
    assert await log.searches.traces(DEAL) == []
    for number in range(KEPT_TRACES + 2):
        await started(log, f"s{number}")
        if number != KEPT_TRACES:
            await ended(log, search_id=f"s{number}")
            await log.searches.painted(DEAL, f"s{number}", PAINT)
    traces = await log.searches.traces(DEAL)
    assert [each.search_id for each in traces] == [f"s{number}" for number in range(2, KEPT_TRACES + 2)]
    assert [each.ended for each in traces[-2:]] == [EndReason.SUPERSEDED, EndReason.COMPLETE]
    assert traces[0].trace == {"db_total": 1.5, "paint": 25.5}
    assert (traces[0].scanned, traces[0].matched) == (20, 4)
    assert all(each.began is not None for each in traces)


async def test_a_later_page_has_a_trace_of_its_own(log: ChannelLog) -> None:
    """``more`` keeps that of the page before, and begins anew."""
    await started(log)
    await found(log, 0)
    await valued(log, 0)
    await ended(log, EndReason.LIMIT, token="t1")
    await log.searches.painted(DEAL, "s1", PAINT)
    await log.searches.continue_search(DEAL, op=uuid.uuid4(), search_id="s1", token="t1", lease=HELD)
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.trace, state.spans) == ({}, [])
    first, _ = await log.searches.traces(DEAL)
    assert first.trace == {"db_total": 1.5, "queue_wait": 0.5, "value": 1.25, "paint": 25.5}


async def test_values_that_come_later_are_told_by_themselves(log: ChannelLog) -> None:
    """A chunk that was given up, and is valued hours later, does not stretch what came before."""
    await started(log, age_ms=LONG_AGO_MS)
    await found(log, 0)
    await found(log, 1)
    await valued(log, 0)
    await log.searches.value_failed(DEAL, search_id="s1", chunk=1, vehicle_id=["1-1"], message="no")
    await ended(log)
    await log.searches.revalue(DEAL, op=uuid.uuid4(), vehicle_ids=["1-1"])
    await valued(log, 1)
    assert [event["trace"] for event in await events(log) if event["type"] == "search_valued"] == [
        {"queue_wait": 0.5, "value": 1.25}
    ] * 2


times = st.floats(0, 10_000).map(lambda ms: round(ms, 3))


@given(st.dictionaries(st.sampled_from(PAINT_STAGES), st.tuples(times, times)))
def test_paints_are_read_as_they_were_written(painted: dict[str, tuple[float, float]]) -> None:
    """Any of the stages may be missing."""
    fields = {f"paint:{stage}": f"{start:.3f} {end:.3f}" for stage, (start, end) in painted.items()}
    trace, spans = merged(fields)
    assert {(span.of, span.start_ms, span.end_ms) for span in spans} == {
        (stage, *times) for stage, times in painted.items()
    }
    assert ("paint" in trace) == bool(painted)
