"""What a search that was asked before, or that many ask at once, reads from Postgres and has valued."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from client import Deal
from client.rows import Row, ValueState
from protocol.events import SearchEnded
from protocol.records import Sort, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.desk import seen, valued
from tests.flow.shop import connect, events_until, token_of
from tests.trips.counted_desk import Counted, open_counted

pytestmark = pytest.mark.flow

DEALS_AT_ONCE = 20
WATCHERS = 5


@pytest.fixture
async def desk(stocked: Settings, tmp_path: Path) -> AsyncIterator[Counted]:
    """A deal that two people have open, with every trip counted; no job is queued again, however slow the
    machine is.
    """
    async with open_counted(replace(stocked, job_overdue_ms=600_000), tmp_path) as opened:
        yield opened


async def search(deal: Deal, **asked: object) -> SearchEnded:
    """Search, and return how that ended once every value is there."""
    await deal.search(**asked)  # type: ignore[arg-type]
    events = await events_until(deal, valued)
    return next(event for event in events if isinstance(event, SearchEnded))


def shown(deal: Deal) -> dict[str, Row]:
    """Return the rows of a deal's screen, all of which have their values."""
    assert all(row.value is ValueState.VALUED for row in deal.rows.values())
    return dict(deal.rows)


async def test_searches_that_ask_the_same(desk: Counted) -> None:
    """Repeated, at once for twenty deals, and before many watchers. One set of processes serves all three."""
    await _a_car_that_changed_lately(desk)
    await _repeated(desk)
    await _many_deals_at_once(desk)
    await _before_watchers(desk)


async def _a_car_that_changed_lately(desk: Counted) -> None:
    """Reprice a car: behind each search, a look at such cars follows."""
    car = next(iter(desk.sales.rows))
    async with connect_as_owner(desk.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles SET price_cents = price_cents - 100 WHERE vehicle_id::text = $1", car
        )
    await seen(desk.sales, lambda _: desk.sales.rows[car].rev == 2)
    await desk.quiet()


async def _repeated(desk: Counted) -> None:
    """Nothing is read, neither for the search nor for the look at its end; nothing is valued again; each
    chunk is one trip to Redis.
    """
    first = await search(desk.sales, limit=200, sort=Sort.YEAR)
    before, ends = shown(desk.sales), list[SearchEnded]()
    await desk.quiet()
    workers, system = len(desk.worker_redis.trips), len(desk.system.trips)

    async def again(_turn: int) -> None:
        ends.append(await search(desk.sales, limit=200, sort=Sort.YEAR))
        await desk.quiet()

    trips = await desk.trips_of(again, turns=3)
    assert trips.postgres == []
    assert trips.redis == [
        "begin_search.lua",
        *["valued_matches.lua"] * first.chunks,
        "end_search.lua",
        "shown.lua",
    ]
    assert [trip.asks for trip in desk.system.trips[system:]] == []
    taken = [trip.asks for trip in desk.worker_redis.trips[workers:]]
    assert "pending_job.lua" not in taken
    assert shown(desk.sales) == before
    assert len(before) == first.matched > 100
    for end in ends:
        assert (end.reason, end.scanned, end.matched) == (first.reason, first.scanned, first.matched)
        assert end.trace["cached"] == end.matched
        assert "cache" in end.trace and "queries" not in end.trace


async def _many_deals_at_once(desk: Counted) -> None:
    """Deals of a store with the same terms: the stock is read once, each car is valued once, and every screen
    shows the same.
    """
    async with connect_as_owner(desk.settings.database_owner_url) as owner:
        made = await owner.fetch(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure FROM deals, generate_series(1, $2)"
            " WHERE deal_id::text = $1 RETURNING 'deal:' || deal_id AS channel",
            desk.sales.state.id,
            DEALS_AT_ONCE,
        )
    async with connect(desk.url, await token_of(desk.settings, "riverside-sales")) as one:
        deals = [await one.join(row["channel"], View.SALES) for row in made]
        await desk.quiet()
        asked, settled = len(desk.postgres.trips), len(desk.worker_redis.trips)
        ends = await asyncio.gather(*(search(deal, limit=300) for deal in deals))
        await desk.quiet()
        first = shown(deals[0])
        assert len(first) == ends[0].matched > 100
        assert all(shown(deal) == first for deal in deals)
        assert sum(end.trace.get("cached", 0) == end.matched for end in ends) == DEALS_AT_ONCE - 1
    snapshots = [trip for trip in desk.postgres.trips[asked:] if trip.asks.startswith("BEGIN ISOLATION")]
    assert len(snapshots) == 1
    jobs = [trip for trip in desk.worker_redis.trips[settled:] if trip.asks == "pending_job.lua"]
    assert len(jobs) == ends[0].chunks


async def _before_watchers(desk: Counted) -> None:
    """A search asks for as much with seven watchers as with two."""
    limits = iter(range(50, 100))

    async def once(_turn: int) -> None:
        await search(desk.sales, limit=next(limits))
        await desk.quiet()

    few = await desk.trips_of(once, turns=3)
    token = await token_of(desk.settings, "riverside-manager")
    async with AsyncExitStack() as held:
        for _ in range(WATCHERS):
            more = await held.enter_async_context(connect(desk.url, token))
            await more.join(desk.sales.channel, View.MANAGER)
        many = await desk.trips_of(once, turns=5)
    assert len(many.postgres) <= len(few.postgres), many.postgres
    assert len(many.redis) <= len(few.redis), many.redis
