"""Cars that change while they are on somebody's screen: repriced, held, sold, wanted elsewhere.

Postgres says which cars changed, or only that many did. Their state is read once for all channels that this
process watches; the log tells each channel each state once, however many processes say so.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

import asyncpg
import structlog
from redis.exceptions import RedisError

from protocol import codec
from protocol.closing import CommandError
from server.hub.registry import Registry
from server.push.cars import CarState, ShownCars
from server.search.rematch import Rematcher
from server.store.scope import Scope
from server.store.watched import WatchedCar, WatchedDeal, watched_cars, watched_deals

ON_SALE: Final = "available"
HELD: Final = "held"
GONE: Final = "removed"
RETRY_SECONDS: Final = 1.0
CARS_AT_ONCE: Final = 500
OUTAGES: Final = (
    RedisError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
    CommandError,
)


class StockWatch:
    """Keeps the cars on screens current. Everything but ``run`` only takes note, and returns at once."""

    def __init__(self, system: Scope, registry: Registry, cars: ShownCars, rematcher: Rematcher) -> None:
        self._system = system
        self._registry = registry
        self._cars = cars
        self._rematcher = rematcher
        self._changed: set[str] = set()
        self._whole: set[str] = set()
        self._all = False
        self._news = asyncio.Event()
        self._logger = structlog.get_logger("stock")

    def heard(self, payload: str) -> None:
        """Take a notification of Postgres: ``{group, ids}``; ids are null where many cars changed."""
        ids = codec.decode(payload)["ids"]
        if ids is None:
            self._all = True
        else:
            self._changed.update(ids)
        self._news.set()

    def missed(self) -> None:
        """Take note that notifications may have been missed: everything is looked at again."""
        self._all = True
        self._news.set()

    def look(self, channel: str) -> None:
        """Take note that a channel's screens may show what they were not told of."""
        self._whole.add(channel)
        self._news.set()

    async def run(self) -> None:
        """Tell what changed, until cancelled; again later where a service is out of reach."""
        while True:
            await self._news.wait()
            self._news.clear()
            changed, whole, everything = self._changed, self._whole, self._all
            self._changed, self._whole, self._all = set(), set(), False
            try:
                await self._tell(changed, whole, everything)
            except OUTAGES as error:
                self._logger.warning("stock_not_told", error=repr(error))
                self._changed |= changed
                self._whole |= whole
                self._all |= everything
                self._news.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _tell(self, changed: set[str], whole: set[str], everything: bool) -> None:
        watched = [channel for channel in self._registry.channels if channel.startswith("deal:")]
        fully = watched if everything else [channel for channel in watched if channel in whole]
        partly = [channel for channel in watched if channel not in set(fully)] if changed else []
        if fully:
            await self._tell_channels(fully, ())
        if partly:
            await self._tell_channels(partly, sorted(changed))

    async def _tell_channels(self, channels: Sequence[str], vehicle_ids: Sequence[str]) -> None:
        """Tell channels of some cars; of all that they show where none are named."""
        shown = await self._cars.shown(channels, vehicle_ids)
        async with self._system.acquire() as connection:
            deals = {
                f"deal:{deal.deal_id}": deal
                for deal in await watched_deals(connection, [channel[5:] for channel in channels])
            }
        asked = set(vehicle_ids)
        interesting: dict[str, set[str]] = {}
        for channel, known in zip(channels, shown, strict=True):
            if channel in deals:
                own = deals[channel].own
                interesting[channel] = set(known) | {car for car in own if not asked or car in asked}
        cars = await self._load(set().union(*interesting.values()))
        for channel, ids in interesting.items():
            deal = deals[channel]
            states = [_state(deal, car, cars.get(car)) for car in sorted(ids, key=int)]
            await self._tell_channel(channel, [state for state in states if state.no or state.rev])

    async def _load(self, ids: Iterable[str]) -> dict[str, WatchedCar]:
        ordered = sorted(ids, key=int)
        found: dict[str, WatchedCar] = {}
        async with self._system.acquire() as connection:
            for start in range(0, len(ordered), CARS_AT_ONCE):
                found |= await watched_cars(connection, ordered[start : start + CARS_AT_ONCE])
        return found

    async def _tell_channel(self, channel: str, states: Sequence[CarState]) -> None:
        for start in range(0, len(states), CARS_AT_ONCE):
            some = states[start : start + CARS_AT_ONCE]
            before = await self._cars.tell(channel, some)
            repriced = [
                state.vehicle_id
                for state in some
                if before.get(state.vehicle_id, state.rev) < state.rev
                and state.fields["status"] in {ON_SALE, HELD}
            ]
            if repriced:
                await self._rematcher.rematch(channel, repriced)


LAST_REV: Final = 2**53
"""Of a car that is not there any more: later than any revision that it had."""


def _state(deal: WatchedDeal, vehicle_id: str, car: WatchedCar | None) -> CarState:
    """Return a car as a deal is told of it: people of other stores have no name here."""
    base = deal.own.get(vehicle_id)
    if car is None:
        fields: dict[str, Any] = {"vehicle_id": vehicle_id, "rev": LAST_REV, "status": GONE, "price_cents": 0}
        return CarState(vehicle_id, LAST_REV, 0, fields, base)
    held = car.held_by is not None
    return CarState(
        vehicle_id,
        car.rev,
        car.no,
        {
            "vehicle_id": vehicle_id,
            "rev": car.rev,
            "status": HELD if held and car.status == ON_SALE else car.status,
            "price_cents": car.price_cents,
            "held_by": (car.holder if car.holder_store == deal.store_id else "other") if held else None,
            "held_until": car.held_until,
            "held_here": car.held_by == deal.deal_id,
            "wanted_by": [
                {"by": each["by"], "deal_id": each["deal_id"]}
                if each["store_id"] == deal.store_id
                else {"by": "other"}
                for each in car.wanted
                if each["deal_id"] != deal.deal_id
            ],
        },
        base,
    )
