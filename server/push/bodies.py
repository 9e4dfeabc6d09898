"""The JSON of logged events: made once, here, and never taken apart on its way to a manager's browser.

A body begins with ``{"type":`` and lacks ``seq``, which the log gives and each hub puts in. Scripts complete
some of them: those bodies lack their end.
"""

from typing import Any

from protocol import codec
from protocol.events import MAX_MESSAGE_BYTES
from server.push.log import utc_now

SEQ_BYTES = len(b'"seq":9007199254740991,')
"""What an event still grows by when its ``seq`` is put in."""


def event_body(channel: str, event: dict[str, Any]) -> bytes:
    """Return an event's JSON without ``seq``; ``type`` comes first.

    Raises ValueError above the message limit.
    """
    body = codec.encode({"type": event["type"], "channel": channel, "at": utc_now(), **event})
    _check_size(event["type"], len(body))
    return body


def open_body(channel: str, event: dict[str, Any]) -> bytes:
    """Return an event's JSON without its closing brace, for a script to go on with."""
    return event_body(channel, event)[:-1]


def valued_prefix(channel: str, search_id: str) -> bytes:
    """Return ``search_valued`` up to its counts, which only the script knows."""
    return open_body(channel, {"type": "search_valued", "search_id": search_id})


def body_with_columns(channel: str, event: dict[str, Any], columns: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the event up to its columns, and the columns: a script stores and publishes the same bytes."""
    prefix, cells = open_body(channel, event) + b',"columns":', codec.encode(columns)
    _check_size(event["type"], len(prefix) + len(cells) + 1)
    return prefix, cells


def _check_size(kind: str, size: int) -> None:
    if size + SEQ_BYTES > MAX_MESSAGE_BYTES:
        raise ValueError(f"{kind}: expected at most {MAX_MESSAGE_BYTES} bytes, got {size + SEQ_BYTES}")
