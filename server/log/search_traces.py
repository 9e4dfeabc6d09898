"""The traces of a channel's searches, as the log keeps them: of the latest one and of some before it.

A trace grows in four places: the page's own stages come with its end, the workers' with each chunk, those of
the sockets and screens with ``painted``. The scripts store each as it comes, and this module puts them
together.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from protocol import codec
from protocol.events import PAINT_STAGES, StageSpan
from protocol.records import EndReason

KEPT_TRACES: Final = 10
"""How many searches of a channel have their trace kept, the latest one included: about 2 KB each."""

FIELDS: Final = (
    *("search_id", "origin", "ended", "scanned", "matched", "valued", "failed", "trace", "spans"),
    *("valued_trace", "valued_spans", "push"),
    *(f"paint:{stage}" for stage in PAINT_STAGES),
)
"""The fields of a stored search that make its trace, in the order in which the scripts keep them."""

MS: Final = 1000


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage of a worker took, in milliseconds, and how long ago it ended."""

    name: str
    ms: float
    ago_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """The trace of one page of a search. ``began``: when its command arrived, by the clock of Redis."""

    search_id: str
    began: dt.datetime | None
    ended: EndReason | None
    scanned: int
    matched: int
    valued: int
    failed: int
    trace: dict[str, float] = field(default_factory=dict)
    spans: list[StageSpan] = field(default_factory=list)


def merged(fields: Mapping[str, str]) -> tuple[dict[str, float], list[StageSpan]]:
    """Return the sums and the spans of a stored search, from whatever has come of its trace so far."""
    trace: dict[str, float] = _read(fields, "trace", {}) | _read(fields, "valued_trace", {})
    spans = _spans(fields, "spans")
    if pushed := _spans(fields, "push"):
        # Some of them were known when the page ended.
        spans = [span for span in spans if span.name != "push"] + pushed
    spans += _spans(fields, "valued_spans")
    painted = [_painted(stage, fields[f"paint:{stage}"]) for stage in PAINT_STAGES if _has(fields, stage)]
    for name, found in (("push", pushed), ("paint", painted)):
        if found:
            trace[name] = round(sum(span.end_ms - span.start_ms for span in found), 3)
    return trace, sorted([*spans, *painted], key=lambda span: (span.start_ms, span.end_ms))


def record_of(fields: Mapping[str, str]) -> SearchTrace:
    """Return the trace in the stored ``FIELDS`` of a search."""
    trace, spans = merged(fields)
    counts = {name: int(fields.get(name) or 0) for name in ("scanned", "matched", "valued", "failed")}
    origin = fields.get("origin")
    return SearchTrace(
        search_id=fields["search_id"],
        began=dt.datetime.fromtimestamp(float(origin) / MS, dt.UTC) if origin else None,
        ended=EndReason(fields["ended"]) if fields.get("ended") else None,
        **counts,
        trace=trace,
        spans=spans,
    )


def records_of(kept: bytes | None, latest: list[bytes | None]) -> list[SearchTrace]:
    """Return the traces in the reply of the script ``traces``: the oldest first, the latest search last."""
    lines = (kept or b"").splitlines()
    records = [dict(zip(FIELDS, codec.decode(line), strict=True)) for line in lines]
    if latest and latest[0] is not None:
        values = ("" if value is None else value.decode() for value in latest)
        records.append(dict(zip(FIELDS, values, strict=True)))
    return [record_of(record) for record in records]


def _has(fields: Mapping[str, str], stage: str) -> bool:
    return bool(fields.get(f"paint:{stage}"))


def _painted(stage: str, times: str) -> StageSpan:
    start, end = times.split(" ")
    return StageSpan(name="paint", start_ms=float(start), end_ms=float(end), of=stage)


def _read(fields: Mapping[str, str], name: str, default: dict[str, float]) -> dict[str, float]:
    read: dict[str, float] = codec.decode(fields[name]) if fields.get(name) else default
    return read


def _spans(fields: Mapping[str, str], name: str) -> list[StageSpan]:
    return codec.decode_as(list[StageSpan], fields[name]) if fields.get(name) else []
