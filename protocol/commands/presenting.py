"""Presenting a deal to its customer: what is shown, links to it, and what the customer likes."""

from typing import Annotated, ClassVar

from msgspec import Meta

from protocol.commands.base import ChangeCommand, ChannelCommand, Cost
from protocol.deal.presenting import MAX_SHOWN, CellFigures
from protocol.records import Cents, DealKind, Identifier, Months
from protocol.rights import Right

MAX_HOURS = 168
DEFAULT_HOURS = 24
"""How long a link is valid at most, and if nothing is stated."""


class PresentOffer(ChangeCommand, tag="present", frozen=True):
    """Choose what the customer is shown. An empty list leaves it to the deal; all empty: the deal's own
    offer. Reply: ``{}``.
    """

    right: ClassVar = Right.SELECT
    cost: ClassVar = Cost.PRICING

    vehicle_ids: Annotated[list[Identifier], Meta(max_length=MAX_SHOWN)] = []
    cash_down_cents: Annotated[list[Cents], Meta(max_length=MAX_SHOWN)] = []
    terms_months: Annotated[list[Months], Meta(max_length=MAX_SHOWN)] = []
    kinds: Annotated[list[DealKind], Meta(max_length=len(DealKind))] = []


class Share(ChangeCommand, tag="share", frozen=True):
    """Make a link with which the customer opens the presentation on a device of their own. Reply:
    ``ShareReply``.
    """

    right: ClassVar = Right.SELECT
    cost: ClassVar = Cost.LIGHT

    hours: Annotated[int, Meta(ge=1, le=MAX_HOURS)] = DEFAULT_HOURS


class Unshare(ChangeCommand, tag="unshare", frozen=True):
    """Revoke a link; pages that are open by it close at once. Reply: ``{}``."""

    right: ClassVar = Right.SELECT
    cost: ClassVar = Cost.LIGHT

    link_id: Identifier


class ShowPresentation(ChannelCommand, tag="presentation", frozen=True):
    """Ask for everything that the customer is shown. Reply: ``PresentationReply``, the same for everyone."""

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.PRICING


class Like(ChangeCommand, tag="like", frozen=True, kw_only=True):
    """Record that the customer likes a cell of the presentation. Reply: ``{acceptance_id}``.

    ``figures`` are those of the cell as it was seen. If they changed since, or the cell is not shown, it is a
    ``conflict``, whose detail has the cell's current ``figures``, null if it has none.
    """

    right: ClassVar = Right.LIKE
    cost: ClassVar = Cost.PRICING

    vehicle_id: Identifier
    kind: DealKind
    term_months: Months | None = None
    cash_down_cents: Cents
    figures: CellFigures


CUSTOMER_COMMANDS = frozenset({"join", "leave", "ping", "presentation", "like"})
"""All that a customer's own connection may send."""
