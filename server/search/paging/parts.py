"""The parts of a chunk that each fit into one message."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from protocol import codec
from protocol.events import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from server.search.screening.screen import Screened

MAX_COLUMN_BYTES = MAX_MESSAGE_BYTES * 3 // 4
"""The rest is for the event around the columns."""


def parts_of(screened: "Screened") -> Iterator["Screened"]:
    """Yield the matches in parts that each fit into one message."""
    if not len(screened):
        return
    if len(screened) == 1 or len(codec.encode(screened.columns)) <= MAX_COLUMN_BYTES:
        yield screened
        return
    middle = len(screened) // 2
    yield from parts_of(screened.part(0, middle))
    yield from parts_of(screened.part(middle, len(screened)))
