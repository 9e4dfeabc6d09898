"""A search outlives the process that ran it: leases, takeover, handing over."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from protocol import codec
from protocol.records import Filters, Scope
from server.database.deals.deals import Deal
from server.log.search_log import Outcome
from server.search.paging import takeovers
from server.search.sql import cursor
from server.settings import Settings
from tests.flow.searches.keeping import keeping
from tests.flow.searches.searching import ACTOR, PATIENCE_SECONDS, Searching, channel_of, column, of_kind
from tests.flow.searches.test_search import more_of

pytestmark = pytest.mark.flow

LEASE_MS = 300
KEPT_MS = 900
"""A lease that a test sees renewed: long beside what a busy machine takes to do that."""
HELD_MS = 3_600_000
"""The lease of who must not lose it, however busy the machine is."""


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, Deal]:
    """What is stored, for a takeover that reads the deal anew: the tests' deals are changed in memory."""
    deals: dict[str, Deal] = {}

    async def load(_: object, deal_id: str) -> Deal | None:
        return deals.get(deal_id)

    monkeypatch.setattr(takeovers, "load_deal", load)
    return deals


SMALL_PAGES = 16, 64, 128
"""Rows per query, so that the sample stock has more than three chunks."""


class Stall:
    """Holds a process's searches up behind their first so many chunks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, searching: Searching, chunks: int) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        self.outcomes: list[Outcome] = []
        publish, published = searching.log.searches.matches, 0

        async def publish_or_wait(channel: str, **arguments: Any) -> Outcome:
            nonlocal published
            if published == chunks:
                self.reached.set()
                await self.go_on.wait()
            published += 1
            self.outcomes.append(await publish(channel, **arguments))
            return self.outcomes[-1]

        monkeypatch.setattr(searching.log.searches, "matches", publish_or_wait)


async def whole_stock(searching: Searching) -> list[str]:
    """Return what one undisturbed search of a like deal finds, in order."""
    deal = await searching.deal(scope=Scope.GROUP)
    await searching.begin(deal, limit=20_000)
    found = column(of_kind(await searching.heard(deal, "search_ended"), "matches"), "vehicle_id")
    await searching.redis.flushall()
    return found


@pytest.mark.parametrize("chunks", [0, 1, 3])
async def test_another_process_goes_on_with_a_search(
    searching: Searching,
    stocked: Settings,
    stored: dict[str, Deal],
    monkeypatch: pytest.MonkeyPatch,
    chunks: int,
) -> None:
    """Its owner hangs: when the lease is over, a watching process finds the rest, and no car twice; the old
    owner, come back, publishes nothing more.
    """
    whole = await whole_stock(searching)
    deal = await searching.deal(scope=Scope.GROUP)
    stored[deal.id] = deal
    doomed, other = searching.another(lease_ms=LEASE_MS), searching.another(lease_ms=HELD_MS)
    monkeypatch.setattr(cursor, "PAGES", SMALL_PAGES)
    stall = Stall(monkeypatch, searching, chunks)
    begin = replace(searching, service=doomed)
    search_id = await begin.begin(deal, limit=20_000)
    await stall.reached.wait()
    # It hangs as a whole, its renewals too.
    held = [task for task in asyncio.all_tasks() if task.get_name() == f"lease {search_id}"]
    for task in held:
        task.cancel()
    monkeypatch.undo()
    monkeypatch.setattr(takeovers, "load_deal", lambda _, deal_id: asyncio.sleep(0, stored[deal_id]))
    async with keeping(searching, stocked, other, channel_of(deal)) as keeper:
        events = await searching.heard(deal, "search_ended")
    stall.go_on.set()
    await doomed.hand_over()
    assert len(held) == 1
    assert keeper.mended["searches"] == 1
    assert stall.outcomes[chunks:] == [Outcome.SUPERSEDED]
    assert await searching.events(deal) == events
    matches, ended = of_kind(events, "matches"), events[-1]
    assert {event["search_id"] for event in events} == {search_id}
    assert column(matches, "vehicle_id") == whole
    assert [event["chunk"] for event in matches] == list(range(len(matches)))
    assert (ended["reason"], ended["matched"], ended["chunks"]) == ("complete", len(whole), len(matches))
    assert ended["scanned"] == len(whole) + sum(item["cars"] for item in ended["rejected"])


async def test_a_process_that_ends_hands_its_search_over(
    searching: Searching, stored: dict[str, Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is free at once, the search has not ended, and one of many others goes on with it."""
    deal = await searching.deal(scope=Scope.GROUP)
    stored[deal.id] = deal
    leaving = searching.another(lease_ms=HELD_MS)
    stall = Stall(monkeypatch, searching, 1)
    await replace(searching, service=leaving).begin(deal, limit=100)
    await stall.reached.wait()
    handing_over = asyncio.create_task(leaving.hand_over())
    await asyncio.sleep(0)
    stall.go_on.set()
    await handing_over
    state = await searching.log.searches.current(channel_of(deal))
    assert state is not None
    assert (state.lapsed, state.ended, state.chunks) == (True, None, 2)
    assert not await leaving.take_over(channel_of(deal))
    others = [searching.another(lease_ms=HELD_MS) for _ in range(4)]
    taken = await asyncio.gather(*(other.take_over(channel_of(deal)) for other in others))
    assert sorted(taken) == [False, False, False, True]
    ended = await searching.ended(deal)
    assert (ended["reason"], ended["matched"]) == ("limit", 100)
    found = column(of_kind(await searching.events(deal), "matches"), "vehicle_id")
    assert len(found) == len(set(found)) == 100
    await others[0].more(more_of(deal, ended["search_id"], ended["next"]))
    assert (await searching.ended(deal, 2))["matched"] == 200


