"""Deals whose commands are based on what Postgres has: a client hears of other people's commands later."""

import asyncio
from collections.abc import Callable
from typing import Any

from client import Deal
from client.desk import Desk
from protocol.events import DealSnapshot
from server.database.core.pool import connect_as_owner
from server.settings import Settings

GUARD_SECONDS = 60.0


class CurrentDesk(Desk):
    """The commands of a deal's desk. What depends on the deal's version is sent once its client has heard
    the newest one, unless the test names a version.
    """

    def __init__(self, deal: Deal, settings: Settings) -> None:
        super().__init__(deal.channel, deal._request, lambda: deal.state.version)
        self._deal = deal
        self._settings = settings

    async def act(self, *args: Any, **given: Any) -> dict[str, Any]:
        """Act as a person does who has heard everything."""
        await self._catch_up(given)
        return await super().act(*args, **given)

    async def lender_decision(self, *args: Any, **given: Any) -> str:
        """Record a lender's decision as a person does who has heard everything."""
        await self._catch_up(given)
        return await super().lender_decision(*args, **given)

    async def _catch_up(self, given: dict[str, Any]) -> None:
        if given.get("version") is None:
            stored = await stored_version(self._settings, self._deal.state.id)
            await heard(self._deal, lambda state: state.version >= stored)


def keep_current(deal: Deal, settings: Settings) -> Deal:
    """Let a deal's desk catch up before every command that depends on the version; return the deal."""
    deal.desk = CurrentDesk(deal, settings)
    return deal


async def stored_version(settings: Settings, deal_id: str) -> int:
    """Return a deal's version as Postgres has it."""
    async with connect_as_owner(settings.database_owner_url) as database:
        found: int = await database.fetchval("SELECT version FROM deals WHERE deal_id::text = $1", deal_id)
        return found


async def heard(deal: Deal, holds: Callable[[DealSnapshot], bool]) -> None:
    """Wait until a deal's state is as asked for. Its events stay with the test that reads them."""
    changed = deal.inbox._changed
    async with asyncio.timeout(GUARD_SECONDS), changed:
        await changed.wait_for(lambda: holds(deal.state))
