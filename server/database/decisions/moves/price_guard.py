"""Decisions about a deal whose agreed figures may have changed besides an edit of it: it falls, or stays."""

import uuid
from dataclasses import dataclass

from protocol.deal.agreed import GUARDED, AgreedFigures, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import Reason
from protocol.records import DealState
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import agreed_of, fall
from server.database.decisions.agreement.offers import selected_offer
from server.database.decisions.deciding import SYSTEM, Decided, LockedDeal, deciding
from server.database.decisions.edits.terms import move
from server.database.decisions.moves.conditions import last_approval, outdated


@dataclass(frozen=True, slots=True)
class Checked:
    """A guarded deal as it was priced again at ``version`` of the deal.

    ``agreed`` and ``proposed`` are the figures of its selected offer and of the desk's proposal today, None
    if no programme takes them. ``reason`` is why they may have changed, ``rates`` the rate sheet in force.
    ``priced`` is False if nothing could be priced: then only an approval can be seen to be outdated.
    """

    version: int
    reason: Reason
    rates: str
    agreed: AgreedFigures | None
    proposed: AgreedFigures | None
    priced: bool = True


@dataclass(frozen=True, slots=True)
class WithNewFacts:
    """A guarded deal as it is priced with facts of the customer that are about to be stored.

    It was priced at ``version`` of the deal. ``agreed`` and ``proposed`` are as in ``Checked``.
    """

    version: int
    agreed: AgreedFigures | None
    proposed: AgreedFigures | None


async def fall_where_changed(scope: RowScope, deal_id: str, checked: Checked) -> Decided:
    """Return a guarded deal to working if its figures changed, its car is gone, or its approval is outdated.

    A deal that moved since it was priced stays as it is: its version differs from ``checked.version``. An
    approval is outdated with its car or the rate sheet, whatever was priced. Raises CommandError(not_found).
    """
    async with deciding(scope, deal_id, uuid.uuid4(), SYSTEM, ("fall",)) as deal:
        offer = await selected_offer(deal)
        if offer is None or deal.state not in GUARDED:
            return deal.answered({})
        if deal.state is DealState.APPROVED:
            reason = await outdated(deal, await last_approval(deal), checked.rates)
            if reason is not None:
                await _fall(deal, offer, reason, checked)
                return deal.answered({})
        # What was approved is signed as it was priced, whichever day it is.
        stands = deal.state is DealState.APPROVED and checked.reason is Reason.DAY_CHANGED
        if deal.version == checked.version and checked.priced and not stands:
            await _compare(deal, offer, checked)
        return deal.answered({})


async def fall_with_new_facts(deal: LockedDeal, priced: WithNewFacts | None) -> None:
    """Return a locked deal to working if what the store learned of its customer changed the figures.

    An approval was given on other facts, so it ends whatever the figures are. Without ``priced``, or if the
    deal moved since, the new figures are not known yet: a deal that is not approved is then priced later.
    """
    offer = await selected_offer(deal)
    if deal.state not in GUARDED:
        return
    if offer is None:
        if deal.state is DealState.APPROVED:
            await move(deal, DealState.WORKING, Reason.CUSTOMER_CHANGED)
    elif deal.state is DealState.APPROVED:
        new = None if priced is None else priced.agreed
        await fall(deal, Reason.CUSTOMER_CHANGED, agreed_of(deal, offer), new)
    elif priced is not None:
        await _fall_if_other(deal, offer, Reason.CUSTOMER_CHANGED, priced)


async def _compare(deal: LockedDeal, offer: DealOffer, checked: Checked) -> None:
    if await _is_gone(deal, offer):
        await _fall(deal, offer, Reason.CAR_SOLD, checked)
    else:
        await _fall_if_other(deal, offer, checked.reason, checked)


async def _fall_if_other(
    deal: LockedDeal, offer: DealOffer, reason: Reason, now: Checked | WithNewFacts
) -> None:
    agreed = agreed_of(deal, offer)
    if now.agreed != agreed:
        await fall(deal, reason, agreed, now.agreed)
    elif deal.proposal is not None and now.proposed != figures_of(deal.proposal.offer):
        await fall(deal, reason, figures_of(deal.proposal.offer), now.proposed)


async def _fall(deal: LockedDeal, offer: DealOffer, reason: Reason, checked: Checked) -> None:
    current = deal.version == checked.version and reason is not Reason.CAR_SOLD
    await fall(deal, reason, agreed_of(deal, offer), checked.agreed if current else None)


async def _is_gone(deal: LockedDeal, offer: DealOffer) -> bool:
    status: str | None = await deal.database.fetchval(
        "SELECT status FROM vehicles WHERE vehicle_id = $1", int(offer.vehicle_id)
    )
    return status != "available"
