"""The trace of a page: sums, offsets, and what must hold of both."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from protocol.events import TRACE_COUNTS, TRACE_STAGES
from server.search.trace import Trace


class Clock:
    """A clock that tests turn."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_offsets_count_from_the_commands_arrival() -> None:
    """The time before the search is parse; each stage spans its first beginning to its last end."""
    clock = Clock()
    trace = Trace(99.75, clock=clock)
    clock.now = 100.5
    with trace.stage("db_first_row", "db_total"):
        clock.now = 101.0
    clock.now = 102.0
    with trace.stage("db_total"):
        clock.now = 104.0
    trace.count("queries", 2)
    assert trace.report() == {"parse": 250.0, "db_first_row": 500.0, "db_total": 2500.0, "queries": 2}
    assert [(span.name, span.start_ms, span.end_ms, span.count) for span in trace.spans()] == [
        ("parse", 0.0, 250.0, 1),
        ("db_first_row", 750.0, 1250.0, 1),
        ("db_total", 750.0, 4250.0, 2),
    ]
    assert trace.age_ms == 4250.0


def test_the_wait_for_a_turn_is_no_part_of_parse() -> None:
    trace = Trace(99.0, waited=(99.25, 99.75), clock=Clock())
    assert trace.report() == {"parse": 500.0, "pool_wait": 500.0}
    assert [(span.name, span.start_ms, span.end_ms, span.count) for span in trace.spans()] == [
        ("parse", 0.0, 1000.0, 2),
        ("pool_wait", 250.0, 750.0, 1),
    ]


def test_a_page_goes_on_from_another_processs_search() -> None:
    """Its offsets count from the command of that search, and it parsed nothing itself."""
    clock = Clock()
    trace = Trace(age_ms=1500.0, clock=clock)
    with trace.stage("screen"):
        clock.now += 0.25
    assert trace.report() == {"screen": 250.0}
    assert [(span.start_ms, span.end_ms) for span in trace.spans()] == [(1500.0, 1750.0)]


def test_parts_of_one_name_are_told_apart() -> None:
    """Each push keeps its own time; their sum is one figure."""
    clock = Clock()
    trace = Trace(clock=clock)
    trace.add("push", 100.0, 100.5, of="first_matches")
    trace.add("push", 101.0, 101.25, of="all_matches")
    assert trace.report() == {"push": 750.0}
    assert [(span.of, span.start_ms) for span in trace.spans("push")] == [
        ("first_matches", 0.0),
        ("all_matches", 1000.0),
    ]


def test_a_stage_that_fails_counts() -> None:
    """What a stage took before it failed is in the trace."""
    clock = Clock()
    trace = Trace(clock=clock)
    try:
        with trace.stage("publish"):
            clock.now += 1.0
            raise OSError
    except OSError:
        pass
    assert trace.report() == {"publish": 1000.0}


seconds = st.floats(0, 10, allow_nan=False)
parts = st.lists(st.tuples(st.sampled_from(TRACE_STAGES), seconds, seconds), max_size=30)


@given(parts, seconds)
def test_every_span_lies_between_the_command_and_now(
    given_parts: list[tuple[str, float, float]], age: float
) -> None:
    """Spans begin before they end, none before the command or after now, and together they hold the sums."""
    clock = Clock()
    trace = Trace(clock.now - age, clock=clock)
    for name, wait, took in given_parts:
        clock.now += wait
        with trace.stage(name):
            clock.now += took
    spans, sums = trace.spans(), trace.report()
    assert spans == sorted(spans, key=lambda span: span.start_ms)
    for span in spans:
        assert 0 <= span.start_ms <= span.end_ms <= trace.age_ms + 0.001
    # Nothing ran side by side here, so that no sum is longer than its span.
    for name, ms in sums.items():
        assert ms <= max(span.end_ms - span.start_ms for span in spans if span.name == name) + 0.01


def test_names_of_a_trace_are_unique() -> None:
    """A stage and a count share one object on the wire."""

    def names() -> Iterator[str]:
        yield from (*TRACE_STAGES, *TRACE_COUNTS)

    assert len(set(names())) == len(list(names()))
