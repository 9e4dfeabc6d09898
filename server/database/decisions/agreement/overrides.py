"""A desk ends another deal's hold or approval of a car: two deals change in one transaction.

The other deal may belong to another store, which the scope of the desk's store does not show. So it runs in
the system's scope, and checks the desk's right under the locks.
"""

import uuid

from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import GUARDED
from protocol.deal.workflow import Reason
from protocol.records import Actor
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import agreed_of, fall
from server.database.decisions.agreement.offers import selected_offer
from server.database.decisions.deciding import (
    Decided,
    LockedDeal,
    deciding_for_others,
    no_such_deal,
    parse_id,
)
from server.database.decisions.edits.claims import let_go, other_holders, require_not_reserved, require_say

ATTEMPTS = 3
"""How often the car may move to yet another deal before this gives up."""


async def end_other_holds(
    system: RowScope, deal_id: str, vehicle_id: int, *, op: uuid.UUID, actor: Actor
) -> tuple[Decided, list[Decided]]:
    """Release a car that other deals hold, for a manager of the store of ``deal_id``.

    A deal that agreed on the car returns to working. Returns the command's outcome, and those of the
    other deals. Raises CommandError: not_found; conflict if the actor may not end the hold; busy if other
    deals keep taking the car.
    """
    key = parse_id(deal_id)
    if key is None:
        raise no_such_deal()
    for _ in range(ATTEMPTS):
        async with system.acquire() as database:
            found = {each.deal_id for each in await other_holders(database, vehicle_id, key)}
        asked = ("release", vehicle_id)
        async with deciding_for_others(system, deal_id, found, op=op, actor=actor, asked=asked) as (
            deal,
            others,
        ):
            if deal.repeated is not None:
                return deal.again(), []
            await require_not_reserved(deal, vehicle_id)
            holders = await other_holders(deal.database, vehicle_id, key)
            if not {each.deal_id for each in holders} <= found:
                continue
            for holder in holders:
                require_say(deal, holder)
            for other in others:
                await _let_go(other, vehicle_id)
            await let_go(deal, vehicle_id)
            return deal.answered({"until": None}), [other.answered({}) for other in others]
    raise CommandError(ErrorCode.BUSY, "Other deals keep taking this car. Try again.", field="vehicle_id")


async def _let_go(deal: LockedDeal, vehicle_id: int) -> None:
    await let_go(deal, vehicle_id)
    offer = await selected_offer(deal)
    # Held or reserved until now: what was agreed with this car is not certain any longer.
    if offer is not None and offer.vehicle_id == str(vehicle_id) and deal.state in GUARDED:
        await fall(deal, Reason.CAR_NOT_AVAILABLE, agreed_of(deal, offer), None)
