"""The wall of a store, over two web processes: each of its deals as it changes, none of other stores."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import Deal, Refreshed
from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.workflow import Action, Reason, TaskKind
from protocol.records import View
from server.database.core.pool import connect_as_owner
from server.hub.channels.registry import Registry
from server.hub.channels.wall import Wall
from server.log.bus import Bus
from server.log.walls import Walls
from server.settings import Settings
from tests.flow.current import heard, keep_current
from tests.flow.desk import Both, refused
from tests.flow.searches.searching import Searching
from tests.flow.shop import EASY, a_deal_of, assert_no_gap, connect, events_until, token_of
from tests.services import free_port, start_together, start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


@dataclass(frozen=True)
class Shop:
    """A wall watched on two processes, and a deal that a salesperson has open."""

    walls: tuple[Deal, Deal]
    sales: Deal
    manager: Deal
    settings: Settings
    url: str

    @property
    def deal_id(self) -> str:
        """The deal that is worked on."""
        return self.sales.state.id

    async def follow(self, holds: Callable[[Deal], bool]) -> None:
        """Wait until both walls are as asked for."""
        await asyncio.gather(*(self._follow(wall, holds) for wall in self.walls))

    async def _follow(self, wall: Deal, holds: Callable[[Deal], bool]) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while not holds(wall):
                await anext(wall)


@pytest.fixture
async def shop(stocked: Settings, tmp_path: Path) -> AsyncIterator[Shop]:
    """The wall of Riverside on two web processes."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_together(stocked, tmp_path, free_port()) as [here, there],
        connect(here.url, token) as one,
        connect(there.url, token) as two,
        connect(here.url, await token_of(stocked, "riverside-sales")) as three,
    ):
        walls = await one.join("desk:riverside"), await two.join("desk:riverside")
        manager = keep_current(await one.join(channel), stocked)
        sales = keep_current(await three.join(channel, View.SALES), stocked)
        version = await manager.terms(EASY)
        await heard(manager, lambda deal: deal.version >= version)
        yield Shop(walls, sales, manager, stocked, there.url)


async def a_car(shop: Shop) -> str:
    """Return a car that the deal can become."""
    await shop.sales.search(limit=20)
    await events_until(shop.sales, lambda event: type(event).__name__ == "SearchValued")
    return next(car for car, row in shop.sales.rows.items() if row.offer and row.offer["payment_cents"])


async def test_a_wall_shows_every_live_deal(shop: Shop) -> None:
    """All deals of the store, none of another, and none that is over."""
    async with connect_as_owner(shop.settings.database_owner_url) as database:
        rows = await database.fetch(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND state <> 'lost'"
        )
    assert {row["deal_id"] for row in rows} == set(shop.walls[0].wall)
    await shop.follow(lambda wall: wall.wall[shop.deal_id]["changed_by"] == "Riverside manager")
    assert dict(shop.walls[0].wall) == dict(shop.walls[1].wall)


async def test_a_wall_follows_a_deal(shop: Shop) -> None:
    """Offer, state, waiting time and what was done last are told as they change, without a gap."""
    car = await a_car(shop)
    await shop.sales.desk.select(car)
    await shop.follow(lambda wall: wall.wall[shop.deal_id]["vehicle_id"] == car)
    row = shop.walls[0].wall[shop.deal_id]
    assert row["npv_history"] == [row["npv_cents"]]
    assert row["payment_cents"] and row["lender"] and row["car"] and row["stock_no"]
    assert (row["tasks"], row["stipulations"], row["stipulations_total"]) == ([], [], 0)
    both = Both(shop.sales, shop.manager, [car], shop.settings)
    offer = (await both.agree(lambda deal: deal.selected is not None)).selected
    assert offer is not None and row["cash_down_cents"] == offer.cash_down_cents
    await both.lender_approves(offer, stipulations=["Proof of income", "Insurance"])
    await shop.follow(lambda wall: wall.wall[shop.deal_id]["stipulations_total"] == 2)
    decisions = shop.manager.state.lenders
    assert isinstance(decisions, list)
    [decision] = decisions
    await shop.manager.desk.clear_stipulation(decision.stipulations[0].id)
    await shop.follow(lambda wall: wall.wall[shop.deal_id]["stipulations"] == ["Insurance"])
    await shop.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    await shop.follow(lambda wall: wall.wall[shop.deal_id]["state"] == "submitted")
    row = shop.walls[0].wall[shop.deal_id]
    assert row["last_change"] == "state_changed"
    assert row["waiting_since"] == row["changed_at"]
    assert (row["last_reason"], row["reason_by"]) == ("customer_agrees", row["changed_by"])
    await shop.manager.desk.act(Action.DECLINE, Reason.BANKRUPTCY)
    await shop.follow(lambda wall: wall.wall[shop.deal_id]["open_tasks"] == 1)
    [task] = shop.walls[0].wall[shop.deal_id]["tasks"]
    assert task["kind"] == TaskKind.ADVERSE_ACTION_NOTICE and task["id"] and task["due_on"]
    await shop.sales.desk.act(Action.LOSE, Reason.UNRESPONSIVE)
    await shop.follow(lambda wall: shop.deal_id not in wall.wall)
    async with connect(shop.url, await token_of(shop.settings, "riverside-manager")) as late:
        joined = await late.join("desk:riverside")
        assert dict(joined.wall) == dict(shop.walls[0].wall)


