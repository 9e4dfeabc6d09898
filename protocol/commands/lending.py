"""What lenders decide about a deal, as the desk enters it."""

import datetime as dt
from typing import Annotated, ClassVar

from msgspec import Meta

from protocol.commands.base import ChangeCommand, ChannelCommand, Cost, Seq
from protocol.deal.workflow import MAX_REASONS, LenderStatus, Reason
from protocol.records import BasisPoints, Cents, Identifier, Months, Tier
from protocol.rights import Right
from protocol.texts import ONE_LINE

Stipulation = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class LenderDecision(ChangeCommand, tag="lender_decision", frozen=True):
    """Record what a lender decided; it overrides the lender's programmes for this deal until it expires.

    ``tier``, ``rate_bp`` (the buy rate), ``advance_max_cents`` and ``term_months`` (the longest) are needed
    for an approval; ``reasons``, all of them credit reasons, for a decline and only then. Reply: ``{version,
    decision_id}``.
    """

    right: ClassVar = Right.LENDER
    cost: ClassVar = Cost.SEARCHING

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


class LenderEffect(ChannelCommand, tag="lender_effect", frozen=True):
    """Ask what recording a lender's decision would do to the selected offer. Reply: ``LenderEffectReply``.

    Without ``status`` it asks only for the lender's own programme.
    """

    right: ClassVar = Right.LENDER
    cost: ClassVar = Cost.PRICING

    lender: Identifier
    status: LenderStatus | None = None
    tier: Tier | None = None
    rate_bp: BasisPoints | None = None
    advance_max_cents: Cents | None = None
    term_months: Months | None = None


class ClearStipulation(ChangeCommand, tag="clear_stipulation", frozen=True):
    """Mark a lender's stipulation as met. Reply: ``{version}``."""

    right: ClassVar = Right.LENDER
    cost: ClassVar = Cost.LIGHT

    stipulation_id: Identifier
