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
from protocol.records import Versions
from server.clock import utc_now
from server.database.core.scope import RowScope
from server.database.decisions.moves.price_guard import Checked, fall_where_changed
from server.database.editions.versions import InForce
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
        in_force = await self._editions.in_force(self._today())
        for _ in range(ATTEMPTS):
            held = await self._deals.anyones_whole(deal_channel(deal_id))
            if held is None or held.whole.state not in GUARDED or held.whole.selected is None:
                return
            checked, trouble = await self._checked(held, held.whole.selected, trigger, in_force)
            decided = await fall_where_changed(self._system, deal_id, checked)
            if decided.changed:
                self._logger.info("agreed_figures_fell", deal=deal_id)
                await self._relay.tell(decided)
                return
            if trouble is not None:
                raise trouble
            if decided.version == checked.version:
                return

    async def _checked(
        self, held: HeldDeal, offer: DealOffer, trigger: Reason, in_force: InForce
    ) -> tuple[Checked, CommandError | None]:
        """Return the deal as it is priced today, or what is known of it and why it cannot be priced now."""
        try:
            return await self._check(held, offer, trigger, in_force), None
        except CommandError as error:
            rates = in_force.rates
            known = Checked(held.deal.version, trigger, rates, agreed=None, proposed=None, priced=False)
            return known, error

    async def _check(self, held: HeldDeal, offer: DealOffer, trigger: Reason, in_force: InForce) -> Checked:
        priced = await _price_of(self._pricer.current(held, None))
        proposed = await _price_of(self._pricer.proposal(held, None))
        return Checked(
            version=held.deal.version,
            reason=_cause(held, offer, priced, trigger, in_force),
            rates=in_force.rates,
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


def _cause(
    held: HeldDeal, offer: DealOffer, priced: DealOffer | None, trigger: Reason, in_force: InForce
) -> Reason:
    """Return why an offer may have another price today."""
    before = offer.versions
    if priced is not None and priced.rev != offer.rev:
        return Reason.CAR_CHANGED
    if before and before.rates != in_force.rates and offer.cash is UNSET and offer.lease is UNSET:
        return Reason.RATES_CHANGED
    leases = before and offer.lease is not UNSET and before.leases != (in_force.leases or UNSET)
    if leases or (before and _outdated_tables(before, in_force)):
        return Reason.EDITION_CHANGED
    moment = utc_now()
    for terms in held.deal.lenders:
        expired = terms.expires_at is not None and terms.expires_at <= moment
        if terms.lender == offer.lender and terms.status in LIVE_STATUSES and expired:
            return Reason.LENDER_EXPIRED
    return trigger


def _outdated_tables(before: Versions, in_force: InForce) -> bool:
    """Return whether another table than the rate sheet is in force, of those that an offer was priced with.

    Offers do not name their rebate sheet. That it is new is the trigger's to say.
    """
    from server.finance.rules.taxes import STATED_RATE  # noqa: PLC0415 - it computes, which a web process does later

    return (
        before.risk != in_force.risk
        or before.limits != (in_force.limits or "")
        or before.tax not in {STATED_RATE, in_force.tax or ""}
        or (before.products is not None and before.products != in_force.products)
    )
