"""Whether an event has the shape of its record: every field known, every value of its type."""

from collections.abc import Iterator
from typing import Any

from protocol import codec
from protocol.events import EVENTS_BY_KIND


def unknown_fields(event: dict[str, Any]) -> list[str]:
    """Return the fields, dotted, of an event's JSON that its record lacks, however deep.

    Raises KeyError for a kind without a record, FieldError where a field is missing or a value does not fit.
    """
    kept = codec.plain(codec.convert(EVENTS_BY_KIND[event["type"]], event))
    return list(_missing(event, kept, ""))


def _missing(given: Any, kept: Any, path: str) -> Iterator[str]:
    if isinstance(given, dict):
        for name, value in given.items():
            inner = f"{path}.{name}" if path else name
            if name not in kept:
                yield inner
            else:
                yield from _missing(value, kept[name], inner)
    elif isinstance(given, list):
        for one, other in zip(given, kept, strict=True):
            yield from _missing(one, other, path)
