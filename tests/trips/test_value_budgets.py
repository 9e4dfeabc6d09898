"""How many round trips it takes to value a chunk, and to follow a car that changes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client.rows import ValueState
from protocol.deal.structure import StructureChanges
from protocol.events import Offers
from protocol.records import Filters, Scope
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.desk import seen, valued
from tests.flow.shop import another_group, events_until
from tests.trips.counted_desk import Counted, open_counted

pytestmark = pytest.mark.flow


@pytest.fixture
async def desk(stocked: Settings, tmp_path: Path) -> AsyncIterator[Counted]:
    """A deal that two people have open, with every trip counted."""
    async with open_counted(stocked, tmp_path) as opened:
        yield opened


async def reprice(desk: Counted, car: str) -> None:
    """Take 100 dollars off a car's price."""
    async with connect_as_owner(desk.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles SET price_cents = price_cents - 10000 WHERE vehicle_id::text = $1", car
        )


async def reprice_shown(desk: Counted, car: str) -> None:
    """Reprice a car, and wait until its value at the new price is on the screen."""
    rev = desk.sales.rows[car].rev
    await reprice(desk, car)

    def valued_anew(_: object) -> bool:
        row = desk.sales.rows[car]
        return row.rev == rev + 1 and row.value is ValueState.VALUED

    await seen(desk.sales, valued_anew)


def a_valued_car(desk: Counted) -> str:
    return next(car for car, row in desk.sales.rows.items() if row.offer and row.offer["payment_cents"])


def is_of_the_watch(trip: str) -> bool:
    """Return whether a trip asks for watched deals, or for cars as deals see them."""
    return trip.startswith(("SELECT d.deal_id::text, d.store_id, s.group_id", "WITH asked AS"))


async def a_car_of_another_group(desk: Counted) -> str:
    """Give a car that is on no screen to a store of a group that nobody watches."""
    group, store = await another_group(desk.settings)
    async with connect_as_owner(desk.settings.database_owner_url) as owner:
        moved = await owner.fetchval(
            "UPDATE vehicles SET group_id = $1, store_id = $2 WHERE vehicle_id = (SELECT max(vehicle_id)"
            " FROM vehicles WHERE vehicle_id::text <> ALL ($3)) RETURNING vehicle_id::text",
            group,
            store,
            list(desk.sales.rows),
        )
    return str(moved)


async def test_a_chunk_that_is_valued(desk: Counted) -> None:
    """Its worker reads the job, publishes the offers and settles it: three trips, and none to Postgres.

    The hub publishes the chunk and queues its pointer; the offers come to it
    by the bell.
    """

    years = iter(range(2_000))

    async def search(_turn: int) -> None:
        # Each is another search: the offers of an equal one are in memory.
        await desk.sales.search(filters=Filters(year_min=1_900 + next(years)), limit=1)
        events = await events_until(desk.sales, valued)
        assert sum(isinstance(event, Offers) for event in events) == 1
        # The acknowledgement follows.
        await desk.quiet()

    worker = await desk.trips_of(search, redis=desk.worker_redis, postgres=desk.worker_postgres)
    # It waits in one, and looks for what dead workers left in the other.
    assert [trip for trip in worker.redis if trip not in {"XREADGROUP", "sweep.lua"}] == [
        "pending_job.lua",
        "settle.lua",
        "settle.lua",
    ]
    assert worker.postgres == []
    hub = await desk.trips_of(search)
    about_chunks = [trip for trip in hub.redis if trip not in {"begin_search.lua", "end_search.lua"}]
    assert about_chunks == ["matches.lua", "put.lua"]


async def test_a_watched_car_that_is_repriced(desk: Counted) -> None:
    """To Redis: who shows it, what is told of it, what waits to be matched, then a chunk as any other.

    To Postgres: the car, since sessions know the deals; what it takes to match the car.
    """
    car = a_valued_car(desk)
    trips = await desk.trips_of(lambda _: reprice_shown(desk, car), postgres=desk.system)
    assert trips.redis == ["shown.lua", "change_cars.lua", "unmatched.lua", "late_matches.lua", "put.lua"]
    watch = [trip for trip in trips.postgres if is_of_the_watch(trip)]
    assert len(watch) == 1, "\n".join(trips.postgres)


async def check_ignored(desk: Counted, car: str) -> None:
    """Check that nothing is asked when the car is repriced."""

    async def change(_turn: int) -> None:
        await reprice(desk, car)
        await desk.quiet()

    trips = await desk.trips_of(change, postgres=desk.system)
    assert trips.redis == []
    assert not any(is_of_the_watch(trip) for trip in trips.postgres), "\n".join(trips.postgres)


async def test_a_car_of_a_group_that_nobody_watches(desk: Counted) -> None:
    """No deal is asked about, and no car is looked up; approvals are not the watch's."""
    car = await a_car_of_another_group(desk)
    await check_ignored(desk, car)


async def test_a_car_of_another_store_of_the_group(desk: Counted) -> None:
    """A deal that searches its own store alone does not hear of it, and nothing is asked for it."""
    await desk.manager.terms(StructureChanges(scope=Scope.STORE))
    await seen(desk.sales, lambda deal: deal.structure["scope"] == Scope.STORE)
    await desk.sales.search(limit=40)
    await events_until(desk.sales, valued)
    async with connect_as_owner(desk.settings.database_owner_url) as owner:
        car = await owner.fetchval("SELECT max(vehicle_id)::text FROM vehicles WHERE store_id = 'northgate'")
    await check_ignored(desk, car)
