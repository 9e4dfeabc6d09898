"""The parts of a chunk that each fit into one message, with the JSON of their columns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from protocol import codec
from protocol.events import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from server.search.screening.screen import Screened

MAX_COLUMN_BYTES = MAX_MESSAGE_BYTES * 3 // 4
"""The rest is for the event around the columns."""


def parts_of(screened: "Screened") -> Iterator[tuple["Screened", bytes]]:
    """Yield the matches in parts that each fit into one message, and the columns of each as JSON."""
    if not len(screened):
        return
    cells = codec.encode(screened.columns)
    if len(screened) == 1 or len(cells) <= MAX_COLUMN_BYTES:
        yield screened, cells
        return
    middle = len(screened) // 2
    yield from parts_of(screened.part(0, middle))
    yield from parts_of(screened.part(middle, len(screened)))
