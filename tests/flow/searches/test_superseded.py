"""A search that gives way: to a newer one, to who cancels it, to a database that fails."""

import asyncio
from typing import Any

import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.records import Scope
from server.search.paging import answering
from tests.flow.searches.searching import Searching, channel_of, column, more_of, of_kind

pytestmark = pytest.mark.flow


async def test_a_newer_search_supersedes_the_older(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the older one is heard behind the newer one's start; the newer one is whole."""
    deal = await searching.deal(scope=Scope.GROUP)
    publish, first, newer_began = searching.log.searches.matches, asyncio.Event(), asyncio.Event()

    async def publish_then_wait(channel: str, **arguments: object) -> object:
        outcome = await publish(channel, **arguments)  # type: ignore[arg-type]
        if not first.is_set():
            first.set()
            await newer_began.wait()
        return outcome

    monkeypatch.setattr(searching.log.searches, "matches", publish_then_wait)
    older = await searching.begin(deal, limit=20_000)
    await first.wait()
    newer = await searching.begin(deal, limit=20_000)
    newer_began.set()
    events = await searching.heard(deal, "search_ended", 2)
    await searching.service.hand_over()
    assert await searching.events(deal) == events
    begun = next(i for i, event in enumerate(events) if event.get("search_id") == newer)
    assert {event["search_id"] for event in events[:begun]} == {older}
    assert {event["search_id"] for event in events[begun:]} == {newer}
    assert [event["reason"] for event in of_kind(events, "search_ended")] == ["superseded", "complete"]


async def test_an_older_search_does_not_stop_the_newer_one(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first rows come when the newer one is under way already: it falls silent, the newer is whole."""
    deal = await searching.deal(scope=Scope.GROUP)
    publish, read_first = searching.log.searches.matches, answering.first_rows
    under_way, older_done = asyncio.Event(), asyncio.Event()
    slow = [asyncio.Event(), asyncio.Event()]
    slow[1].set()
    turns = iter(slow)

    async def publish_then_wait(channel: str, **arguments: object) -> object:
        outcome = await publish(channel, **arguments)  # type: ignore[arg-type]
        under_way.set()
        await older_done.wait()
        return outcome

    async def read_when_told(*arguments: Any) -> object:
        await next(turns).wait()
        return await read_first(*arguments)

    monkeypatch.setattr(searching.log.searches, "matches", publish_then_wait)
    monkeypatch.setattr(answering, "first_rows", read_when_told)
    older = asyncio.create_task(searching.begin(deal, limit=20_000))
    await searching.heard(deal, "search_started")
    newer = await searching.begin(deal, limit=20_000)
    await under_way.wait()
    slow[0].set()
    await older
    older_done.set()
    ended = of_kind(await searching.heard(deal, "search_ended", 2), "search_ended")
    assert [(event["search_id"], event["reason"]) for event in ended] == [
        (older.result(), "superseded"),
        (newer, "complete"),
    ]


async def test_a_cancelled_search_ends_once(searching: Searching) -> None:
    """Cancelled is said at once and once; cancelling again, or another search, changes nothing."""
    deal = await searching.deal(scope=Scope.GROUP)
    search_id = await searching.begin(deal, limit=20_000)
    await searching.service.cancel(channel_of(deal), "another")
    await searching.service.cancel(channel_of(deal), search_id)
    await searching.service.cancel(channel_of(deal), search_id)
    await searching.service.hand_over()
    ended = of_kind(await searching.events(deal), "search_ended")
    assert [event["reason"] for event in ended] == ["cancelled"]


async def test_a_database_that_fails_midway_ends_the_search(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend ends after the first chunk: the search ends as failed, and goes on by its token."""
    deal = await searching.deal(scope=Scope.GROUP)
    publish, broken = searching.log.searches.matches, False

    async def publish_then_break(channel: str, **arguments: object) -> object:
        nonlocal broken
        outcome = await publish(channel, **arguments)  # type: ignore[arg-type]
        if not broken:
            broken = True
            async with searching.pool.acquire() as other:
                await other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
                )
        return outcome

    monkeypatch.setattr(searching.log.searches, "matches", publish_then_break)
    search_id = await searching.begin(deal, limit=20_000)
    ended = await searching.ended(deal)
    assert ended["reason"] == "failed"
    await searching.service.more(more_of(deal, search_id, ended["next"]))
    events = await searching.heard(deal, "search_ended", 2)
    found = column(of_kind(events, "matches"), "vehicle_id")
    assert events[-1]["reason"] == "complete"
    assert len(found) == len(set(found)) == events[-1]["matched"]


async def test_a_database_out_of_reach_is_degraded(searching: Searching) -> None:
    """The command is refused with a reason and may be sent again; no search has begun."""
    deal = await searching.deal()
    await searching.application.close()
    with pytest.raises(CommandError) as caught:
        await searching.begin(deal)
    assert caught.value.code is ErrorCode.DEGRADED
    assert caught.value.code.retry
    assert await searching.events(deal) == []
