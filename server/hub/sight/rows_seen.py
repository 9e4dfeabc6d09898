"""The rows of a search as each view sees them. Pure."""

from typing import Any, Final

import msgspec

from protocol import codec
from protocol.events import Hidden, Matches, Offers, ValueFailed, kind_of
from protocol.records import DealKind, View
from server.hub.sight.sight import Sight, value_as_seen
from server.hub.sight.visible import COLUMNS, TOTAL_VALUE
from server.log.channel_log import Entry

OF_ROWS: Final = tuple(b'{"type":"%b"' % kind_of(kind).encode() for kind in (Matches, Offers, ValueFailed))
"""How the events begin that are about rows alone."""

_AS_GROSS: Final = frozenset({DealKind.CASH, DealKind.LEASE})


class _Envelope(msgspec.Struct):
    """What every event has."""

    channel: str
    at: str


def without_rows(entry: Entry) -> bytes:
    """Return an event as it is sent to those who joined without rows: that it happened."""
    envelope = codec.decode_as(_Envelope, entry.body)
    return codec.encode({"type": kind_of(Hidden), "seq": entry.seq, **msgspec.structs.asdict(envelope)})


def _without_gross(columns: dict[str, Any]) -> dict[str, Any]:
    """Return columns of rows without the values of cash offers and leases: no loan is in them, so they give
    the gross away.
    """
    kinds = columns.get("kind")
    if kinds is None or "npv_cents" not in columns or _AS_GROSS.isdisjoint(kinds):
        return columns
    hidden = {
        name: [None if kind in _AS_GROSS else npv for kind, npv in zip(kinds, columns[name], strict=True)]
        for name in TOTAL_VALUE
    }
    return {**columns, **hidden}


def project_rows(columns: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected columns of rows."""
    guarded = guarded_columns(columns, sight)
    return value_as_seen(project_columns(guarded, sight.view), sight)


def guarded_columns(columns: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return columns of rows without the values that ``sight`` may not weigh."""
    seen = columns if sight.guard is None else sight.guard.without_marginal(columns)
    return seen if sight.view is View.MANAGER else _without_gross(seen)


def project_columns(columns: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the columns of rows that ``view`` shows."""
    shown = {name: column for name, column in columns.items() if name in COLUMNS[view]}
    return _in_plain_order(shown) if view is View.CUSTOMER else shown


def _in_plain_order(columns: dict[str, Any]) -> dict[str, Any]:
    """Return rows by ``vehicle_id``, because the read order may reveal days in stock."""
    cars = columns.get("vehicle_id")
    if cars is None:
        return columns
    order = sorted(range(len(cars)), key=lambda row: str(cars[row]))
    return {name: [column[row] for row in order] for name, column in columns.items()}
