"""How many round trips lie between a command and its effect: budgets that hold on every machine.

Each command is sent several times, warm, and its fewest trips are compared: what beats or settles in the
background adds to some of the turns only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from client import Deal, Workspace
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.events import Event, Matches, NoteAdded, OfferSelected, SearchStarted
from protocol.records import DealState, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.desk import seen, valued
from tests.flow.shop import connect, events_until, token_of
from tests.trips.counted_desk import Counted, Trips, open_counted

pytestmark = pytest.mark.flow


@pytest.fixture
async def desk(stocked: Settings, tmp_path: Path) -> AsyncIterator[Counted]:
    """A deal that two people have open, with every trip counted."""
    async with open_counted(stocked, tmp_path) as opened:
        yield opened


def assert_within(trips: Trips, *, postgres: int, redis: int) -> None:
    """Assert that no more trips were made than a budget allows; show them where there were."""
    assert len(trips.postgres) <= postgres, "\n".join(("Postgres:", *trips.postgres))
    assert len(trips.redis) <= redis, "\n".join(("Redis:", *trips.redis))


def _without_watch(trips: Trips) -> Trips:
    """Return trips without those of the watch of cars, which nobody who decides waits for."""
    return Trips(
        trips.postgres, [trip for trip in trips.redis if trip not in {"shown.lua", "change_cars.lua"}]
    )


async def _hear(deal: Deal, last: Callable[[Event], bool]) -> None:
    await events_until(deal, last)


def _is(kind: type[Event]) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, kind)


async def test_a_search_to_its_first_matches(desk: Counted) -> None:
    """A transaction begun, the versions in force, the first rows; the announcement and the first chunk."""

    async def search(turn: int) -> None:
        # Each is another search: the answer of an equal one is in memory.
        begun = asyncio.create_task(desk.sales.search(limit=50 + turn))
        await _hear(desk.sales, _is(Matches))
        await begun

    async def settle(turn: int) -> None:
        if turn:
            await _hear(desk.sales, valued)

    trips = await desk.trips_of(search, between=settle)
    # Only what lies before the first matches counts. The next page may be read by then, and the job goes to
    # the queue behind them.
    page = next(at for at, asked in enumerate(trips.postgres) if asked.startswith("SELECT v.vehicle_id"))
    road = Trips(trips.postgres[: page + 1], trips.redis[: trips.redis.index("matches.lua") + 1])
    assert_within(road, postgres=3, redis=2)


async def test_a_note_to_its_event(desk: Counted) -> None:
    """A transaction begun, the deal locked, the event written, committed; then published."""

    async def write(turn: int) -> None:
        written = asyncio.create_task(desk.sales.desk.note(f"Calls back at {turn}."))
        await _hear(desk.sales, _is(NoteAdded))
        await written

    assert_within(await desk.trips_of(write), postgres=4, redis=1)


async def test_terms_to_their_reply_and_the_new_search(desk: Counted) -> None:
    """The decision and its event as a note; the last search, and the announcement of the next one."""

    async def change(turn: int) -> None:
        changed = asyncio.create_task(desk.sales.terms(StructureChanges(cash_down_cents=(turn + 1) * 100)))
        await _hear(desk.sales, _is(SearchStarted))
        await changed

    async def settle(turn: int) -> None:
        if turn:
            await _hear(desk.sales, valued)

    assert_within(await desk.trips_of(change, between=settle), postgres=8, redis=4)


async def test_a_join_of_a_deal_that_is_open(desk: Counted) -> None:
    """The deal comes from memory. Redis says where the channel stands, what was searched, what was found."""
    token = await token_of(desk.settings, "riverside-manager")
    async with AsyncExitStack() as held:
        newcomers: list[Workspace] = []

        async def come(_turn: int) -> None:
            newcomers.append(await held.enter_async_context(connect(desk.url, token)))

        async def join(_turn: int) -> None:
            await newcomers[-1].join(desk.sales.channel, View.MANAGER)

        assert_within(await desk.trips_of(join, between=come), postgres=0, redis=6)


async def test_the_first_join_of_a_deal(desk: Counted) -> None:
    """It is read from Postgres in one statement; then the cars that changed while nobody watched it."""
    async with connect_as_owner(desk.settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND deal_id::text <> $1",
            desk.sales.state.id,
        )
    others = [f"deal:{row['deal_id']}" for row in rows]

    async def join(turn: int) -> None:
        await desk.workspace.join(others[turn], View.MANAGER)

    # The epoch's base is set, which somebody does once; there is no search yet.
    assert_within(await desk.trips_of(join, turns=len(others)), postgres=3, redis=6)


async def test_an_offer_that_is_selected(desk: Counted) -> None:
    """The car is read; its pencil is kept; the offer is stored, and those who want the cars are told.

    Whose screens show the cars is asked behind it.
    """
    cars = [row.vehicle_id for row in desk.sales.rows.values() if row.offer and row.offer["payment_cents"]]

    async def select(turn: int) -> None:
        chosen = asyncio.create_task(desk.sales.desk.select(cars[turn % 3]))
        await _hear(desk.sales, _is(OfferSelected))
        await chosen

    assert_within(_without_watch(await desk.trips_of(select)), postgres=16, redis=1)


async def test_a_deal_that_is_submitted(desk: Counted) -> None:
    """Its offer is priced anew; where that is the same, the state moves and is told."""
    await _select(desk)

    async def submit(_turn: int) -> None:
        await _submit(desk)

    async def reopen(turn: int) -> None:
        if turn:
            await seen(desk.manager, lambda deal: deal.state is DealState.SUBMITTED)
            await desk.manager.desk.act(Action.DECLINE, Reason.TERM_TOO_LONG)
            await _reopen(desk)

    assert_within(await desk.trips_of(submit, between=reopen, turns=4), postgres=14, redis=1)


async def test_a_deal_that_is_approved(desk: Counted) -> None:
    """As submitted; car, rates, authority and the holds of other deals are looked at under the locks.

    Whose screens show the car is asked behind it.
    """
    await _select(desk)

    async def approve(_turn: int) -> None:
        approved = asyncio.create_task(desk.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY))
        await seen(desk.manager, lambda deal: deal.state is DealState.APPROVED)
        await approved

    async def submit(turn: int) -> None:
        if turn:
            await _reopen(desk)
        await _submit(desk)
        await seen(desk.manager, lambda deal: deal.state is DealState.SUBMITTED)

    trips = await desk.trips_of(approve, between=submit, turns=4)
    assert_within(_without_watch(trips), postgres=18, redis=1)


async def test_questions_about_a_car(desk: Counted) -> None:
    """The deal comes from memory: Postgres is asked for stock and car, and keeps a quote's pencil."""
    car = next(car for car, row in desk.sales.rows.items() if row.offer and row.offer["payment_cents"])

    async def frontier(_turn: int) -> None:
        await desk.sales.frontier(car)

    async def quote(_turn: int) -> None:
        await desk.sales.quote(car)

    assert_within(await desk.trips_of(frontier), postgres=4, redis=0)
    assert_within(await desk.trips_of(quote), postgres=7, redis=0)


async def test_a_focus(desk: Counted) -> None:
    """Nobody is asked; who is here is told with the next beat."""

    async def focus(turn: int) -> None:
        await desk.sales.focus(("cash_down_cents", None)[turn % 2])

    assert_within(await desk.trips_of(focus), postgres=0, redis=0)


async def _select(desk: Counted) -> None:
    """Select a car that a programme takes."""
    cars = [row.vehicle_id for row in desk.sales.rows.values() if row.offer and row.offer["payment_cents"]]
    await desk.sales.desk.select(cars[0])
    await seen(desk.sales, lambda deal: deal.selected is not None)
    await seen(desk.manager, lambda deal: deal.selected is not None)


async def _submit(desk: Counted) -> None:
    submitted = asyncio.create_task(desk.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES))
    await seen(desk.sales, lambda deal: deal.state is DealState.SUBMITTED)
    await submitted


async def _reopen(desk: Counted) -> None:
    await seen(desk.sales, lambda deal: deal.state in {DealState.DECLINED, DealState.APPROVED})
    await desk.sales.desk.act(Action.REOPEN, Reason.TERMS_CHANGED)
    await seen(desk.sales, lambda deal: deal.state is DealState.WORKING)
