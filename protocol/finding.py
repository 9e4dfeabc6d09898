"""The cars that ``find`` found."""

import msgspec

from protocol.events.base import Columns


class FindReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``find``: the car with this stock number first, then the others by price.

    ``columns`` are those of ``snapshot_rows`` without claims, as far as the view shows them: a car with its
    best offer, or with ``binding``, the limit that keeps it out, and ``fix``, what would open it. ``more``:
    the stock has further cars with these words.
    """

    rows: int
    columns: Columns
    more: bool
