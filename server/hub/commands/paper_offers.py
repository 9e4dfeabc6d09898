"""The offers that customers' paper and screens show, each with its stored pencil."""

from collections.abc import Sequence

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.records import DealKind, DealState
from server.database.core.scope import StoreScopes
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import Deal
from server.database.deals.pencils import StoredPencil, load_pencils
from server.database.people.users import Account
from server.hub.commands.quoting.quotes import Quotes
from server.hub.sight.asking import widest_view
from server.hub.sight.sight import Sight, sight_of

SETTLED = frozenset({DealState.SUBMITTED, DealState.COUNTERED, DealState.APPROVED, DealState.SIGNED})
"""The states in which the selected offer stands as it was priced."""


class PaperOffers:
    """Finds the offers of cars of a deal, and quotes those that there are none of yet."""

    def __init__(self, stores: StoreScopes, quotes: Quotes) -> None:
        self._stores = stores
        self._quotes = quotes

    async def offer(self, deal: Deal, parts: DealParts, vehicle_id: str, account: Account) -> DealOffer:
        """Return a car of the deal as it was selected or pinned under its present terms, else as it is
        quoted now. Raises CommandError as ``Quotes.offer``.
        """
        selected = parts.selected
        if selected is not None and selected.vehicle_id == vehicle_id:
            if deal.state in SETTLED or not parts.selected_outdated:
                return selected
            return await self._again(deal, selected, account)
        pinned = next((each for each in parts.pins if each.vehicle_id == vehicle_id), None)
        if pinned is not None:
            return pinned if pinned.deal_version == deal.version else await self._again(deal, pinned, account)
        sight = seen_by_seller(account)
        return await self._quotes.offer(deal, vehicle_id, StructureChanges(), None, account, sight=sight)

    async def of_kind(
        self, deal: Deal, parts: DealParts, vehicle_id: str, kind: DealKind, account: Account
    ) -> DealOffer:
        """Return a car of the deal, paid for as ``kind`` says: the offer that ``offer`` returns if it is of
        that kind, else a quote. Raises CommandError as ``offer``.
        """
        known = [offer for offer in (parts.selected, *parts.pins) if offer is not None]
        kinds = [kind_of(offer) for offer in known if offer.vehicle_id == vehicle_id]
        if (kinds and kinds[0] is kind) or (not kinds and deal.structure.kind is kind):
            return await self.offer(deal, parts, vehicle_id, account)
        changes = StructureChanges() if deal.structure.kind is kind else StructureChanges(kind=kind)
        if kind is DealKind.CASH and deal.structure.kind is not kind:
            # What the customer would put down of a loan does not limit what the car costs in full.
            changes = StructureChanges(kind=kind, cash_down_max_cents=None)
        sight = seen_by_seller(account)
        return await self._quotes.offer(deal, vehicle_id, changes, None, account, sight=sight)

    async def _again(self, deal: Deal, offer: DealOffer, account: Account) -> DealOffer:
        """Return an offer that was priced under earlier terms, priced under those of today: at its own
        discount if it can be, else at another one, as a submission prices it.
        """
        asked, changes = offer.asked_programme_id, codec.convert(StructureChanges, offer.changes)
        programme, sight = asked if isinstance(asked, str) else None, seen_by_seller(account)
        try:
            return await self._quotes.offer(deal, offer.vehicle_id, changes, programme, account, sight=sight)
        except CommandError as error:
            if error.code is not ErrorCode.CONFLICT or changes.discount_cents is UNSET:
                raise
        return await self._quotes.offer(
            deal, offer.vehicle_id, changes, programme, account, sight=sight, fixed=False
        )

    async def pencils(self, deal: Deal, offers: Sequence[DealOffer]) -> list[tuple[DealOffer, StoredPencil]]:
        """Return each offer with its pencil. Raises CommandError(conflict) for an offer without one."""
        named = [str(offer.pencil_id) for offer in offers if isinstance(offer.pencil_id, str)]
        async with self._stores.of(deal.store_id).acquire() as database:
            found = {pencil.pencil_id: pencil for pencil in await load_pencils(database, deal.id, named)}
        missing = next((offer for offer in offers if offer.pencil_id not in found), None)
        if missing is not None:
            raise CommandError(
                ErrorCode.CONFLICT,
                f"Stock {missing.car.stock_no} was priced before pencils were kept. Select it again.",
                field="cars",
            )
        return [(offer, found[str(offer.pencil_id)]) for offer in offers]


def kind_of(offer: DealOffer) -> DealKind:
    """Return how an offer is paid."""
    return DealKind.FINANCE if offer.kind is UNSET else offer.kind


def seen_by_seller(account: Account) -> Sight:
    """Return what a person of the store sees at most."""
    return sight_of(widest_view(account.role), account)