async def test_a_search_handed_over_at_its_limit_ends_there(
    searching: Searching, stored: dict[str, Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes over counts what was found: a page is never longer than was asked for."""
    deal = await searching.deal(scope=Scope.GROUP)
    stored[deal.id] = deal
    leaving, other = searching.another(lease_ms=LEASE_MS), searching.another(lease_ms=HELD_MS)
    end_search, reached = searching.log.searches.end_search, asyncio.Event()

    async def never(*_: object, **__: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(searching.log.searches, "end_search", never)
    await replace(searching, service=leaving).begin(deal, limit=16)
    await reached.wait()
    for task in [task for task in asyncio.all_tasks() if task.get_name().startswith("lease ")]:
        task.cancel()
    monkeypatch.setattr(searching.log.searches, "end_search", end_search)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await other.take_over(channel_of(deal)):  # noqa: ASYNC110 - the lease runs out in Redis
            await asyncio.sleep(0.01)
    ended = await searching.ended(deal)
    assert (ended["reason"], ended["matched"]) == ("limit", 16)
    assert ended["next"] is not None


async def test_a_search_of_a_deal_that_has_moved_on_begins_anew(
    searching: Searching, stored: dict[str, Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matches of two versions of a deal are never mixed: the newer version's search replaces the old one."""
    deal = await searching.deal(scope=Scope.GROUP)
    leaving, other = (searching.another(lease_ms=HELD_MS) for _ in range(2))
    stall = Stall(monkeypatch, searching, 1)
    filters = Filters(year_min=2021)
    older = await replace(searching, service=leaving).begin(deal, limit=50, filters=filters)
    await stall.reached.wait()
    handing_over = asyncio.create_task(leaving.hand_over())
    await asyncio.sleep(0)
    stall.go_on.set()
    await handing_over
    stored[deal.id] = replace(deal, version=deal.version + 1)
    assert await other.take_over(channel_of(deal))
    events = await searching.heard(deal, "search_ended", 2)
    ends, (_, newer) = of_kind(events, "search_ended"), of_kind(events, "search_started")
    assert [(end["search_id"], end["reason"]) for end in ends] == [
        (older, "superseded"),
        (newer["search_id"], "limit"),
    ]
    assert (newer["deal_version"], newer["filters"]["year_min"]) == (deal.version + 1, 2021)
    assert newer["by"] == codec.plain(ACTOR)


async def test_a_search_that_nobody_can_go_on_with_ends(
    searching: Searching, stored: dict[str, Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the deal cannot be read, watchers hear that the search failed, and have a token."""
    deal = await searching.deal(scope=Scope.GROUP)
    leaving, other = (searching.another(lease_ms=HELD_MS) for _ in range(2))
    stall = Stall(monkeypatch, searching, 1)
    search_id = await replace(searching, service=leaving).begin(deal, limit=500)
    await stall.reached.wait()
    handing_over = asyncio.create_task(leaving.hand_over())
    await asyncio.sleep(0)
    stall.go_on.set()
    await handing_over
    assert await other.take_over(channel_of(deal))
    ended = await searching.ended(deal)
    assert ended["reason"] == "failed"
    await other.more(more_of(deal, search_id, ended["next"]))
    await searching.heard(deal, "search_ended", 2)
    found = column(of_kind(await searching.events(deal), "matches"), "vehicle_id")
    assert len(found) == len(set(found))


async def test_a_lease_is_kept_while_the_page_waits(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is long in reading loses nothing: its lease is renewed meanwhile."""
    deal = await searching.deal(scope=Scope.GROUP)
    slow = searching.another(lease_ms=KEPT_MS)
    renewed, renew = asyncio.Semaphore(0), searching.log.searches.renew_search

    async def renew_and_count(*arguments: Any) -> bool:
        held = await renew(*arguments)
        renewed.release()
        return held

    monkeypatch.setattr(searching.log.searches, "renew_search", renew_and_count)
    stall = Stall(monkeypatch, searching, 1)
    await replace(searching, service=slow).begin(deal, limit=100)
    await stall.reached.wait()
    for _ in range(4):
        await renewed.acquire()
    state = await searching.log.searches.current(channel_of(deal))
    assert state is not None
    assert not state.lapsed
    stall.go_on.set()
    assert (await searching.ended(deal))["matched"] == 100
