"""An approval keeps its car, over real processes: nobody else has it before it falls or is signed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.deal.workflow import Action, Fulfilment, Reason
from protocol.events import VehicleChanged
from protocol.records import DealState, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.current import GUARD_SECONDS, keep_current
from tests.flow.desk import Both, refused, seen
from tests.flow.shop import EASY, a_deal_of, connect, token_of

pytestmark = pytest.mark.flow


@asynccontextmanager
async def another_desk(both: Both, channel: str, store_id: str) -> AsyncIterator[Both]:
    """Open another deal at its salesperson's and at its manager's, with the same easy terms."""
    url = f"http://127.0.0.1:{both.settings.port}"
    async with (
        connect(url, await token_of(both.settings, f"{store_id}-sales")) as one,
        connect(url, await token_of(both.settings, f"{store_id}-manager")) as two,
    ):
        sales = keep_current(await one.join(channel, View.SALES), both.settings)
        manager = keep_current(await two.join(channel, View.MANAGER), both.settings)
        version = await manager.terms(EASY)
        desk = Both(sales, manager, both.cars, both.settings)
        await desk.agree(lambda deal: deal.version >= version)
        yield desk


async def second_deal(settings: Settings, first: Deal) -> str:
    """Return another deal of Riverside."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        found: str = await owner.fetchval(
            "SELECT 'deal:' || deal_id FROM deals WHERE store_id = 'riverside' AND 'deal:' || deal_id <> $1"
            " ORDER BY deal_id LIMIT 1",
            first.channel,
        )
    return found


async def approved(both: Both) -> str:
    """Bring the deal to an approval with its lender's; return the car."""
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    return offer.vehicle_id


async def test_a_hold_after_an_approval_does_not_stop_the_contract(both: Both, stocked: Settings) -> None:
    """Neither a hold of the own store nor one of a neighbour; the car is shown as held, with no end."""
    car = await approved(both)
    for channel, store in (
        (await second_deal(stocked, both.sales), "riverside"),
        (await a_deal_of(stocked, "northgate"), "northgate"),
    ):
        async with another_desk(both, channel, store) as rival:
            shut = await refused(rival.sales.desk.hold(car))
            assert (shut.code, shut.detail["field"], shut.detail["until"]) == (
                ErrorCode.CONFLICT,
                "vehicle_id",
                None,
            )
            name = both.manager.state.approval.by.name if both.manager.state.approval else ""
            assert shut.detail["value"] == (name if store == "riverside" else "other")
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    assert state.fulfilment is Fulfilment.SIGNED
    assert await reserved(both, car) is None


async def test_one_car_is_approved_once(both: Both, stocked: Settings) -> None:
    """A second approval of it is a conflict, and so is one of a car that another deal holds."""
    async with another_desk(both, await second_deal(stocked, both.sales), "riverside") as rival:
        await both.submitted()
        await rival.submitted()
        until = await both.sales.desk.hold(both.cars[0])
        held = await refused(rival.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY))
        assert (held.code, held.detail["field"], held.detail["until"]) == (
            ErrorCode.CONFLICT,
            "vehicle_id",
            until,
        )
        await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
        await both.agree(lambda deal: deal.state is DealState.APPROVED)
        late = await refused(rival.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY))
        assert (late.code, late.detail["field"]) == (ErrorCode.CONFLICT, "vehicle_id")


async def test_of_a_hold_and_an_approval_at_once_one_comes_first(both: Both, stocked: Settings) -> None:
    """Whichever it is, the other is refused: never both, never neither."""
    car = (await both.submitted()).vehicle_id
    async with another_desk(both, await a_deal_of(stocked, "northgate"), "northgate") as rival:
        for _ in range(5):
            outcomes = await asyncio.gather(
                both.manager.desk.act(
                    Action.APPROVE, Reason.MEETS_POLICY, version=both.manager.state.version
                ),
                rival.sales.desk.hold(car),
                return_exceptions=True,
            )
            (failed,) = [each for each in outcomes if isinstance(each, BaseException)]
            assert isinstance(failed, CommandError)
            assert (failed.code, failed.detail["field"]) == (ErrorCode.CONFLICT, "vehicle_id")
            if failed is outcomes[0]:
                assert await reserved(both, car) is None
                await rival.sales.desk.release(car)
            else:
                await both.agree(lambda deal: deal.state is DealState.APPROVED)
                await both.sales.desk.act(Action.REOPEN, Reason.NEW_INFORMATION)
                await both.agree(lambda deal: deal.state is DealState.WORKING)
                await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
                await both.agree(lambda deal: deal.state is DealState.SUBMITTED)


