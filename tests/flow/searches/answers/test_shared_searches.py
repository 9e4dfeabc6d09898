"""Searches that ask the same at once, over real Postgres and Redis: what becomes of those that follow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.records import Scope
from server.database.deals.deals import Deal
from server.log.search_log import Outcome
from server.search.answers.answers import Answers
from server.search.answers.stock_versions import StockVersions
from server.search.paging.rows import first_rows
from server.search.paging.searches import SearchService
from server.search.sql import cursor
from tests.flow.searches.searching import PATIENCE_SECONDS, Searching, channel_of, column, of_kind
from tests.flow.searches.test_search import more_of

pytestmark = pytest.mark.flow

SMALL_PAGES = 16, 64, 128
OTHERS = "a", "b", "c"
SHOWN = "type", "chunk", "rows", "columns", "matched", "scanned", "rejected"


class Leader:
    """The search that others follow: held up when it has published so many chunks of its channel."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, searching: Searching, deal: Deal, chunks: int
    ) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        self.search_id = ""
        publish, published = searching.log.searches.matches, 0

        async def publish_or_wait(channel: str, **arguments: Any) -> Outcome:
            nonlocal published
            if channel == channel_of(deal) and not self.go_on.is_set():
                if published == chunks:
                    self.reached.set()
                    await self.go_on.wait()
                published += 1
            return await publish(channel, **arguments)

        monkeypatch.setattr(cursor, "PAGES", SMALL_PAGES)
        monkeypatch.setattr(searching.log.searches, "matches", publish_or_wait)


def sharing(searching: Searching, **more: Any) -> tuple[Searching, Answers]:
    """Return the searches of a process that hears Postgres, and its answers."""
    answers = Answers(StockVersions(lambda: True))
    service = SearchService(
        searching.stores, searching.system, searching.log.searches, searching.queue, answers=answers, **more
    )
    return replace(searching, service=service), answers


async def is_cancelled(searching: Searching, leader: Leader, deal: Deal) -> None:
    await searching.service.cancel(channel_of(deal), leader.search_id)


async def is_superseded(searching: Searching, leader: Leader, deal: Deal) -> None:
    await searching.begin(deal, limit=5)


async def loses_its_snapshot(searching: Searching, leader: Leader, deal: Deal) -> None:
    async with searching.pool.acquire() as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
        )


async def is_slow(searching: Searching, leader: Leader, deal: Deal) -> None:
    """Nothing happens to it."""


@pytest.mark.parametrize("chunks", [0, 2])
@pytest.mark.parametrize("what", [is_cancelled, is_superseded, loses_its_snapshot, is_slow])
async def test_those_that_follow_find_everything(
    searching: Searching,
    monkeypatch: pytest.MonkeyPatch,
    chunks: int,
    what: Callable[[Searching, Leader, Deal], Awaitable[None]],
) -> None:
    """Whatever becomes of the search that reads: what it read is published once, and the rest is read by
    another one.
    """
    ours, answers = sharing(searching)
    deal = await searching.deal(scope=Scope.GROUP)
    await searching.begin(deal, limit=20_000)
    whole = column(of_kind(await searching.heard(deal, "search_ended"), "matches"), "vehicle_id")
    await searching.redis.flushall()
    leader = Leader(monkeypatch, ours, deal, chunks)
    leader.search_id = await ours.begin(deal, limit=20_000)
    await leader.reached.wait()
    followers = [replace(deal, id=name) for name in OTHERS]
    await asyncio.gather(*(ours.begin(each, limit=20_000) for each in followers))
    for each in followers:
        await ours.heard(each, "matches", chunks + 1)
    await what(ours, leader, deal)
    leader.go_on.set()
    for each in followers:
        events = await ours.heard(each, "search_ended")
        matches, ended = of_kind(events, "matches"), events[-1]
        assert column(matches, "vehicle_id") == whole
        assert [event["chunk"] for event in matches] == list(range(len(matches)))
        assert (ended["reason"], ended["matched"], ended["next"]) == ("complete", len(whole), None)
        assert ended["scanned"] == len(whole) + sum(item["cars"] for item in ended["rejected"])
        assert ended["trace"]["cached"] >= sum(event["rows"] for event in matches[: chunks + 1])
    await ours.service.hand_over()
    assert answers.joins >= len(followers)
    # It alone reads, unless it fails; then those that follow read the rest, one for all where they can.
    reads = answers.misses - (what is is_superseded)
    assert reads == 1 if what is is_slow else 2 <= reads <= 1 + len(followers)


