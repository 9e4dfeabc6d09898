"""Events of a deal's decisions, and of changes to the cars on its screens."""

import datetime as dt
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from protocol.deal.agreed import AgreedFigures, Contract, FiguresChange, Proposal
from protocol.deal.deal_parts import Approval, DealOffer, DealTask, LenderTerms
from protocol.deal.workflow import Fulfilment, Reason, TaskKind
from protocol.events.base import Event
from protocol.events.snapshot import Customer
from protocol.records import Actor, DealKind, DealState


class DealChanged(Event, tag="deal_changed", frozen=True):
    """The structure changed. ``changes`` holds the new values of the changed fields that the view shows.

    ``same_results`` if no result of a search depends on them, such as the make of a trade. ``before`` holds
    their old values; events that an older release wrote have none.
    """

    version: int
    changes: dict[str, Any]
    before: dict[str, Any] | UnsetType = UNSET
    by: Actor | UnsetType = UNSET
    same_results: bool | UnsetType = UNSET


class StateChanged(Event, tag="state_changed", frozen=True, rename={"source": "from", "target": "to"}):
    """The deal went from one state to another. After an approval, ``approval`` says what was approved.

    ``agreed`` are the figures of a deal that was submitted, ``proposal`` is the desk's counter, ``contract``
    what was signed. A deal that returned to working because its agreed figures changed, or are no longer
    certain, has both in ``figures``, and ``reason`` is the cause. ``reason``, ``more_reasons``, ``figures``
    and ``proposal`` are hidden from customers.
    """

    version: int
    source: DealState
    target: DealState
    by: Actor | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    more_reasons: list[Reason] | UnsetType = UNSET
    approval: Approval | UnsetType | None = UNSET
    agreed: AgreedFigures | UnsetType = UNSET
    figures: FiguresChange | UnsetType = UNSET
    proposal: Proposal | UnsetType = UNSET
    contract: Contract | UnsetType = UNSET


class OfferSelected(Event, tag="offer_selected", frozen=True):
    """This is now the deal's offer. ``reason`` is set if the server repriced it, and says why."""

    version: int
    vehicle_id: str
    offer: DealOffer
    by: Actor | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET


class OfferPinned(Event, tag="offer_pinned", frozen=True):
    """An offer was pinned."""

    version: int
    vehicle_id: str
    offer: DealOffer
    by: Actor | UnsetType = UNSET


class OfferUnpinned(Event, tag="offer_unpinned", frozen=True):
    """An offer was unpinned. Events that an older release wrote have no ``offer``."""

    version: int
    vehicle_id: str
    offer: DealOffer | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class Wanting(msgspec.Struct, frozen=True, kw_only=True):
    """Another live deal that wants the same car. ``by`` is its salesperson, or ``other`` of another store."""

    by: str
    deal_id: str | None = None


class VehicleChanged(Event, tag="vehicle_changed", frozen=True):
    """A car on this screen was repriced, held, released, sold, or is wanted by another deal.

    ``status`` is the car's, ``held`` where a deal holds it. ``held_by`` is the name of who holds it,
    ``other`` where that deal is another store's, null if nobody does. A receiver drops offers of another
    ``rev``.
    """

    vehicle_id: str
    rev: int
    status: str
    price_cents: int
    held_by: str | UnsetType | None = UNSET
    held_until: dt.datetime | UnsetType | None = UNSET
    held_here: bool | UnsetType = UNSET
    wanted_by: list[Wanting] | UnsetType = UNSET


class VehicleHeld(Event, tag="vehicle_held", frozen=True):
    """This deal holds a car until a time."""

    vehicle_id: str | UnsetType = UNSET
    until: dt.datetime | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class VehicleReleased(Event, tag="vehicle_released", frozen=True):
    """This deal no longer holds a car: it was released, or its time ran out."""

    vehicle_id: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class FieldLocked(Event, tag="field_locked", frozen=True):
    """The desk locked a field of the structure."""

    version: int
    field: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class FieldUnlocked(Event, tag="field_unlocked", frozen=True):
    """A field of the structure was unlocked."""

    version: int
    field: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class NoteAdded(Event, tag="note_added", frozen=True):
    """A note was added."""

    id: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class LenderDecided(Event, tag="lender_decided", frozen=True):
    """A lender decided, or its decision is no longer valid."""

    version: int
    decision: LenderTerms | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class StipulationCleared(Event, tag="stipulation_cleared", frozen=True):
    """A stipulation was met."""

    version: int
    stipulation_id: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class FulfilmentChanged(
    Event, tag="fulfilment_changed", frozen=True, rename={"source": "from", "target": "to"}
):
    """A signed contract was delivered, funded or unwound."""

    version: int
    source: Fulfilment
    target: Fulfilment
    by: Actor | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    more_reasons: list[Reason] | UnsetType = UNSET


