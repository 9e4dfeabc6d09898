"""Reprices a deal's selected offer, for the deal as it is or with changes."""

from collections.abc import Sequence
from dataclasses import replace

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal_parts import DealOffer, LenderTerms
from protocol.structure import StructureChanges, still_pertinent
from server.clock import utc_now
from server.database.decisions.terms import revise
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.quotes import Quotes


class Repricing:
    """Prices the offer that a deal has selected again."""

    def __init__(self, quotes: Quotes) -> None:
        self._quotes = quotes

    async def selected(
        self,
        held: HeldDeal,
        account: Account,
        *,
        changes: StructureChanges | None = None,
        lenders: Sequence[LenderTerms] | None = None,
    ) -> DealOffer | None:
        """Return the selected offer as it is priced today, with ``changes`` to the structure and ``lenders``
        in place of the deal's live decisions; None if nothing is selected, or no programme takes it.

        Raises CommandError: invalid for changes that contradict the structure, degraded.
        """
        deal, before = held.at(utc_now()), held.whole.selected
        if before is None:
            return None
        structure = deal.structure if changes is None else revise(deal.structure, changes)
        # The offer's own changes to the deal's structure stay, except for what changes now.
        changed = {} if changes is None else dict(changes.items())
        asked_for = codec.convert(StructureChanges, before.changes)
        pertinent = still_pertinent(asked_for, deal.structure)
        own = {name: value for name, value in pertinent.items() if name not in changed}
        live = deal.live_lenders if lenders is None else tuple(lenders)
        asked = before.asked_programme_id
        try:
            return await self._quotes.offer(
                replace(deal, structure=structure, live_lenders=live),
                before.vehicle_id,
                StructureChanges(**own),
                asked if isinstance(asked, str) else None,
                account,
            )
        except CommandError as error:
            if error.code in {ErrorCode.CONFLICT, ErrorCode.NOT_FOUND}:
                return None
            raise
