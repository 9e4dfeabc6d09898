"""Rates, risk, taxes and rebates as a process knows them: which editions are in force, and what they hold.

An edition never changes in place, so what was read once stays right. Which ones are in force changes with the
day, and whenever Postgres announces a new one.
"""

import datetime as dt
from collections.abc import Callable

from server.database.core.scope import RowScope
from server.database.editions.versions import InForce, editions_in_force
from server.work.tables import Tables


class Editions:
    """One cache for a process. ``hears`` says whether Postgres is heard: without that, nothing is kept."""

    def __init__(self, system: RowScope, hears: Callable[[], bool] = lambda: False) -> None:
        self.tables = Tables()
        self._system = system
        self._hears = hears
        self._known: tuple[dt.date, InForce] | None = None
        self._forgotten = 0

    def forget(self, _payload: str = "") -> None:
        """Ask anew what is in force: an edition was added, or notifications may have been missed."""
        self._known = None
        self._forgotten += 1

    async def in_force(self, today: dt.date) -> InForce:
        """Return what is in force. Raises NotInForce, and what asyncpg raises."""
        if self._known is not None and self._known[0] == today and self._hears():
            return self._known[1]
        before = self._forgotten
        async with self._system.acquire() as database:
            found = await editions_in_force(database, today)
        if before == self._forgotten:
            self._known = today, found
        return found
