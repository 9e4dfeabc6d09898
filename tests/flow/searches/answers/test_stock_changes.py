"""Cars that change while people look at them, over two web processes: every screen follows, once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import Deal
from client.rows import Row, ValueState
from protocol.deal.workflow import Action, Closing, Fulfilment, Reason
from protocol.events import SearchValued, VehicleChanged
from protocol.records import DealState
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.current import keep_current
from tests.flow.desk import Both, no_rates_in_force, seen
from tests.flow.shop import (
    EASY,
    a_deal_of,
    another_group,
    assert_no_gap,
    connect,
    events_until,
    state_of,
    token_of,
)
from tests.services import free_port, start_together

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


@dataclass(frozen=True)
class Screens:
    """One deal on the screens of two web processes, and another deal that shows the same cars."""

    here: Deal
    there: Deal
    other: Deal
    settings: Settings
    late_url: str

    @property
    def all(self) -> tuple[Deal, ...]:
        """Every screen."""
        return self.here, self.there, self.other

    async def run_sql(self, statement: str, *args: object) -> None:
        """Change what the store's own systems change."""
        async with connect_as_owner(self.settings.database_owner_url) as database:
            await database.execute(statement, *args)

    async def follow(self, holds: Callable[[Deal], bool]) -> None:
        """Wait until every screen is as asked for."""
        await asyncio.gather(*(self._follow(deal, holds) for deal in self.all))

    async def _follow(self, deal: Deal, holds: Callable[[Deal], bool]) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while not holds(deal):
                await anext(deal)


@pytest.fixture
async def screens(stocked: Settings, tmp_path: Path) -> AsyncIterator[Screens]:
    """Two deals with the same terms, searched and valued."""
    first = await a_deal_of(stocked)
    async with connect_as_owner(stocked.database_owner_url) as database:
        second = await database.fetchval(
            "SELECT 'deal:' || deal_id FROM deals WHERE store_id = 'riverside' AND 'deal:' || deal_id <> $1"
            " ORDER BY deal_id LIMIT 1",
            first,
        )
    token = await token_of(stocked, "riverside-manager")
    async with (
        start_together(stocked, tmp_path, free_port()) as [here, there],
        connect(here.url, token) as one,
        connect(there.url, token) as two,
    ):
        deal = keep_current(await one.join(first), stocked)
        same, other = await two.join(first), await two.join(second)
        for each in (deal, other):
            await each.terms(EASY)
            await each.search(limit=60)
        for each in (deal, same, other):
            await events_until(each, lambda event: isinstance(event, SearchValued))
        yield Screens(deal, same, other, stocked, here.url)


def a_shared_car(screens: Screens) -> str:
    """Return a car that both deals show and can be sold with."""
    return next(
        car
        for car, row in screens.here.rows.items()
        if row.offer and row.offer["payment_cents"] and car in screens.other.rows
    )


def price_of(row: Row | None) -> int | None:
    """Return the price at which a screen shows a car."""
    return None if row is None else row.match["price_cents"]


async def test_a_sold_car_leaves_every_screen(screens: Screens) -> None:
    """It is gone from both processes' screens and from snapshots that are made later."""
    car = a_shared_car(screens)
    await screens.run_sql("UPDATE vehicles SET status = 'sold' WHERE vehicle_id::text = $1", car)
    await screens.follow(lambda deal: car not in deal.rows)
    async with connect(screens.late_url, await token_of(screens.settings, "riverside-manager")) as late:
        joined = await late.join(screens.here.channel)
        assert state_of(joined)["rows"] == state_of(screens.here)["rows"]


async def test_a_repriced_car_is_matched_and_valued_again(screens: Screens) -> None:
    """Every screen shows the new price at once, and then what the car is worth at it; told once."""
    car = a_shared_car(screens)
    before = screens.here.rows[car]
    start = screens.here.position
    assert start is not None and before.offer is not None
    price = before.match["price_cents"] - 300_00
    await screens.run_sql("UPDATE vehicles SET price_cents = $2 WHERE vehicle_id::text = $1", car, price)
    await screens.follow(lambda deal: price_of(deal.rows.get(car)) == price)
    await screens.follow(lambda deal: deal.rows[car].value is ValueState.VALUED)
    after = screens.here.rows[car]
    assert after.rev == before.rev + 1
    assert after.offer is not None and after.offer["rev"] == after.rev
    assert after.offer["npv_cents"] != before.offer["npv_cents"]
    assert screens.here.rows == screens.there.rows
    async with connect(screens.late_url, await token_of(screens.settings, "riverside-manager")) as late:
        joined = await late.join(screens.here.channel)
        assert joined.rows == screens.here.rows


