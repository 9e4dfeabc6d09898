"""A process's cache of editions of tables: those in force, and their contents.

An edition never changes in place, so its contents stay valid once they are read. Which editions are in force
changes with the day, and when Postgres announces a new one.
"""

import datetime as dt
from collections.abc import Callable

from server.database.core.scope import RowScope
from server.database.editions.versions import InForce, editions_in_force
from server.work.tables import Tables


class Editions:
    """The cache. ``hears`` returns whether notifications of Postgres arrive: if not, nothing is cached."""

    def __init__(self, system: RowScope, hears: Callable[[], bool] = lambda: False) -> None:
        self.tables = Tables()
        self._system = system
        self._hears = hears
        self._known: tuple[dt.date, InForce] | None = None
        self._forgotten = 0

    def forget(self, _payload: str = "") -> None:
        """Read again what is in force: an edition was added, or notifications may have been missed."""
        self._known = None
        self._forgotten += 1

    async def in_force(self, today: dt.date, *, afresh: bool = False) -> InForce:
        """Return the editions in force, read ``afresh`` or as this process heard of them.

        Raises NotInForce and asyncpg's errors.
        """
        if not afresh and self._known is not None and self._known[0] == today and self._hears():
            return self._known[1]
        before = self._forgotten
        async with self._system.acquire() as database:
            found = await editions_in_force(database, today)
        if before == self._forgotten:
            self._known = today, found
        return found
