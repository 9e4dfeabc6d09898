"""The figures of a process: plain numbers, and their text as Prometheus reads it."""

import math
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from server.observe.metrics.guarding import add_answers, add_breakers
from server.observe.metrics.histogram import OTHER, Histogram, Histograms
from server.observe.metrics.merging import merged, up
from server.observe.metrics.metrics import Metrics
from server.observe.metrics.process import add_process
from server.observe.metrics.searches import SearchFigures
from server.observe.metrics.start_up import StartUp, age_seconds
from server.observe.metrics.tally import Tally
from server.observe.metrics.writing import written
from server.observe.probe.loop_watch import LoopWatch

BOUNDS = (0.1, 1.0, 10.0)


def samples(text: bytes | str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return each sample by its name and labels; a sample that is there twice is an error."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    whole = text.decode() if isinstance(text, bytes) else text
    for family in text_string_to_metric_families(whole):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_as_prometheus_does(values: list[float]) -> None:
    """A bucket has all values up to its bound, the last one has all; the sum is theirs."""
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.add(value)
    metrics = Metrics()
    metrics.histogram("deal_wait_seconds", "Waits", lambda: histogram)
    found = samples(written(metrics, "web-1")())
    for bound in (*BOUNDS, math.inf):
        text = "+Inf" if bound == math.inf else str(bound)
        key = "deal_wait_seconds_bucket", frozenset({("process", "web-1"), ("le", text)})
        assert found[key] == sum(value <= bound for value in values)
        assert bound == math.inf or histogram.above(bound) == sum(value > bound for value in values)
    own = frozenset({("process", "web-1")})
    assert found["deal_wait_seconds_count", own] == histogram.count == len(values)
    assert found["deal_wait_seconds_sum", own] == pytest.approx(sum(values))


label_values = st.text(max_size=20)


@given(
    st.dictionaries(label_values, st.integers(0, 2**53)),
    st.dictionaries(st.tuples(label_values, label_values), st.floats(allow_nan=False)),
)
def test_whatever_is_counted_is_read_again(one: dict[str, int], two: dict[tuple[str, str], float]) -> None:
    """Quotes, line ends and backslashes in a label survive; so do large numbers and infinity."""
    metrics = Metrics()
    metrics.counter("deal_events_total", "Events with \\ and\na line end", lambda: one, "type")
    metrics.gauge("deal_pool_connections", "Connections", lambda: two, "pool", "state")
    found = samples(written(metrics)())
    assert found == {
        **{("deal_events_total", frozenset({("type", key)})): value for key, value in one.items()},
        **{
            ("deal_pool_connections", frozenset({("pool", pool), ("state", state)})): value
            for (pool, state), value in two.items()
        },
    }


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("deal_events", "end with _total"),
        ("events_total", "be deal_words_like_this"),
        ("deal_Events_total", "be deal_words_like_this"),
        ("deal_known_total", "be declared once"),
    ],
)
def test_a_name_that_breaks_the_rules_is_refused(name: str, rule: str) -> None:
    """The process does not start with a metric that Prometheus or a reader would misunderstand."""
    metrics = Metrics()
    metrics.counter("deal_known_total", "Known", lambda: 0)
    with pytest.raises(ValueError, match=rule):
        metrics.counter(name, "A text", lambda: 0)
    with pytest.raises(ValueError, match="have no counter's end"):
        metrics.gauge("deal_events_total", "A text", lambda: 0)
    with pytest.raises(ValueError, match="end with its unit"):
        metrics.histogram("deal_wait", "A text", Histogram)
    with pytest.raises(ValueError, match="leave the label `process`"):
        metrics.gauge("deal_gauge", "A text", lambda: {}, "process")
    with pytest.raises(ValueError, match="say what it counts"):
        metrics.gauge("deal_gauge", "", lambda: 0)


def test_one_figure_that_fails_costs_only_itself() -> None:
    """What cannot be read is left out; the process's other figures are there."""
    metrics, tries = Metrics(), []

    def growing() -> dict[str, float]:
        tries.append(0)
        if len(tries) < 3:
            raise RuntimeError("dictionary changed size during iteration")
        return {"a": 1.0}

    metrics.gauge("deal_broken", "Fails", lambda: 1 / 0)
    metrics.gauge("deal_growing", "Fails twice", growing, "key")
    metrics.gauge("deal_sound", "Works", lambda: 7)
    found = samples(written(metrics)())
    assert found == {("deal_growing", frozenset({("key", "a")})): 1.0, ("deal_sound", frozenset()): 7.0}


def test_labels_are_bounded() -> None:
    """Beyond the bound everything is counted under one name, and nothing is lost."""
    tally, histograms = Tally("first", most=3), Histograms(BOUNDS, most=3)
    assert dict(tally) == {"first": 0}
    for number in range(10):
        tally.add(f"label {number}")
        histograms.of(f"label {number}").add(1.0)
    assert dict(tally) == {"first": 0, "label 0": 1, "label 1": 1, OTHER: 8}
    assert {label: found.count for label, found in histograms.items()} == {
        "label 0": 1,
        "label 1": 1,
        "label 2": 1,
        OTHER: 7,
    }


