"""The JSON of logged events. It is encoded once, here, and is not decoded again on its way to a manager.

A body begins with ``{"type":`` and has no ``seq``: the log assigns it and each hub inserts it. Some bodies
lack their end, which a script appends.
"""

import re
from typing import Any

from protocol import codec
from protocol.events import MAX_MESSAGE_BYTES
from protocol.records import EndReason
from server.clock import utc_now
from server.log.search_log import Progress

MAX_JOB_BYTES = MAX_MESSAGE_BYTES
"""A job has the cars of its chunk, with numbers where the chunk has texts."""

SEQ_BYTES = len(b'"seq":9007199254740991,')
"""How much an event grows when its ``seq`` is inserted."""

CHUNK_DIGITS = 16
HEAD_BYTES = 1_024
"""More than the fields of an event before its columns take."""

_HEAD_OF_OFFERS = re.compile(rb'"search_id":"([^"]*)","chunk":(\d+),"rows":\d+,"columns":')


def event_body(channel: str, event: dict[str, Any]) -> bytes:
    """Return an event's JSON without ``seq``; ``type`` comes first.

    Raises ValueError above the message limit.
    """
    body = codec.encode({"type": event["type"], "channel": channel, "at": utc_now(), **event})
    _check_size(event["type"], len(body))
    return body


def open_body(channel: str, event: dict[str, Any]) -> bytes:
    """Return an event's JSON without its closing brace; a script completes it."""
    return event_body(channel, event)[:-1]


def valued_prefix(channel: str, search_id: str) -> bytes:
    """Return ``search_valued`` up to its counts, which only the script knows."""
    return open_body(channel, {"type": "search_valued", "search_id": search_id})


def matches_body(channel: str, search_id: str, chunk: int, rows: int, columns: bytes) -> bytes:
    """Return ``matches`` up to its columns, whose JSON it must have room for."""
    return _up_to_columns(
        channel, {"type": "matches", "search_id": search_id, "chunk": chunk, "rows": rows}, columns
    )


def late_matches_body(
    channel: str, search_id: str, rows: int, columns: dict[str, Any]
) -> tuple[bytes, bytes, bytes]:
    """Return ``matches`` up to its chunk's number, from there to its columns, and the columns.

    Only the script knows the number.
    """
    head = open_body(channel, {"type": "matches", "search_id": search_id}) + b',"chunk":'
    tail, cells = b',"rows":%d,"columns":' % rows, codec.encode(columns)
    _check_size("matches", len(head) + CHUNK_DIGITS + len(tail) + len(cells) + 1)
    return head, tail, cells


def offers_body(
    channel: str, search_id: str, chunk: int, rows: int, columns: dict[str, Any] | bytes
) -> tuple[bytes, bytes]:
    """Return ``offers`` up to its columns, and the columns: a script stores and publishes the same bytes.

    Columns may be JSON already.
    """
    event = {"type": "offers", "search_id": search_id, "chunk": chunk, "rows": rows}
    cells = columns if isinstance(columns, bytes) else codec.encode(columns)
    return _up_to_columns(channel, event, cells), cells


def read_offers(body: bytes) -> tuple[str, int, bytes]:
    """Return the search and the chunk of an ``offers`` event, and the JSON of its columns, undecoded."""
    found = _HEAD_OF_OFFERS.search(body, 0, HEAD_BYTES)
    if found is None:
        raise ValueError("expected offers with search_id, chunk, rows and columns")
    search_id, chunk = found.groups()
    return search_id.decode(), int(chunk), body[found.end() : -1]


def failed_body(channel: str, search_id: str, vehicle_id: list[str], message: str) -> bytes:
    """Return ``value_failed``."""
    return event_body(
        channel,
        {"type": "value_failed", "search_id": search_id, "vehicle_id": vehicle_id, "message": message},
    )


def ended_body(
    channel: str,
    search_id: str,
    reason: EndReason,
    progress: Progress,
    *,
    next_token: str | None,
    rejected: list[dict[str, Any]] | None = None,
    trace: dict[str, float] | None = None,
) -> bytes:
    """Return ``search_ended``."""
    event = {
        "type": "search_ended",
        "search_id": search_id,
        "reason": reason,
        "scanned": progress.scanned,
        "matched": progress.matched,
        "chunks": progress.chunks,
        "next": next_token,
        "rejected": rejected or [],
        "trace": trace or {},
    }
    return event_body(channel, event)


def check_job(job: bytes) -> None:
    """Raise ValueError for a job larger than ``MAX_JOB_BYTES``."""
    if len(job) > MAX_JOB_BYTES:
        raise ValueError(f"job: expected at most {MAX_JOB_BYTES} bytes, got {len(job)}")


def _up_to_columns(channel: str, event: dict[str, Any], columns: bytes) -> bytes:
    prefix = open_body(channel, event) + b',"columns":'
    _check_size(event["type"], len(prefix) + len(columns) + 1)
    return prefix


def _check_size(kind: str, size: int) -> None:
    if size + SEQ_BYTES > MAX_MESSAGE_BYTES:
        raise ValueError(f"{kind}: expected at most {MAX_MESSAGE_BYTES} bytes, got {size + SEQ_BYTES}")
