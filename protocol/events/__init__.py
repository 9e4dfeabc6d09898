"""What a server sends: replies, a channel's events, and messages outside the sequence.

Clients ignore types and fields that they do not know, but count the ``seq`` of such events.
Hidden fields are absent in a view, so every field that a view may hide is optional here.
"""

from typing import Final, get_args

from protocol.events.base import (
    MAX_MESSAGE_BYTES,
    Columns,
    Event,
    Limits,
    Message,
    Notice,
    Presence,
    Present,
    Reply,
    Resync,
    Welcome,
    Working,
    kind_of,
)
from protocol.events.desk import (
    CustomerChanged,
    DealAssigned,
    DealChanged,
    DealSummary,
    FieldLocked,
    FieldUnlocked,
    FulfilmentChanged,
    LenderDecided,
    NoteAdded,
    OfferPinned,
    OfferSelected,
    OfferUnpinned,
    StateChanged,
    StipulationCleared,
    TaskDone,
    TaskRaised,
    VehicleChanged,
    VehicleHeld,
    VehicleReleased,
    Wanting,
)
from protocol.events.presenting import (
    CustomerAccepted,
    Hidden,
    LinkOpened,
    LinkRevoked,
    LinkShared,
    PresentationChanged,
)
from protocol.events.scenarios import ScenarioAdded, ScenarioChanged, ScenarioRemoved, ScenarioUsed
from protocol.events.search import (
    CLAIM_COLUMNS,
    FIRST_LATE_CHUNK,
    MATCH_COLUMNS,
    OFFER_COLUMNS,
    ON_SALE,
    PAINT_STAGES,
    SCORE_COLUMN,
    TRACE_COUNTS,
    TRACE_STAGES,
    Fix,
    FixKind,
    Matches,
    Offers,
    Rejection,
    SearchEnded,
    SearchStarted,
    SearchValued,
    StageSpan,
    ValueFailed,
)
from protocol.events.snapshot import (
    Customer,
    DealSnapshot,
    DeskSnapshot,
    JoinReply,
    SearchSnapshot,
    Snapshot,
    SnapshotEnd,
    SnapshotRows,
)

__all__ = [
    "CLAIM_COLUMNS",
    "EVENTS_BY_KIND",
    "EVENT_TYPES",
    "FIRST_LATE_CHUNK",
    "MATCH_COLUMNS",
    "MAX_MESSAGE_BYTES",
    "MESSAGE_TYPES",
    "OFFER_COLUMNS",
    "ON_SALE",
    "PAINT_STAGES",
    "SCORE_COLUMN",
    "TRACE_COUNTS",
    "TRACE_STAGES",
    "AnyEvent",
    "AnyMessage",
    "Columns",
    "Customer",
    "CustomerAccepted",
    "CustomerChanged",
    "DealAssigned",
    "DealChanged",
    "DealSnapshot",
    "DealSummary",
    "DeskSnapshot",
    "Event",
    "FieldLocked",
    "FieldUnlocked",
    "Fix",
    "FixKind",
    "FulfilmentChanged",
    "Hidden",
    "JoinReply",
    "LenderDecided",
    "Limits",
    "LinkOpened",
    "LinkRevoked",
    "LinkShared",
    "Matches",
    "Message",
    "NoteAdded",
    "Notice",
    "OfferPinned",
    "OfferSelected",
    "OfferUnpinned",
    "Offers",
    "Presence",
    "Present",
    "PresentationChanged",
    "Rejection",
    "Reply",
    "Resync",
    "ScenarioAdded",
    "ScenarioChanged",
    "ScenarioRemoved",
    "ScenarioUsed",
    "SearchEnded",
    "SearchSnapshot",
    "SearchStarted",
    "SearchValued",
    "Snapshot",
    "SnapshotEnd",
    "SnapshotRows",
    "StageSpan",
    "StateChanged",
    "StipulationCleared",
    "TaskDone",
    "TaskRaised",
    "ValueFailed",
    "VehicleChanged",
    "VehicleHeld",
    "VehicleReleased",
    "Wanting",
    "Welcome",
    "Working",
    "kind_of",
]

AnyEvent = (
    SearchStarted
    | Matches
    | Offers
    | SearchEnded
    | SearchValued
    | ValueFailed
    | DealChanged
    | StateChanged
    | OfferSelected
    | OfferPinned
    | OfferUnpinned
    | VehicleChanged
    | VehicleHeld
    | VehicleReleased
    | FieldLocked
    | FieldUnlocked
    | NoteAdded
    | LenderDecided
    | StipulationCleared
    | FulfilmentChanged
    | TaskRaised
    | TaskDone
    | CustomerChanged
    | DealAssigned
    | PresentationChanged
    | LinkShared
    | LinkRevoked
    | LinkOpened
    | CustomerAccepted
    | Hidden
    | ScenarioAdded
    | ScenarioChanged
    | ScenarioRemoved
    | ScenarioUsed
    | DealSummary
)
AnyMessage = AnyEvent | Welcome | Reply | SnapshotRows | SnapshotEnd | Presence | Notice | Resync | Working
EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)
EVENTS_BY_KIND: Final = {kind_of(event): event for event in EVENT_TYPES}
MESSAGE_TYPES: tuple[type[Message], ...] = get_args(AnyMessage)
