"""What each event does to a deal: the only implementation, for clients and for replays.

Applying an event is idempotent, because a snapshot may already include events that arrive after it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from protocol import codec
from protocol.deal.agreed import UNAGREED
from protocol.deal.deal_parts import DealNote as Note
from protocol.deal.deal_parts import FieldLock, LenderTerms, VehicleHold
from protocol.deal.scenarios import same_figures
from protocol.deal.workflow import Fulfilment, LenderStatus
from protocol.events import (
    CustomerChanged,
    DealAssigned,
    DealChanged,
    DealSnapshot,
    Event,
    FieldLocked,
    FieldUnlocked,
    FulfilmentChanged,
    LenderDecided,
    NoteAdded,
    OfferPinned,
    OfferSelected,
    OfferUnpinned,
    ScenarioAdded,
    ScenarioChanged,
    ScenarioRemoved,
    ScenarioUsed,
    StateChanged,
    StipulationCleared,
    TaskDone,
    TaskRaised,
    VehicleHeld,
    VehicleReleased,
)
from protocol.fold_parts.presenting import PRESENTING_CHANGES, PRESENTING_WHOLE
from protocol.fold_parts.scenarios import marked, scenarios_after
from protocol.records import DealState

KEPT_NOTES = 200
"""The most notes that a deal shows, the latest ones."""

KEPT_NOTES_BYTES = 64 * 1024
"""The most bytes that these notes take, as ``note_bytes`` counts them."""

NOTE_BYTES = 200
"""The bytes of a note other than its text and its author's name: id, time, role, field names."""

KEPT_TASKS = 30
"""The number of tasks that a deal shows, the latest ones. No task is added if it would hide an open one."""

PRICED_STATES = (DealState.SUBMITTED, DealState.COUNTERED)
"""A step to one of these states reprices the selected offer."""


def applied(deal: DealSnapshot, event: Event) -> DealSnapshot:
    """Return the deal after ``event``; the same object if the event changes nothing."""
    version = getattr(event, "version", None)
    if isinstance(version, int) and version <= deal.version:
        return deal
    change = _CHANGES.get(type(event))
    changed = deal if change is None or _is_hidden(event) else change(deal, event)
    return replace(changed, version=version) if isinstance(version, int) else changed


def kept_notes(notes: Sequence[Note]) -> list[Note]:
    """Return the latest of ``notes`` that a deal shows, so that its snapshot fits a message."""
    size = 0
    for count, note in enumerate(reversed(notes)):
        size += note_bytes(note)
        if count == KEPT_NOTES or size > KEPT_NOTES_BYTES:
            return list(notes[len(notes) - count :])
    return list(notes)


def note_bytes(note: Note) -> int:
    """Return a lower bound of a note's size as JSON; every client counts the same."""
    return NOTE_BYTES + len(codec.encode(note.text)) + len(codec.encode(note.by.name))


def _is_hidden(event: Event) -> bool:
    """Return whether the receiver's view hides everything of the event but its version."""
    return any(getattr(event, name) is UNSET for name in _WHOLE.get(type(event), ()))


def _structure(deal: DealSnapshot, event: DealChanged) -> DealSnapshot:
    changed = replace(_unmarked(deal), structure=deal.structure | event.changes)
    return changed if deal.selected is None else _outdated(changed, True)


def _outdated(deal: DealSnapshot, outdated: bool) -> DealSnapshot:
    # Customers are not told when an offer was priced.
    return deal if deal.selected_outdated is UNSET else replace(deal, selected_outdated=outdated)


def _state(deal: DealSnapshot, event: StateChanged) -> DealSnapshot:
    changed = replace(deal, state=event.target)
    if event.target in PRICED_STATES:
        changed = _outdated(changed, False)
    elif event.figures is not UNSET:
        changed = _outdated(changed, deal.selected is not None)
    changed = _agreed(changed, event)
    if event.target is DealState.SIGNED:
        return replace(changed, fulfilment=Fulfilment.SIGNED)
    if deal.approval is UNSET:
        return changed  # A view that hides approvals has none to lose.
    approved = event.target is DealState.APPROVED and event.approval is not UNSET
    return replace(changed, approval=event.approval if approved else None)


def _agreed(deal: DealSnapshot, event: StateChanged) -> DealSnapshot:
    agreed, proposal, contract = deal.agreed, deal.proposal, deal.contract
    if event.agreed is not UNSET:
        agreed = event.agreed
    elif event.target in UNAGREED and agreed is not UNSET:
        agreed = None
    if proposal is not UNSET:  # A view that hides proposals has none to lose.
        proposal = None if event.proposal is UNSET else event.proposal
    if event.contract is not UNSET:
        contract = event.contract
    return replace(deal, agreed=agreed, proposal=proposal, contract=contract)


def _fulfilment(deal: DealSnapshot, event: FulfilmentChanged) -> DealSnapshot:
    return replace(deal, fulfilment=event.target)


def _selected(deal: DealSnapshot, event: OfferSelected) -> DealSnapshot:
    kept = deal if same_figures(deal.selected, event.offer) else _unmarked(deal)
    return _outdated(replace(kept, selected=event.offer), False)


def _pinned(deal: DealSnapshot, event: OfferPinned) -> DealSnapshot:
    others = [pin for pin in deal.pins if pin.vehicle_id != event.vehicle_id]
    return replace(deal, pins=[*others, event.offer])


