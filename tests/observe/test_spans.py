"""Spans for a collector: how a search becomes a trace, and what is said if it cannot."""

import importlib.util
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from protocol.events import StageSpan
from server.environment import SettingsError
from server.observe.spans import OtlpSpans, SpansError, check_spans, first_span_of, trace_id_of
from server.settings import Settings

BEGAN_NS = 1_000_000_000
SEARCH = "6c0f3a4e-4a0e-4f53-9c8e-0f2c5d6a7b81"
SERVICES = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x"}


class Kept:
    """A span processor that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_end(self, span: Any) -> None:
        self.spans.append(span)


def sent(kept: Kept, ratio: float = 1.0) -> OtlpSpans:
    return OtlpSpans(TracerProvider(sampler=TraceIdRatioBased(ratio), shutdown_on_exit=False), kept)


def test_a_page_has_its_stages_below_it() -> None:
    """Times are the search's beginning and the offsets. Later pages and workers' stages lie below it."""
    kept = Kept()
    spans = sent(kept)
    parse = StageSpan(name="parse", start_ms=0.0, end_ms=1.5)
    push = StageSpan(name="push", start_ms=2.0, end_ms=4.0, count=2, of="first_matches")
    spans.search(SEARCH, began_ns=BEGAN_NS, spans=[parse, push], attributes={"deal": "d1"}, first=True)
    spans.search(SEARCH, began_ns=BEGAN_NS, spans=[], attributes={}, first=False)
    spans.stages(SEARCH, began_ns=BEGAN_NS, spans=[parse], attributes={"chunk": 3})
    root, first, second, later, apart = kept.spans
    assert {span.context.trace_id for span in kept.spans} == {uuid.UUID(SEARCH).int}
    assert (root.name, root.parent, root.context.span_id) == ("search", None, first_span_of(SEARCH))
    assert (root.start_time, root.end_time) == (BEGAN_NS, BEGAN_NS + 4_000_000)
    assert dict(root.attributes) == {"search_id": SEARCH, "deal": "d1"}
    assert (first.name, first.start_time, first.end_time) == ("parse", BEGAN_NS, BEGAN_NS + 1_500_000)
    assert dict(second.attributes) == {"count": 2, "of": "first_matches"}
    assert dict(apart.attributes) == {"chunk": 3}
    for below in (first, second, later, apart):
        assert below.parent.span_id == root.context.span_id
    assert len({span.context.span_id for span in kept.spans}) == len(kept.spans)


@given(st.one_of(st.uuids().map(str), st.text(min_size=1, max_size=40)))
def test_ids_are_those_of_every_process(search_id: str) -> None:
    """They follow from the search alone, and are never the invalid 0."""
    assert 0 < trace_id_of(search_id) < 2**128
    assert 0 < first_span_of(search_id) < 2**64
    assert trace_id_of(search_id) == trace_id_of(search_id)


@given(st.uuids().map(str))
def test_every_process_samples_the_same_searches(search_id: str) -> None:
    """A worker sends the values of a search if and only if the web process sends its reading."""
    page, values = Kept(), Kept()
    sent(page, 0.5).search(search_id, began_ns=1, spans=[], attributes={}, first=True)
    sent(values, 0.5).stages(search_id, began_ns=1, spans=[StageSpan(name="value", start_ms=0, end_ms=1)])
    assert len(page.spans) == len(values.spans)


def test_nobody_asked_for_spans() -> None:
    """Without an endpoint nothing is looked for."""
    check_spans("", "")
    check_spans("http://127.0.0.1:4318", "http/protobuf")


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says which extra to install."""

    def nothing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with pytest.raises(SpansError, match=r"Install 'deal-architect\[otel\]'"):
        check_spans("http://127.0.0.1:4318", "")


def test_another_protocol_is_refused() -> None:
    """Only the one that the extra brings is spoken."""
    with pytest.raises(SpansError, match="must be http/protobuf"):
        check_spans("http://127.0.0.1:4318", "grpc")


def test_the_endpoint_is_an_address() -> None:
    """Settings read it, and pass it on to the processes that they start."""
    given_address = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    settings = Settings.from_environment(SERVICES | given_address)
    assert settings.otlp_endpoint == "http://collector:4318"
    assert Settings.from_environment(settings.environment()) == settings
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        Settings.from_environment(SERVICES | {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})
