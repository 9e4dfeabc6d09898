"""Spans of searches for an OpenTelemetry collector, if ``OTEL_EXPORTER_OTLP_ENDPOINT`` names one.

A search is one trace. Its id is the search's own, so that a web process and a worker that know nothing of
each other's spans put them into the same trace, under the same first span. The SDK's batch processor sends
them from a thread; nothing here waits. The packages are an extra and are imported only when needed.
"""

import importlib.util
import os
import socket
import threading
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, Final, Protocol

from msgspec import UNSET

from protocol.events import StageSpan
from server.errors import UserError

SERVICE: Final = "deal-architect"
SPAN_ID_BYTES: Final = 8
FLUSH_SECONDS: Final = 0.8
"""How long the end of a process may wait for spans that were not sent yet."""

NS_PER_MS: Final = 1_000_000

Attributes = Mapping[str, str | int | float]


class SpansError(UserError):
    """Spans are wanted, but cannot be sent."""


class Spans(Protocol):
    """Takes the spans of searches. Every method returns at once."""

    def search(
        self,
        search_id: str,
        *,
        began_ns: int,
        spans: Sequence[StageSpan],
        attributes: Attributes,
        first: bool,
    ) -> None:
        """Take a page of a search: its own span, and below it those of its stages.

        ``began_ns`` is when its command arrived, in nanoseconds since 1970. A page that is not the ``first``
        one lies below the first.
        """

    def stages(
        self,
        search_id: str,
        *,
        began_ns: int,
        spans: Sequence[StageSpan],
        attributes: Attributes | None = None,
    ) -> None:
        """Take stages that became known later, or in another process; they lie below the first page."""

    def close(self) -> None:
        """Send what is left, for a moment, and take nothing more. It blocks."""


def check_spans(endpoint: str, protocol: str) -> None:
    """Raise SpansError if spans should go to ``endpoint``, and the packages that send them are missing."""
    if not endpoint:
        return
    if protocol not in {"", "http/protobuf"}:
        raise SpansError(f"OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf: {protocol!r} is not supported")
    try:
        found = importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http")
        sdk = importlib.util.find_spec("opentelemetry.sdk.trace")
    except ModuleNotFoundError:
        found = sdk = None
    if found is None or sdk is None:
        raise SpansError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed. Install"
            " 'deal-architect[otel]', or unset the variable."
        )


def open_spans(process: str) -> "OtlpSpans":
    """Return what sends spans of this process; it reads the variables of OpenTelemetry's SDK."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    own = Resource(
        {
            "service.name": SERVICE,
            "service.instance.id": f"{socket.gethostname()}:{process}-{os.getpid()}",
            "process.pid": os.getpid(),
        }
    )
    # The operator's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    resource = Resource.create().merge(own).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    return OtlpSpans(provider, BatchSpanProcessor(OTLPSpanExporter()))


def trace_id_of(search_id: str) -> int:
    """Return the id of a search's trace, which is the search's own id."""
    try:
        return uuid.UUID(search_id).int
    except ValueError:
        return int.from_bytes(blake2b(search_id.encode(), digest_size=16).digest(), "big")


def first_span_of(search_id: str) -> int:
    """Return the id of the span of a search's first page."""
    return int.from_bytes(blake2b(search_id.encode(), digest_size=SPAN_ID_BYTES).digest(), "big")


class OtlpSpans:
    """``Spans`` over OpenTelemetry's SDK. ``processor`` is one of its span processors."""

    def __init__(self, provider: Any, processor: Any) -> None:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanContext, TraceFlags

        self._provider = provider
        self._span, self._scope = ReadableSpan, InstrumentationScope(SERVICE)
        self._context = partial(SpanContext, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        self._processor = processor
        self._new_id = provider.id_generator.generate_span_id
        self._dropped = Decision.DROP

    def search(
        self,
        search_id: str,
        *,
        began_ns: int,
        spans: Sequence[StageSpan],
        attributes: Attributes,
        first: bool,
    ) -> None:
        """Take a page of a search: its own span, and below it those of its stages."""
        if not self._wants(search_id):
            return
        root = first_span_of(search_id)
        own = root if first else self._new_id()
        whole = StageSpan(
            name="search" if first else "search goes on",
            start_ms=0.0,
            end_ms=max((span.end_ms for span in spans), default=0.0),
        )
        given = {"search_id": search_id, **attributes}
        self._send(search_id, (own, None if first else root), whole, began_ns, given)
        for span in spans:
            self._send(search_id, (self._new_id(), own), span, began_ns, {})

    def stages(
        self,
        search_id: str,
        *,
        began_ns: int,
        spans: Sequence[StageSpan],
        attributes: Attributes | None = None,
    ) -> None:
        """Take stages that became known later, or in another process; they lie below the first page."""
        if self._wants(search_id):
            root = first_span_of(search_id)
            for span in spans:
                self._send(search_id, (self._new_id(), root), span, began_ns, attributes or {})

    def close(self) -> None:
        """Send what is left, for a moment, and take nothing more. It blocks."""
        # A collector that does not answer would hold the process up for half a minute.
        closing = threading.Thread(target=self._processor.shutdown, name="last spans", daemon=True)
        closing.start()
        closing.join(FLUSH_SECONDS)

    def _wants(self, search_id: str) -> bool:
        """Return whether the sampler takes the trace: by its id, so that every process decides alike."""
        decided = self._provider.sampler.should_sample(None, trace_id_of(search_id), "search")
        return decided.decision is not self._dropped

    def _send(
        self,
        search_id: str,
        ids: tuple[int, int | None],
        span: StageSpan,
        began_ns: int,
        attributes: Attributes,
    ) -> None:
        """Hand a span on; ``ids`` are its own id and that of the span above it."""
        trace_id, (span_id, parent_id) = trace_id_of(search_id), ids
        given = dict(attributes)
        if span.count > 1:
            given["count"] = span.count
        if span.of is not UNSET:
            given["of"] = span.of
        self._processor.on_end(
            self._span(
                name=span.name,
                context=self._context(trace_id, span_id),
                parent=None if parent_id is None else self._context(trace_id, parent_id),
                resource=self._provider.resource,
                attributes=given,
                start_time=began_ns + round(span.start_ms * NS_PER_MS),
                end_time=began_ns + round(span.end_ms * NS_PER_MS),
                instrumentation_scope=self._scope,
            )
        )
