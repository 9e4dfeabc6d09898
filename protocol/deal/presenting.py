"""What a customer is shown, on the salesperson's screen or by a link of their own, and what they liked of it.

Everything here may be seen by the customer, except ``OfferLink`` and what ``Acceptance`` says of by whom and
from where. Money in cents.
"""

import datetime as dt
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.deal.deal_parts import OfferedCar
from protocol.records import MAX_CENTS, Actor, DealKind, Months, Record

MAX_SHOWN: Final = 3
"""The most cars, terms and amounts of cash down that a presentation shows."""

MAX_LINKS: Final = 5
"""The most live links of a deal."""

KEPT_LINKS: Final = 10
KEPT_ACCEPTANCES: Final = 20
"""The most links and acceptances that a deal shows, the latest ones."""

_Total = Annotated[int, Meta(ge=-MAX_CENTS * 10, le=MAX_CENTS * 10)]


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """What a deal shows to its customer. An empty list stands for what the deal itself says.

    That is the deal's selected car, its cash down with a step on either side, up to three of its terms
    around the selected one, and the way in which the deal is paid.
    """

    vehicle_ids: list[str] = []
    cash_down_cents: list[int] = []
    terms_months: list[int] = []
    kinds: list[DealKind] = []


class CellFigures(Record, frozen=True, forbid_unknown_fields=True):
    """The figures of one cell, as the customer reads and accepts them.

    ``total_cents`` is the total of payments, of a car paid in full the price out the door (below 0 the store
    pays). A lease's payment is with tax. What a way to pay does not have is null.
    """

    total_cents: _Total
    payment_cents: Annotated[int, Meta(ge=0, le=MAX_CENTS)] | None = None
    apr_percent: float | None = None
    amount_financed_cents: _Total | None = None
    finance_charge_cents: _Total | None = None
    due_at_signing_cents: _Total | None = None


class ShownCell(msgspec.Struct, frozen=True, kw_only=True):
    """One term with one amount of cash down. A car paid in full has no term."""

    term_months: int | None = None
    cash_down_cents: int
    figures: CellFigures


class ShownLine(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of a sum, signed as it adds up."""

    name: str
    cents: int


class ShownProduct(msgspec.Struct, frozen=True, kw_only=True):
    """An optional product. ``without_cents`` is the payment without it, or the price out the door of a car
    paid in full; null if it is not known.
    """

    name: str
    price_cents: int
    without_cents: int | None = None


class ShownTrade(msgspec.Struct, frozen=True, kw_only=True):
    """The trade-ins of the deal together."""

    allowance_cents: int
    payoff_cents: int
    equity_cents: int


class ShownPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place in ``ShownWay.cells``."""

    row: int
    column: int


class ShownWay(msgspec.Struct, frozen=True, kw_only=True):
    """One way to pay for one car.

    ``cells`` has a row for each term and a column for each amount of cash down; null where it is not
    available. A car paid in full has one cell, and neither terms nor cash. ``own`` is the structure that the
    paper prints: ``lines`` lead from the price to its amount financed, gross cap cost or price out the door,
    ``reductions`` from there to a lease's adjusted cap cost, and ``signing`` adds up to what is due at
    signing. ``own_place`` is where it stands in the cells, null if it does not. ``is_deal``: this is the
    deal's own offer. ``version`` is printed on the paper, too.
    """

    kind: DealKind
    is_deal: bool
    terms_months: list[int] = []
    cash_down_cents: list[int] = []
    cells: list[list[ShownCell | None]] = []
    own: ShownCell
    own_place: ShownPlace | None = None
    lines: list[ShownLine] = []
    reductions: list[ShownLine] = []
    signing: list[ShownLine] = []
    products: list[ShownProduct] = []
    miles_per_year: int | None = None
    excess_mile_cents: int | None = None
    first_payment_date: dt.date | None = None
    contract_date: dt.date
    estimate: str
    disclosures: list[str] = []
    version: str


class ShownCar(msgspec.Struct, frozen=True, kw_only=True):
    """One car with the ways to pay for it. ``unavailable`` are those of the presentation that it lacks."""

    vehicle_id: str
    rev: int
    car: OfferedCar
    headline: str
    price_cents: int
    trade: ShownTrade | None = None
    ways: list[ShownWay] = []
    unavailable: list[DealKind] = []


class PresentationReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``presentation``.

    ``shown`` is the presentation with nothing left open, and ``stated`` the deal's own, null if there is
    none. Without a car on the deal there are no ``cars``. ``missing`` are cars that are not for sale now, or
    not available in any of these ways. The figures are of ``as_of`` and stand until the end of
    ``valid_until``. ``can_accept`` is false after the deal is over.
    """

    deal_id: str
    version: int
    store: str
    salesperson: str
    customer: str
    stated: Presentation | None = None
    shown: Presentation
    cars: list[ShownCar] = []
    missing: list[str] = []
    disclosures: list[str] = []
    optional: str
    text_version: str
    as_of: dt.datetime
    valid_until: dt.date
    can_accept: bool


class OfferLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link with which a customer opens the presentation. Its token is known to whoever made it."""

    id: str
    by: Actor
    at: dt.datetime
    expires_at: dt.datetime
    revoked: bool = False
    opens: int = 0
    last_opened_at: dt.datetime | None = None


class ShareReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``share``. ``path`` ends in ``#`` and the token: no log and no Referer has
    it. To a page, ``qr`` is the code of its origin with ``path``: a row of modules each, "1" is dark.
    """

    link_id: str
    path: str
    expires_at: dt.datetime
    qr: list[str] | UnsetType = UNSET


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer liked, as it stood on the screen. Nothing that happens later changes it.

    ``by`` is the customer, or who recorded it (``in_person``) on a screen of the store. ``address_digest``
    tells equal addresses from others. ``version`` is that of the paper.
    """

    id: str
    at: dt.datetime
    vehicle_id: str
    car: OfferedCar
    kind: DealKind
    term_months: Months | None = None
    cash_down_cents: int
    figures: CellFigures
    text_version: str
    version: str
    by: Actor | UnsetType = UNSET
    in_person: bool
    link_id: str | UnsetType | None = UNSET
    address_digest: str | UnsetType = UNSET


class OfferSession(Record, frozen=True):
    """The answer to ``POST /api/offer-session``: the channel that the customer's page joins."""

    channel: str
    expires_at: dt.datetime


class OfferToken(Record, frozen=True):
    """The body of ``POST /api/offer-session``: the token of a link."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
