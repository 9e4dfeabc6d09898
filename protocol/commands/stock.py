"""Searching the stock for a deal, changing its terms, pricing one car."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from protocol.commands.base import ChangeCommand, ChannelCommand, Cost, Seq
from protocol.deal.structure import StructureChanges
from protocol.money.pricing import Vary
from protocol.records import MAX_CENTS, Cents, Filters, Identifier, Months, Sort
from protocol.rights import Right
from protocol.texts import ONE_LINE

MAX_MATCHES = 20_000
DEFAULT_MATCHES = MAX_MATCHES
"""A search values the whole stock in reach, so that the best car is the best of all."""
MAX_FOUND, DEFAULT_FOUND = 50, 10
"""The most cars that ``find`` returns, and how many if no limit is stated."""

MAX_GRID = 12
"""The most terms, and the most cash amounts, in one pencil grid."""

MIN_GRID_STEP_CENTS = 10_00

Token = Annotated[str, Meta(min_length=1, max_length=256)]


class Search(ChangeCommand, tag="search", frozen=True):
    """Search the stock for this deal. A newer search supersedes an older one. Reply: ``{search_id}``."""

    right: ClassVar = Right.SEARCH
    cost: ClassVar = Cost.SEARCHING

    filters: Filters = Filters()
    sort: Sort = Sort.PRICE
    limit: Annotated[int, Meta(ge=1, le=MAX_MATCHES)] = DEFAULT_MATCHES


class More(ChangeCommand, tag="more", frozen=True):
    """Continue a search that ended by its limit, from the token of its ``search_ended``."""

    right: ClassVar = Right.SEARCH
    cost: ClassVar = Cost.SEARCHING

    search_id: Identifier
    token: Token


class Cancel(ChangeCommand, tag="cancel", frozen=True):
    """End a running search."""

    right: ClassVar = Right.SEARCH
    cost: ClassVar = Cost.LIGHT

    search_id: Identifier


class Revalue(ChangeCommand, tag="revalue", frozen=True):
    """Retry to value cars that failed."""

    right: ClassVar = Right.SEARCH
    cost: ClassVar = Cost.PRICING

    vehicle_id: Annotated[list[Identifier], Meta(min_length=1, max_length=500)]


class Terms(ChangeCommand, tag="terms", frozen=True):
    """Change the deal's structure, based on ``version``. Reply: ``{version}``."""

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.SEARCHING

    version: Seq
    changes: StructureChanges


class Roll(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for the one input that brings the payment to ``payment_cents``."""

    vary: Vary
    payment_cents: Annotated[int, Meta(ge=1, le=MAX_CENTS)]


class Quote(ChannelCommand, tag="quote", frozen=True):
    """Price one car under the deal's structure with ``changes``, which do not change the deal. Reply:
    ``QuoteReply``.

    Inputs that the structure leaves open (term, rate, cash up to its maximum, discount) are chosen for the
    best result; with ``programme_id`` only that programme is considered. A discount that ``changes`` state is
    the whole discount, unless they state a maximum payment too. ``terms_months`` and ``cash_down_cents`` are
    the grid's rows and columns; an empty list takes the structure's own, columns in steps of
    ``grid_step_cents``, None for the store's. The grid is of one programme, that of the offer or
    ``grid_programme_id``, at the offer's discount; with ``grid_best`` each cell has its own best ones.
    With ``keep_offer`` the programme and the discount are those of the offer without ``changes``: so a view
    that hides programmes prices a cell of its grid.
    """

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.PRICING

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None
    terms_months: Annotated[list[Months], Meta(max_length=MAX_GRID)] = []
    cash_down_cents: Annotated[list[Cents], Meta(max_length=MAX_GRID)] = []
    roll: Roll | None = None
    grid_programme_id: Identifier | None = None
    grid_best: bool = False
    grid_step_cents: Annotated[int, Meta(ge=MIN_GRID_STEP_CENTS, le=MAX_CENTS)] | None = None
    keep_offer: bool = False


class Find(ChannelCommand, tag="find", frozen=True):
    """Find cars of the deal's stock by stock number, VIN or words, also those that do not fit. Reply:
    ``FindReply``.

    Each word must occur in make, model, trim, stock number or VIN, or be the model year.
    """

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.PRICING

    text: Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE)]
    limit: Annotated[int, Meta(ge=1, le=MAX_FOUND)] = DEFAULT_FOUND


class Frontier(ChannelCommand, tag="frontier", frozen=True):
    """Ask for one car's structures that no other beats in both payment and NPV. Reply: ``FrontierReply``."""

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.SEARCHING

    vehicle_id: Identifier


class Products(ChannelCommand, tag="products", frozen=True):
    """Ask for the store's catalogue of F&I products. Reply: ``ProductsReply``."""

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.LIGHT