class CustomerChanged(Event, tag="customer_changed", frozen=True):
    """The store learned something of the customer: ``customer`` is whole, as the view shows it.

    Every open deal of the customer has this event. ``fields`` are the facts that changed.
    """

    version: int
    customer: Customer
    by: Actor | UnsetType = UNSET
    fields: list[str] | UnsetType = UNSET


class DealAssigned(Event, tag="deal_assigned", frozen=True, rename={"source": "from", "target": "to"}):
    """Another person sells this deal.

    ``same_results`` if no result of a search depends on it: both may give away as much.
    """

    version: int
    source: Actor | UnsetType = UNSET
    target: Actor | UnsetType = UNSET
    by: Actor | UnsetType = UNSET
    same_results: bool | UnsetType = UNSET


class TaskRaised(Event, tag="task_raised", frozen=True):
    """A task was added, with a due date."""

    version: int
    task: DealTask | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class TaskDone(Event, tag="task_done", frozen=True):
    """A task was finished. Events that an older release wrote have no ``kind``."""

    version: int
    task_id: str | UnsetType = UNSET
    kind: TaskKind | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


class DueTask(msgspec.Struct, frozen=True, kw_only=True):
    """An open task as the wall lists it."""

    id: str
    kind: TaskKind
    due_on: dt.date


class DealSummary(Event, tag="deal_summary", frozen=True):
    """One deal on the wall of its store, whole; replaces the row of the same deal unless it is older.

    ``last_reason`` is that of the deal's last step, ``reason_by`` who took it.

    ``removed`` if the deal has left the wall. A deal without an offer lacks the offer's fields. ``kind`` is
    how the offer is paid: a cash deal has ``out_the_door_cents`` and neither payment nor term.
    ``npv_history`` are the values of the deal's financed offers. ``accepted_at`` is when the customer last
    accepted a structure, null if never. ``tasks`` are the open ones, the first due first; ``stipulations``
    the open ones of the offer's lender, out of ``stipulations_total``.
    """

    deal_id: str
    deal_version: int
    removed: bool
    last_no: int | UnsetType = UNSET
    customer: str | UnsetType = UNSET
    salesperson: Actor | UnsetType = UNSET
    state: DealState | UnsetType = UNSET
    fulfilment: Fulfilment | UnsetType | None = UNSET
    waiting_since: dt.datetime | UnsetType = UNSET
    changed_at: dt.datetime | UnsetType = UNSET
    changed_by: str | UnsetType = UNSET
    last_change: str | UnsetType = UNSET
    last_reason: str | UnsetType | None = UNSET
    reason_by: str | UnsetType | None = UNSET
    car: str | UnsetType | None = UNSET
    vehicle_id: str | UnsetType | None = UNSET
    payment_cents: int | UnsetType | None = UNSET
    term_months: int | UnsetType | None = UNSET
    lender: str | UnsetType | None = UNSET
    npv_cents: int | UnsetType | None = UNSET
    npv_history: list[int] | UnsetType = UNSET
    contended: bool | UnsetType = UNSET
    open_tasks: int | UnsetType = UNSET
    lender_status: str | UnsetType | None = UNSET
    kind: DealKind | UnsetType | None = UNSET
    out_the_door_cents: int | UnsetType | None = UNSET
    accepted_at: dt.datetime | UnsetType | None = UNSET
    stock_no: str | UnsetType | None = UNSET
    cash_down_cents: int | UnsetType | None = UNSET
    tasks: list[DueTask] | UnsetType = UNSET
    stipulations: list[str] | UnsetType = UNSET
    stipulations_total: int | UnsetType = UNSET
