"""Customers' paper of a deal: the pencils that it shows, and its PDF."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.records import DealKind, DealState
from server.clock import utc_now
from server.compute.pool import ComputePool, NoTurnError, OverrunError
from server.database.core.scope import StoreScopes
from server.database.deals.deal_parts import DealParts, load_whole
from server.database.deals.deals import Deal
from server.database.deals.pencils import StoredPencil, load_pencils
from server.database.editions.rates import NotInForce
from server.database.people.users import Account
from server.hub.commands.paper_offers import SETTLED, PaperOffers, seen_by_seller
from server.hub.commands.quoting.quotes import Quotes
from server.paper.printing import GridTables, Heading, PrintedCar, print_paper
from server.sharing.lanes import Lane
from server.work.editions import Editions

MAX_CARS: Final = 3
_PICKED: Final = (
    *("kind", "price_cents", "discount_cents", "trade_allowance_cents", "cash_down_cents"),
    *("cash_down_max_cents", "term_months", "terms_months", "rate_bp", "rate_reason"),
    *("payment_max_cents", "lease_miles_per_year"),
)
"""The terms in which what a person looks at may differ from the deal's own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the screen shows of the one car that is printed: a quote other than its best, or another kind."""

    pencil_id: str | None = None
    kind: DealKind | None = None


NOTHING_ELSE: Final = Shown()


class Papers:
    """Prints deals. Whoever prints, the paper shows what a customer may see, and nothing else."""

    def __init__(
        self,
        stores: StoreScopes,
        quotes: Quotes,
        compute: ComputePool,
        editions: Editions,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._quotes = quotes
        self._offers = PaperOffers(stores, quotes)
        self._compute = compute
        self._editions = editions
        self._today = today

    async def paper(
        self, deal_id: str, vehicle_ids: Sequence[str], account: Account, shown: Shown = NOTHING_ELSE
    ) -> bytes:
        """Return the PDF of a deal of the account's store, with up to MAX_CARS cars.

        Without ``vehicle_ids`` it shows the deal's car. A car that the deal selected or pinned under its
        present terms is printed from that pencil; any other is quoted first, and its pencil is stored. What
        is ``shown`` of a single car is priced as of today and printed, unless it is the car of a deal whose
        figures are agreed.

        Raises CommandError: not_found for a deal of another store, a car that is not for sale or an unknown
        pencil; invalid for too many cars; conflict for a deal without a car, or a car that no programme
        takes; busy; degraded.
        """
        if len(vehicle_ids) > MAX_CARS or len(set(vehicle_ids)) < len(vehicle_ids):
            raise CommandError(
                ErrorCode.INVALID, f"cars: expected at most {MAX_CARS} different cars", field="cars"
            )
        async with self._stores.of(account.store_id).acquire() as database:
            whole = await load_whole(database, deal_id)
            if whole is None or whole[0].store_id != account.store_id:
                raise CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="deal_id")
            store = await database.fetchval("SELECT name FROM stores WHERE store_id = $1", account.store_id)
        deal, parts = whole
        if len(vehicle_ids) == 1 and shown != NOTHING_ELSE and not _is_agreed(deal, parts, vehicle_ids[0]):
            offers = [await self._as_shown(deal, vehicle_ids[0], shown, account)]
        else:
            offers = [
                await self._offers.offer(deal, parts, vehicle_id, account) for vehicle_id in vehicle_ids
            ]
        offers = offers or [await self._chosen(deal, parts, account)]
        heading = Heading(store, deal.customer.name, deal.salesperson.name, deal.id, self._today())
        if parts.contract is not None and [each.pencil_id for each in offers] == [parts.contract.pencil_id]:
            heading = replace(heading, signed_on=parts.contract.signed_at.date())
        found = await self._offers.pencils(deal, offers)
        # What was signed leaves nothing to choose.
        is_choice = len(found) == 1 and deal.state is not DealState.SIGNED
        tables = await self._tables(deal, found[0][1]) if is_choice else None
        cars = [PrintedCar(pencil, offer.car, tables) for offer, pencil in found]
        lane = Lane(account.store_id, account.id)
        try:
            return await self._compute.run(lane, print_paper, heading, cars)
        except NoTurnError:
            raise CommandError(ErrorCode.BUSY, "Too many papers are waiting. Try again shortly.") from None
        except OverrunError:
            raise CommandError(ErrorCode.DEGRADED, "This could not be printed in time. Try again.") from None

    async def _chosen(self, deal: Deal, parts: DealParts, account: Account) -> DealOffer:
        """Return the deal's car, as it stands."""
        selected = parts.selected
        if selected is None:
            raise CommandError(ErrorCode.CONFLICT, "Put a car on the deal first.", field="cars")
        return await self._offers.offer(deal, parts, selected.vehicle_id, account)

    async def _as_shown(self, deal: Deal, vehicle_id: str, shown: Shown, account: Account) -> DealOffer:
        """Return the offer of a quote that somebody looks at, priced as of today."""
        sight = seen_by_seller(account)
        if shown.pencil_id is None:
            changes = StructureChanges() if shown.kind is None else StructureChanges(kind=shown.kind)
            return await self._quotes.offer(deal, vehicle_id, changes, None, account, sight=sight)
        async with self._stores.of(deal.store_id).acquire() as database:
            found = await load_pencils(database, deal.id, [shown.pencil_id])
        if not found or found[0].vehicle_id != vehicle_id:
            raise CommandError(ErrorCode.NOT_FOUND, "There is no such quote of this car.", field="pencil")
        priced, choice = found[0].inputs.structure, found[0].choice
        stated = {name: getattr(priced, name) for name in _PICKED}
        changed = {name: value for name, value in stated.items() if value != getattr(deal.structure, name)}
        return await self._quotes.offer(
            deal,
            vehicle_id,
            StructureChanges(**changed),
            None if choice is None else choice.programme_id,
            account,
            sight=sight,
        )

    async def _tables(self, deal: Deal, pencil: StoredPencil) -> GridTables | None:
        """Return the tables that a pencil was computed from; None if one is gone."""
        tables, versions = self._editions.tables, pencil.versions
        async with self._stores.of(deal.store_id).acquire() as database:
            try:
                sheet = await tables.rates(database, versions.rates)
                return GridTables(sheet, await tables.risk(database, versions.risk))
            except NotInForce:
                return None


def _is_agreed(deal: Deal, parts: DealParts, vehicle_id: str) -> bool:
    """Return whether a car is the one whose figures are agreed."""
    selected = parts.selected
    return deal.state in SETTLED and selected is not None and selected.vehicle_id == vehicle_id
