"""The keeper of a process that watches a channel, in the test itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server.hub.channels.registry import Registry
from server.hub.upkeep.keeper import Keeper
from server.log.bus import Bus
from server.search.paging.searches import SearchService
from server.settings import Settings
from tests.flow.searches.searching import Searching


@asynccontextmanager
async def keeping(
    searching: Searching, settings: Settings, service: SearchService, channel: str, **options: Any
) -> AsyncIterator[Keeper]:
    """Run the keeper of a process that watches a channel."""

    class Stop(Exception):
        """Ends the group."""

    bus = Bus(settings.redis_url)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.run())
            registry = Registry(searching.log, bus, tasks)
            keeper = Keeper(
                searching.log, registry, service, searching.queue, heartbeat_seconds=0.02, **options
            )
            with registry.joining(channel):
                tasks.create_task(keeper.run())
                yield keeper
            raise Stop
    except* Stop:
        pass