async def test_a_car_that_became_too_dear_says_why(screens: Screens) -> None:
    """It stays on the screen with the limit that keeps it out; what is said of its stay stands."""
    car = a_shared_car(screens)
    before = screens.here.rows[car].match
    await screens.run_sql("UPDATE vehicles SET price_cents = 9900000000 WHERE vehicle_id::text = $1", car)
    await screens.follow(
        lambda deal: deal.rows[car].value is ValueState.VALUED and deal.rows[car].match["rev"] == 2
    )
    offer = screens.here.rows[car].offer
    assert offer is not None
    assert offer["payment_cents"] is None and offer["binding"]
    now = screens.here.rows[car].match
    for name in ("cost_cents", "days_in_stock", "days_supply", "floorplan_cents"):
        assert now[name] == before[name]


async def test_a_car_that_moves_to_another_group_is_told(screens: Screens) -> None:
    """Deals of the group that it has left hear of it as of any change, although it is not theirs by then."""
    car, (group, store) = a_shared_car(screens), await another_group(screens.settings)
    await screens.run_sql(
        "UPDATE vehicles SET group_id = $2, store_id = $3 WHERE vehicle_id::text = $1", car, group, store
    )
    for deal in screens.all:
        events = await events_until(deal, lambda event: isinstance(event, VehicleChanged))
        assert (events[-1].vehicle_id, events[-1].rev) == (car, 2)


async def test_bulk_changes_are_told_too(screens: Screens) -> None:
    """A statement that changes more cars than a notification names reaches every screen as well."""
    before = {car: row.match["price_cents"] for car, row in screens.here.rows.items()}
    assert len(before) > 20
    await screens.run_sql("UPDATE vehicles SET price_cents = price_cents + 100")
    await screens.follow(
        lambda deal: (
            all(
                row.match["price_cents"] == before.get(car, row.match["price_cents"] - 100) + 100
                for car, row in deal.rows.items()
            )
            and all(row.value is ValueState.VALUED for row in deal.rows.values())
        )
    )


async def test_who_wants_a_car_is_shown_in_both_deals(screens: Screens) -> None:
    """A hold, a pin and a selection in one deal are seen in the other, and what comes of them."""
    car = a_shared_car(screens)
    await screens.here.desk.hold(car)
    await screens.follow(lambda deal: "held_by" in deal.rows[car].match)
    assert screens.here.rows[car].match["held_here"] is True
    assert "held_here" not in screens.other.rows[car].match
    assert screens.other.rows[car].match["held_by"] == "Riverside manager"
    await screens.here.desk.release(car)
    await screens.follow(lambda deal: "held_by" not in deal.rows[car].match)
    await screens.here.desk.select(car)
    await screens.other.desk.pin(car)
    await screens.follow(lambda deal: bool(deal.rows[car].match.get("wanted_by")))
    here, other = (deal.rows[car].match["wanted_by"] for deal in (screens.here, screens.other))
    assert [each["deal_id"] for each in here] == [screens.other.state.id]
    assert [each["deal_id"] for each in other] == [screens.here.state.id]
    await screens.other.desk.unpin(car)
    await screens.follow(lambda deal: deal is screens.other or not deal.rows[car].match.get("wanted_by"))


