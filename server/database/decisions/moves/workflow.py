"""Moves a deal between states: who may, from which state, and why. protocol.deal.workflow has the machine."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import AgreedFigures, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import CREDIT_REASONS, STEPS, TRANSITIONS, Action, Closing, Reason
from protocol.events import FulfilmentChanged
from protocol.records import Actor, DealState, Role
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import (
    agreed_of,
    changed_figures,
    contract_of,
    proposed,
    require_seen,
)
from server.database.decisions.agreement.offers import (
    adopt_as_priced,
    adopt_offer,
    selected_offer,
    store_offer,
)
from server.database.decisions.deciding import Asked, Decided, LockedDeal, deciding
from server.database.decisions.edits.claims import let_go, require_not_held, touch_claims
from server.database.decisions.edits.tasks import raise_adverse_action
from server.database.decisions.edits.terms import Step, move, wrong_state
from server.database.decisions.moves.approvals import approval_of, approve
from server.database.decisions.moves.conditions import (
    conflict,
    forbidden,
    last_approval,
    outdated,
    require_authority,
    require_cleared,
    require_covered,
    require_lender,
    require_not_own,
    require_payer,
    require_product_cost,
)


@dataclass(frozen=True, slots=True)
class Move:
    """One requested step. ``rates`` is the rate sheet in force on ``today``.

    ``priced`` is what the step is about, repriced: the deal's selected offer, or the desk's proposal; None if
    there is none, no programme takes it, or the step needs no price. ``changes`` and ``programme_id`` are
    those of a counter, ``seen`` the figures that the person decided on.
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
    programme_id: str | None = None
    seen: AgreedFigures | None = None
    discount_authority_cents: int = 0
    product_cost_share_bp: float = 10_000.0


