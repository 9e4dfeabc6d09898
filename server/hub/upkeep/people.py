"""Applies changes of people and their rights to their open sockets, in every web process.

Postgres notifies on commit that something about a person changed: a session ended, a token or a customer's
link was revoked, or the role, the store or the account changed. Each of their sockets is then checked again.
It stays open, is closed with 4001 if its credential is no longer valid, or is closed with 1012 if the
person's rights changed.
After 1012 the client reconnects at once and gets its current rights.
"""

from collections.abc import Iterable
from typing import Final

import asyncpg
import structlog

from protocol.closing import CloseCode
from server.database.people.credentials import Credential, find_by_id
from server.database.people.offer_links import find_link_by_id
from server.database.people.users import Account
from server.hub.connections.connection import Connection
from server.observe.background import Background
from server.observe.failing import POSTGRES_FAILS

RETRY_SECONDS: Final = 1.0
SIGNED_OUT: Final = (CloseCode.SIGNED_OUT, "You have been signed out.")
LINK_OVER: Final = (CloseCode.SIGNED_OUT, "This link is no longer valid.")
CHANGED: Final = (CloseCode.RESTART, "Your permissions have changed.")


class People:
    """Closes the sockets of who may no longer have them. Everything but ``run`` returns at once."""

    def __init__(self, pool: asyncpg.Pool, connections: Iterable[Connection]) -> None:
        self._pool = pool
        self._connections = connections
        self._background = Background(
            self._turn,
            name="people",
            failed="people_not_checked",
            outages=POSTGRES_FAILS,
            retry_seconds=RETRY_SECONDS,
        )
        self._asked: set[str] = set()
        self._all = False
        self._moment = 0
        self._told_at: dict[str, int] = {}
        self._missed_at = 0
        self._logger = structlog.get_logger("people")

    @property
    def moment(self) -> int:
        """The number of received notifications: a point in time, for ``came_in``."""
        return self._moment

    def heard(self, user_id: str) -> None:
        """Handle a notification from Postgres: something about a person changed."""
        self._moment += 1
        self._told_at[user_id] = self._moment
        self._asked.add(user_id)
        self._background.wake()

    def missed(self) -> None:
        """Look at everyone: notifications may have been missed."""
        self._moment += 1
        self._missed_at = self._moment
        self._all = True
        self._background.wake()

    def came_in(self, connection: Connection, since: int) -> None:
        """Look at a connection whose person was read at ``since``, where news came in between."""
        user_id = connection.account.id
        if max(self._told_at.get(user_id, 0), self._missed_at) > since:
            self._asked.add(user_id)
            self._background.wake()

    async def run(self) -> None:
        """Look whenever there is news, until cancelled; again until it worked where Postgres is away."""
        await self._background.run()

    async def _turn(self) -> None:
        asked, everybody = self._asked, self._all
        self._asked, self._all = set(), False
        try:
            await self._look(asked, everybody=everybody)
        except POSTGRES_FAILS:
            self._asked |= asked
            self._all |= everybody
            raise

    async def _look(self, asked: set[str], *, everybody: bool) -> None:
        for connection in [one for one in self._connections if everybody or one.account.id in asked]:
            closing = await self._verdict(connection)
            if closing is not None:
                self._logger.info("socket_closed", connection_id=connection.id, code=int(closing[0]))
                connection.close(*closing)

    async def _verdict(self, connection: Connection) -> tuple[CloseCode, str] | None:
        link = connection.link
        if link is not None:
            found_link = await find_link_by_id(self._pool, link.link_id)
            return None if found_link == link else LINK_OVER
        found = await find_by_id(self._pool, connection.credential.id)
        return verdict(connection.account, connection.credential, found)


def verdict(
    account: Account, credential: Credential, found: tuple[Account, Credential] | None
) -> tuple[CloseCode, str] | None:
    """Return how to close a socket of ``account``, where ``found`` is what holds of its credential now."""
    if found is None:
        return SIGNED_OUT
    return None if found == (account, credential) else CHANGED
