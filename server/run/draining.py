"""Draining: clients are notified, move to other processes a few at a time, and lose nothing.

The web server would close every socket at once, and all clients would reconnect at once. So before it stops,
this process reports that it is not ready, accepts no connections, hands over its searches, and closes the
sockets one by one over time.
"""

import asyncio
import random
from typing import Final

import structlog

from protocol.closing import CloseCode
from protocol.events import Notice
from server.hub.endpoint import Endpoint
from server.search.paging.searches import SearchService

GOODBYE_SECONDS: Final = 2.0
"""How long the last sockets may take to close."""

NOTICE: Final = Notice(
    code="draining", message="This server is being replaced. You will be connected to another one."
)


class Drain:
    """The shutdown of one web process; its sockets are closed over ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._parts: tuple[Endpoint, SearchService] | None = None
        self._begun = False
        self._logger = structlog.get_logger("drain")

    @property
    def begun(self) -> bool:
        """Whether the process is leaving."""
        return self._begun

    def attach(self, endpoint: Endpoint, searches: SearchService) -> None:
        """Register what must be notified."""
        self._parts = (endpoint, searches)

    async def run(self) -> None:
        """Return when no client is connected, or when their time is up."""
        self._begun = True
        if self._parts is None:
            return
        endpoint, searches = self._parts
        endpoint.refuse_all()
        self._logger.info("draining", connections=endpoint.connections, seconds=self._seconds)
        connections = endpoint.open
        loop = asyncio.get_running_loop()
        for connection in connections:
            connection.notify(NOTICE)
            moment = random.uniform(0, self._seconds)  # noqa: S311 - spreads load, keeps no secret  # nosec B311
            loop.call_later(moment, connection.close, CloseCode.RESTART, "This server is being replaced.")
        try:
            async with asyncio.timeout(self._seconds + GOODBYE_SECONDS):
                await searches.hand_over()
                await endpoint.wait_empty()
        except TimeoutError:
            self._logger.warning("drained in part", connections=endpoint.connections)
