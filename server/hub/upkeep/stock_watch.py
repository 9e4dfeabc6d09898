"""Changes to cars that are on a screen: repriced, held, sold, wanted by another deal.

Postgres names the cars of a group that changed and their stores, or reports only that many did. Changes that
concern no watched deal are ignored without a query: those in other groups and, for a deal that shows only its
own store's cars, in other stores. The cars' state is read once for all channels of this process. The log
publishes each state once per channel, however many processes report it. It also keeps repriced cars until
they are matched again, because the reporting process may fail before that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from protocol import codec
from protocol.channels import deal_channel, deal_of
from protocol.closing import CommandError
from server.database.core.scope import RowScope
from server.database.editions.rates import NotInForce
from server.database.stock.watched import WatchedCar, WatchedDeal, watched_cars, watched_deals
from server.hub.channels.registry import Registry
from server.hub.upkeep.recent_cars import RecentCars
from server.log.cars import CarState, ShownCars
from server.observe.attending import ids_of
from server.observe.background import Background
from server.observe.failing import SERVICE_FAILS
from server.search.paging.rows.rematch import Rematcher

ON_SALE: Final = "available"
HELD: Final = "held"
GONE: Final = "removed"
RETRY_SECONDS: Final = 1.0
CARS_AT_ONCE: Final = 500
OUTAGES: Final = (*SERVICE_FAILS, CommandError, NotInForce)


@dataclass(frozen=True, slots=True)
class News:
    """Cars of a group that changed, and the stores they are or were in; None: any of them."""

    ids: frozenset[str] | None
    stores: frozenset[str] | None

    def __or__(self, other: "News") -> "News":
        return News(_either(self.ids, other.ids), _either(self.stores, other.stores))


def _either(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    return None if some is None or others is None else some | others


NO_NEWS: Final = News(frozenset(), frozenset())


class StockWatch:
    """Keeps the cars on screens current. All methods except ``run`` only record work, and return at once."""

    def __init__(
        self,
        system: RowScope,
        registry: Registry,
        cars: ShownCars,
        rematcher: Rematcher,
        hears: Callable[[], bool] = lambda: False,
    ) -> None:
        self._recent = RecentCars(system, hears)
        self._system = system
        self._registry = registry
        self._cars = cars
        self._rematcher = rematcher
        self._changed: dict[str, News] = {}
        self._whole: set[str] = set()
        self._unmatched: set[str] = set()
        self._all = False
        self._background = Background(
            self._turn, name="stock", failed="stock_not_told", outages=OUTAGES, retry_seconds=RETRY_SECONDS
        )
        self._logger = structlog.get_logger("stock")

    def heard(self, payload: str) -> None:
        """Handle a notification from Postgres: ``{group, stores, ids}``; null if they are many.

        A schema of an older release names no stores.
        """
        news = codec.decode(payload)
        ids, stores = (
            None if each is None else frozenset(each) for each in (news["ids"], news.get("stores"))
        )
        self._recent.forget(news["group"])
        self._add(news["group"], News(ids, stores))
        self._background.wake()

    def missed(self) -> None:
        """Record that notifications may have been missed: everything is looked at again."""
        self._recent.forget_all()
        self._all = True
        self._background.wake()

    def look(self, channel: str) -> None:
        """Record that a channel's screens may lack published changes."""
        self._whole.add(channel)
        self._background.wake()

    def match_again(self, channel: str) -> None:
        """Record that new prices were published to a channel and the cars are not matched at them yet."""
        self._unmatched.add(channel)
        self._background.wake()

    async def run(self) -> None:
        """Tell what changed, until cancelled; again later if a service is out of reach."""
        await self._background.run()

    async def _turn(self) -> None:
        changed, whole, everything = self._changed, self._whole, self._all
        self._changed, self._whole, self._all = {}, set(), False
        try:
            await self._tell(changed, whole, everything)
        except OUTAGES:
            for group, news in changed.items():
                self._add(group, news)
            self._whole |= whole
            self._all |= everything
            raise
        unmatched, self._unmatched = self._unmatched, set()
        for channel in sorted(unmatched):
            await self._rematch(channel)

    async def _rematch(self, channel: str) -> None:
        try:
            await self._rematcher.rematch(channel)
        except OUTAGES as error:
            # The cars still wait: the keeper of a process that watches them says so after a while.
            self._logger.warning("cars_not_matched", **ids_of(channel), error=error)

    def _add(self, group: str, news: News) -> None:
        self._changed[group] = self._changed.get(group, NO_NEWS) | news

    async def _tell(self, changed: Mapping[str, News], whole: set[str], everything: bool) -> None:
        watched = [channel for channel in self._registry.channels if deal_of(channel) is not None]
        if everything:
            await self._tell_channels(watched, ())
            return
        deals = await self._deals(watched) if changed else {}
        for group, news in changed.items():
            concerned = [
                channel
                for channel, deal in deals.items()
                if deal.group_id == group and self._may_show(channel, deal, news)
            ]
            await self._tell_channels(concerned, () if news.ids is None else sorted(news.ids))
        looked_at = [channel for channel in watched if channel in whole]
        if looked_at:
            await self._look_at(looked_at)

    async def _look_at(self, channels: Sequence[str]) -> None:
        """Tell channels of recent changes that their screens lack."""
        by_group: dict[str, list[str]] = {}
        for channel, deal in (await self._deals(channels)).items():
            by_group.setdefault(deal.group_id, []).append(channel)
        for group, concerned in by_group.items():
            recent = await self._recent.of(group)
            if recent is None:
                await self._tell_channels(concerned, ())
            elif recent:
                await self._tell_channels(concerned, sorted(recent), recent)

    def _may_show(self, channel: str, deal: WatchedDeal, news: News) -> bool:
        """Return whether a deal of the cars' group may show one of them."""
        live = self._registry.live_deal(channel)
        if live is None or not live.shows_own_store or news.stores is None or deal.store_id in news.stores:
            return True
        return bool(deal.own) if news.ids is None else not news.ids.isdisjoint(deal.own)

    async def _deals(self, channels: Sequence[str]) -> dict[str, WatchedDeal]:
        """Return the deals of channels, by channel: Postgres is asked about those that no session holds."""
        deals = {channel: deal for channel in channels if (deal := self._held(channel)) is not None}
        unknown = [name for channel in channels if channel not in deals and (name := deal_of(channel))]
        if unknown:
            async with self._system.acquire() as database:
                found = await watched_deals(database, unknown)
            deals |= {deal_channel(deal.deal_id): deal for deal in found}
        return deals

    def _held(self, channel: str) -> WatchedDeal | None:
        live = self._registry.live_deal(channel)
        held = None if live is None else live.known
        if held is None:
            return None
        deal, whole = held.deal, held.whole
        offers = [*whole.pins, *([whole.selected] if whole.selected else [])]
        own = {offer.vehicle_id: offer.rev for offer in offers}
        return WatchedDeal(deal.id, deal.store_id, deal.group_id, own)

    async def _tell_channels(
        self,
        channels: Sequence[str],
        vehicle_ids: Sequence[str],
        newest: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """Tell channels of some cars; of all that they show where none are named.

        If the ``newest`` states of the cars are known, those that are shown so are not read.
        """
        if not channels:
            return
        shown = await self._cars.shown(channels, vehicle_ids)
        asked = set(vehicle_ids)
        interesting: dict[str, dict[str, tuple[int, int]]] = {}
        deals = await self._deals(channels)
        for channel, known in zip(channels, shown, strict=True):
            if channel in deals:
                own = deals[channel].own.items()
                mine = {car: (rev, 0) for car, rev in own if not asked or car in asked} | known
                interesting[channel] = {
                    car: state for car, state in mine.items() if newest is None or state < newest[car]
                }
        news = await self._load(interesting.values())
        for channel, known in interesting.items():
            cars = [car for car in known if car in news]
            states = [_state(deals[channel], car, news[car]) for car in sorted(cars, key=int)]
            await self._tell_channel(channel, states)

    async def _load(self, known: Iterable[dict[str, tuple[int, int]]]) -> dict[str, WatchedCar | None]:
        """Return the cars that are new to any channel; the log skips them for the others."""
        oldest: dict[str, tuple[int, int]] = {}
        for cars in known:
            for car, state in cars.items():
                oldest[car] = min(state, oldest.get(car, state))
        if not oldest:
            return {}
        async with self._system.acquire() as database:
            return await watched_cars(database, oldest)

    async def _tell_channel(self, channel: str, states: Sequence[CarState]) -> None:
        for start in range(0, len(states), CARS_AT_ONCE):
            if await self._cars.tell(channel, states[start : start + CARS_AT_ONCE]):
                self._unmatched.add(channel)


LAST_REV: Final = 2**53
"""The revision of a car that no longer exists: later than any that it had."""


def _state(deal: WatchedDeal, vehicle_id: str, car: WatchedCar | None) -> CarState:
    """Return a car's state for a deal's event: people of other stores stay anonymous."""
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
