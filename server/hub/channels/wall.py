"""The wall of a store and its list of deals: publishes changes of deals to the people who watch either."""

import asyncio
from typing import Final

from protocol import codec
from protocol.channels import boards_of, store_of
from server.database.core.scope import RowScope
from server.database.deals.wall import deals_about, summaries_of, wall_of
from server.hub.channels.registry import Registry
from server.log.walls import Walls
from server.observe.background import Background
from server.observe.failing import SERVICE_FAILS

RETRY_SECONDS: Final = 1.0


class Wall:
    """Keeps the walls that this process watches current. All methods except ``run`` return at once.

    ``tasks`` owns the tasks that wait until a deal's next summary is due.
    """

    def __init__(self, system: RowScope, registry: Registry, walls: Walls, tasks: asyncio.TaskGroup) -> None:
        self._system = system
        self._registry = registry
        self._walls = walls
        self._tasks = tasks
        self._deals: dict[str, set[str]] = {}
        self._cars: set[str] = set()
        self._whole: set[str] = set()
        self._waiting: set[str] = set()
        self._background = Background(
            self._turn,
            name="wall",
            failed="wall_not_told",
            outages=SERVICE_FAILS,
            retry_seconds=RETRY_SECONDS,
        )

    def heard(self, payload: str) -> None:
        """Take a notification of Postgres: ``deal_id no store_id``."""
        deal_id, _, store_id = payload.split(" ")
        if self._boards(store_id):
            self._deals.setdefault(store_id, set()).add(deal_id)
            self._background.wake()

    def heard_of_cars(self, payload: str) -> None:
        """Take a notification of Postgres about cars: it may change which of their deals are contended."""
        ids = codec.decode(payload)["ids"]
        if ids and self._stores():
            self._cars.update(ids)
            self._background.wake()

    def missed(self) -> None:
        """Publish all watched walls again: notifications may have been missed."""
        self._whole.update(self._stores())
        self._background.wake()

    def look(self, store_id: str) -> None:
        """Publish a wall that someone began to watch: earlier changes were not published."""
        self._whole.add(store_id)
        self._background.wake()

    async def run(self) -> None:
        """Publish changes until cancelled; retry later if a service is unreachable."""
        await self._background.run()

    async def _turn(self) -> None:
        deals, cars, whole = self._deals, self._cars, self._whole
        self._deals, self._cars, self._whole = {}, set(), set()
        try:
            await self._tell(deals, cars, whole)
        except SERVICE_FAILS:
            for store_id, ids in deals.items():
                self._deals.setdefault(store_id, set()).update(ids)
            self._cars |= cars
            self._whole |= whole
            raise

    def _stores(self) -> list[str]:
        stores = map(store_of, self._registry.channels)
        return list(dict.fromkeys(store_id for store_id in stores if store_id is not None))

    def _boards(self, store_id: str) -> list[str]:
        return [channel for channel in boards_of(store_id) if channel in self._registry]

    async def _tell(self, deals: dict[str, set[str]], cars: set[str], whole: set[str]) -> None:
        watched = set(self._stores())
        if cars:
            async with self._system.acquire() as database:
                for deal_id, store_id in await deals_about(database, sorted(cars)):
                    deals.setdefault(store_id, set()).add(deal_id)
        for store_id in watched & (whole | set(deals)):
            some = deals.get(store_id, set())
            # A deal that the wall's log has but the wall no longer shows is not live any more.
            boards = self._boards(store_id)
            told: set[str] = set()
            for channel in boards if store_id in whole else ():
                told |= await self._walls.told_of(channel)
            async with self._system.acquire() as database:
                rows = await wall_of(database, store_id) if store_id in whole else []
                some = (some | told) - {row["deal_id"] for row in rows}
                rows += await summaries_of(database, store_id, sorted(some))
            for row in rows:
                wait = max([await self._walls.summarise(channel, row) for channel in boards], default=0.0)
                if wait and row["deal_id"] not in self._waiting:
                    self._waiting.add(row["deal_id"])
                    self._tasks.create_task(self._again(store_id, row["deal_id"], wait), name="wall-wait")

    async def _again(self, store_id: str, deal_id: str, wait: float) -> None:
        await asyncio.sleep(wait)
        self._waiting.discard(deal_id)
        self._deals.setdefault(store_id, set()).add(deal_id)
        self._background.wake()
