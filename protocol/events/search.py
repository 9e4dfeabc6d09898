"""Events of a deal's search: matches, offers and the end."""

from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

from protocol.events.base import Columns, Event
from protocol.records import Actor, EndReason, Filters, Sort, Versions


class FixKind(StrEnum):
    """The kinds of changes that make a refused car acceptable. Another term or programme costs nothing; of
    the others, the smaller amount is cheaper.
    """

    PROGRAMME = "programme"
    TERM = "term"
    CASH = "cash"
    PRICE = "price"
    VALUE = "value"
    PRODUCTS = "products"
    FIRST_PAYMENT = "first_payment"
    DOC_FEE = "doc_fee"
    PRODUCT = "product"


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every single change that makes a refused car acceptable; ``kind`` is the cheapest of them.

    ``cash_cents`` is cash beyond the customer's maximum; ``price_cents`` is discount beyond the seller's
    authority; ``term_months`` is a term not offered so far; ``lender`` takes the car at its own rate;
    ``value_cents`` is how much lower the store's minimum would have to be; ``products_cents`` is how much
    less the products would have to cost; ``first_payment_days`` is the nearest first payment that a lender
    takes, 30 days to a month; ``doc_fee_cents`` the state's highest doc fee. ``product_id`` is a product that
    the lender refuses: at ``product_price_cents`` it takes it, without a price it does not. ``opens`` is how
    many cars of a whole search the change opens, if that was requested.
    """

    kind: FixKind
    cash_cents: int | None = None
    price_cents: int | None = None
    term_months: int | None = None
    lender: str | None = None
    value_cents: int | None = None
    products_cents: int | None = None
    first_payment_days: int | None = None
    doc_fee_cents: int | None = None
    product_id: str | None = None
    product_price_cents: int | None = None
    opens: int | None = None


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """How many cars of the filters one limit kept out of a whole search.

    ``cash_steps`` are pairs: cents of cash beyond the customer's most, and the cars that this step, and no
    smaller one, opens. ``fix`` is the least step that opens at least half of these cars. ``term_opens`` are
    pairs: months of a term that the deal does not offer, and the cars that it opens. A car that is opened
    matches; its value may still lie below the store's minimum. With ``at_least``, the search did not look at
    every car of the filters, so there may be more of each.
    """

    limit: str
    cars: int
    fix: Fix | None = None
    cash_steps: list[list[int]] = []
    term_opens: list[list[int]] = []
    at_least: bool = False


class SearchStarted(Event, tag="search_started", frozen=True):
    """A search began. ``estimate`` is the planner's guess of the rows to read. ``sort`` is absent if the view
    hides the sort key.
    """

    search_id: str
    deal_version: int
    estimate: int
    filters: Filters
    versions: Versions
    sort: Sort | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class Matches(Event, tag="matches", frozen=True):
    """Cars that can become an acceptable deal; one array per column, each of length ``rows``."""

    search_id: str
    chunk: int
    rows: int
    columns: Columns


class Offers(Event, tag="offers", frozen=True):
    """The best structure of each car of a chunk; null if no structure is feasible."""

    search_id: str
    chunk: int
    rows: int
    columns: Columns


TRACE_STAGES = (
    "parse", "cache", "pool_wait", "prepare", "announce", "db_first_row", "db_total", "screen", "publish",
    "queue_wait", "value", "push", "paint",
)  # fmt: skip
"""The stages of a search, in about the order in which they begin.

``parse``: from the arrival of the command's frame until the search begins, its turn among other commands
included. ``cache``: looking for a stored answer. ``pool_wait``: until a connection to the database is free.
``prepare``: reading versions and tables, and planning. ``announce``: publishing ``search_started``.
``db_first_row``: the first query; ``db_total``: all queries for rows. ``screen``: payments and limits of the
rows. ``publish``: storing and publishing matches. ``queue_wait``: a chunk's job until a worker takes it.
``value``: the valuation. ``push``: from the publication of a message until the hub has written it to the
sockets of those who watch, sampled. ``paint``: from a message's arrival in the browser until it was drawn,
as ``painted`` reports it.
"""

TRACE_COUNTS = ("queries", "rows_read", "jobs")
"""What a trace counts beside the stages: questions to the database, rows that it returned, jobs queued."""

PAINT_STAGES = ("first_matches", "first_offers", "all_matches", "all_offers")
"""What ``painted`` may report, and what a span of ``push`` or ``paint`` may be ``of``."""


class StageSpan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a stage of a search ran: from the first beginning to the last end of its ``count`` parts.

    Both are milliseconds since the command that asked for the search arrived; for ``paint``, since the person
    sent it. ``of`` is the message of a ``push`` or a ``paint``, one of PAINT_STAGES.
    """

    name: str
    start_ms: float
    end_ms: float
    count: int = 1
    of: str | UnsetType = UNSET