def test_labels_may_come_while_others_are_read() -> None:
    """The probe's thread reads while the loop counts."""
    histograms, usual = Histograms(most=10_000), sys.getswitchinterval()

    def count() -> None:
        for number in range(5_000):
            histograms.of(str(number)).add(0.1)

    counting = threading.Thread(target=count)
    sys.setswitchinterval(1e-5)
    try:
        counting.start()
        while counting.is_alive():
            assert all(found.count >= 0 for _, found in histograms.items())
    finally:
        sys.setswitchinterval(usual)
        counting.join()
    assert len(histograms) == 5_000


def written_by(process: str, events: int) -> str:
    """Return what a process exports that has counted some events."""
    metrics = Metrics()
    metrics.counter("deal_events_total", "Events", lambda: events)
    metrics.histogram("deal_wait_seconds", "Waits", lambda: Histogram(BOUNDS))
    return written(metrics, process)().decode()


def test_processes_are_put_together() -> None:
    """Each family is there once, with the samples of every process after its head."""
    parts = [written_by(f"web-{number}", number) for number in range(3)]
    text = merged([up({"web-0": True, "worker-9": False}), *parts])
    heads = [line for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len({*heads})
    expected: dict[Any, float] = {}
    for part in parts:
        expected |= samples(part)
    answered = {(("process", "web-0"),): 1.0, (("process", "worker-9"),): 0.0}
    expected |= {("deal_process_up", frozenset(key)): value for key, value in answered.items()}
    assert samples(text) == expected
    families = {family.name: len(family.samples) for family in text_string_to_metric_families(text)}
    assert families["deal_events"] == 3
    assert families["deal_wait_seconds"] == 3 * (len(BOUNDS) + 3)


def test_what_python_and_the_system_know_is_there() -> None:
    """Memory, processor time, files and collections are named as dashboards of others expect them."""
    names = {name for name, _ in samples(written(Metrics(), "web-1")())}
    assert {
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_max_fds",
        "python_gc_collections_total",
    } <= names


class Clock:
    """An age that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_process_tells_how_it_started_and_how_late_it_is() -> None:
    """Stages count from the begin of the process; every beat of the loop is in the histogram."""
    age, watch, metrics = Clock(), LoopWatch(), Metrics()
    start = StartUp(age=age)
    for stage, at in (("imports", 0.5), ("ready", 0.75), ("imports", 9.0)):
        age.now = at
        start.reached(stage)
    watch.lags.add(1.0, 0.003)
    watch.lags.add(2.0, 0.4)
    add_process(metrics, watch, start)
    found = samples(written(metrics)())
    assert found["deal_start_seconds", frozenset({("stage", "imports")})] == 0.5
    assert found["deal_start_seconds", frozenset({("stage", "ready")})] == 0.75
    assert found["deal_loop_blocked_seconds", frozenset()] == 0.0
    assert found["deal_loop_lag_seconds_count", frozenset()] == 2
    assert found["deal_loop_lag_seconds_bucket", frozenset({("le", "0.005")})] == 1
    assert age_seconds() > 0.05


class Guard:
    """A breaker or kept answers that a test made."""

    name, opened, refused, is_closed = "searches", 2, 7, False
    hits, joins, misses, stale_hits, evictions, size_bytes = 5, 3, 9, 1, 4, 2048

    def __len__(self) -> int:
        return 6


def test_breakers_and_kept_answers_are_told() -> None:
    """By name of the breaker, and by source of the answer."""
    metrics = Metrics()
    add_breakers(metrics, (Guard(),))
    add_answers(metrics, Guard())
    found = samples(written(metrics)())
    assert {name: value for (name, labels), value in found.items() if ("breaker", "searches") in labels} == {
        "deal_breaker_open": 1,
        "deal_breaker_opened_total": 2,
        "deal_breaker_refused_total": 7,
    }
    sources = {
        dict(labels)["source"]: value
        for (name, labels), value in found.items()
        if labels and "answers" in name
    }
    assert sources == {"kept": 5, "joined": 3, "stock": 9, "stale": 1}
    plain = {name: value for (name, labels), value in found.items() if not labels}
    assert plain == {"deal_answers_kept": 6, "deal_answers_kept_bytes": 2048, "deal_answers_evicted_total": 4}


def searched() -> SearchFigures:
    """Return the figures of two searches."""
    figures = SearchFigures("complete", "failed")
    figures.end("complete", 0.2, {"db_total": 120.0, "screen": 30.5, "rows_read": 400, "jobs": 3})
    figures.end("limit", 0.4, {"db_total": 80.0, "jobs": 1})
    return figures


def test_a_search_is_counted_by_its_trace() -> None:
    """Every stage of a trace has its histogram, in seconds; counts of a trace have none."""
    figures = searched()
    assert dict(figures.ended) == {"complete": 1, "failed": 0, "limit": 1}
    assert {*figures.stages} == {"db_total", "screen"}
    assert figures.stages["db_total"].total == pytest.approx(0.2)
    assert (figures.seconds.count, figures.seconds.total) == (2, pytest.approx(0.6))
