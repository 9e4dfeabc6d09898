"""What each event does to what a deal shows to its customer: a part of the deal's fold, and as idempotent."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from protocol.deal.presenting import KEPT_ACCEPTANCES, KEPT_LINKS, OfferLink
from protocol.events import (
    CustomerAccepted,
    DealSnapshot,
    LinkOpened,
    LinkRevoked,
    LinkShared,
    PresentationChanged,
)


def _presentation(deal: DealSnapshot, event: PresentationChanged) -> DealSnapshot:
    return replace(deal, presentation=event.presentation)


def _shared(deal: DealSnapshot, event: Any) -> DealSnapshot:
    if not isinstance(deal.links, list):
        return deal
    # A link that the snapshot has was opened or revoked since.
    known = any(link.id == event.link.id for link in deal.links)
    return deal if known else replace(deal, links=[*deal.links, event.link][-KEPT_LINKS:])


def _revoked(deal: DealSnapshot, event: Any) -> DealSnapshot:
    return _with_link(deal, event.link_id, lambda link: replace(link, revoked=True))


def _opened(deal: DealSnapshot, event: Any) -> DealSnapshot:
    def open_link(link: OfferLink) -> OfferLink:
        if event.opens <= link.opens:
            return link
        return replace(link, opens=event.opens, last_opened_at=event.opened_at)

    return _with_link(deal, event.link_id, open_link)


def _with_link(deal: DealSnapshot, link_id: str, change: Callable[[OfferLink], OfferLink]) -> DealSnapshot:
    if not isinstance(deal.links, list):
        return deal
    return replace(deal, links=[change(link) if link.id == link_id else link for link in deal.links])


def _accepted(deal: DealSnapshot, event: CustomerAccepted) -> DealSnapshot:
    acceptances = deal.acceptances if isinstance(deal.acceptances, list) else []
    if any(each.id == event.acceptance.id for each in acceptances):
        return deal
    return replace(deal, acceptances=[*acceptances, event.acceptance][-KEPT_ACCEPTANCES:])


PRESENTING_CHANGES: Final[dict[type, Callable[[DealSnapshot, Any], DealSnapshot]]] = {
    PresentationChanged: _presentation,
    LinkShared: _shared,
    LinkRevoked: _revoked,
    LinkOpened: _opened,
    CustomerAccepted: _accepted,
}
PRESENTING_WHOLE: Final[dict[type, tuple[str, ...]]] = {
    LinkShared: ("link",),
    LinkRevoked: ("link_id",),
    LinkOpened: ("link_id", "opens", "opened_at"),
}
"""The fields that an event needs to change anything: narrow views hide them all."""
