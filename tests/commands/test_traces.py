"""The waterfall of a search at the terminal."""

import datetime as dt

from protocol.events import StageSpan
from protocol.records import EndReason
from server.commands.deals.traces import BAR_CHARACTERS, waterfall
from server.log.search_traces import SearchTrace

BEGAN = dt.datetime(2026, 11, 29, 12, 30, tzinfo=dt.UTC)


def a_trace(*spans: StageSpan, **sums: float) -> SearchTrace:
    return SearchTrace("s1", BEGAN, EndReason.COMPLETE, 900, 500, 499, 1, sums, list(spans))


def test_each_stage_is_a_bar_at_its_place() -> None:
    """All on one scale; parallel parts have their sum; the shortest stage is seen."""
    spans = [
        StageSpan(name="parse", start_ms=0.0, end_ms=0.1),
        StageSpan(name="value", start_ms=25.0, end_ms=75.0, count=4),
        StageSpan(name="paint", start_ms=75.0, end_ms=100.0, of="all_offers"),
    ]
    head, counts, _, parse, value, paint, asked = waterfall(a_trace(*spans, value=180.0, queries=3))
    assert head == "search s1: complete, began 2026-11-29 12:30:00 UTC"
    assert counts == "scanned 900, matched 500, valued 499, 1 failed"
    assert parse.split() == ["parse", "0.0", "0.1", "0.1", "#"]
    assert value.split() == ["value", "25.0", "75.0", "180.0", "#" * 23, "4", "parts"]
    assert paint.split() == ["paint", "all_offers", "75.0", "100.0", "25.0", "#" * 12]
    bars = len("x" * (value.index("#")))
    assert paint.index("#") == value.rindex("#") + 1
    assert bars - parse.index("#") == round(BAR_CHARACTERS / 4)
    assert asked == "queries 3"


def test_a_search_that_has_just_begun() -> None:
    """Nothing is known of it, and that is said."""
    running = SearchTrace("s1", None, None, 0, 0, 0, 0)
    assert list(waterfall(running)) == [
        "search s1: running",
        "scanned 0, matched 0, valued 0",
        "no stage is known yet",
    ]
