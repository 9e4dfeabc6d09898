"""What a deal agreed on when it was submitted, what the desk proposes instead, and the signed contract.

From ``submitted`` on nothing changes the agreed figures in silence: whatever would, returns the deal to
``working`` and shows the old and the new figures. Money in cents; ``*_bp`` basis points.
"""

import datetime as dt
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from protocol.deal.deal_parts import DealOffer, OfferedCar
from protocol.deal.workflow import Reason
from protocol.records import Actor, DealKind, DealState, Tier, Versions

GUARDED: Final = (DealState.SUBMITTED, DealState.COUNTERED, DealState.APPROVED)
"""States in which a change of the agreed figures returns the deal to working."""

UNAGREED: Final = (DealState.WORKING, DealState.LOST)
"""States of a deal without agreed figures."""


class AgreedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What salesperson, customer and desk agreed on.

    ``total_cents`` is the total of payments; of a cash deal the price out the door. A cash deal has no
    payment, term, rate or lender, a lease no rate. Customers do not see the lender.
    """

    kind: DealKind = DealKind.FINANCE
    vehicle_id: str
    payment_cents: int | None = None
    term_months: int | None = None
    cash_down_cents: int
    rate_bp: float | None = None
    lender: str | UnsetType | None = UNSET
    total_cents: int


class FiguresChange(msgspec.Struct, frozen=True, kw_only=True):
    """Agreed figures before and after a change. ``new`` is null if they are not priced yet, or cannot be."""

    old: AgreedFigures
    new: AgreedFigures | None = None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """The desk's counter: another offer for the agreed car, which the salesperson accepts or answers.

    ``offer`` is priced with its ``changes`` on top of the deal's structure, which stays as it is. ``figures``
    are the agreed figures and the proposed ones.
    """

    offer: DealOffer
    figures: FiguresChange
    reason: Reason
    by: Actor
    at: dt.datetime


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A signed contract, as its pencil was stored. Nothing that happens later changes it.

    ``quote`` has the fields of ``QuotedStructure``, without schedule and stipulations: ``quote`` of
    the car returns those too. The customer of that name accepted ``figures`` at ``signed_at``, with the
    disclosures of ``text_version``; contracts that an older release stored have neither.
    """

    pencil_id: str
    vehicle_id: str
    rev: int
    car: OfferedCar
    figures: AgreedFigures
    quote: dict[str, Any]
    versions: Versions | UnsetType = UNSET
    signed_by: Actor | UnsetType = UNSET
    signed_at: dt.datetime
    customer: str | UnsetType = UNSET
    text_version: str | UnsetType = UNSET


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive events of a deal, the oldest first.

    Each is the event as the view shows it, with ``no``, its number in the deal, in place of ``channel`` and
    ``seq``. ``more``: there are older ones.
    """

    events: list[dict[str, Any]] = []
    more: bool = False


class ProgrammeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A lender's own programme for a deal, as the rate sheet has it."""

    programme_id: str
    tier: Tier
    term_months: int
    buy_rate_bp: float
    amount_max_cents: int


class LenderEffectReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ``data`` of the reply to ``lender_effect``: what a lender's decision would do to the offer.

    ``programme`` is null if the lender has none for the deal's tier; ``figures`` if no offer is selected.
    ``npv_cents`` are the offer's value now and then. ``returns``: the deal would return to working.
    """

    programme: ProgrammeFigures | None = None
    figures: FiguresChange | None = None
    npv_cents: int | None = None
    new_npv_cents: int | None = None
    returns: bool = False


def figures_of(offer: DealOffer) -> AgreedFigures:
    """Return the figures of an offer that people agree on."""
    if offer.cash is not UNSET:
        return AgreedFigures(
            kind=DealKind.CASH,
            vehicle_id=offer.vehicle_id,
            cash_down_cents=0,
            lender=None,
            total_cents=offer.cash.out_the_door_cents,
        )
    is_lease = offer.lease is not UNSET
    total = offer.total_of_payments_cents
    return AgreedFigures(
        kind=DealKind.LEASE if is_lease else DealKind.FINANCE,
        vehicle_id=offer.vehicle_id,
        payment_cents=offer.payment_cents,
        term_months=offer.term_months,
        cash_down_cents=offer.cash_down_cents,
        rate_bp=None if is_lease else offer.rate_bp,
        lender=None if offer.lender is UNSET else offer.lender,
        # Offers of an older release have no total; only their last payment may differ from the others.
        total_cents=offer.payment_cents * offer.term_months if total is UNSET else total,
    )