@pytest.mark.parametrize("end", ["reopen", "lose", "reprice", "select"])
async def test_a_reservation_ends_with_its_approval(both: Both, stocked: Settings, end: str) -> None:
    """Whoever ended it: then another deal may hold the car."""
    car = await approved(both)
    assert await reserved(both, car) == both.sales.state.id
    if end == "reopen":
        await both.sales.desk.act(Action.REOPEN, Reason.OTHER_CAR)
    elif end == "lose":
        await both.sales.desk.act(Action.LOSE, Reason.NOT_READY)
    elif end == "select":
        await both.sales.desk.select(both.cars[1])
    else:
        await both.run_sql(
            "UPDATE vehicles SET price_cents = price_cents - 100 WHERE vehicle_id::text = $1", car
        )
    await both.agree(lambda deal: deal.state in {DealState.WORKING, DealState.LOST})
    assert await reserved(both, car) is None
    async with another_desk(both, await a_deal_of(stocked, "northgate"), "northgate") as rival:
        await rival.sales.desk.hold(car)
        await seen(rival.sales, lambda deal: bool(deal.holds))


async def test_an_approved_deal_lets_its_car_go_by_being_reopened(both: Both) -> None:
    """A release that would free nothing says so."""
    car = await approved(both)
    for who in (both.sales, both.manager):
        shut = await refused(who.desk.release(car))
        assert (shut.code, shut.detail["field"]) == (ErrorCode.CONFLICT, "vehicle_id")
        assert "Reopen" in shut.message
    assert await reserved(both, car) == both.sales.state.id


async def test_the_desk_that_owns_the_car_ends_a_neighbours_approval(both: Both, stocked: Settings) -> None:
    """The other deal returns to working and says why; every screen with the car follows."""
    async with another_desk(both, await a_deal_of(stocked, "northgate"), "northgate") as rival:
        car = await a_car_of_riverside(both)
        await rival.sales.desk.select(car)
        await rival.agree(lambda deal: deal.selected is not None)
        await rival.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
        await rival.agree(lambda deal: deal.state is DealState.SUBMITTED)
        await rival.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
        await rival.agree(lambda deal: deal.state is DealState.APPROVED)
        shown = await told_of(both.sales, car, "held")
        assert (shown.held_by, shown.held_until, shown.held_here) == ("other", None, False)
        shut = await refused(both.sales.desk.release(car))
        assert (shut.code, shut.detail["value"]) == (ErrorCode.CONFLICT, "other")
        await both.manager.desk.release(car)
        state = await rival.agree(lambda deal: deal.state is DealState.WORKING)
        assert state.approval is None
        assert (await told_of(both.sales, car, "available")).held_by is None
        await both.sales.desk.hold(car)
        await both.agree(lambda deal: bool(deal.holds))
        async with connect_as_owner(stocked.database_owner_url) as owner:
            last = await owner.fetchrow(
                "SELECT body->>'reason' AS reason, body->'by'->>'name' AS name FROM deal_events"
                " WHERE deal_id::text = $1 AND kind = 'state_changed' ORDER BY no DESC LIMIT 1",
                rival.sales.state.id,
            )
        assert tuple(last) == ("car_not_available", "Riverside manager")


async def reserved(both: Both, car: str) -> str | None:
    """Return the deal for which a car is reserved."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        found: str | None = await owner.fetchval(
            "SELECT reserved_by::text FROM vehicle_claims WHERE vehicle_id::text = $1", car
        )
        return found


async def a_car_of_riverside(both: Both) -> str:
    """Return one of the valued cars that stands at Riverside."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        found: str | None = await owner.fetchval(
            "SELECT vehicle_id::text FROM vehicles WHERE store_id = 'riverside'"
            " AND vehicle_id::text = ANY ($1) ORDER BY vehicle_id LIMIT 1",
            both.cars,
        )
    assert found is not None
    return found


async def told_of(deal: Deal, car: str, status: str) -> VehicleChanged:
    """Return what a screen is told of a car as soon as it has that status."""
    async with asyncio.timeout(GUARD_SECONDS):
        async for delivery in deal:
            if isinstance(delivery, VehicleChanged) and (delivery.vehicle_id, delivery.status) == (
                car,
                status,
            ):
                return delivery
    raise AssertionError("the deal ended")
