"""The approval of a deal: what it binds, and the car that it reserves."""

import uuid

from protocol import codec
from protocol.deal.deal_parts import Approval, DealOffer
from server.database.decisions.agreement.offers import selected_offer
from server.database.decisions.deciding import LockedDeal
from server.database.decisions.edits.claims import reserve
from server.database.decisions.moves.conditions import conceded


def approval_of(deal: LockedDeal, offer: DealOffer) -> Approval:
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


async def approve(deal: LockedDeal) -> Approval:
    """Record the approval and reserve the car."""
    offer = await selected_offer(deal)
    if offer is None:
        raise ValueError("an approval needs an offer")
    approval = approval_of(deal, offer)
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
