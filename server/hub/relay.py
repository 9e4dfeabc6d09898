"""Decisions on their way from Postgres, where they are made, to the channel's log, in order of ``no``.

Whoever relays may crash at any step, and any number may relay at once: the log accepts only the next
decision, ignores earlier ones and refuses later ones, so all of them together publish each decision once.
Postgres tells every process of each decision as it commits: so whoever watches the deal relays it, also where
the process that decided died in that moment.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import asyncpg
import structlog
from redis.exceptions import RedisError

from server.push.log import ChannelLog, Outcome
from server.store.deals import events_after, last_no
from server.store.scope import Scope

DECISIONS_PER_READ: Final = 100
ATTEMPTS: Final = 5
"""How often the epoch may end under a relay before it waits."""

RETRY_SECONDS: Final = 1.0
OUTAGES: Final = (RedisError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def channel_of(deal_id: str) -> str:
    """Return the name of a deal's channel."""
    return f"deal:{deal_id}"


class Relay:
    """Publishes what the log lacks. What could not be published is owed, and ``run`` pays it.

    ``watched`` says which channels somebody watches here: of these, decisions made elsewhere are relayed too.
    """

    def __init__(self, system: Scope, log: ChannelLog, watched: Callable[[], Iterable[str]] = tuple) -> None:
        self._system = system
        self._log = log
        self._watched = watched
        self._told: dict[str, int | None] = {}
        self._owed: set[str] = set()
        self._news = asyncio.Event()
        self._owes = asyncio.Event()
        self._logger = structlog.get_logger("relay")

    def heard(self, payload: str) -> None:
        """Take a notification of Postgres: ``deal_id no store_id``. Returns at once."""
        deal_id, no, _ = payload.split(" ")
        if channel_of(deal_id) in set(self._watched()):
            self._told[deal_id] = max(int(no), self._told.get(deal_id) or 0)
            self._news.set()

    def missed(self) -> None:
        """Take note that notifications may have been missed. Returns at once."""
        for channel in self._watched():
            kind, _, deal_id = channel.partition(":")
            if kind == "deal":
                self._told[deal_id] = None
        self._news.set()

    async def publish(self, deal_id: str, no: int | None = None) -> None:
        """Publish every decision of the deal that the log lacks; nothing where it has ``no`` already.

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
                self._owes.set()

    async def run(self) -> None:
        """Publish what is told and what is owed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(), name="relay-follow")
            tasks.create_task(self._pay(), name="relay-pay")

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            told, self._told = self._told, {}
            for deal_id, no in told.items():
                await self._try(deal_id, no)

    async def _pay(self) -> None:
        while True:
            await self._owes.wait()
            self._owes.clear()
            await asyncio.sleep(RETRY_SECONDS)
            for deal_id in tuple(self._owed):
                await self._try(deal_id, None)

    async def _try(self, deal_id: str, no: int | None) -> None:
        try:
            await self.publish(deal_id, no)
        except OUTAGES as error:
            self._logger.warning("decisions_owed", deal_id=deal_id, error=repr(error))

    async def _publish_once(self, deal_id: str, wanted: int | None) -> bool:
        """Return whether the log has all decisions now."""
        channel = channel_of(deal_id)
        head = await self._log.head(channel)
        if wanted is not None and head.no is not None and head.no >= wanted:
            return True
        async with self._system.acquire() as connection:
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
            if no > await last_no(connection, deal_id):
                # Postgres has gone back to an older state: what the log tells of was never decided.
                self._logger.warning("log_ahead_of_database", deal_id=deal_id, no=no)
                await self._log.begin_anew(channel, head.epoch)
                return False
        return True
