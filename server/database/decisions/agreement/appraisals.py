"""The desk's cash value of a trade while the deal waits for its decision."""

import uuid
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Reason
from protocol.records import Actor, DealState
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import agreed_of, fall
from server.database.decisions.agreement.offers import adopt_as_priced, selected_offer
from server.database.decisions.deciding import Decided, LockedDeal, deciding
from server.database.decisions.edits.terms import restructure, wrong_state

Priced = tuple[int, DealOffer | None]
"""The version of a deal, and its agreed offer as it is priced with changes; None if no programme takes it."""


async def appraise(
    scope: RowScope,
    deal_id: str,
    changes: StructureChanges,
    *,
    op: uuid.UUID,
    based_on: int,
    actor: Actor,
    priced: Priced,
) -> Decided:
    """Set cash values of trades of a submitted deal. No agreed figure has them in it, so the deal stays
    submitted; its offer gets its new value.

    It returns to working only if the offer is not to be had any more, with old and new figures. A repeated
    ``op`` gets its first reply. Raises CommandError: not_found; invalid for a version ahead of the deal;
    conflict if the deal moved while it was priced, is not submitted, or for a value that was changed since
    ``based_on``.
    """
    asked = ("terms", codec.plain(changes))
    async with deciding(scope, deal_id, op, actor, asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        version, offer = priced
        await deal.require_version(version)
        if deal.state is not DealState.SUBMITTED:
            raise wrong_state(deal, "edit")
        if based_on > deal.version:
            raise CommandError(
                ErrorCode.INVALID, f"version: expected at most {deal.version}", field="version"
            )
        new = await restructure(deal, changes, based_on=based_on)
        if new:
            await _revalue(deal, new, offer)
        return deal.decided()


async def _revalue(deal: LockedDeal, new: dict[str, Any], offer: DealOffer | None) -> None:
    if not new.keys() <= {"trades", "trade_acv_cents"}:
        raise wrong_state(deal, "edit")
    before = await selected_offer(deal)
    if before is None:
        return
    agreed, figures = agreed_of(deal, before), None if offer is None else figures_of(offer)
    if figures != agreed:
        await fall(deal, Reason.TERMS_CHANGED, agreed, figures)
    if offer is not None:
        await adopt_as_priced(deal, offer, Reason.TERMS_CHANGED)
