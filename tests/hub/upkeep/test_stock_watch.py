"""News of cars concern the deals of their group, and nobody is asked about the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from server.database.core.scope import RowScope
from server.database.stock.watched import WatchedCar, WatchedDeal
from server.hub.channels.registry import Registry
from server.hub.upkeep.stock_watch import StockWatch
from server.log.cars import CarState, ShownCars
from server.search.paging.rows.rematch import Rematcher

RIVERSIDE, LAKESIDE = "deal:1", "deal:2"
GROUPS = {RIVERSIDE: "river-group", LAKESIDE: "lake-group"}


class Watching:
    """Stands for what the watch asks: the registry, Postgres and the log; keeps what was asked."""

    def __init__(self) -> None:
        self.channels = [RIVERSIDE, LAKESIDE]
        self.held = {RIVERSIDE, LAKESIDE}
        self.own_stores: set[str] = set()
        self.pins: list[SimpleNamespace] = []
        self.asked: list[str] = []
        self.told: asyncio.Queue[tuple[str, list[str]]] = asyncio.Queue()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        self.asked.append("postgres")
        yield

    def live_deal(self, channel: str) -> Any:
        """Return what a session holds of its deal."""
        if channel not in self.held:
            return SimpleNamespace(known=None, shows_own_store=False)
        deal = SimpleNamespace(id=channel[5:], store_id="a store", group_id=GROUPS[channel])
        return SimpleNamespace(
            known=SimpleNamespace(deal=deal, whole=SimpleNamespace(pins=self.pins, selected=None)),
            shows_own_store=channel in self.own_stores,
        )

    async def deals(self, _: object, ids: Sequence[str]) -> list[WatchedDeal]:
        self.asked.append(f"deals {' '.join(ids)}")
        return [WatchedDeal(each, "a store", GROUPS[f"deal:{each}"], {}) for each in ids]

    async def cars(self, _: object, known: dict[str, tuple[int, int]]) -> dict[str, WatchedCar]:
        return {car: WatchedCar(car, 2, 0, "available", 100, None, None, None, None, ()) for car in known}

    async def shown(
        self, channels: Sequence[str], vehicle_ids: Sequence[str] = ()
    ) -> list[dict[str, tuple[int, int]]]:
        self.asked.append(f"shown {' '.join(channels)}: {' '.join(vehicle_ids) or 'all'}")
        return [dict.fromkeys(vehicle_ids or ["7", "8"], (1, 0)) for _ in channels]

    async def tell(self, channel: str, states: Sequence[CarState]) -> bool:
        self.told.put_nowait((channel, [state.vehicle_id for state in states]))
        return False


@pytest.fixture
async def watching(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[StockWatch, Watching]]:
    """A watch of two deals of two groups, at work."""
    around = Watching()
    stand_in = cast(Any, around)
    monkeypatch.setattr("server.hub.upkeep.stock_watch.watched_deals", around.deals)
    monkeypatch.setattr("server.hub.upkeep.stock_watch.watched_cars", around.cars)
    watch = StockWatch(
        cast(RowScope, stand_in), cast(Registry, stand_in), cast(ShownCars, stand_in), cast(Rematcher, None)
    )
    task = asyncio.create_task(watch.run())
    yield watch, around
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_only_deals_of_the_cars_group_are_asked_about(watching: tuple[StockWatch, Watching]) -> None:
    """Whose a deal is, its session knows; named cars, and many, are asked about as often as there is news."""
    watch, around = watching
    watch.heard('{"group": "river-group", "ids": ["7"]}')
    assert await around.told.get() == (RIVERSIDE, ["7"])
    assert around.asked == [f"shown {RIVERSIDE}: 7", "postgres"]
    around.asked.clear()
    watch.heard('{"group": "lake-group", "ids": null}')
    watch.heard('{"group": "lake-group", "ids": ["9"]}')
    assert await around.told.get() == (LAKESIDE, ["7", "8"])
    assert around.asked == [f"shown {LAKESIDE}: all", "postgres"]


async def test_nobody_is_asked_about_cars_of_other_stores(watching: tuple[StockWatch, Watching]) -> None:
    """A deal that shows only its store's cars hears of those, and of what it pinned elsewhere."""
    watch, around = watching
    around.own_stores.add(RIVERSIDE)
    elsewhere = '{"group": "river-group", "stores": ["another store"], "ids": %s}'
    after_it = '{"group": "lake-group", "stores": ["another store"], "ids": ["9"]}'
    for ids in ('["7"]', "null"):
        watch.heard(elsewhere % ids)
        watch.heard(after_it)
        assert await around.told.get() == (LAKESIDE, ["9"])
        assert around.asked == [f"shown {LAKESIDE}: 9", "postgres"]
        around.asked.clear()
    for stores in ('["a store"]', '["another store", "a store"]', "null"):
        watch.heard(f'{{"group": "river-group", "stores": {stores}, "ids": ["7"]}}')
        assert await around.told.get() == (RIVERSIDE, ["7"])
    around.pins.append(SimpleNamespace(vehicle_id="7", rev=1))
    for ids in ('["7"]', "null"):
        watch.heard(elsewhere % ids)
        assert (await around.told.get())[0] == RIVERSIDE


async def test_news_of_one_moment_are_told_together(watching: tuple[StockWatch, Watching]) -> None:
    """Each deal that one of them concerns is asked about once."""
    watch, around = watching
    around.own_stores.add(RIVERSIDE)
    watch.heard('{"group": "river-group", "stores": ["another store"], "ids": ["7"]}')
    watch.heard('{"group": "river-group", "stores": ["a store"], "ids": ["8"]}')
    assert await around.told.get() == (RIVERSIDE, ["7", "8"])
    assert around.asked == [f"shown {RIVERSIDE}: 7 8", "postgres"]


async def test_a_deal_that_no_session_holds_is_asked_about(watching: tuple[StockWatch, Watching]) -> None:
    """It was forgotten, and nobody has used it since."""
    watch, around = watching
    around.held.remove(LAKESIDE)
    watch.heard('{"group": "lake-group", "ids": ["7"]}')
    assert await around.told.get() == (LAKESIDE, ["7"])
    whose = ["postgres", "deals 2"]
    assert around.asked == [*whose, f"shown {LAKESIDE}: 7", *whose, "postgres"]


async def test_nobody_is_asked_about_cars_of_other_groups(watching: tuple[StockWatch, Watching]) -> None:
    """Neither Redis nor Postgres."""
    watch, around = watching
    around.channels.remove(LAKESIDE)
    watch.heard('{"group": "lake-group", "ids": ["7"]}')
    watch.heard('{"group": "hill-group", "ids": null}')
    watch.heard('{"group": "river-group", "ids": ["8"]}')
    assert await around.told.get() == (RIVERSIDE, ["8"])
    assert around.asked == [f"shown {RIVERSIDE}: 8", "postgres"]
