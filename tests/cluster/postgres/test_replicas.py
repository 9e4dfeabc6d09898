"""Searches read from a replica that has what the primary had, and from the primary while none has."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client import Deal
from protocol.events import SearchEnded, SearchStarted
from protocol.records import EndReason
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.cluster.postgres.measured import figure
from tests.cluster.postgres.standby import Standby, open_standby
from tests.flow.conftest import stocked
from tests.flow.desk import keep_current
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import Services, start_together

__all__ = ["stocked"]

pytestmark = pytest.mark.flow

GUARD_SECONDS = 30.0
SHORT_SECONDS = 4.0
"""The longest delay that a replica's failure may cause, on a machine with other work."""

READS_STOCK = "SELECT v.vehicle_id"


@dataclass
class Shop:
    """A deal that is searched, and the replica that its searches read from."""

    deal: Deal
    url: str
    standby: Standby
    settings: Settings
    _asked: int = field(default=100)

    async def search(self, *, again: bool = False) -> SearchEnded:
        """Search for something that was not asked before, or for the latest thing again; return its end.

        Every car of the search is seen.
        """
        self._asked += not again
        search_id = await self.deal.search(limit=self._asked)

        def ends(event: object) -> bool:
            return isinstance(event, SearchEnded) and event.search_id == search_id

        async with asyncio.timeout(GUARD_SECONDS):
            events = await events_until(self.deal, ends)
        ended = events[-1]
        assert isinstance(ended, SearchEnded)
        assert ended.reason in {EndReason.LIMIT, EndReason.COMPLETE}
        assert any(isinstance(event, SearchStarted) for event in events)
        assert len(self.deal.rows) == ended.matched > 50
        return ended

    async def search_by_replica(self) -> None:
        """Search until the replica has answered, once. One that is behind for a moment is not read then."""
        before = await self.by_replica()
        async with asyncio.timeout(GUARD_SECONDS):
            while await self.by_replica() == before:
                await self.until_fit()
                await self.search()
        assert await self.by_replica() == before + 1

    async def figure(self, name: str, **labels: str) -> float:
        """Return a figure of the web process."""
        return await figure(self.url, name, **labels)

    async def by_replica(self) -> float:
        """Return how many snapshots the replica gave."""
        return await self.figure("deal_search_snapshots_total", database="replica_1")

    async def until_fit(self) -> None:
        """Wait until searches read from the replica."""
        async with asyncio.timeout(GUARD_SECONDS):
            while not await self.figure("deal_replica_fit", replica="replica_1"):  # noqa: ASYNC110 - a figure is asked for
                await asyncio.sleep(0.05)

    async def reprice(self, vehicle_id: str, cents: int) -> None:
        """Change the price of a car, as an import does."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            await owner.execute(
                "UPDATE vehicles SET price_cents = $2 WHERE vehicle_id = $1", int(vehicle_id), cents
            )

    def price(self, vehicle_id: str) -> int:
        """Return the price that the salesperson sees."""
        price: int = self.deal.rows[vehicle_id].match["price_cents"]
        return price


@pytest.fixture
def followed(services: Services, stocked: Settings) -> Iterator[tuple[Standby, Settings]]:
    """A replica of the sample data, and settings with it."""
    with open_standby(services, stocked) as opened:
        yield opened


@pytest.fixture
async def shop(followed: tuple[Standby, Settings], tmp_path: Path) -> AsyncIterator[Shop]:
    """A deal with easy terms, in a process whose searches read from the replica."""
    async with open_shop(*followed, tmp_path) as opened:
        await opened.until_fit()
        yield opened


@asynccontextmanager
async def open_shop(standby: Standby, settings: Settings, folder: Path) -> AsyncIterator[Shop]:
    """Run a web process and a worker, and open a deal."""
    channel = await a_deal_of(settings)
    token = await token_of(settings, "riverside-manager")
    async with start_together(settings, folder) as [web], connect(web.url, token) as workspace:
        deal = keep_current(await workspace.join(channel), settings)
        await deal.terms(EASY)
        yield Shop(deal, web.url, standby, settings)


async def test_a_search_is_answered_by_the_replica(shop: Shop) -> None:
    """The rows of a store, also of ``find``; decisions stay with the primary."""
    await shop.search_by_replica()
    before = await shop.by_replica()
    car = next(iter(shop.deal.rows.values()))
    async with asyncio.timeout(GUARD_SECONDS):
        while await shop.by_replica() == before:
            # It may be behind for a moment: half of a record is flushed, and the rest comes later.
            await shop.until_fit()
            assert (await shop.deal.find(str(car.match["stock_no"]))).rows == 1
    assert READS_STOCK in shop.standby.sent()
    await shop.deal.desk.note("Calls back at five.")
    assert "INSERT" not in shop.standby.sent()
    assert await shop.figure("deal_replica_lag_bytes", replica="replica_1") >= 0


async def test_a_search_shows_what_was_committed_just_before(shop: Shop) -> None:
    """A price is changed and searched for at once, again and again: mostly by the replica, never older."""
    await shop.search()
    before, turns = await shop.by_replica(), 25
    car = next(iter(shop.deal.rows))
    price = shop.price(car)
    turn = 0
    async with asyncio.timeout(4 * GUARD_SECONDS):
        while turn < turns or await shop.by_replica() <= before + turns // 2:
            if turn >= turns:
                # It was behind for moments: then searches leave it alone until it is looked at again.
                await shop.until_fit()
            await shop.reprice(car, price + turn)
            await shop.search()
            assert shop.price(car) == price + turn
            turn += 1


async def test_a_car_that_is_repriced_while_the_replica_is_behind(shop: Shop) -> None:
    """The search shows the newest price, and so does whoever repeats it after the replica came back."""
    await shop.search()
    car = next(iter(shop.deal.rows))
    price = shop.price(car) + 100
    await shop.standby.ask("SELECT pg_wal_replay_pause()")
    await shop.reprice(car, price)
    began, before = time.monotonic(), await shop.by_replica()
    for _ in range(3):
        await shop.search()
        assert shop.price(car) == price
    assert time.monotonic() - began < SHORT_SECONDS
    assert await shop.by_replica() == before
    assert not await shop.figure("deal_replica_fit", replica="replica_1")
    await shop.standby.ask("SELECT pg_wal_replay_resume()")
    await shop.until_fit()
    # From memory: what the primary gave, and nothing older that the replica showed meanwhile.
    await shop.search(again=True)
    assert shop.price(car) == price
    assert await shop.by_replica() == before
    await shop.search_by_replica()
    assert shop.price(car) == price


async def test_a_replica_that_is_killed_and_comes_back(shop: Shop) -> None:
    shop.standby.kill()
    began = time.monotonic()
    await shop.search()
    assert time.monotonic() - began < SHORT_SECONDS
    shop.standby.start()
    await shop.search_by_replica()


async def test_a_replica_that_hangs(shop: Shop) -> None:
    """Its connections stay open, and nothing on them is answered."""
    await shop.search()
    with shop.standby.hung():
        began = time.monotonic()
        for _ in range(3):
            await shop.search()
        assert time.monotonic() - began < SHORT_SECONDS
    await shop.until_fit()


async def test_a_replica_that_was_promoted_is_not_read(shop: Shop) -> None:
    """It has a history of its own from then on, whatever its position says."""
    await shop.search()
    await shop.standby.ask("SELECT pg_promote()")
    before = await shop.by_replica()
    for _ in range(3):
        await shop.search()
        await asyncio.sleep(0.5)
    assert await shop.by_replica() == before
    assert not await shop.figure("deal_replica_fit", replica="replica_1")


async def test_a_read_that_keeps_changes_from_being_applied(shop: Shop) -> None:
    """The replica ends it ("conflict with recovery"), in the middle of a search, which nobody notices."""
    ended = asyncio.Event()

    async def lock_stock() -> None:
        """A replica takes this lock over, and ends who reads the table."""
        async with connect_as_owner(shop.settings.database_owner_url) as owner:
            while not ended.is_set():
                async with owner.transaction():
                    await owner.execute("LOCK TABLE vehicles IN ACCESS EXCLUSIVE MODE")
                await asyncio.sleep(0.005)

    # It gives a query no time before what that keeps from being applied.
    await shop.standby.ask("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    await shop.standby.ask("SELECT pg_reload_conf()")
    locking = asyncio.create_task(lock_stock())
    try:
        async with asyncio.timeout(GUARD_SECONDS):
            while not await shop.figure(
                "deal_replica_refusals_total", replica="replica_1", reason="conflict"
            ):
                await shop.search()
                # No more than a person may ask for.
                await asyncio.sleep(0.1)
    finally:
        ended.set()
        await locking
    await shop.until_fit()


async def test_without_its_replica_a_process_starts(
    followed: tuple[Standby, Settings], tmp_path: Path
) -> None:
    standby, settings = followed
    standby.kill()
    async with open_shop(standby, settings, tmp_path) as shop:
        await shop.search()
        standby.start()
        await shop.until_fit()
