"""Every event that the server writes to a log has the shape of its record in ``protocol/events``."""

from typing import Any

import pytest
from redis.asyncio import Redis

from protocol import codec
from protocol.deal.customers import CustomerChanges
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Closing, Fulfilment, Reason
from protocol.events import EVENTS_BY_KIND, DealSummary, Hidden, VehicleChanged, kind_of
from protocol.records import Actor, DealState
from server.database.core.pool import connect_as_owner
from server.database.people.users import find_by_login
from server.log.redis_log import RedisLog
from tests.flow.by_link import Doors
from tests.flow.desk import Both, seen
from tests.flow.shop import connect, events_until, token_of
from tests.log import writing
from tests.protocol.shapes import unknown_fields

pytestmark = pytest.mark.flow

WALL = "desk:riverside"


async def logged(log: RedisLog, channel: str) -> list[dict[str, Any]]:
    """Return the events of a channel as its log keeps them, for managers."""
    head = await log.head(channel)
    entries = await log.read(channel, head.epoch, 0, 1_000)
    assert entries is not None
    return [codec.decode(entry.body) | {"seq": entry.seq} for entry in entries]


async def show_the_customer(both: Both) -> None:
    """Present a car, by a link that is opened and revoked; the customer likes it."""
    presenting = both.sales.presenting
    await presenting.present(vehicle_ids=both.cars[:1])
    link = await presenting.share()
    url = f"http://127.0.0.1:{both.settings.port}"
    assert (await Doors((url,), both.sales.channel).post(link.path.partition("#")[2], 0)).status_code == 200
    await presenting.unshare(link.link_id)
    [way] = (await presenting.show()).cars[0].ways
    await presenting.like(both.cars[0], way.kind, way.own)


async def try_scenarios(both: Both) -> None:
    """Add a scenario, change it, make it the deal's, remove it."""
    scenarios = both.sales.scenarios
    await scenarios.add("What if", vehicle_id=both.cars[0])
    await both.agree(lambda deal: bool(deal.scenarios))
    version = await scenarios.change(scenarios.named("What if"), StructureChanges(fees_cents=999_00))
    await both.agree(lambda deal: bool(deal.scenarios) and deal.scenarios[0].version == version)
    await scenarios.use(scenarios.named("What if"))
    await scenarios.remove(scenarios.named("What if").id)
    await both.agree(lambda deal: not deal.scenarios)


async def assign_there_and_back(both: Both) -> None:
    """The desk takes the deal over and gives it back."""
    seller = both.manager.state.salesperson
    assert isinstance(seller, Actor)
    async with connect_as_owner(both.settings.database_owner_url) as database:
        account = await find_by_login(database, "riverside-manager")
    assert account is not None
    for person in (account.id, seller.id):
        await both.manager.desk.assign(person)
        await both.agree(lambda deal, person=person: deal.salesperson.id == person)  # type: ignore[misc]


async def work_on(both: Both) -> None:
    """Do with one deal everything that can be told of it."""
    sales, manager = both.sales.desk, both.manager.desk
    await show_the_customer(both)
    await try_scenarios(both)
    await sales.pin(both.cars[1])
    await sales.unpin(both.cars[1])
    await sales.hold(both.cars[1])
    await sales.release(both.cars[1])
    await sales.note("Ask for the second key.")
    await manager.lock("rate_bp")
    await manager.unlock("rate_bp")
    await sales.customer(CustomerChanges(phone="937 555 0133"))
    await assign_there_and_back(both)
    await both.submitted()
    await manager.act(Action.DECLINE, Reason.BANKRUPTCY)
    await seen(both.manager, lambda deal: bool(deal.tasks))
    await manager.finish_task(both.manager.state.tasks[0].id)
    await seen(both.manager, lambda deal: deal.tasks[0].done_by is not None)
    await manager.act(Action.REOPEN, Reason.NEW_INFORMATION)
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    offer = await both.submitted()
    await both.lender_approves(offer)
    await manager.clear_stipulation(both.manager.state.lenders[0].stipulations[0].id)
    await both.agree(lambda deal: deal.lenders[0].stipulations[0].cleared_by is not None)
    await manager.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await sales.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.SIGNED)
    await manager.act(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.DELIVERED)


async def test_every_event_has_the_shape_of_its_record(both: Both) -> None:
    """A deal from its search to its delivery, its wall, and a car that cannot be valued: all kinds of events,
    nothing unknown in any, every value of its type.
    """
    token = await token_of(both.settings, "riverside-manager")
    redis = Redis.from_url(both.settings.redis_url)
    async with redis, connect(f"http://127.0.0.1:{both.settings.port}", token) as desk:
        wall = await desk.join(WALL)
        repriced = "UPDATE vehicles SET price_cents = price_cents - 100 WHERE vehicle_id = $1"
        await both.run_sql(repriced, int(both.cars[2]))
        await events_until(both.manager, lambda event: isinstance(event, VehicleChanged))
        await work_on(both)
        deal_id = both.manager.state.id
        await events_until(wall, lambda event: isinstance(event, DealSummary) and event.deal_id == deal_id)
        log = RedisLog(redis)
        await writing.started(log)
        await writing.found(log, 0)
        await log.searches.value_failed(
            writing.DEAL, search_id="s1", chunk=0, vehicle_id=["0-1"], message="no"
        )
        channels = (both.manager.channel, WALL, writing.DEAL)
        events = [event for channel in channels for event in await logged(log, channel)]

    assert {event["type"]: unknown_fields(event) for event in events if unknown_fields(event)} == {}
    # What a customer's own page gets in place of most events is in no log.
    assert {event["type"] for event in events} == set(EVENTS_BY_KIND) - {kind_of(Hidden)}
