"""The rows of a search as each view sees them. Pure."""

from typing import Any, Final

from protocol.records import DealKind, View
from server.hub.sight.sight import Sight, value_as_seen
from server.hub.sight.visible import COLUMNS, TOTAL_VALUE

_AS_GROSS: Final = frozenset({DealKind.CASH, DealKind.LEASE})


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
