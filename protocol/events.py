"""What a server sends: replies, a channel's events, and what stands outside the sequence.

Clients ignore types and fields that they do not know, but count the ``seq`` of such events.
Hidden fields are absent in a view, so every field that a view may hide is optional here.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.closing import ErrorBody
from protocol.records import Actor, DealState, EndReason, Filters, Sort, User, Versions, View

MAX_MESSAGE_BYTES = 256 * 1024
Columns = dict[str, list[Any]]
"""One array per column, each of length ``rows``."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of everything that a server sends."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection may do, as the server enforces it."""

    frame_bytes: int
    message_bytes: int
    commands: int
    commands_window_seconds: int
    channels: int
    outbox_bytes: int
    outbox_age_seconds: int
    log_events: int
    log_bytes: int
    log_seconds: int


class Welcome(Message, tag="welcome", frozen=True):
    """The first frame of a connection."""

    protocol: str
    server_time: dt.datetime
    connection_id: str
    user: User
    limits: Limits
    commands: list[str]


class Reply(Message, tag="reply", frozen=True):
    """The one answer to a command. ``data`` where ``ok``, else ``error``."""

    ref: int
    ok: bool
    data: dict[str, Any] | UnsetType = UNSET
    error: ErrorBody | UnsetType = UNSET


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """The deal's customer. ``score`` is for the manager's view; the customer's own view has the name only."""

    id: str
    name: str
    state: str | UnsetType = UNSET
    monthly_income_cents: int | UnsetType | None = UNSET
    score: int | UnsetType | None = UNSET


class DealSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A deal as it stands. ``structure`` holds the fields of ``records.Structure`` that the view shows."""

    id: str
    version: int
    state: DealState
    customer: Customer
    structure: dict[str, Any]
    selected: dict[str, Any] | None = None
    pins: list[dict[str, Any]] = []
    locks: list[dict[str, Any]] = []
    holds: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    presence: list[dict[str, Any]] = []


class FixKind(StrEnum):
    """What makes a refused car acceptable. Another term or programme costs nothing; else less is cheaper."""

    PROGRAMME = "programme"
    TERM = "term"
    CASH = "cash"
    PRICE = "price"
    VALUE = "value"


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every single change that makes a refused car acceptable; ``kind`` is the cheapest of them.

    ``cash_cents`` more than the customer's most cash; ``price_cents`` more discount than the seller may give;
    ``term_months`` is a term not offered so far; ``lender`` takes the car at a rate of its own;
    ``value_cents`` is how much less the store would have to accept. ``opens`` is how many cars of a whole
    search the change opens, where that was asked.
    """

    kind: FixKind
    cash_cents: int | None = None
    price_cents: int | None = None
    term_months: int | None = None
    lender: str | None = None
    value_cents: int | None = None
    opens: int | None = None


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """How many cars one limit kept out of a whole search.

    ``cash_steps`` are pairs: cents of cash beyond the customer's most, and the cars that this step, and no
    smaller one, opens. ``fix`` is the least step that opens at least half of these cars.
    """

    limit: str
    cars: int
    fix: Fix | None = None
    cash_steps: list[list[int]] = []


class SearchSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The latest search of a deal, without its rows. ``ended`` is its reason, or null while it runs.

    ``rejected`` is that of the last ``search_ended``; ``failed`` counts cars that were given up.
    """

    search_id: str
    filters: Filters
    sort: Sort
    scanned: int
    matched: int
    valued: int
    failed: int = 0
    ended: EndReason | None
    next: str | None = None
    rejected: list[Rejection] | UnsetType = UNSET
    trace: dict[str, float] | UnsetType = UNSET


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a ``deal:`` channel; its rows follow as ``snapshot_rows``."""

    deal: DealSnapshot
    search: SearchSnapshot | None


class JoinReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``join``. ``snapshot`` is null where ``recovered``."""

    epoch: str
    seq: int
    recovered: bool
    view: View
    snapshot: Snapshot | None


class SnapshotRows(Message, tag="snapshot_rows", frozen=True):
    """At most 500 rows of the latest search: matches, with their offers so far, in parallel columns.

    ``payment_cents`` and the other columns of an offer are null until the car is valued. ``valued`` tells a
    car without a feasible structure (true) from one still pending (false) and one that was given up (null).
    """

    channel: str
    ref: int
    part: int
    rows: int
    columns: Columns


class SnapshotEnd(Message, tag="snapshot_end", frozen=True):
    """The snapshot is whole; events follow."""

    channel: str
    ref: int


class Event(Message, frozen=True):
    """The base of a channel's events. ``seq`` is +1 each; ``at`` is the time of publication."""

    channel: str
    seq: int
    at: dt.datetime


class SearchStarted(Event, tag="search_started", frozen=True):
    """A search began. ``estimate`` is the planner's guess of the rows to read."""

    search_id: str
    deal_version: int
    estimate: int
    filters: Filters
    sort: Sort
    versions: Versions
    by: Actor


class Matches(Event, tag="matches", frozen=True):
    """Cars that can become an acceptable deal; one array per column, each of length ``rows``."""

    search_id: str
    chunk: int
    rows: int
    columns: Columns


class Offers(Event, tag="offers", frozen=True):
    """The best structure of each car of a chunk; null where no structure is feasible."""

    search_id: str
    chunk: int
    rows: int
    columns: Columns


class SearchEnded(Event, tag="search_ended", frozen=True):
    """No more matches come. ``next`` is the token for ``more`` where the limit ended it."""

    search_id: str
    reason: EndReason
    scanned: int
    matched: int
    chunks: int
    next: str | None
    rejected: list[Rejection] | UnsetType = UNSET
    trace: dict[str, float] | UnsetType = UNSET


class SearchValued(Event, tag="search_valued", frozen=True):
    """Every match so far is valued or failed."""

    search_id: str
    offers: int
    failed: int
    trace: dict[str, float] | UnsetType = UNSET


class ValueFailed(Event, tag="value_failed", frozen=True):
    """Cars that could not be valued after every attempt."""

    search_id: str
    vehicle_id: list[str]
    message: str


class DealChanged(Event, tag="deal_changed", frozen=True):
    """The structure changed. ``changes`` holds the new values of the changed fields that the view shows."""

    version: int
    changes: dict[str, Any]
    by: Actor


class Notice(Message, tag="notice", frozen=True):
    """Something about the service that a person should know."""

    code: Annotated[str, Meta(pattern="^(degraded|stale|draining|recovered)$")]
    message: str


class Resync(Message, tag="resync", frozen=True):
    """This client fell behind on the channel, or the channel began anew: join it again."""

    channel: str


AnyEvent = SearchStarted | Matches | Offers | SearchEnded | SearchValued | ValueFailed | DealChanged
AnyMessage = AnyEvent | Welcome | Reply | SnapshotRows | SnapshotEnd | Notice | Resync
EVENT_TYPES: tuple[type[Event], ...] = (
    SearchStarted,
    Matches,
    Offers,
    SearchEnded,
    SearchValued,
    ValueFailed,
    DealChanged,
)
MESSAGE_TYPES: tuple[type[Message], ...] = (
    *EVENT_TYPES,
    Welcome,
    Reply,
    SnapshotRows,
    SnapshotEnd,
    Notice,
    Resync,
)

MATCH_COLUMNS = (
    "vehicle_id", "rev", "vin", "stock_no", "year", "make", "model", "trim", "body", "mileage", "price_cents",
    "days_in_stock", "store_id", "payment_min_cents", "payment_max_cents", "cost_cents",
    "transfer_cost_cents", "transfer_days",
)  # fmt: skip
"""The columns of ``matches`` in full; ``cost_cents`` and ``transfer_cost_cents`` are for managers.

What a transfer takes is 0 for the store's own cars.
"""

OFFER_COLUMNS = (
    "vehicle_id", "rev", "payment_cents", "term_months", "lender", "rate_bp", "cash_down_cents",
    "discount_cents", "npv_cents", "stress_npv_cents", "binding", "fix", "frontier",
)  # fmt: skip
"""The columns of ``offers`` in full."""
