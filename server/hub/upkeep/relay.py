"""Carries decisions from Postgres, where they are made, to the channel's log, in order of ``no``.

The process that decides publishes the events of its transaction, but it may crash before that. So Postgres
notifies every process of each decision on commit. A process that watches the deal and has not received the
event a moment later reads it from Postgres and publishes it. The log accepts only the next decision, ignores
earlier ones and refuses later ones, so each decision is published once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from protocol.channels import deal_channel, deal_of
from protocol.deal.customers import COUNTED
from protocol.events import CustomerChanged, DealAssigned, DealChanged, LenderDecided, kind_of
from server.database.core.scope import RowScope
from server.database.deals.deals import events_after, last_no
from server.database.decisions.deciding import DealEvent, Decided
from server.hub.channels.registry import Registry
from server.log.channel_log import ChannelLog
from server.log.links.topology import SlotAway
from server.log.search_log import Outcome
from server.observe.background import Background
from server.observe.failing import REDIS_FAILS, SERVICE_FAILS

DECISIONS_PER_READ: Final = 100
ATTEMPTS: Final = 5
"""How often the epoch may end under a relay before it waits."""

RETRY_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 0.25
"""How long the deciding process has to publish its decision: hundreds of times what it needs."""


NOT_SEARCHED_BY: Final = frozenset({"tier_source", "payment_min_cents"})
"""Fields of a structure that no search result depends on: one is provenance, one sorts."""


def outdates_search(event: DealEvent) -> bool:
    """Return whether a search from before the event was for other terms."""
    if event.kind == kind_of(DealChanged):
        same = event.body.get("same_results", False)
        return not same and not event.body["changes"].keys() <= NOT_SEARCHED_BY
    if event.kind == kind_of(CustomerChanged):
        return not COUNTED.isdisjoint(event.body["fields"])
    if event.kind == kind_of(DealAssigned):
        return not event.body["same_results"]
    return event.kind == kind_of(LenderDecided)


class Relay:
    """Publishes decisions. ``run`` retries those that could not be published.

    ``registry`` knows the channels that are watched here and their received events; ``outdated`` gets
    channels whose search is for older terms. It returns at once. While the log is away (``log_is_up`` is
    false), or in a cluster the slot of a deal, decisions are delivered to those who watch here, and published
    later.
    """

    def __init__(
        self,
        system: RowScope,
        log: ChannelLog,
        registry: Registry | None = None,
        *,
        outdated: Callable[[str], None] = lambda channel: None,
        log_is_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._system = system
        self._log_is_up = log_is_up
        self._log = log
        self._registry = registry
        self._outdated = outdated
        self._told: dict[str, int | None] = {}
        self._owed: set[str] = set()
        self._logger = structlog.get_logger("relay")
        # What cannot be published is owed, so nothing that it raises ends a turn.
        self._following = self._loop(self._follow)
        self._paying = self._loop(self._pay)

    def heard(self, payload: str) -> None:
        """Handle a notification from Postgres: ``deal_id no store_id``. Returns at once."""
        deal_id, no, _ = payload.split(" ")
        if self._registry is not None and deal_channel(deal_id) in self._registry:
            self._told[deal_id] = max(int(no), self._told.get(deal_id) or 0)
            self._following.wake()

    def missed(self) -> None:
        """Record that notifications may have been missed. Returns at once."""
        for channel in () if self._registry is None else self._registry.channels:
            deal_id = deal_of(channel)
            if deal_id is not None:
                self._told[deal_id] = None
        self._following.wake()

    async def tell(self, decided: Decided) -> None:
        """Publish the events of a decision; for a repeated one, those that its first call may have left
        unpublished.

        What the log cannot take is owed: it was decided. Raises asyncpg's errors or OSError.
        """
        try:
            await self._tell(decided)
        except REDIS_FAILS as error:
            self._logger.warning("decisions_owed", deal=decided.deal_id, error=error)
            if self._is_away(error):
                self._tell_here(decided.deal_id, decided.events)

    def log_is_away(self) -> None:
        """Deliver what is owed to those who watch here. Returns at once."""
        self._told |= dict.fromkeys(self._owed, None)
        self._following.wake()

    async def _tell(self, decided: Decided) -> None:
        if not decided.events:
            if decided.repeated:
                await self.publish(decided.deal_id)
            return
        channel = deal_channel(decided.deal_id)
        live = None if self._registry is None else self._registry.live_deal(channel)
        if live is not None:
            live.decided(channel, decided.events)
        self._owed.add(decided.deal_id)
        try:
            outcome, _ = await self._decide(channel, decided.events)
            if outcome is not Outcome.MISSING:
                self._owed.discard(decided.deal_id)
                return
        finally:
            if decided.deal_id in self._owed:
                self._paying.wake()
        await self.publish(decided.deal_id)

    async def publish(self, deal_id: str, no: int | None = None) -> None:
        """Publish every decision of the deal that the log lacks; nothing if it has ``no`` already.

        Raises RedisError, asyncpg's errors or OSError; what is left is then owed.
        """
        self._owed.add(deal_id)
        try:
            for _ in range(ATTEMPTS):
                if await self._publish_once(deal_id, no):
                    self._owed.discard(deal_id)
                    return
        finally:
            if deal_id in self._owed:
                self._paying.wake()

    async def run(self) -> None:
        """Publish announced and unpublished decisions until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._following.run(), name="relay-follow")
            tasks.create_task(self._paying.run(), name="relay-pay")

    def _loop(self, work: Callable[[], Awaitable[None]]) -> Background:
        return Background(work, name="relay", failed="relay_failed", outages=(), retry_seconds=RETRY_SECONDS)

    async def _follow(self) -> None:
        if self._told:
            await asyncio.sleep(GRACE_SECONDS)
        told, self._told = self._told, {}
        for deal_id, no in told.items():
            if no is None or not self._has_heard(deal_id, no):
                await self._try(deal_id, no, tells=True)

    async def _pay(self) -> None:
        if self._owed:
            await asyncio.sleep(RETRY_SECONDS)
        for deal_id in tuple(self._owed):
            await self._try(deal_id, None, tells=False)

    async def _try(self, deal_id: str, no: int | None, *, tells: bool) -> None:
        """Publish; if that fails and it ``tells``, deliver here while the log is away."""
        try:
            await self.publish(deal_id, no)
            return
        except SERVICE_FAILS as error:
            self._logger.warning("decisions_owed", deal=deal_id, error=error)
            tells = tells and self._is_away(error)
        channel = deal_channel(deal_id)
        if not tells or self._registry is None or channel not in self._registry:
            return
        try:
            async with self._system.acquire() as database:
                after = self._registry.last_no(channel)
                self._tell_here(deal_id, await events_after(database, deal_id, after, DECISIONS_PER_READ))
        except SERVICE_FAILS as error:
            self._logger.warning("decisions_not_delivered", deal=deal_id, error=error)

    def _is_away(self, error: Exception) -> bool:
        """Return whether the log is away: all of it, or the slot of this deal in a cluster."""
        return not self._log_is_up() or isinstance(error, SlotAway)

    def _tell_here(self, deal_id: str, decisions: Sequence[DealEvent]) -> None:
        if self._registry is not None:
            self._registry.tell(deal_channel(deal_id), decisions)

    async def _publish_once(self, deal_id: str, wanted: int | None) -> bool:
        """Return whether the log has all decisions now."""
        channel = deal_channel(deal_id)
        head = await self._log.head(channel)
        if wanted is not None and head.no is not None and head.no >= wanted:
            return True
        if head.no is None:
            # Nobody has seen this epoch yet: its snapshots, loaded later, hold all that was decided so far.
            async with self._system.acquire() as database:
                no = await last_no(database, deal_id)
            return await self._log.set_base(channel, head.epoch, no) is not None
        no = head.no
        while True:
            # No transaction waits for Redis.
            async with self._system.acquire() as database:
                decisions = await events_after(database, deal_id, no, DECISIONS_PER_READ)
                newest = None if decisions else await last_no(database, deal_id)
            if newest is not None:
                break
            outcome, no = await self._decide(channel, decisions)
            if outcome is Outcome.MISSING:
                return False
        if no > newest:
            # Postgres was restored to an older state: the log has decisions that Postgres does not.
            self._logger.warning("log_ahead_of_database", deal=deal_id, no=no)
            await self._log.begin_anew(channel, head.epoch)
            return False
        return True

    async def _decide(self, channel: str, decisions: Sequence[DealEvent]) -> tuple[Outcome, int]:
        outdates = any(outdates_search(each) for each in decisions)
        outcome, last = await self._log.decide(
            channel, decisions[0].no, *(each.fields for each in decisions), outdates=outdates
        )
        if outcome is Outcome.PUBLISHED and outdates:
            self._require(channel, last)
            self._outdated(channel)
        return outcome, last

    def _require(self, channel: str, no: int) -> None:
        """Have the deal known no older than what was just published: its bell may not have rung here yet."""
        live = None if self._registry is None else self._registry.live_deal(channel)
        if live is not None:
            live.require(no)

    def _has_heard(self, deal_id: str, no: int) -> bool:
        return self._registry is not None and self._registry.last_no(deal_channel(deal_id)) >= no