async def test_a_lost_deal_wants_no_car(screens: Screens) -> None:
    """Neither the one that it selected nor those that it pinned; reopened, it wants them again."""
    cars = [car for car, row in screens.here.rows.items() if row.offer and row.offer["payment_cents"]]
    cars = [car for car in cars if car in screens.other.rows][:2]
    await screens.here.desk.select(cars[0])
    await screens.here.desk.pin(cars[1])

    def wanted(deal: Deal) -> list[bool]:
        return [bool(deal.rows[car].match.get("wanted_by")) for car in cars]

    await screens.follow(lambda deal: deal is not screens.other or all(wanted(deal)))
    await screens.here.desk.act(Action.LOSE, Reason.UNRESPONSIVE)
    await screens.follow(lambda deal: not any(wanted(deal)))
    await screens.follow(lambda deal: deal is screens.other or deal.state.state is DealState.LOST)
    await screens.here.desk.act(Action.REOPEN, Reason.CUSTOMER_RETURNED)
    await screens.follow(lambda deal: deal is not screens.other or all(wanted(deal)))


async def test_each_change_is_told_once(screens: Screens) -> None:
    """Both processes hear of it, and each screen has it once, with no gap around it."""
    car = a_shared_car(screens)
    for _ in range(5):
        await screens.run_sql(
            "UPDATE vehicles SET price_cents = price_cents - 100 WHERE vehicle_id::text = $1", car
        )
    heard: dict[str, list[VehicleChanged]] = {}
    for name, deal in (("here", screens.here), ("there", screens.there)):
        events = await events_until(deal, lambda event: isinstance(event, VehicleChanged) and event.rev == 6)
        assert_no_gap(events)
        heard[name] = [event for event in events if isinstance(event, VehicleChanged)]
    assert heard["here"] == heard["there"]
    revs = [event.rev for event in heard["here"]]
    assert revs == sorted(set(revs))


async def test_an_approval_falls_with_its_car(both: Both) -> None:
    """The server itself returns the deal to working, and says why."""
    offer = await both.submitted()
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.run_sql(
        "UPDATE vehicles SET price_cents = price_cents + 500 WHERE vehicle_id::text = $1", offer.vehicle_id
    )
    state = await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert state.approval is None


async def test_an_approval_falls_with_new_rates(both: Both) -> None:
    """A rate sheet that comes into force is another basis."""
    await both.submitted()
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.run_sql(
        "INSERT INTO rate_sheets (rates_version, effective_from, is_sample)"
        " VALUES ('newer', (now() AT TIME ZONE 'utc')::date, true)"
    )
    await both.agree(lambda deal: deal.state is DealState.WORKING)


async def test_a_hold_runs_out(both: Both) -> None:
    """When its time is over the car is let go, by nobody, in the history too."""
    await both.sales.desk.hold(both.cars[0])
    await both.agree(lambda deal: bool(deal.holds))
    await both.run_sql(
        "UPDATE vehicle_claims SET held_until = now() + interval '200 milliseconds', no = no + 1"
    )
    await both.agree(lambda deal: not deal.holds)
    async with connect_as_owner(both.settings.database_owner_url) as database:
        last = await database.fetchrow("SELECT kind, body, user_id FROM deal_events ORDER BY at DESC LIMIT 1")
    assert last is not None
    assert (last["kind"], last["body"]["by"]["id"], last["user_id"]) == ("vehicle_released", "system", None)


async def test_a_hold_runs_out_while_no_rates_are_in_force(both: Both) -> None:
    """Whether an approval still holds cannot be told then; what has nothing to do with rates goes on."""
    offer = await both.submitted()
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.hold(offer.vehicle_id)
    await both.agree(lambda deal: bool(deal.holds))
    await no_rates_in_force(both.settings)
    await both.run_sql(
        "UPDATE vehicle_claims SET held_until = now() + interval '200 milliseconds', no = no + 1"
        " WHERE held_by IS NOT NULL"
    )
    state = await both.agree(lambda deal: not deal.holds)
    assert state.state is DealState.APPROVED


async def test_a_signed_car_is_sold_and_an_unwound_one_is_back(both: Both) -> None:
    """Signing takes the car off the other screens; unwinding brings it back for sale."""
    offer = await both.submitted()
    await both.lender_approves(offer, stipulations=[])
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await both.agree(lambda deal: deal.state is DealState.SIGNED)
    await seen(both.manager, lambda _: offer.vehicle_id not in both.manager.rows)
    await both.manager.desk.act(Closing.UNWIND, Reason.MUTUAL_AGREEMENT)
    await seen(both.manager, lambda _: offer.vehicle_id in both.manager.rows)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.UNWOUND)
