"""What a customer's own connection is shown of a channel: less than the customer's view in the store. Pure.

It has what the deal presents, what the customer accepted, and of everything else only that it happened:
neither what it was, nor by whom. An event that may change the presentation says so, and the page asks again.
"""

from typing import Any, Final

from protocol.events import Customer, DealSnapshot
from protocol.records import DealState

SHOWN: Final = {"presentation_changed": ("presentation",), "customer_accepted": ("acceptance",)}
"""The events that are shown, with their fields."""

ACCEPTANCE_FIELDS: Final = (
    *("id", "at", "vehicle_id", "car", "kind", "term_months", "cash_down_cents", "figures"),
    *("text_version", "version", "in_person"),
)
"""What a customer sees of what they accepted."""

OUTDATING: Final = frozenset(
    {
        *("deal_changed", "state_changed", "offer_selected", "offer_pinned", "offer_unpinned"),
        *("vehicle_changed", "lender_decided", "customer_changed", "deal_assigned"),
    }
)
"""Events after which the presentation may be another one."""

_ENVELOPE: Final = ("type", "channel", "seq", "at")
_TOLD_STATES: Final = frozenset({DealState.SIGNED, DealState.LOST})


def seen_by_link(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as a customer's own connection gets it."""
    kind = event["type"]
    envelope = {name: event[name] for name in _ENVELOPE if name in event}
    if kind in SHOWN:
        return envelope | {name: event[name] for name in SHOWN[kind] if name in event}
    return envelope | {"type": "hidden"} | ({"outdated": True} if kind in OUTDATING else {})


def deal_seen_by_link(deal: DealSnapshot) -> DealSnapshot:
    """Return a deal in the customer's view as a customer's own connection gets it.

    Whether the desk has it, or declined it, is for the salesperson to say.
    """
    return DealSnapshot(
        id=deal.id,
        version=deal.version,
        state=deal.state if deal.state in _TOLD_STATES else DealState.WORKING,
        customer=Customer(id="", name=deal.customer.name),
        structure={},
        presentation=deal.presentation,
        acceptances=deal.acceptances,
    )