def asked_for(action: Action | Closing, step: Move) -> Asked:
    """Return the content of an action's or closing step's command."""
    asked = (action, step.reason, list(step.more_reasons), codec.plain(step.changes))
    # As an older release stored it, if the command has nothing that is newer.
    if step.programme_id is None and step.seen is None:
        return asked
    return (*asked, step.programme_id, None if step.seen is None else codec.plain(step.seen))


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
    asked = asked_for(action, step)
    async with deciding(scope, deal_id, step.op, step.actor, asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        await deal.require_version(step.version)
        if deal.state not in transition.sources:
            raise wrong_state(deal, action)
        told = await _PREPARE[action](deal, step)
        await move(deal, transition.target, step.reason, replace(told, more_reasons=step.more_reasons))
        if action in {Action.DECLINE, Action.LOSE}:
            await raise_adverse_action(deal, [step.reason, *step.more_reasons], step.today)
        return deal.decided(state=deal.state)


async def take_closing_step(scope: RowScope, deal_id: str, closing: Closing, step: Move) -> Decided:
    """Deliver, fund or unwind a signed contract; its answer is ``{version, state, fulfilment}``.

    Raises CommandError as ``take_action``.
    """
    known = STEPS[closing]
    _check_reasons(step, known.reasons)
    asked = asked_for(closing, step)
    async with deciding(scope, deal_id, step.op, step.actor, asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        await deal.require_version(step.version)
        if deal.fulfilment not in known.sources:
            raise conflict(
                f"This deal cannot be {known.target} now.",
                "fulfilment",
                None if deal.fulfilment is None else deal.fulfilment.value,
            )
        if closing is Closing.FUND:
            require_payer(await selected_offer(deal), step.reason)
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


async def _prepare_submit(deal: LockedDeal, step: Move) -> Step:
    _require_own_if_manager(deal)
    if deal.selected_offer is None:
        raise conflict("Select a car first.", "selected", None)
    if step.priced is None:
        raise conflict(
            "The selected car has no offer with these terms. Change the terms or select another car.",
            "selected",
            None,
        )
    agreed = figures_of(step.priced)
    require_seen(step.seen, agreed)
    await adopt_as_priced(deal, step.priced)
    return Step(agreed=agreed)


async def _prepare_counter(deal: LockedDeal, step: Move) -> Step:
    await require_not_own(deal)
    offer = await _agreed_offer(deal)
    require_seen(step.seen, agreed_of(deal, offer))
    if step.priced is None:
        raise conflict("The car has no offer with this proposal. Change it and try again.", "selected", None)
    await require_authority(deal, step.priced, step.discount_authority_cents)
    await store_offer(deal, step.priced)
    return Step(proposal=proposed(deal, offer, step.priced, step.reason))


async def _prepare_accept(deal: LockedDeal, step: Move) -> Step:
    _require_own_if_manager(deal)
    if deal.proposal is None:
        raise conflict("The desk proposed nothing to accept. Submit the deal instead.", "proposal", None)
    offered = figures_of(deal.proposal.offer)
    require_seen(step.seen, offered)
    if step.priced is None or figures_of(step.priced) != offered:
        now = None if step.priced is None else figures_of(step.priced)
        raise changed_figures("proposal", offered, now)
    await adopt_offer(deal, step.priced)
    return Step(agreed=offered)


async def _prepare_approve(deal: LockedDeal, step: Move) -> Step:
    await require_not_own(deal)
    offer = await _agreed_offer(deal)
    agreed, priced = agreed_of(deal, offer), step.priced
    require_seen(step.seen, agreed)
    if priced is None or figures_of(priced) != agreed:
        raise changed_figures("selected", agreed, None if priced is None else figures_of(priced))
    # Changes of cars and rates are looked at again under the locks.
    reason = await outdated(deal, approval_of(deal, priced), step.rates)
    if reason is not None:
        raise conflict(
            "The car or the rates just changed. Review the deal and try again.", "selected", reason
        )
    await require_authority(deal, priced, step.discount_authority_cents)
    require_product_cost(deal, priced, step.product_cost_share_bp)
    await require_not_held(deal, int(offer.vehicle_id))
    # The same figures, from newer versions of the car or the tables or at another value: the approval binds
    # those.
    await adopt_as_priced(deal, priced)
    return Step(approval=await approve(deal))


async def _prepare_decline(deal: LockedDeal, step: Move) -> Step:
    await require_not_own(deal)
    return Step()


async def _prepare_reopen(deal: LockedDeal, step: Move) -> Step:
    if deal.state is DealState.LOST:
        await touch_claims(deal)
    return Step()


async def _prepare_sign(deal: LockedDeal, step: Move) -> Step:
    approval = await last_approval(deal)
    reason = await outdated(deal, approval, step.rates)
    if reason is not None:
        raise conflict("The approval is no longer valid. Submit the deal again.", "approval", reason)
    offer = await selected_offer(deal)
    if offer is None or offer.offer_id != approval.offer_id:
        raise conflict("The desk approved a different offer. Submit the deal again.", "approval", None)
    require_seen(step.seen, agreed_of(deal, offer))
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
    return Step(contract=await contract_of(deal, offer))


async def _prepare_lose(deal: LockedDeal, step: Move) -> Step:
    await touch_claims(deal)
    await let_go(deal)
    return Step()


_PREPARE = {
    Action.SUBMIT: _prepare_submit,
    Action.COUNTER: _prepare_counter,
    Action.APPROVE: _prepare_approve,
    Action.DECLINE: _prepare_decline,
    Action.REOPEN: _prepare_reopen,
    Action.SIGN: _prepare_sign,
    Action.LOSE: _prepare_lose,
    Action.ACCEPT: _prepare_accept,
}


def _require_own_if_manager(deal: LockedDeal) -> None:
    if deal.actor.role is Role.DESK_MANAGER and deal.salesperson_id != deal.actor.id:
        raise forbidden("A manager can submit only their own deals.")


async def _agreed_offer(deal: LockedDeal) -> DealOffer:
    """Return the selected offer of a deal that was submitted. Raises CommandError(conflict) without one."""
    offer = await selected_offer(deal)
    if offer is None:
        raise conflict("Select a car first.", "selected", None)
    return offer


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