async def test_those_that_wait_for_postgres_are_refused_together(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search that reads fails before it is announced: nobody waits for it to fail once more for each."""
    ours, answers = sharing(searching)
    deal = await searching.deal()
    tries = 0

    @asynccontextmanager
    async def no_connection(*_: object) -> AsyncIterator[None]:
        nonlocal tries
        tries += 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while answers.joins < len(OTHERS) - 1:  # noqa: ASYNC110 - nobody tells of these
                await asyncio.sleep(0.001)
        raise TimeoutError
        yield

    monkeypatch.setattr(first_rows, "read_stock", no_connection)
    refused = await asyncio.gather(
        *(ours.begin(replace(deal, id=name)) for name in OTHERS), return_exceptions=True
    )
    assert [isinstance(each, CommandError) and each.code for each in refused] == [ErrorCode.DEGRADED] * 3
    assert tries == 1


async def test_pages_come_from_memory_too(searching: Searching) -> None:
    """The same pages, one after the other, of another deal: nothing is read for them."""
    ours, answers = sharing(searching)
    deal = await searching.deal()
    pages: dict[str, list[list[Any]]] = {}
    for each in (deal, replace(deal, id="a")):
        search_id = await ours.begin(each, limit=40)
        for page in (1, 2):
            token = of_kind(await ours.heard(each, "search_ended", page), "search_ended")[-1]["next"]
            await ours.service.more(more_of(each, search_id, token))
        events = await ours.heard(each, "search_ended", 3)
        pages[each.id] = [
            [
                event.get(name)
                for name in ("type", "chunk", "rows", "columns", "matched", "scanned", "rejected")
            ]
            for event in events
        ]
    assert pages[deal.id] == pages["a"]
    assert (answers.misses, answers.hits) == (3, 3)


async def test_an_older_answer_is_given_when_postgres_fails(searching: Searching) -> None:
    """If one is kept; its trace says so, and whoever is to tell people is told. Else it is refused."""
    told: list[str] = []
    ours, answers = sharing(searching, told_stale=told.append)
    deal = await searching.deal()
    await ours.begin(deal, limit=40)
    before = of_kind(await ours.heard(deal, "search_ended"), "matches")
    answers.versions.missed()

    async def unreachable(_day: object, **_how: object) -> None:
        raise ConnectionRefusedError

    ours.service._runs._answering._editions.in_force = unreachable  # type: ignore[method-assign, assignment]
    await ours.begin(deal, limit=40)
    events = await ours.heard(deal, "search_ended", 2)
    await ours.service.hand_over()
    later = [event for event in of_kind(events, "matches") if event["search_id"] == events[-1]["search_id"]]
    assert [event["columns"] for event in later] == [event["columns"] for event in before]
    assert events[-1]["trace"]["stale"] == 1
    assert (told, answers.stale_hits) == ([channel_of(deal)], 1)
    with pytest.raises(CommandError) as caught:
        await ours.begin(deal, limit=41)
    assert caught.value.code is ErrorCode.DEGRADED


async def test_a_decision_that_is_not_heard_yet_is_found(searching: Searching) -> None:
    """The log has a later decision than the deal in memory accounts for: the deal is read, and so is the
    stock if it asks something else.
    """
    ours, answers = sharing(searching)
    deal = await searching.deal()
    channel = channel_of(deal)
    await ours.begin(deal, limit=40)
    await ours.heard(deal, "search_ended")
    head = await searching.log.head(channel)
    await searching.log.set_base(channel, head.epoch, deal.last_no)
    await searching.log.decide(
        channel, deal.last_no + 1, {"type": "note_added", "id": "n", "text": "", "by": {}}
    )
    await ours.begin(deal, limit=40)
    ended = await ours.ended(deal, 2)
    assert ended["trace"]["queries"] == 1, "the versions"
    assert ended["trace"]["cached"] == ended["matched"]
    assert (answers.misses, answers.hits) == (1, 2)
