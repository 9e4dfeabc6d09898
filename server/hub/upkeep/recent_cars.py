"""The cars of a group that changed lately, which a screen may lack when its search has ended.

They are read once, and again after news of the group's cars. Nothing is kept while news may be missed.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from server.database.core.scope import RowScope
from server.database.stock.watched import recently_changed

MOST_RECENT: Final = 200
"""Where more cars than these have changed lately, it is cheaper to look at all that a screen shows."""

LOG_LIFETIME: Final = dt.timedelta(hours=4, minutes=10)
"""The maximum age of a channel's last publication about its cars: older logs have expired."""


class RecentCars:
    """The recently changed cars by group. ``hears`` returns whether notifications of Postgres arrive."""

    def __init__(self, system: RowScope, hears: Callable[[], bool]) -> None:
        self._system = system
        self._hears = hears
        self._known: dict[str, Mapping[str, tuple[int, int]] | None] = {}
        self._forgotten: Counter[str] = Counter()
        self._all_forgotten = 0

    def forget(self, group_id: str) -> None:
        """Read a group's cars again: some changed."""
        self._known.pop(group_id, None)
        self._forgotten[group_id] += 1

    def forget_all(self) -> None:
        """Read every group's cars again: news may have been missed."""
        self._known.clear()
        self._all_forgotten += 1

    async def of(self, group_id: str) -> Mapping[str, tuple[int, int]] | None:
        """Return the (rev, no) of each car that changed lately or was ever claimed; None if they are many.

        Some may have changed less lately than that. Raises what asyncpg raises.
        """
        if group_id in self._known and self._hears():
            return self._known[group_id]
        before = self._forgotten[group_id], self._all_forgotten
        async with self._system.acquire() as database:
            found = await recently_changed(database, group_id, LOG_LIFETIME, MOST_RECENT + 1)
        recent = found if len(found) <= MOST_RECENT else None
        if before == (self._forgotten[group_id], self._all_forgotten):
            self._known[group_id] = recent
        return recent
