"""Pure projections of what a deal is made of: structures, offers, scenarios."""

from collections.abc import Iterable
from typing import Any, Final

from protocol.records import View
from server.hub.sight.visible import (
    CASH_FIELDS,
    LEASE_FIELDS,
    OFFER_FIELDS,
    SCENARIO_FIELDS,
    STRUCTURE_FIELDS,
    TOTAL_VALUE,
    TRADE_FIELDS,
)

_KINDS: Final = {"lease": LEASE_FIELDS, "cash": CASH_FIELDS}
"""What an offer of a kind has, and the fields of it that a view shows."""


def project_structure(structure: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the fields of a structure, or of changes to one, that ``view`` shows."""
    shown = {name: value for name, value in structure.items() if name in STRUCTURE_FIELDS[view]}
    if view is not View.MANAGER and "trades" in shown:
        shown["trades"] = [_project_trade(trade, view) for trade in shown["trades"]]
    return shown


def _project_trade(trade: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a trade, or changes to one, without its cash value; salespeople see whether there is one."""
    shown = {name: value for name, value in trade.items() if name in {*TRADE_FIELDS, "removed"}}
    if view is View.SALES and "acv_cents" in trade:
        shown["appraised"] = trade["acv_cents"] is not None
    return shown


def project_offer(offer: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return an offer as ``view`` sees it."""
    if offer is None or view is View.MANAGER:
        return offer
    shown = shown_of(offer, OFFER_FIELDS[view])
    shown["changes"] = project_structure(offer["changes"], view)
    for name, fields in _KINDS.items():
        if name in shown:
            shown[name] = shown_of(shown[name], fields[view])
            # Nothing is lent, so that the value would be the gross.
            shown = {each: value for each, value in shown.items() if each not in TOTAL_VALUE}
    return shown


def project_scenario(scenario: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a scenario as ``view`` sees it. Customers see none."""
    if view is View.MANAGER:
        return scenario
    shown = shown_of(scenario, SCENARIO_FIELDS)
    return shown | {
        "structure": project_structure(scenario["structure"], view),
        "changes": project_structure(scenario["changes"], view),
        "offer": project_offer(scenario["offer"], view),
    }


def shown_of(fields: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the fields of these names."""
    return {name: fields[name] for name in names if name in fields}
