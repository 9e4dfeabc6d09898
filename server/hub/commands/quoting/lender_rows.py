"""A lender's own figures for a deal: those that stand beside the fields of its decision."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import ProgrammeFigures
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges, still_pertinent
from protocol.money.lending import Programme, RateSheet
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.deals.deals import Deal
from server.database.editions.rates import NotInForce
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.quoting.quotes import SERVER, Quotes
from server.sharing.lanes import Lane
from server.work.editions import Editions


@dataclass(frozen=True, slots=True)
class LenderRows:
    """Finds the row of a lender's sheet under which it would book a deal."""

    quotes: Quotes
    stores: StoreScopes
    editions: Editions
    today: Callable[[], dt.date] = lambda: utc_now().date()

    async def own(self, held: HeldDeal, lender: str) -> ProgrammeFigures | None:
        """Return the lender's row for the selected offer, whatever the lender decided so far.

        If none fits, nothing can be priced, or nothing is selected or financed, it is that of the deal's
        tier: of the offer's term if there is one, and of those the cheapest. None if there is no such row.
        Raises CommandError(degraded).
        """
        deal, offer = held.at(utc_now()), held.whole.selected
        # A car that is paid in full has no term.
        if offer is None or offer.cash is not UNSET:
            return _nearest((await self._sheet(deal)).programmes, lender, deal, term_months=None)
        undecided = tuple(each for each in deal.live_lenders if each.lender != lender)
        try:
            return await self._booked(replace(deal, live_lenders=undecided), lender, offer)
        except CommandError as error:
            if error.code is not ErrorCode.INVALID:
                raise
        # The tables refuse the structure, such as for a product that is sold no longer.
        rows = (await self._sheet(deal)).programmes
        return _nearest(rows, lender, deal, term_months=offer.term_months)

    async def _booked(self, deal: Deal, lender: str, offer: DealOffer) -> ProgrammeFigures | None:
        from server.finance.quoting import quote_structure

        wanted = still_pertinent(codec.convert(StructureChanges, _as_agreed(offer)), deal.structure)
        case = await self.quotes.case(deal, offer.vehicle_id, wanted)
        rows = tuple(row for row in case.sheet.programmes if row.lender == lender)
        case = replace(case, sheet=msgspec.structs.replace(case.sheet, programmes=rows))
        lane = Lane(deal.store_id, SERVER)
        choice = (await self.quotes.computed(lane, quote_structure, case)).choice
        if choice is not None:
            return codec.convert(ProgrammeFigures, codec.plain(case.row(choice)))
        is_new = bool(case.numbers["is_new"])
        fit = [row for row in rows if (row.new_cars if is_new else row.used_cars)]
        return _nearest(fit, lender, deal, term_months=offer.term_months)

    async def _sheet(self, deal: Deal) -> RateSheet:
        try:
            in_force = await self.editions.in_force(self.today())
            async with self.stores.of(deal.store_id).acquire() as database:
                return await self.editions.tables.rates(database, in_force.rates)
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"No quote is possible: {error}.") from error


def _as_agreed(offer: DealOffer) -> dict[str, Any]:
    """Return the changes of the structure under which only the lender's own limits are left to decide."""
    cash = offer.cash_down_cents
    return {
        **offer.changes,
        "term_months": offer.term_months,
        "cash_down_cents": cash,
        "cash_down_max_cents": cash,
        "discount_cents": offer.discount_cents,
        "payment_min_cents": 0,
        "payment_max_cents": None,
    }


def _nearest(
    rows: Iterable[Programme], lender: str, deal: Deal, *, term_months: int | None
) -> ProgrammeFigures | None:
    of_tier = [row for row in rows if row.lender == lender and row.tier == deal.structure.tier]
    of_tier.sort(key=lambda row: (row.term_months != term_months, -row.term_months, row.buy_rate_bp))
    return None if not of_tier else codec.convert(ProgrammeFigures, codec.plain(of_tier[0]))
