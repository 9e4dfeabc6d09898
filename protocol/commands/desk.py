"""Salesperson and desk on one deal: its offer, its state, its contract, and what is said about it."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from protocol.commands.base import ChangeCommand, Cost, FieldName, Seq
from protocol.deal.customers import CustomerChanges
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import MAX_REASONS, Reason
from protocol.records import BasisPoints, Cents, DealKind, Identifier, Months
from protocol.rights import Right
from protocol.texts import LINES

MoreReasons = Annotated[list[Reason], Meta(max_length=MAX_REASONS - 1)]
MAX_NOTE_CHARACTERS = 2000


class Select(ChangeCommand, tag="select", frozen=True):
    """Put a car on the deal, priced as ``quote`` prices it with ``changes`` and ``programme_id``."""

    right: ClassVar = Right.SELECT
    cost: ClassVar = Cost.PRICING

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None


class Pin(ChangeCommand, tag="pin", frozen=True):
    """Pin an offer to the deal, next to others."""

    right: ClassVar = Right.SELECT
    cost: ClassVar = Cost.PRICING

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None


class Unpin(ChangeCommand, tag="unpin", frozen=True):
    """Unpin an offer. ``changes`` are accepted and ignored."""

    right: ClassVar = Right.SELECT
    cost: ClassVar = Cost.LIGHT

    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()


class Hold(ChangeCommand, tag="hold", frozen=True):
    """Hold a car for this deal for a while; holding it again extends the hold. Reply: ``{until}``."""

    right: ClassVar = Right.HOLD
    cost: ClassVar = Cost.LIGHT

    vehicle_id: Identifier


class Release(ChangeCommand, tag="release", frozen=True):
    """Release a car that this deal holds. Reply: ``{until}``, which is null."""

    right: ClassVar = Right.HOLD
    cost: ClassVar = Cost.LIGHT

    vehicle_id: Identifier


class Decision(ChangeCommand, frozen=True):
    """The base of commands that move a deal or its contract. ``version`` must be the current one.

    ``reason`` is one of the action's; ``more_reasons`` are further principal reasons of a refusal on credit.
    Reply: ``{version, state}``, after ``signed`` with ``fulfilment``.
    """

    version: Seq
    reason: Reason
    more_reasons: MoreReasons = []


class SeenFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The figures that a person saw when they decided, as ``AgreedFigures`` has them."""

    kind: DealKind = DealKind.FINANCE
    vehicle_id: Identifier
    payment_cents: Cents | None = None
    term_months: Months | None = None
    cash_down_cents: Cents
    rate_bp: BasisPoints | None = None
    lender: Identifier | None = None
    # Below 0 the store pays the customer: a trade may be worth more than the car.
    total_cents: Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]


class FiguresDecision(Decision, frozen=True):
    """The base of decisions about the agreed figures.

    ``figures`` are those that the person saw. If they are not the current ones, the command is a ``conflict``
    with both, and changes nothing.
    """

    figures: SeenFigures | None = None


class Submit(FiguresDecision, tag="submit", frozen=True):
    """Submit the selected offer, repriced: with ``figures`` as it was seen, else as it is best today."""

    right: ClassVar = Right.SUBMIT
    cost: ClassVar = Cost.PRICING


class Counter(FiguresDecision, tag="counter", frozen=True):
    """Answer a submitted deal with a proposal: the agreed offer with ``changes``, or of another programme.

    The deal's structure stays as it is. The proposal may exceed the customer's limits: payment, cash, terms.
    """

    right: ClassVar = Right.COUNTER
    cost: ClassVar = Cost.SEARCHING

    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None


class Accept(FiguresDecision, tag="accept", frozen=True):
    """Submit the deal with the figures that the desk proposed."""

    right: ClassVar = Right.ACCEPT
    cost: ClassVar = Cost.PRICING


