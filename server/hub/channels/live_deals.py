"""The deals of watched channels are held in memory; others are read from Postgres each time.

A deal in memory is used only while notifications of Postgres arrive: they announce changes that have no
event.
"""

from collections.abc import Callable
from typing import Final

from protocol.channels import deal_of
from protocol.closing import CommandError, ErrorCode
from server.clock import utc_now
from server.database.core.scope import RowScope, StoreScopes
from server.database.deals.deal_parts import load_whole
from server.database.deals.deals import Deal
from server.hub.channels.live_deal import HeldDeal
from server.hub.channels.registry import Registry

ATTEMPTS: Final = 3
"""How often a deal may change without an event while it is read."""


class LiveDeals:
    """Finds deals. ``hears`` returns whether notifications of Postgres arrive."""

    def __init__(
        self, stores: StoreScopes, system: RowScope, registry: Registry, hears: Callable[[], bool]
    ) -> None:
        self._stores = stores
        self._system = system
        self._registry = registry
        self._hears = hears

    def heard(self, payload: str) -> None:
        """Take a notification of Postgres: a kind (customer, store, user, deal) with an id, or ``all``."""
        kind, _, name = payload.partition(" ")
        for live in self._registry.live_deals():
            deal = live.facts
            if deal is not None and (kind == "all" or name == _fact(deal, kind)):
                live.forget()
            elif deal is None:
                # A read of the deal may be in progress.
                live.forget()

    def missed(self) -> None:
        """Forget every deal: notifications may have been missed."""
        for live in self._registry.live_deals():
            live.forget()

    async def anyones(self, channel: str) -> Deal | None:
        """Return the deal of a channel of any store, for the system's own work; None if there is none."""
        found = await self.anyones_whole(channel)
        return None if found is None else found.at(utc_now())

    async def anyones_whole(self, channel: str) -> HeldDeal | None:
        """Return the deal of a channel of any store with all its parts, as ``anyones``."""
        return await self._held(channel, self._system)

    async def held(self, channel: str, store_id: str) -> HeldDeal:
        """Return the deal of a channel of this store.

        Raises CommandError(not_found) if there is none or it is another store's, and asyncpg's errors.
        """
        found = await self._held(channel, self._stores.of(store_id))
        if found is None or found.deal.store_id != store_id:
            raise CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
        return found

    async def _held(self, channel: str, scope: RowScope) -> HeldDeal | None:
        live = self._registry.live_deal(channel)
        if live is None or not self._hears():
            return await _read(channel, scope)
        if live.known is not None:
            return live.known
        found: HeldDeal | None = None
        async with live.reading:
            for _ in range(ATTEMPTS):
                if live.known is not None:
                    return live.known
                began, found = live.begin(), None
                try:
                    found = await _read(channel, scope)
                finally:
                    live.read(began, found)
                if found is None:
                    return None
        return live.known or found


async def _read(channel: str, scope: RowScope) -> HeldDeal | None:
    async with scope.acquire() as database:
        whole = await load_whole(database, deal_of(channel) or "")
    return None if whole is None else HeldDeal.of(*whole)


def _fact(deal: Deal, kind: str) -> str | None:
    return {
        "customer": deal.customer.id,
        "store": deal.store_id,
        "user": deal.salesperson.id,
        "deal": deal.id,
    }.get(kind)
