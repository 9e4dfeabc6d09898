"""Salesperson and desk on one deal: its offer, its state, its contract, and what is said about it."""

import datetime as dt
from typing import Annotated, ClassVar

from msgspec import Meta

from protocol.commands.base import ChangeCommand, FieldName, Seq
from protocol.records import (
    BasisPoints,
    Cents,
    Identifier,
    Months,
    StructureChanges,
    Tier,
)
from protocol.texts import LINES, ONE_LINE
from protocol.workflow import MAX_REASONS, LenderStatus, Reason

MoreReasons = Annotated[list[Reason], Meta(max_length=MAX_REASONS - 1)]
MAX_NOTE_CHARACTERS = 2000
Stipulation = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class Select(ChangeCommand, tag="select", frozen=True):
    """Make a car, priced as ``quote`` prices it with ``changes`` and ``programme_id``, the deal's offer."""

    right: ClassVar = "select"

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None


class Pin(ChangeCommand, tag="pin", frozen=True):
    """Keep an offer in sight, beside others."""

    right: ClassVar = "select"

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None


class Unpin(ChangeCommand, tag="unpin", frozen=True):
    """Keep an offer in sight no longer. ``changes`` are accepted and mean nothing."""

    right: ClassVar = "select"

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()


class Hold(ChangeCommand, tag="hold", frozen=True):
    """Keep a car for this deal for a while; again: for longer. Reply: ``{until}``."""

    right: ClassVar = "hold"

    vehicle_id: Identifier


class Release(ChangeCommand, tag="release", frozen=True):
    """Let a car go that this deal held. Reply: ``{until}``, which is null."""

    right: ClassVar = "hold"

    vehicle_id: Identifier


class Decision(ChangeCommand, frozen=True):
    """The base of what moves a deal or its contract. ``version`` must be the current one.

    ``reason`` is one of the action's; ``more_reasons`` are further principal reasons of a refusal on credit.
    Reply: ``{version, state}``, after ``signed`` with ``fulfilment``.
    """

    version: Seq
    reason: Reason
    more_reasons: MoreReasons = []


class Submit(Decision, tag="submit", frozen=True):
    """Put the selected offer before the desk."""

    right: ClassVar = "submit"


class Counter(Decision, tag="counter", frozen=True):
    """Answer a submitted deal with other terms."""

    right: ClassVar = "counter"

    changes: StructureChanges = StructureChanges()


class Approve(Decision, tag="approve", frozen=True):
    """Approve a submitted deal: this version, car, offer and rate sheet."""

    right: ClassVar = "approve"


class Decline(Decision, tag="decline", frozen=True):
    """Refuse a submitted deal."""

    right: ClassVar = "decline"


class Reopen(Decision, tag="reopen", frozen=True):
    """Work on a deal again."""

    right: ClassVar = "reopen"


class Sign(Decision, tag="sign", frozen=True):
    """Sign the approved offer: the car is sold."""

    right: ClassVar = "sign"


class Lose(Decision, tag="lose", frozen=True):
    """Give a deal up."""

    right: ClassVar = "lose"


class Deliver(Decision, tag="deliver", frozen=True):
    """Say that the customer has the car."""

    right: ClassVar = "deliver"


class Fund(Decision, tag="fund", frozen=True):
    """Say that the lender has paid; it must approve still, and every stipulation be cleared."""

    right: ClassVar = "fund"


class Unwind(Decision, tag="unwind", frozen=True):
    """Take a signed deal back; the car is for sale again."""

    right: ClassVar = "unwind"


class Lock(ChangeCommand, tag="lock", frozen=True):
    """Keep a field of the structure from everybody but the desk. Reply: ``{version}``."""

    right: ClassVar = "lock"

    field: FieldName


class Unlock(ChangeCommand, tag="unlock", frozen=True):
    """Open a locked field again. Reply: ``{version}``."""

    right: ClassVar = "lock"

    field: FieldName


class Note(ChangeCommand, tag="note", frozen=True):
    """Write a note for whoever works on the deal; customers never see it. Reply: ``{note_id}``."""

    right: ClassVar = "note"

    text: Annotated[str, Meta(min_length=1, max_length=MAX_NOTE_CHARACTERS, pattern=LINES)]


class LenderDecision(ChangeCommand, tag="lender_decision", frozen=True):
    """Record what a lender decided; it overrides the lender's programmes for this deal until it expires.

    ``tier``, ``rate_bp`` (the buy rate), ``advance_max_cents`` and ``term_months`` (the longest) are needed
    if the lender approves; ``reasons``, all on credit, where it declines and only there.
    Reply: ``{version, decision_id}``.
    """

    right: ClassVar = "lender"

    version: Seq
    lender: Identifier
    status: LenderStatus
    tier: Tier | None = None
    rate_bp: BasisPoints | None = None
    advance_max_cents: Cents | None = None
    term_months: Months | None = None
    stipulations: Annotated[list[Stipulation], Meta(max_length=20)] = []
    expires_at: dt.datetime | None = None
    reasons: Annotated[list[Reason], Meta(max_length=MAX_REASONS)] = []


class ClearStipulation(ChangeCommand, tag="clear_stipulation", frozen=True):
    """Say that a lender's stipulation is met. Reply: ``{version}``."""

    right: ClassVar = "lender"

    stipulation_id: Identifier


class FinishTask(ChangeCommand, tag="finish_task", frozen=True):
    """Say that a task is done, such as a notice that was sent. Reply: ``{version}``."""

    right: ClassVar = "task"

    task_id: Identifier
