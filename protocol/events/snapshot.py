"""The state of a channel, as a join receives it."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from protocol.deal.agreed import AgreedFigures, Contract, HistoryPage, Proposal
from protocol.deal.deal_parts import (
    Approval,
    DealNote,
    DealOffer,
    DealTask,
    FieldLock,
    LenderTerms,
    VehicleHold,
)
from protocol.deal.presenting import Acceptance, OfferLink, Presentation
from protocol.deal.scenarios import Scenario
from protocol.deal.workflow import Fulfilment
from protocol.events.base import Columns, Message, Present
from protocol.events.search import Rejection, StageSpan
from protocol.records import Actor, DealState, EndReason, Filters, Sort, View


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """The deal's customer. ``score`` is for the manager's view; the customer's own view has the name only.

    ``monthly_income_cents`` is that of customer and co-buyer together. ``facts`` holds the fields of
    ``CustomerFacts`` that the view shows.
    """

    id: str
    name: str
    state: str | UnsetType = UNSET
    monthly_income_cents: int | UnsetType | None = UNSET
    score: int | UnsetType | None = UNSET
    facts: dict[str, Any] | UnsetType = UNSET


class DealSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A deal as it stands. ``structure`` holds the fields of ``Structure`` that the view shows.

    ``fulfilment`` is null before ``signed``. ``notes`` are the latest ones, the oldest first.
    ``selected_outdated`` if structure or figures changed since ``selected`` was priced: ``submit`` prices
    again. ``agreed`` are the figures agreed on since the deal was submitted, ``proposal`` is the desk's
    counter while the deal is countered, ``contract`` what was signed. ``presentation`` is what the customer
    is shown, null for the deal's own offer; ``links`` are the customer's links, those that are over too;
    ``acceptances`` is what the customer accepted. Of both these are the latest ones, the oldest first.
    ``scenarios`` are the structures beside its own, in the order in which they were added.
    """

    id: str
    version: int
    state: DealState
    customer: Customer
    structure: dict[str, Any]
    selected: DealOffer | None = None
    selected_outdated: bool | UnsetType = UNSET
    pins: list[DealOffer] = []
    locks: list[FieldLock] | UnsetType = UNSET
    holds: list[VehicleHold] | UnsetType = UNSET
    notes: list[DealNote] | UnsetType = UNSET
    presence: list[Present] | UnsetType = UNSET
    salesperson: Actor | UnsetType = UNSET
    fulfilment: Fulfilment | None = None
    approval: Approval | UnsetType | None = UNSET
    lenders: list[LenderTerms] | UnsetType = UNSET
    tasks: list[DealTask] | UnsetType = UNSET
    agreed: AgreedFigures | UnsetType | None = UNSET
    proposal: Proposal | UnsetType | None = UNSET
    contract: Contract | UnsetType | None = UNSET
    presentation: Presentation | UnsetType | None = UNSET
    links: list[OfferLink] | UnsetType = UNSET
    acceptances: list[Acceptance] | UnsetType = UNSET
    scenarios: list[Scenario] | UnsetType = UNSET


class SearchSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The latest search of a deal, without its rows. ``ended`` is its reason, or null while it runs.

    ``rejected`` is that of the last ``search_ended``; ``failed`` counts cars that were given up. ``trace``
    and ``spans`` have all that is known of the last page: its reading, its values, and what was painted.
    """

    search_id: str
    filters: Filters
    sort: Sort | UnsetType = UNSET
    scanned: int
    matched: int
    valued: int
    failed: int = 0
    ended: EndReason | None
    next: str | None = None
    rejected: list[Rejection] | UnsetType = UNSET
    trace: dict[str, float] | UnsetType = UNSET
    spans: list[StageSpan] | UnsetType = UNSET


class DeskSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot of a store's wall; its deals follow as ``snapshot_rows``."""

    store_id: str
    name: str
    presence: list[Present] = []


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a channel; its rows follow as ``snapshot_rows``.

    ``deal``, ``search`` and ``history`` (the latest events) are of a ``deal:`` channel, ``desk`` is of a
    ``desk:`` channel. Customers get no history.
    """

    deal: DealSnapshot | UnsetType = UNSET
    search: SearchSnapshot | UnsetType | None = UNSET
    desk: DeskSnapshot | UnsetType = UNSET
    history: HistoryPage | UnsetType = UNSET


class JoinReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``join``. ``snapshot`` is null if ``recovered``.

    ``paused``: the event log is away. The deal is current, but there is no search, and what others do is not
    seen at once. A ``resync`` follows when the log is back.
    """

    epoch: str
    seq: int
    recovered: bool
    view: View
    snapshot: Snapshot | None
    paused: bool | UnsetType = UNSET


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
    """The snapshot is complete; events follow."""

    channel: str
    ref: int
