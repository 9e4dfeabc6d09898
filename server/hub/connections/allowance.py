"""Decides whether a connection's command may run now: within the budgets, and in its person's turn."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from protocol import commands
from protocol.closing import CommandError, ErrorCode
from protocol.commands import AnyCommand
from protocol.rights import TokenScope
from server.counts.usage import UsageLog
from server.hub.connections.budgets import CUSTOMER_UNITS, Budgets
from server.hub.connections.connection import Connection
from server.observe.attending import command_waited
from server.observe.failing import REDIS_FAILS
from server.search.paging.rows.first_rows import TURN_SECONDS as SEARCH_TURN_SECONDS
from server.sharing.lanes import Lane
from server.sharing.turns import Crowded, Shares, TookTooLong, Turns

SETTLE_SECONDS: Final = 0.25
AWAY_SECONDS: Final = 1.0
"""How long to wait before the next attempt after Redis did not answer."""

TURN_SECONDS: Final = 10.0
"""How long a command waits for its turn before its own time begins. Together they are shorter than the time
after which a client gives up.
"""
SHARES: Final = Shares(all=32, store=24, person=4, waiting=40)
"""Commands in progress in one process. The bound for a person keeps database connections free for others."""
READING: Final = (commands.Search, commands.More)
"""Commands that take turns of their own: with these they would keep a store's joins and notes waiting."""

BEGINNINGS: Final = Shares(all=8, store=2, person=2, waiting=10)
"""Searches that begin in one process at once, until they are announced: they share the event loop with those
of other stores. Of 200 at once, the loop would first do a little of each.
"""

BEGINNING_SECONDS: Final = 0.1
"""How long a search keeps others from beginning at most: after that, it waits for Postgres or Redis."""


class Allowance:
    """Lets commands through. A load tester's commands are not counted; only its connections are limited."""

    def __init__(self, usage: UsageLog) -> None:
        self._usage = usage
        self._budgets = Budgets()
        self.turns = Turns(SHARES)
        self.beginnings = Turns(BEGINNINGS)
        self._logger = structlog.get_logger("hub")

    def expect(self, connection: Connection) -> None:
        """Fetch what the store of a new connection has used in other processes."""
        if not _tests_load(connection):
            self._budgets.expect(connection.account.store_id)

    @asynccontextmanager
    async def of(self, connection: Connection, command: AnyCommand) -> AsyncIterator[None]:
        """Hold a person's turn while a command is handled.

        Raises CommandError: rate_limited if a budget is used up, busy if no turn came in time.
        """
        units = command.cost
        if not units or _tests_load(connection):
            yield
            return
        account = connection.account
        most = None if connection.link is None else CUSTOMER_UNITS
        self._budgets.charge(account.store_id, account.id, units, most)
        give_back = await self._turn(Lane(account.store_id, account.id), reads=isinstance(command, READING))
        try:
            yield
        finally:
            give_back()

    async def _turn(self, lane: Lane, *, reads: bool) -> Callable[[], None]:
        """Wait for a turn; return what gives it back. Raises CommandError (busy)."""
        asked, at_once = time.perf_counter(), self.beginnings.is_free(lane)
        try:
            if not reads:
                return await self.turns.take(lane, TURN_SECONDS)
            give_back = await self.beginnings.take(lane, SEARCH_TURN_SECONDS)
        except Crowded:
            raise CommandError(
                ErrorCode.BUSY, "Your other commands are still running. Try again when they are done."
            ) from None
        except TookTooLong:
            raise CommandError(ErrorCode.BUSY, "The server is busy. Try again shortly.") from None
        if not at_once:
            command_waited((asked, time.perf_counter()))
        asyncio.get_running_loop().call_later(BEGINNING_SECONDS, give_back)
        return give_back

    async def run(self) -> None:
        """Reconcile the budgets with the other processes until cancelled, through any outage."""
        while True:
            await self._budgets.is_due.wait()
            try:
                async with asyncio.timeout(SETTLE_SECONDS):
                    await self._budgets.is_urgent.wait()
            except TimeoutError:
                pass
            await self._settle()

    async def _settle(self) -> None:
        fresh = self._budgets.take_fresh()
        try:
            counted = await self._usage.add(fresh)
        except REDIS_FAILS as error:
            self._logger.warning("budgets_not_settled", error=error)
            for store_id in fresh:
                self._budgets.count_alone(store_id)
            await asyncio.sleep(AWAY_SECONDS)
            return
        for store_id, usage in counted.items():
            self._budgets.settle(store_id, usage)


def _tests_load(connection: Connection) -> bool:
    return TokenScope.LOAD in connection.credential.scopes
