"""Moves a deal between states: who may, from which state, and why. protocol.workflow has the machine."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal_parts import Approval, DealOffer
from protocol.events import FulfilmentChanged
from protocol.records import Actor, DealState, Role
from protocol.structure import StructureChanges
from protocol.workflow import CREDIT_REASONS, STEPS, TRANSITIONS, Action, Closing, Reason
from server.database.core.scope import RowScope
from server.database.decisions.claims import let_go, require_not_held, reserve, touch_claims
from server.database.decisions.conditions import (
    conceded,
    conflict,
    forbidden,
    last_approval,
    outdated,
    require_authority,
    require_cleared,
    require_covered,
    require_lender,
    require_not_own,
    require_product_cost,
)
from server.database.decisions.deciding import SYSTEM, Asked, Decided, LockedDeal, deciding
from server.database.decisions.offers import adopt_offer, is_same, selected_offer
from server.database.decisions.tasks import raise_adverse_action
from server.database.decisions.terms import move, restructure, wrong_state


@dataclass(frozen=True, slots=True)
class Move:
    """One requested step. ``rates`` is the rate sheet in force on ``today``.

    ``priced`` is the deal's selected offer, repriced for the deal after the step; None if it has none, or the
    step needs no price. ``changes`` are those of a counter.
    """

    op: uuid.UUID
    version: int
    reason: Reason
    actor: Actor
    today: dt.date
    rates: str
    more_reasons: Sequence[Reason] = ()
    priced: DealOffer | None = None
    changes: StructureChanges = field(default_factory=StructureChanges)
    discount_authority_cents: int = 0
    product_cost_share_bp: float = 10_000.0


def with_changes(step: Move, changes: StructureChanges) -> Move:
    """Return a counter's step."""
    return replace(step, changes=changes)


def asked_for(
    action: Action | Closing, reason: Reason, more_reasons: Sequence[Reason], changes: StructureChanges
) -> Asked:
    """Return the content of an action's or closing step's command."""
    return (action, reason, list(more_reasons), codec.plain(changes))


