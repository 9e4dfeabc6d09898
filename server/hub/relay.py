"""Decisions on their way from Postgres, where they are made, to the channel's log, in order of ``no``.

Whoever relays may crash at any step, and any number may relay at once: the log accepts only the next
decision, ignores earlier ones and refuses later ones, so all of them together publish each decision once.
"""

import asyncio
from typing import Final

import asyncpg
import structlog
from redis.exceptions import RedisError

from server.push.log import ChannelLog, Outcome
from server.store.deals import events_after, last_no

DECISIONS_PER_READ: Final = 100
ATTEMPTS: Final = 5
"""How often the epoch may end under a relay before it waits."""

RETRY_SECONDS: Final = 1.0


def channel_of(deal_id: str) -> str:
    """Return the name of a deal's channel."""
    return f"deal:{deal_id}"


class Relay:
    """Publishes what the log lacks. What could not be published is owed, and ``run`` pays it."""

    def __init__(self, pool: asyncpg.Pool, log: ChannelLog) -> None:
        self._pool = pool
        self._log = log
        self._owed: set[str] = set()
        self._owes = asyncio.Event()
        self._logger = structlog.get_logger("relay")

    async def publish(self, deal_id: str) -> None:
        """Publish every decision of the deal that the log lacks.

        Raises RedisError, asyncpg's errors or OSError; what is left is then owed.
        """
        self._owed.add(deal_id)
        try:
            for _ in range(ATTEMPTS):
                if await self._publish_once(deal_id):
                    self._owed.discard(deal_id)
                    return
        finally:
            if deal_id in self._owed:
                self._owes.set()

    async def run(self) -> None:
        """Publish what is owed, until cancelled."""
        while True:
            await self._owes.wait()
            self._owes.clear()
            await asyncio.sleep(RETRY_SECONDS)
            for deal_id in tuple(self._owed):
                try:
                    await self.publish(deal_id)
                except (
                    RedisError,
                    asyncpg.PostgresError,
                    asyncpg.InterfaceError,
                    OSError,
                    TimeoutError,
                ) as error:
                    self._logger.warning("decisions_owed", deal_id=deal_id, error=repr(error))

    async def _publish_once(self, deal_id: str) -> bool:
        """Return whether the log has all decisions now."""
        channel = channel_of(deal_id)
        head = await self._log.head(channel)
        async with self._pool.acquire() as connection:
            if head.no is None:
                # Nobody has seen this epoch yet: its snapshots, loaded later, hold all that was decided so
                # far.
                return (
                    await self._log.set_base(channel, head.epoch, await last_no(connection, deal_id))
                    is not None
                )
            no = head.no
            while decisions := await events_after(connection, deal_id, no, DECISIONS_PER_READ):
                for decision in decisions:
                    event = {"type": decision.kind, **decision.body, "at": decision.at}
                    outcome, no = await self._log.decide(channel, decision.no, event)
                    if outcome is Outcome.MISSING:
                        return False
        return True
