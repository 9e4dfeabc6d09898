"""Which messages of a search are timed on their way to the sockets, and how."""

import datetime as dt

from protocol import codec
from protocol.events import PAINT_STAGES, StageSpan
from server.hub.channels.samples import Sample
from server.log.event_json import event_body
from server.search.trace import Trace
from tests.search.test_trace import Clock

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
KINDS = ("matches", "offers", "search_ended", "search_valued")


def body(kind: str, search_id: str = "s1", ms_ago: float = 0.0) -> bytes:
    at = NOW - dt.timedelta(milliseconds=ms_ago)
    return codec.encode({"type": kind, "channel": "deal:1", "at": at, "search_id": search_id, "chunk": 0})


def a_sample(clock: Clock, told: list[StageSpan]) -> Sample:
    return Sample("s1", Trace(clock=clock), lambda _, span: told.append(span), now=lambda: NOW, clock=clock)


def test_the_first_message_of_each_kind_is_timed() -> None:
    """From its publication, wherever that was, until it is written; afterwards nothing is looked at."""
    clock, told = Clock(), list[StageSpan]()
    sample = a_sample(clock, told)
    for kind, stage in zip(KINDS, PAINT_STAGES, strict=True):
        assert not sample.is_complete
        clock.now += 1.0
        found = sample.awaits(body(kind, ms_ago=250))
        assert found == (stage, 0.25)
        assert sample.awaits(body(kind)) is None
        heard, clock.now = clock.now, clock.now + 0.5
        sample.written(stage, heard, 0.25)
    assert sample.is_complete
    assert told == sample.pushed
    assert [(span.of, span.start_ms, span.end_ms) for span in told] == [
        ("first_matches", 750.0, 1500.0),
        ("first_offers", 2250.0, 3000.0),
        ("all_matches", 3750.0, 4500.0),
        ("all_offers", 5250.0, 6000.0),
    ]


def test_other_messages_are_not_timed() -> None:
    """Those of another search, of no search, and the beginning."""
    sample = a_sample(Clock(), [])
    others = (body("matches", "s2"), body("search_started"), body("note_added"), b"", b"{}")
    assert [sample.awaits(other) for other in others] == [None] * len(others)


def test_a_clock_that_is_ahead_makes_no_time_negative() -> None:
    """Nothing is published after it was heard, or before its search began."""
    clock, told = Clock(), list[StageSpan]()
    sample = a_sample(clock, told)
    assert sample.awaits(body("matches", ms_ago=-9_000)) == ("first_matches", 0.0)
    assert sample.awaits(body("offers", ms_ago=9_000)) == ("first_offers", 9.0)
    clock.now += 1.0
    sample.written("first_offers", clock.now, 9.0)
    assert [(span.start_ms, span.end_ms) for span in told] == [(0.0, 1000.0)]


def test_bodies_of_the_log_are_understood() -> None:
    """The head that is looked for is the one that the log writes."""
    sample = Sample("s1", Trace())
    assert sample.awaits(event_body("deal:1", {"type": "matches", "search_id": "s1"})) is not None
