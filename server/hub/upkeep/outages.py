"""Notifies all connections when a service that their screens need is down, and when it is back.

A connection that breaks and recovers at once is not reported. A longer outage is announced by one ``notice``,
also to connections that arrive during it. ``recovered`` follows when everything is up again.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from protocol.events import Notice
from server.hub.connections.connection import Connection
from server.observe.standing import Standing

NOTICE_AFTER_SECONDS: Final = 1.0
"""How long a service may be down before anyone is notified."""

NO_DATABASE: Final = (
    "The database is not responding. Nothing can be saved until it is back. The server keeps trying."
)
NO_UPDATES: Final = (
    "Live updates are paused: the cars shown may be out of date, and there are no new searches or values. "
    "What you save is kept, and everyone sees it when updates resume."
)
NO_SEARCHES: Final = (
    "Searching the stock is too slow right now. Everything else works, and the server keeps trying."
)
STALE: Final = Notice(
    code="stale", message="The stock cannot be read right now. These cars are from an earlier search."
)
RECOVERED: Final = Notice(code="recovered", message="Everything is working again.")


@dataclass(frozen=True, slots=True)
class WatchedService:
    """A service that may be down, and the notice for people."""

    name: str
    standing: Standing
    message: str
    from_start: bool = False
    """Whether being down at the start is an outage too; else the service is first waited for."""


class Outages:
    """Watches ``services``, the one that matters most first; ``run`` must be running."""

    def __init__(
        self,
        services: Iterable[WatchedService],
        connections: Iterable[Connection],
        *,
        notice_after_seconds: float = NOTICE_AFTER_SECONDS,
    ) -> None:
        self._services = tuple(services)
        self._connections = connections
        self._notice_after_seconds = notice_after_seconds
        self._away: set[str] = set()
        self._told = RECOVERED
        self._logger = structlog.get_logger("outages")

    @property
    def notice(self) -> Notice | None:
        """The notice for a new connection; None if all is well."""
        for service in self._services:
            if service.name in self._away:
                return Notice(code="degraded", message=service.message)
        return None

    def tell_stale(self, channel: str) -> None:
        """Tell those who watch a channel here that its search was answered from memory, with older cars."""
        for connection in tuple(self._connections):
            # A customer's own page shows no search.
            if channel in connection.watchers and connection.link is None:
                connection.notify(STALE)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for service in self._services:
                tasks.create_task(self._watch(service), name=f"outages of {service.name}")

    async def _watch(self, service: WatchedService) -> None:
        if not service.from_start:
            await service.standing.wait_up()
        while True:
            await service.standing.wait_down()
            try:
                async with asyncio.timeout(self._notice_after_seconds):
                    await service.standing.wait_up()
                continue
            except TimeoutError:
                self._away.add(service.name)
                self._tell(service)
            await service.standing.wait_up()
            self._away.discard(service.name)
            self._tell(service)

    def _tell(self, service: WatchedService) -> None:
        self._logger.warning("service", service=service.name, away=service.name in self._away)
        notice = self.notice or RECOVERED
        if notice == self._told:
            return
        self._told = notice
        for connection in tuple(self._connections):
            connection.notify(notice)
