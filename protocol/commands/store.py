"""What people of a store do outside a deal: find one, begin one. The channel is the store's list of deals."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from protocol.commands.base import ChangeCommand, ChannelCommand, Cost
from protocol.deal.customers import CustomerFacts
from protocol.records import Actor, Identifier
from protocol.rights import Right
from protocol.texts import ONE_LINE

MAX_LISTED = 200
"""The most deals in a page of the list."""


class LookUp(ChannelCommand, tag="look_up", frozen=True):
    """Find customers and deals of the store by name, phone, deal or stock number. Reply: ``Found``.

    Refused while this connection has a deal in the customer's view: that person may be looking.
    """

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.PRICING

    text: Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE)]


class ListDeals(ChannelCommand, tag="list_deals", frozen=True):
    """Ask for a page of the store's deals, closed ones too, the latest change first. Reply: ``DealList``."""

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.PRICING

    after: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = 50


class ListPeople(ChannelCommand, tag="list_people", frozen=True):
    """Ask for the store's people to whom a deal can be assigned, by name. Reply: ``PeopleList``."""

    right: ClassVar = Right.ASSIGN
    cost: ClassVar = Cost.LIGHT


class PeopleList(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``list_people``: those who may sign in, and who sell or run the desk."""

    people: list[Actor]


class BeginDeal(ChangeCommand, tag="begin_deal", frozen=True):
    """Begin a deal for ``customer_id``, or for a new customer of the store. Reply: ``DealBegun``."""

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.SEARCHING

    customer_id: Identifier | None = None
    customer: CustomerFacts | None = None


class SecurityEvents(ChannelCommand, tag="security_events", frozen=True):
    """Ask for a page of the store's security events, the newest first. Reply: ``SecurityEventList``.

    ``kind`` is a kind of event, ``who`` a login or an address, ``since`` a day or a time; empty for any.
    """

    right: ClassVar = Right.SEE_COST
    cost: ClassVar = Cost.PRICING

    kind: Annotated[str, Meta(max_length=64, pattern=ONE_LINE)] = ""
    who: Annotated[str, Meta(max_length=64, pattern=ONE_LINE)] = ""
    since: Annotated[str, Meta(max_length=64, pattern=ONE_LINE)] = ""
    after: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = 50
