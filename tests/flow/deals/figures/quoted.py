"""Deals whose quotes are asked for, and a car to ask about."""

from contextlib import AsyncExitStack

from client import Deal, Workspace
from protocol.records import View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.shop import a_deal_of, connect, token_of


async def joined(
    stack: AsyncExitStack, url: str, settings: Settings, login: str, view: View
) -> tuple[Workspace, Deal]:
    """Return a connected workspace and the store's first deal on it."""
    workspace = await stack.enter_async_context(connect(url, await token_of(settings, login)))
    return workspace, await workspace.join(await a_deal_of(settings), view)


async def a_car(settings: Settings) -> str:
    """Return the id of a car that is for sale at the deal's store."""
    async with connect_as_owner(settings.database_owner_url) as database:
        found = await database.fetchval(
            "SELECT vehicle_id::text FROM vehicles WHERE store_id = 'riverside' AND status = 'available'"
            " AND price_cents BETWEEN 1500000 AND 2500000 ORDER BY vehicle_id LIMIT 1"
        )
    assert isinstance(found, str)
    return found
