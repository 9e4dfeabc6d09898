"""The place of each store among all of them, which decides what processes serve it."""

import asyncio
from collections.abc import Callable
from typing import Final

from server.database.core.scope import RowScope

FRESH_SECONDS: Final = 10.0
"""How long the list of stores is used. Stores are only ever added at its end."""

WAIT_SECONDS: Final = 1.0
"""How long a socket waits for a connection to Postgres on this account; without the list it stays."""

_STORES: Final = "SELECT store_id FROM stores ORDER BY added_no"


class StoreList:
    """The stores in the order in which they were added, read when a store is unknown or the list is old."""

    def __init__(self, system: RowScope, clock: Callable[[], float] | None = None) -> None:
        self._system = system
        self._clock = clock or asyncio.get_running_loop().time
        self._places: dict[str, int] = {}
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def place_of(self, store_id: str) -> tuple[int, int]:
        """Return a store's place, from 0, and the number of stores.

        Raises what a row scope raises; LookupError for a store that does not exist.
        """
        if self._is_old(store_id):
            async with self._reading:
                if self._is_old(store_id):
                    await self._read()
        return self._places[store_id], len(self._places)

    def _is_old(self, store_id: str) -> bool:
        return store_id not in self._places or self._clock() - self._read_at >= FRESH_SECONDS

    async def _read(self) -> None:
        async with self._system.acquire(wait_seconds=WAIT_SECONDS) as database:
            rows = await database.fetch(_STORES)
        self._places = {row["store_id"]: place for place, row in enumerate(rows)}
        self._read_at = self._clock()