async def take_action(scope: RowScope, deal_id: str, action: Action, step: Move) -> Decided:
    """Move a deal by ``action``; its answer is ``{version, state}``.

    Raises CommandError: not_found; forbidden for the wrong role, or for one's own deal; invalid for a reason
    that is not one of the action's; conflict for a version, a state, or a condition that does not hold, which
    ``field`` names.
    """
    transition = TRANSITIONS[action]
    _check_reasons(step, transition.reasons)
    if step.actor.role not in transition.roles:
        raise forbidden(f"Your role may not {action} a deal.")
    asked = asked_for(action, step.reason, step.more_reasons, step.changes)
    async with deciding(scope, deal_id, step.op, step.actor, asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        deal.require_version(step.version)
        if deal.state not in transition.sources:
            raise wrong_state(deal, action)
        await _PREPARE[action](deal, step)
        more: dict[str, Any] = {"more_reasons": list(step.more_reasons)} if step.more_reasons else {}
        if action is Action.APPROVE:
            more["approval"] = codec.plain(await _approve(deal))
        await move(deal, transition.target, step.reason, **more)
        if action in {Action.DECLINE, Action.LOSE}:
            await raise_adverse_action(deal, [step.reason, *step.more_reasons], step.today)
        return deal.decided(state=deal.state)


async def take_closing_step(scope: RowScope, deal_id: str, closing: Closing, step: Move) -> Decided:
    """Deliver, fund or unwind a signed contract; its answer is ``{version, state, fulfilment}``.

    Raises CommandError as ``take_action``.
    """
    known = STEPS[closing]
    _check_reasons(step, known.reasons)
    asked = asked_for(closing, step.reason, step.more_reasons, step.changes)
    async with deciding(scope, deal_id, step.op, step.actor, asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        deal.require_version(step.version)
        if deal.fulfilment not in known.sources:
            raise conflict(
                f"This deal cannot be {known.target} now.",
                "fulfilment",
                None if deal.fulfilment is None else deal.fulfilment.value,
            )
        if closing is Closing.FUND:
            await require_cleared(deal)
        if closing is Closing.UNWIND:
            await _give_car_back(deal)
        await deal.database.execute(
            "UPDATE deals SET fulfilment = $2 WHERE deal_id = $1", deal.key, known.target
        )
        source, deal.fulfilment = deal.fulfilment, known.target
        more = {"more_reasons": list(step.more_reasons)} if step.more_reasons else {}
        deal.record(FulfilmentChanged, **{"from": source, "to": known.target}, reason=step.reason, **more)
        if closing is Closing.UNWIND:
            await raise_adverse_action(deal, [step.reason, *step.more_reasons], step.today)
        return deal.decided(state=deal.state, fulfilment=deal.fulfilment)


async def fall_where_outdated(scope: RowScope, deal_id: str, rates: str) -> Decided:
    """Return an approved deal to working if its car or the rate sheet has changed since.

    This is an automatic decision. Raises CommandError(not_found).
    """
    async with deciding(scope, deal_id, uuid.uuid4(), SYSTEM, ("fall",)) as deal:
        if deal.state is DealState.APPROVED:
            reason = await outdated(deal, await last_approval(deal), rates)
            if reason is not None:
                await move(deal, DealState.WORKING, reason)
        return deal.answered({})


async def _prepare_submit(deal: LockedDeal, step: Move) -> None:
    own = deal.salesperson_id == deal.actor.id
    if deal.actor.role is Role.DESK_MANAGER and not own:
        raise forbidden("A manager can submit only their own deals.")
    await _take_price(deal, step)


async def _prepare_counter(deal: LockedDeal, step: Move) -> None:
    await require_not_own(deal)
    await restructure(deal, step.changes, based_on=deal.version)
    await _take_price(deal, step)
    await require_authority(deal, step.priced, step.discount_authority_cents)


async def _prepare_approve(deal: LockedDeal, step: Move) -> None:
    await require_not_own(deal)
    offer = await selected_offer(deal)
    if offer is None or step.priced is None or not is_same(offer, step.priced):
        raise conflict(
            "The offer changed after it was submitted. Counter it so that both of you see the new one.",
            "selected",
            None if step.priced is None else step.priced.payment_cents,
        )
    # Changes of cars and rates are not checked for a deal that is not approved yet.
    reason = await outdated(deal, _approval_of(deal, offer), step.rates)
    if reason is not None:
        raise conflict(
            "The car or the rates just changed. Review the deal and try again.", "selected", reason
        )
    await require_authority(deal, step.priced, step.discount_authority_cents)
    require_product_cost(deal, step.priced, step.product_cost_share_bp)
    await require_not_held(deal, int(offer.vehicle_id))


async def _prepare_decline(deal: LockedDeal, step: Move) -> None:
    await require_not_own(deal)


async def _prepare_reopen(deal: LockedDeal, step: Move) -> None:
    if deal.state is DealState.LOST:
        await touch_claims(deal)


async def _prepare_sign(deal: LockedDeal, step: Move) -> None:
    approval = await last_approval(deal)
    reason = await outdated(deal, approval, step.rates)
    if reason is not None:
        raise conflict("The approval is no longer valid. Submit the deal again.", "approval", reason)
    offer = await selected_offer(deal)
    if offer is None or offer.offer_id != approval.offer_id:
        raise conflict("The desk approved a different offer. Submit the deal again.", "approval", None)
    await require_covered(deal, offer)
    await require_lender(deal, offer)
    await require_not_held(deal, int(offer.vehicle_id))
    sold = await deal.database.fetchval(
        "UPDATE vehicles SET status = 'sold' WHERE vehicle_id = $1 AND rev = $2 AND status = 'available'"
        " RETURNING true",
        int(offer.vehicle_id),
        offer.rev,
    )
    if not sold:
        raise conflict("This car is no longer for sale. Choose another one.", "vehicle_id", None)
    await touch_claims(deal)
    await let_go(deal)


async def _prepare_lose(deal: LockedDeal, step: Move) -> None:
    await touch_claims(deal)
    await let_go(deal)


_PREPARE = {
    Action.SUBMIT: _prepare_submit,
    Action.COUNTER: _prepare_counter,
    Action.APPROVE: _prepare_approve,
    Action.DECLINE: _prepare_decline,
    Action.REOPEN: _prepare_reopen,
    Action.SIGN: _prepare_sign,
    Action.LOSE: _prepare_lose,
}


async def _take_price(deal: LockedDeal, step: Move) -> None:
    """Make the repriced offer the deal's offer."""
    if deal.selected_offer is None:
        raise conflict("Select a car first.", "selected", None)
    if step.priced is None:
        raise conflict(
            "No lender program accepts the selected car with these terms. Change the terms or"
            " select another car.",
            "selected",
            None,
        )
    await adopt_offer(deal, step.priced)


def _approval_of(deal: LockedDeal, offer: DealOffer) -> Approval:
    """Return the approval of ``offer``: the version that it creates, and what it binds."""
    if not offer.versions:
        raise ValueError("an approval needs the full offer")
    return Approval(
        deal_version=deal.version + 1,
        vehicle_id=offer.vehicle_id,
        rev=offer.rev,
        offer_id=offer.offer_id,
        rates=offer.versions.rates,
        by=deal.actor,
    )


async def _approve(deal: LockedDeal) -> Approval:
    """Record the approval and reserve the car."""
    offer = await selected_offer(deal)
    if offer is None:
        raise ValueError("an approval needs an offer")
    approval = _approval_of(deal, offer)
    await deal.database.execute(
        "INSERT INTO desk_approvals (deal_id, deal_version, vehicle_id, vehicle_rev, offer_id, rates_version,"
        " approved_by, concession_cents) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        deal.key,
        approval.deal_version,
        int(approval.vehicle_id),
        approval.rev,
        uuid.UUID(approval.offer_id),
        approval.rates,
        codec.plain(deal.actor),
        (await conceded(deal, offer)).total_cents,
    )
    await reserve(deal, int(approval.vehicle_id))
    return approval


async def _give_car_back(deal: LockedDeal) -> None:
    offer = await selected_offer(deal)
    if offer is not None:
        await deal.database.execute(
            "UPDATE vehicles SET status = 'available' WHERE vehicle_id = $1 AND status = 'sold'",
            int(offer.vehicle_id),
        )


def _check_reasons(step: Move, allowed: Sequence[Reason]) -> None:
    if step.reason not in allowed:
        raise CommandError(
            ErrorCode.INVALID,
            f"reason: expected one of {', '.join(allowed)}",
            field="reason",
            expected=[str(each) for each in allowed],
        )
    if not step.more_reasons:
        return
    if step.reason not in CREDIT_REASONS or not set(step.more_reasons) <= set(CREDIT_REASONS):
        raise CommandError(
            ErrorCode.INVALID,
            "more_reasons: expected only credit reasons, after a credit reason",
            field="more_reasons",
        )