class Approve(FiguresDecision, tag="approve", frozen=True):
    """Approve a submitted deal: this version, car, offer and rate sheet."""

    right: ClassVar = Right.APPROVE
    cost: ClassVar = Cost.PRICING


class Decline(Decision, tag="decline", frozen=True):
    """Refuse a submitted deal."""

    right: ClassVar = Right.DECLINE
    cost: ClassVar = Cost.LIGHT


class Reopen(Decision, tag="reopen", frozen=True):
    """Reopen a deal."""

    right: ClassVar = Right.REOPEN
    cost: ClassVar = Cost.LIGHT


class Sign(FiguresDecision, tag="sign", frozen=True):
    """Sign the approved offer: the car is sold."""

    right: ClassVar = Right.SIGN
    cost: ClassVar = Cost.LIGHT


class Lose(Decision, tag="lose", frozen=True):
    """Mark a deal lost."""

    right: ClassVar = Right.LOSE
    cost: ClassVar = Cost.LIGHT


class Deliver(Decision, tag="deliver", frozen=True):
    """Mark the car delivered."""

    right: ClassVar = Right.DELIVER
    cost: ClassVar = Cost.LIGHT


class Fund(Decision, tag="fund", frozen=True):
    """Mark the contract funded. The lender must still approve, and every stipulation must be cleared."""

    right: ClassVar = Right.FUND
    cost: ClassVar = Cost.LIGHT


class Unwind(Decision, tag="unwind", frozen=True):
    """Unwind a signed deal; the car is for sale again."""

    right: ClassVar = Right.UNWIND
    cost: ClassVar = Cost.LIGHT


class Lock(ChangeCommand, tag="lock", frozen=True):
    """Lock a field of the structure for everyone but the desk. Reply: ``{version}``."""

    right: ClassVar = Right.LOCK
    cost: ClassVar = Cost.LIGHT

    field: FieldName


class Unlock(ChangeCommand, tag="unlock", frozen=True):
    """Unlock a field. Reply: ``{version}``."""

    right: ClassVar = Right.LOCK
    cost: ClassVar = Cost.LIGHT

    field: FieldName


class Note(ChangeCommand, tag="note", frozen=True):
    """Add a note for the people who work on the deal; customers never see it. Reply: ``{note_id}``."""

    right: ClassVar = Right.NOTE
    cost: ClassVar = Cost.LIGHT

    text: Annotated[str, Meta(min_length=1, max_length=MAX_NOTE_CHARACTERS, pattern=LINES)]


class ChangeCustomer(ChangeCommand, tag="customer", frozen=True):
    """Change what the store knows of the deal's customer, for all of the customer's open deals.

    ``version`` is that of the deal on which the changes were made: a fact that someone changed since is a
    ``conflict``. Reply: ``{version}``.
    """

    right: ClassVar = Right.TERMS
    cost: ClassVar = Cost.SEARCHING

    version: Seq
    changes: CustomerChanges


class RequestAppraisal(ChangeCommand, tag="request_appraisal", frozen=True):
    """Ask the desk to appraise a trade: raises a task, which the trade's cash value ends. Reply:
    ``{version}``.
    """

    right: ClassVar = Right.APPRAISAL
    cost: ClassVar = Cost.LIGHT

    trade_id: Identifier


class Assign(ChangeCommand, tag="assign", frozen=True):
    """Give the deal to another salesperson of its store, or to a manager.

    ``version`` is that of the deal on which this was decided: if someone assigned the deal since, it is a
    ``conflict``. Reply: ``{version}``.
    """

    right: ClassVar = Right.ASSIGN
    cost: ClassVar = Cost.LIGHT

    version: Seq
    salesperson_id: Identifier


class FinishTask(ChangeCommand, tag="finish_task", frozen=True):
    """Mark a task as done, such as a notice that was sent. Reply: ``{version}``."""

    right: ClassVar = Right.TASK
    cost: ClassVar = Cost.LIGHT

    task_id: Identifier