def _unpinned(deal: DealSnapshot, event: OfferUnpinned) -> DealSnapshot:
    return replace(deal, pins=[pin for pin in deal.pins if pin.vehicle_id != event.vehicle_id])


def _locked(deal: DealSnapshot, event: Any) -> DealSnapshot:
    others = [lock for lock in deal.locks or () if lock.field != event.field]
    locks = [*others, FieldLock(field=event.field, by=event.by)]
    return replace(deal, locks=sorted(locks, key=lambda lock: lock.field))


def _unlocked(deal: DealSnapshot, event: Any) -> DealSnapshot:
    return replace(deal, locks=[lock for lock in deal.locks or () if lock.field != event.field])


def _lender(deal: DealSnapshot, event: Any) -> DealSnapshot:
    if not isinstance(deal.lenders, list):
        return deal
    others = [each for each in deal.lenders if each.lender != event.decision.lender]
    if event.decision.status is not LenderStatus.WITHDRAWN:
        others.append(event.decision)
    return replace(deal, lenders=sorted(others, key=lambda each: each.lender))


def _cleared(deal: DealSnapshot, event: Any) -> DealSnapshot:
    def mark(decision: LenderTerms) -> LenderTerms:
        marked = [
            replace(each, cleared_by=event.by) if each.id == event.stipulation_id else each
            for each in decision.stipulations
        ]
        return replace(decision, stipulations=marked)

    if not isinstance(deal.lenders, list):
        return deal
    return replace(deal, lenders=[mark(decision) for decision in deal.lenders])


def _customer(deal: DealSnapshot, event: CustomerChanged) -> DealSnapshot:
    return replace(deal, customer=event.customer)


def _assigned(deal: DealSnapshot, event: DealAssigned) -> DealSnapshot:
    return replace(deal, salesperson=event.target)


def _task(deal: DealSnapshot, event: Any) -> DealSnapshot:
    if not isinstance(deal.tasks, list):
        return deal
    return replace(deal, tasks=[*deal.tasks, event.task][-KEPT_TASKS:])


def _task_done(deal: DealSnapshot, event: Any) -> DealSnapshot:
    if not isinstance(deal.tasks, list):
        return deal
    tasks = [replace(task, done_by=event.by) if task.id == event.task_id else task for task in deal.tasks]
    return replace(deal, tasks=tasks)


def _note(deal: DealSnapshot, event: Any) -> DealSnapshot:
    if any(note.id == event.id for note in deal.notes or ()):
        return deal
    note = Note(id=event.id, text=event.text, by=event.by, at=event.at)
    return replace(deal, notes=kept_notes([*(deal.notes or ()), note]))


def _held(deal: DealSnapshot, event: Any) -> DealSnapshot:
    others = [hold for hold in deal.holds or () if hold.vehicle_id != event.vehicle_id]
    held = VehicleHold(vehicle_id=event.vehicle_id, until=event.until, by=event.by)
    return replace(deal, holds=sorted([*others, held], key=lambda hold: hold.vehicle_id))


def _released(deal: DealSnapshot, event: Any) -> DealSnapshot:
    return replace(deal, holds=[hold for hold in deal.holds or () if hold.vehicle_id != event.vehicle_id])


def _unmarked(deal: DealSnapshot) -> DealSnapshot:
    """Return the deal with no scenario marked as its own."""
    return deal if deal.scenarios is UNSET else replace(deal, scenarios=marked(deal.scenarios, None))


def _scenarios(deal: DealSnapshot, event: Any) -> DealSnapshot:
    if not isinstance(deal.scenarios, list):
        return deal
    return replace(deal, scenarios=scenarios_after(deal.scenarios, event, deal.version))


_Change = Callable[[DealSnapshot, Any], DealSnapshot]
_CHANGES: dict[type, _Change] = {
    DealChanged: _structure,
    StateChanged: _state,
    FulfilmentChanged: _fulfilment,
    OfferSelected: _selected,
    OfferPinned: _pinned,
    OfferUnpinned: _unpinned,
    FieldLocked: _locked,
    FieldUnlocked: _unlocked,
    LenderDecided: _lender,
    StipulationCleared: _cleared,
    CustomerChanged: _customer,
    DealAssigned: _assigned,
    TaskRaised: _task,
    TaskDone: _task_done,
    NoteAdded: _note,
    VehicleHeld: _held,
    VehicleReleased: _released,
    **PRESENTING_CHANGES,
    ScenarioAdded: _scenarios,
    ScenarioChanged: _scenarios,
    ScenarioRemoved: _scenarios,
    ScenarioUsed: _scenarios,
}
_WHOLE: dict[type, tuple[str, ...]] = {
    FieldLocked: ("field", "by"),
    FieldUnlocked: ("field",),
    LenderDecided: ("decision",),
    StipulationCleared: ("stipulation_id", "by"),
    DealAssigned: ("target",),
    TaskRaised: ("task",),
    TaskDone: ("task_id", "by"),
    NoteAdded: ("id", "text", "by"),
    VehicleHeld: ("vehicle_id", "until", "by"),
    VehicleReleased: ("vehicle_id",),
    **PRESENTING_WHOLE,
    ScenarioAdded: ("scenario",),
    ScenarioChanged: ("scenario_id", "scenario_version", "by"),
    ScenarioRemoved: ("scenario_id",),
    ScenarioUsed: ("scenario_id", "scenario_version", "deal_version"),
}
"""The fields that an event needs to change more than the version: narrow views hide them all."""
