"""Moves people back to the processes that serve their store, once those are there again.

When a process ends or dies, its people come back to the others, and would stay there: after every upgrade
stores would share a process, and the last process to be replaced would serve nobody. So a process closes,
with 1012, the connections of stores that others are to serve, a few at a time. A client resumes where it was.
"""

import asyncio
import random
from collections.abc import Iterable
from typing import Final

import structlog

from protocol.closing import CloseCode
from server.hub.connections.connection import Connection
from server.observe.failing import POSTGRES_FAILS
from server.web.handover.shares import serving_of
from server.web.handover.stores import StoreList
from server.web.handover.taking import Handover

LOOK_SECONDS: Final = 10.0
SPREAD_SECONDS: Final = 8.0
"""Over how long the closes are spread: shorter than the time until the next look."""

STAY_SECONDS: Final = 60.0
"""How long everybody stays at least, so that a process that answers only now and then keeps nobody moving."""

REASON: Final = "You will be connected to another process of this server."


class Moving:
    """Looks for connections that belong elsewhere. ``connections`` is what this process serves now."""

    def __init__(self, handover: Handover, stores: StoreList, connections: Iterable[Connection]) -> None:
        self._handover = handover
        self._stores = stores
        self._connections = connections
        self._since: dict[Connection, float] = {}

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        own, others = self._handover.number, self._handover.others()
        if own is None or not others:
            self._since.clear()
            return
        now = asyncio.get_running_loop().time()
        self._since = {each: self._since.get(each, now) for each in self._connections}
        by_store: dict[str, list[Connection]] = {}
        for connection, since in self._since.items():
            if now - since >= STAY_SECONDS:
                by_store.setdefault(connection.account.store_id, []).append(connection)
        for store_id, connections in by_store.items():
            if await self._belongs_elsewhere(store_id, own, others):
                structlog.get_logger("handover").info("moving", store=store_id, connections=len(connections))
                for connection in connections:
                    self._since[connection] = now  # it is counted once, however long it takes to close
                    self._move(connection)

    async def _belongs_elsewhere(self, store_id: str, own: int, others: list[int]) -> bool:
        """Return whether others are to serve a store, and one of them answers."""
        try:
            place = await self._stores.place_of(store_id)
        except (LookupError, *POSTGRES_FAILS):
            return False
        serving = serving_of(*place, {own, *others})
        if own in serving:
            return False
        for number in serving:
            if await self._handover.answers(number):
                return True
        return False

    def _move(self, connection: Connection) -> None:
        moment = random.uniform(0, SPREAD_SECONDS)  # noqa: S311 - spreads load, keeps no secret  # nosec B311
        asyncio.get_running_loop().call_later(moment, connection.close, CloseCode.RESTART, REASON)
        self._handover.counts.add("moved")
