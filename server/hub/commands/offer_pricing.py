"""Reprices a deal's offers: the one that is submitted, the agreed one, the desk's proposal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import GUARDED, figures_of
from protocol.deal.customers import COUNTED, CustomerChanges, CustomerError, CustomerFacts, with_facts
from protocol.deal.deal_parts import DealOffer, LenderTerms
from protocol.deal.structure import StructureChanges, still_pertinent
from protocol.records import DealKind, DealState
from server.clock import utc_now
from server.database.deals.deals import Deal
from server.database.decisions.edits.terms import revise
from server.database.decisions.moves.price_guard import WithNewFacts
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.quoting.quotes import Quotes

NO_PROGRAMME = frozenset({ErrorCode.CONFLICT, ErrorCode.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Repricing:
    """Prices the offers of a deal again. Methods return None where no programme takes the car.

    They raise CommandError: invalid for changes that contradict the structure, degraded. Without an
    ``account`` it is the server that asks, and no pencil is stored.
    """

    quotes: Quotes

    async def selected(
        self, held: HeldDeal, account: Account | None, *, lenders: Sequence[LenderTerms] | None = None
    ) -> DealOffer | None:
        """Return the selected offer as it is best priced today, with ``lenders`` in place of the deal's live
        decisions; None if nothing is selected.
        """
        offer = held.whole.selected
        if offer is None:
            return None
        asked = offer.asked_programme_id
        programme = asked if isinstance(asked, str) else None
        deal, changes = _deal(held, lenders), offer.changes
        found = await self._priced(deal, offer, changes, programme, account)
        if found is None and "discount_cents" in changes:
            # What was chosen is no longer possible at its discount: another one may do.
            found = await self._priced(deal, offer, changes, programme, account, fixed=False)
        return found

    async def agreed(
        self,
        held: HeldDeal,
        account: Account | None,
        *,
        lenders: Sequence[LenderTerms] | None = None,
        offer: DealOffer | None = None,
    ) -> DealOffer | None:
        """Return the agreed offer as it is priced today: the same programme, term, cash and discount.

        ``offer`` is another one than the selected offer, such as a proposal's.
        """
        offer = offer or held.whole.selected
        if offer is None:
            return None
        programme = offer.programme_id if isinstance(offer.programme_id, str) else None
        priced = await self._priced(
            _deal(held, lenders), offer, offer.changes | _pins(offer), programme, account, fixed=True
        )
        if priced is None:
            return None
        # It is the same offer: only its price may be another one.
        return msgspec.structs.replace(
            priced, changes=offer.changes, asked_programme_id=offer.asked_programme_id
        )

    async def current(
        self, held: HeldDeal, account: Account | None, *, lenders: Sequence[LenderTerms] | None = None
    ) -> DealOffer | None:
        """Return the selected offer as it is priced today, with ``lenders`` in place of the live decisions.

        What was agreed stays, if a programme takes it; else the offer is what is best now.
        """
        kept = await self.agreed(held, account, lenders=lenders) if held.whole.state in GUARDED else None
        return kept or await self.selected(held, account, lenders=lenders)

    async def proposal(
        self,
        held: HeldDeal,
        account: Account | None,
        *,
        lenders: Sequence[LenderTerms] | None = None,
    ) -> DealOffer | None:
        """Return the offer that the desk proposes as it is priced today; None if it proposes none."""
        made = held.whole.proposal
        if not made:
            return None
        return await self.agreed(held, account, lenders=lenders, offer=made.offer)

    async def under_lenders(
        self, held: HeldDeal, account: Account | None, lenders: Sequence[LenderTerms]
    ) -> tuple[DealOffer | None, DealOffer | None]:
        """Return the selected offer and the desk's proposal, priced with ``lenders`` as live decisions.

        A lender decides whatever became of the tables: a structure that they refuse, such as one with a
        product that is sold no longer, has no price. A contract is priced no more.
        """
        if held.whole.state is DealState.SIGNED:
            return None, None
        try:
            return (
                await self.current(held, account, lenders=lenders),
                await self.proposal(held, account, lenders=lenders),
            )
        except CommandError as error:
            if error.code is ErrorCode.INVALID:
                return None, None
            raise

    async def with_new_facts(self, held: HeldDeal, changes: CustomerChanges) -> WithNewFacts | None:
        """Return a guarded deal as it is priced with other facts of its customer.

        None for a deal that is not guarded, for facts on which no figure depends or that contradict each
        other, and where nothing can be priced now.
        """
        counted = any(name in COUNTED for name, _ in changes.items())
        if held.whole.state not in GUARDED or held.whole.selected is None or not counted:
            return None
        customer = held.deal.customer
        try:
            facts = with_facts(codec.convert(CustomerFacts, customer.facts), changes)
            then = replace(held, deal=replace(held.deal, customer=customer.after(codec.plain(facts))))
            agreed, proposed = await self.current(then, None), await self.proposal(then, None)
        except (CommandError, CustomerError):
            return None
        return WithNewFacts(
            held.deal.version,
            agreed=None if agreed is None else figures_of(agreed),
            proposed=None if proposed is None else figures_of(proposed),
        )

    async def with_changes(
        self, held: HeldDeal, account: Account, changes: StructureChanges
    ) -> tuple[int, DealOffer | None]:
        """Return a guarded deal's version, and its agreed offer as it is priced with other terms."""
        deal = replace(held.deal, structure=revise(held.deal.structure, changes))
        return held.deal.version, await self.current(replace(held, deal=deal), account)

    async def counter(
        self, held: HeldDeal, account: Account, changes: StructureChanges, programme_id: str | None
    ) -> DealOffer | None:
        """Return a proposal: the agreed offer with ``changes``, or of another programme.

        What the changes do not name stays as agreed; only a maximum payment that they name may take more
        discount. The customer's own maximum payment and cash do not bind it.
        """
        offer = held.whole.selected
        if offer is None:
            return None
        asked = codec.plain(changes)
        if "cash_down_cents" in asked and "cash_down_max_cents" not in asked:
            asked["cash_down_max_cents"] = asked["cash_down_cents"]
        free: dict[str, object] = {"payment_max_cents": None}
        if offer.cash is not UNSET:
            free["cash_down_max_cents"] = None
        proposed = offer.changes | _pins(offer) | free | asked
        own = offer.programme_id if isinstance(offer.programme_id, str) else None
        deal = _deal(held, None)
        fixed = asked.get("payment_max_cents") is None
        made = await self._priced(deal, offer, proposed, programme_id or own, account, fixed=fixed)
        if made is None and programme_id is None:
            made = await self._priced(deal, offer, proposed, None, account, fixed=fixed)
            if made is not None and made.lease is not UNSET:
                # A car that nothing finances is offered as a lease, which nobody proposed.
                kind = proposed.get("kind", deal.structure.kind)
                return made if kind == DealKind.LEASE else None
        return made

    async def _priced(
        self,
        deal: Deal,
        offer: DealOffer,
        changes: dict[str, object],
        programme_id: str | None,
        account: Account | None,
        *,
        fixed: bool | None = None,
    ) -> DealOffer | None:
        wanted = still_pertinent(codec.convert(StructureChanges, changes), deal.structure)
        try:
            return await self.quotes.offer(deal, offer.vehicle_id, wanted, programme_id, account, fixed=fixed)
        except CommandError as error:
            if error.code in NO_PROGRAMME:
                return None
            raise


def _deal(held: HeldDeal, lenders: Sequence[LenderTerms] | None) -> Deal:
    deal = held.at(utc_now())
    return deal if lenders is None else replace(deal, live_lenders=tuple(lenders))


def _pins(offer: DealOffer) -> dict[str, object]:
    """Return the changes of the structure that leave nothing of an offer open."""
    if offer.cash is not UNSET:
        return {"kind": DealKind.CASH, "discount_cents": offer.discount_cents}
    leased: dict[str, object] = {}
    if offer.lease is not UNSET:
        leased = {"kind": DealKind.LEASE, "lease_miles_per_year": offer.lease.miles_per_year}
    return leased | {
        "term_months": offer.term_months,
        "cash_down_cents": offer.cash_down_cents,
        "cash_down_max_cents": offer.cash_down_cents,
        "discount_cents": offer.discount_cents,
    }
