"""Looks at deals whose agreed figures may have changed without anyone deciding so, and prices them again.

Cars are repriced, tables come into force, lenders' approvals expire, customers move. Every process looks; the
deal's row lock ensures that each deal returns to working once.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog
from msgspec import UNSET

from protocol.channels import deal_channel
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import GUARDED, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import LIVE_STATUSES, Reason
from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.decisions.price_guard import Checked, fall_where_changed
from server.hub.channels.live_deal import HeldDeal
from server.hub.channels.live_deals import LiveDeals
from server.hub.upkeep.relay import Relay
from server.work.editions import Editions

ATTEMPTS: Final = 3
"""How often a deal may move while it is priced."""

NOT_NOW: Final = frozenset({ErrorCode.DEGRADED, ErrorCode.BUSY})
"""Refusals that say nothing of the terms: the deal is looked at again later."""


class Pricer(Protocol):
    """What prices a deal's offers again. Methods return None where no programme takes the car."""

    async def current(self, held: HeldDeal, account: None) -> DealOffer | None:
        """Return the agreed offer as it is priced today, else what is best now, for the server itself."""

    async def proposal(self, held: HeldDeal, account: None) -> DealOffer | None:
        """Return the offer that the desk proposes as it is priced today, for the server itself."""


class PriceGuard:
    """Returns deals to working if their agreed figures changed."""

    def __init__(
        self,
        system: RowScope,
        relay: Relay,
        deals: LiveDeals,
        pricer: Pricer,
        editions: Editions,
        *,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._system = system
        self._relay = relay
        self._deals = deals
        self._pricer = pricer
        self._editions = editions
        self._today = today
        self._logger = structlog.get_logger("price_guard")

    async def look(self, deal_id: str, trigger: Reason) -> None:
        """Price a deal again, and tell if it returned to working. ``trigger`` is the cause if no table or car
        explains the change.

        Raises NotInForce, CommandError(degraded, busy) and the errors of the services.
        """
        rates = (await self._editions.in_force(self._today())).rates
        for _ in range(ATTEMPTS):
            held = await self._deals.anyones_whole(deal_channel(deal_id))
            if held is None or held.whole.state not in GUARDED or held.whole.selected is None:
                return
            checked, trouble = await self._checked(held, held.whole.selected, trigger, rates)
            decided = await fall_where_changed(self._system, deal_id, checked)
            if decided.changed:
                self._logger.info("agreed_figures_fell", deal_id=deal_id, reason=checked.reason)
                await self._relay.tell(decided)
                return
            if trouble is not None:
                raise trouble
            if decided.version == checked.version:
                return

    async def _checked(
        self, held: HeldDeal, offer: DealOffer, trigger: Reason, rates: str
    ) -> tuple[Checked, CommandError | None]:
        """Return the deal as it is priced today, or what is known of it and why it cannot be priced now."""
        try:
            return await self._check(held, offer, trigger, rates), None
        except CommandError as error:
            known = Checked(held.deal.version, trigger, rates, agreed=None, proposed=None, priced=False)
            return known, error

    async def _check(self, held: HeldDeal, offer: DealOffer, trigger: Reason, rates: str) -> Checked:
        priced = await _price_of(self._pricer.current(held, None))
        proposed = await _price_of(self._pricer.proposal(held, None))
        return Checked(
            version=held.deal.version,
            reason=_cause(held, offer, priced, trigger, rates),
            rates=rates,
            agreed=None if priced is None else figures_of(priced),
            proposed=None if proposed is None else figures_of(proposed),
        )


async def _price_of(pricing: Awaitable[DealOffer | None]) -> DealOffer | None:
    """Return what was priced; None for terms that today's tables refuse. Raises CommandError(NOT_NOW)."""
    try:
        return await pricing
    except CommandError as error:
        if error.code in NOT_NOW:
            raise
        return None


def _cause(held: HeldDeal, offer: DealOffer, priced: DealOffer | None, trigger: Reason, rates: str) -> Reason:
    """Return why an offer may have another price today."""
    before, now = offer.versions, UNSET if priced is None else priced.versions
    if priced is not None and priced.rev != offer.rev:
        return Reason.CAR_CHANGED
    if before and before.rates != rates and offer.cash is UNSET and offer.lease is UNSET:
        return Reason.RATES_CHANGED
    leases = offer.lease is not UNSET and before and now and before.leases != now.leases
    if before and now and (leases or (before.tax, before.risk) != (now.tax, now.risk)):
        return Reason.EDITION_CHANGED
    moment = utc_now()
    for terms in held.deal.lenders:
        expired = terms.expires_at is not None and terms.expires_at <= moment
        if terms.lender == offer.lender and terms.status in LIVE_STATUSES and expired:
            return Reason.LENDER_EXPIRED
    return trigger
