"""How many round trips lie between a command and its effect: budgets that hold on every machine.

Each command is sent several times, warm, and its fewest trips are compared: what beats or settles in the
background adds to some of the turns only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from client import Deal
from protocol.events import Event, Matches, NoteAdded, SearchStarted
from protocol.records import StructureChanges
from server.settings import Settings
from tests.flow.desk import valued
from tests.flow.shop import events_until
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


async def _hear(deal: Deal, last: Callable[[Event], bool]) -> None:
    await events_until(deal, last)


def _is(kind: type[Event]) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, kind)


async def test_a_search_to_its_first_matches(desk: Counted) -> None:
    """A transaction begun, the versions in force, the first rows; the announcement and the first chunk."""

    async def search(_turn: int) -> None:
        begun = asyncio.create_task(desk.sales.search(limit=40))
        await _hear(desk.sales, _is(Matches))
        await begun

    async def settle(turn: int) -> None:
        if turn:
            await _hear(desk.sales, valued)

    assert_within(await desk.trips_of(search, between=settle), postgres=3, redis=2)


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
