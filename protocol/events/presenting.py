"""Events of what a deal shows to its customer."""

import datetime as dt

from msgspec import UNSET, UnsetType

from protocol.deal.presenting import Acceptance, OfferLink, Presentation
from protocol.events.base import Event
from protocol.records import Actor


class PresentationChanged(Event, tag="presentation_changed", frozen=True):
    """The customer is shown something else; null: the deal's own offer."""

    presentation: Presentation | None = None
    by: Actor | UnsetType = UNSET


class LinkShared(Event, tag="link_shared", frozen=True):
    """Someone made a link for the customer."""

    link: OfferLink | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class LinkRevoked(Event, tag="link_revoked", frozen=True):
    """Someone revoked a link."""

    link_id: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class LinkOpened(Event, tag="link_opened", frozen=True):
    """The customer opened a link, for the ``opens``-th time. Once a minute at most."""

    link_id: str | UnsetType = UNSET
    opens: int | UnsetType = UNSET
    opened_at: dt.datetime | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class CustomerAccepted(Event, tag="customer_accepted", frozen=True):
    """The customer likes a structure."""

    acceptance: Acceptance
    by: Actor | UnsetType = UNSET


class Hidden(Event, tag="hidden", frozen=True):
    """An event that this connection is not shown: its place in the sequence.

    A customer's own connection is shown few events; one that joined without rows is shown none that holds
    rows. ``outdated``, for customers: the presentation may be another one now.
    """

    outdated: bool | UnsetType = UNSET