class SearchEnded(Event, tag="search_ended", frozen=True):
    """No more matches come. ``next`` is the token for ``more`` if the limit ended the search.

    ``trace`` sums the milliseconds of each stage (TRACE_STAGES), parallel parts too, and has the counts of
    TRACE_COUNTS; ``spans`` tell when the stages ran. Both are of the page that ended.
    """

    search_id: str
    reason: EndReason
    scanned: int
    matched: int
    chunks: int
    next: str | None
    rejected: list[Rejection] | UnsetType = UNSET
    trace: dict[str, float] | UnsetType = UNSET
    spans: list[StageSpan] | UnsetType = UNSET


class SearchValued(Event, tag="search_valued", frozen=True):
    """Every match so far is valued or failed. ``trace`` and ``spans`` are those of the workers."""

    search_id: str
    offers: int
    failed: int
    trace: dict[str, float] | UnsetType = UNSET
    spans: list[StageSpan] | UnsetType = UNSET


class ValueFailed(Event, tag="value_failed", frozen=True):
    """Cars that could not be valued after every attempt."""

    search_id: str
    vehicle_id: list[str]
    message: str


MATCH_COLUMNS = (
    "vehicle_id", "rev", "vin", "stock_no", "year", "make", "model", "trim", "body", "mileage", "price_cents",
    "days_in_stock", "store_id", "payment_min_cents", "payment_max_cents", "cost_cents",
    "transfer_cost_cents", "transfer_days", "fuel", "days_supply", "floorplan_cents",
)  # fmt: skip
"""The columns of ``matches`` in full; ``cost_cents``, ``transfer_cost_cents`` and ``floorplan_cents`` are for
managers.

Transfer costs are 0 for the store's own cars. ``days_supply`` is the number of units of the car's make and
model, new or used, divided by their average daily sales over the last 45 days, in the stock that is searched;
null if it is unknown. ``floorplan_cents`` is the floorplan to date, null if the car has none.
"""

OFFER_COLUMNS = (
    "vehicle_id", "rev", "payment_cents", "term_months", "lender", "rate_bp", "cash_down_cents",
    "discount_cents", "npv_cents", "stress_npv_cents", "binding", "fix", "frontier", "rebate_given_up_cents",
    "kind", "out_the_door_cents", "lease_payment_cents", "lease_term_months", "lease_lender",
    "lease_value_cents", "lease_due_at_signing_cents", "lease_miles_per_year",
)  # fmt: skip
"""The columns of ``offers`` in full.

``kind`` is how the offer is paid, null without an offer. A cash offer has ``out_the_door_cents`` and no
payment, term, lender, rate or cash down; its two NPVs are equal, and the desk's.
A lease offer has no rate, and its payment is with tax; its two NPVs are equal, and the desk's. The
``lease_*`` columns are the car's best lease, whatever the kind of its offer, null without one;
``lease_value_cents`` is the desk's.
``rebate_given_up_cents`` is the manufacturer's rebate that a subvented rate excludes; 0 if it costs none.
"""

SCORE_COLUMN = "score"
"""The score, 1 to 5, that replaces both NPVs if a store hides NPVs from its salespeople."""

CLAIM_COLUMNS = ("held_by", "held_until", "held_here", "wanted_by")
"""The columns that ``snapshot_rows`` add for claims on cars; null for a car without a claim."""

FIRST_LATE_CHUNK = 1_000_000
"""Chunks of ``matches`` from this number on bring cars that were repriced after they had been matched.

They may come after ``search_ended``, which stays valid.
"""

ON_SALE = frozenset({"available", "held"})
"""The statuses with which a car stays on a screen."""