async def test_many_changes_are_told_together(shop: Shop) -> None:
    """Those of one deal come as few summaries; the last one is whole. The pace is the log's."""
    await asyncio.gather(*(shop.sales.desk.note(f"note {number}") for number in range(12)))
    last = 12 + shop.manager.state.version
    events = await events_until(shop.walls[0], lambda _: shop.walls[0].wall[shop.deal_id]["last_no"] == last)
    summaries = [event for event in events if getattr(event, "deal_id", None) == shop.deal_id]
    assert len(summaries) < 12
    assert_no_gap(events)


async def test_a_new_deal_appears(shop: Shop) -> None:
    """From its first moment on, also without a decision."""
    async with connect_as_owner(shop.settings.database_owner_url) as database:
        made = await database.fetchval(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure FROM deals WHERE deal_id::text = $1"
            " RETURNING deal_id::text",
            shop.deal_id,
        )
    await shop.follow(lambda wall: made in wall.wall)


async def test_contention_is_shown_for_both_deals(shop: Shop) -> None:
    """When two live deals want one car, each of their rows says so."""
    car = await a_car(shop)
    other = next(deal for deal in shop.walls[0].wall if deal != shop.deal_id)
    await shop.sales.desk.select(car)
    async with connect(shop.url, await token_of(shop.settings, "riverside-manager")) as third:
        rival = await third.join(f"deal:{other}")
        await rival.terms(EASY)
        await rival.desk.select(car)
        await shop.follow(lambda wall: wall.wall[shop.deal_id]["contended"] and wall.wall[other]["contended"])


async def lose(settings: Settings, deal_id: str) -> None:
    """Lose a deal as a process does of which nobody hears."""
    async with connect_as_owner(settings.database_owner_url) as database:
        await database.execute("UPDATE deals SET state = 'lost' WHERE deal_id::text = $1", deal_id)


async def test_a_deal_that_left_unseen_leaves_the_wall(stocked: Settings, tmp_path: Path) -> None:
    """Lost while nobody watched: who comes back with a place in the log is told that it is gone."""
    deal_id = (await a_deal_of(stocked)).partition(":")[2]
    token = await token_of(stocked, "riverside-manager")
    async with start_web(stocked, tmp_path) as doomed, connect(doomed.url, token) as workspace:
        wall = await workspace.join("desk:riverside")
        await events_until(wall, lambda event: getattr(event, "deal_id", None) == deal_id)
        assert deal_id in wall.wall
        await doomed.kill()
        await lose(stocked, deal_id)
        async with start_web(stocked, tmp_path), asyncio.timeout(GUARD_SECONDS):
            while deal_id in wall.wall:
                assert not isinstance(await anext(wall), Refreshed)


async def test_a_deal_that_leaves_as_somebody_comes_is_told(searching: Searching, stocked: Settings) -> None:
    """The whole wall is looked at, and what was heard of single deals is told as well."""
    deal_id = (await a_deal_of(stocked)).partition(":")[2]
    await lose(stocked, deal_id)
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        registry = Registry(searching.log, Bus(stocked.redis_url), tasks)
        wall = Wall(searching.system, registry, Walls(searching.redis), tasks)
        with registry.joining("desk:riverside"):
            wall.heard(f"{deal_id} 1 riverside")
            wall.look("riverside")
            telling = tasks.create_task(wall.run())
            removed: list[str] = []
            while not removed:
                head = await searching.log.head("desk:riverside")
                entries = await searching.log.read("desk:riverside", head.epoch, 0, 1_000) or []
                told = [codec.decode(entry.body) for entry in entries]
                removed = [event["deal_id"] for event in told if event["removed"]]
            telling.cancel()
        assert removed == [deal_id]


async def test_who_may_watch_a_wall(shop: Shop) -> None:
    """Managers of the store; nobody else learns what is on it."""
    for login, store in (("riverside-sales", "riverside"), ("northgate-manager", "riverside")):
        async with connect(shop.url, await token_of(shop.settings, login)) as stranger:
            error = await refused(stranger.join(f"desk:{store}"))
            assert isinstance(error, CommandError)
            assert error.code is ErrorCode.FORBIDDEN


async def test_a_salesperson_has_the_list_of_deals_live(shop: Shop) -> None:
    """As the wall, without what is the desk's; of another store, or in the customer's view, none."""
    token = await token_of(shop.settings, "riverside-sales")
    async with connect(shop.url, token) as seller:
        listed = await seller.join("deals:riverside", View.SALES)
        assert shop.deal_id in listed.wall
        await shop.sales.desk.select(await a_car(shop))
        async with asyncio.timeout(GUARD_SECONDS):
            while listed.wall[shop.deal_id]["car"] is None:
                await anext(listed)
        row = listed.wall[shop.deal_id]
        assert row["payment_cents"] and "open_tasks" not in row
        assert row["npv_cents"] % 10_00 == 0
        await shop.sales.desk.act(Action.LOSE, Reason.NOT_READY)
        async with asyncio.timeout(GUARD_SECONDS):
            while shop.deal_id in listed.wall:
                await anext(listed)
        await listed.leave()
        for channel, view in (("deals:northgate", View.SALES), ("deals:riverside", View.CUSTOMER)):
            assert (await refused(seller.join(channel, view))).code is ErrorCode.FORBIDDEN
