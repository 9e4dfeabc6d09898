"""Postgres notifications: one direct connection for each process, shared by all channels.

A notification is sent once, when its transaction commits, to the sessions that listen at that moment. A
listener that was away has missed it. So after every connect, including the first, listeners are told to check
for themselves.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import structlog

from server.database.core.same_database import SameDatabase
from server.observe.failing import POSTGRES_FAILS
from server.observe.reconnecting import stay_connected
from server.observe.standing import Standing

CONNECT_SECONDS: Final = 10.0
CHECK_SECONDS: Final = 5.0
"""How often the connection is checked: a half-open one reports nothing by itself."""

ANSWER_SECONDS: Final = 5.0

Heard = Callable[[str], None]


class Listener:
    """Receives a process's notifications from Postgres while ``run`` is running; ``standing`` is up while its
    connection is.

    The address must lead to Postgres itself: a pooler that shares connections between transactions delivers
    no notifications. The process ends if it finds a restored database there.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._same = SameDatabase()
        self._heard: dict[str, list[Heard]] = {}
        self._connected: list[Callable[[], None]] = []
        self.standing = Standing()
        self._logger = structlog.get_logger("listen")

    @property
    def connected(self) -> bool:
        """Whether the connection is up, for readiness."""
        return self.standing.is_up

    def listen(self, subject: str, heard: Heard) -> None:
        """Call ``heard`` with the payload of each notification of a subject. Call this before ``run``."""
        self._heard.setdefault(subject, []).append(heard)

    def on_connect(self, look: Callable[[], None]) -> None:
        """Call ``look`` after each connect, because earlier notifications are lost."""
        self._connected.append(look)

    async def run(self) -> None:
        """Listen until cancelled; connect again whenever the connection breaks."""
        await stay_connected(
            self._listen_on_one_connection, self.standing, outages=POSTGRES_FAILS, broken=self._broken
        )

    def _broken(self, error: Exception) -> None:
        self._logger.warning("listener_broken", error=error)

    async def _listen_on_one_connection(self) -> None:
        database = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": "deal-architect listener"},
        )
        broken = asyncio.Event()
        database.add_termination_listener(lambda _: broken.set())
        try:
            await self._same.check(database)
            for subject in self._heard:
                await database.add_listener(subject, self._hear)
            self.standing.rise()
            for look in self._connected:
                look()
            while not broken.is_set():
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        await broken.wait()
                except TimeoutError:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await self._same.check(database)
            raise ConnectionResetError("Postgres has closed the connection")
        finally:
            database.terminate()

    def _hear(self, _database: Any, _pid: int, subject: str, payload: Any) -> None:
        for heard in self._heard[subject]:
            try:
                heard(str(payload))
            except Exception:
                # A fault of one listener must not keep notifications from the others.
                self._logger.exception("notification_not_taken", subject=subject)
