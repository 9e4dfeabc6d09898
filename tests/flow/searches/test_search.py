"""A search over real Postgres and Redis: what watchers hear, pages, supersession, failures."""

import asyncio
import uuid
from collections import Counter
from typing import Any

import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.events import MATCH_COLUMNS
from protocol.records import BasisPoints, Filters, Scope, Sort, Tier
from server.database.deals.deals import Deal
from server.database.sample.seed import VERSION
from server.finance.versions import ENGINE_VERSION
from server.search.paging import first_rows
from server.search.paging.requests import MoreRequest
from server.search.sql.cursor import FIRST_CHUNK
from tests.flow.searches.searching import STOCK, Searching, channel_of, column, of_kind

pytestmark = pytest.mark.flow


def more_of(deal: Deal, search_id: str, token: str, op: uuid.UUID | None = None) -> MoreRequest:
    return MoreRequest(
        channel=channel_of(deal), op=op or uuid.uuid4(), deal=deal, search_id=search_id, token=token
    )


async def test_a_search_streams_the_whole_stock_in_order(searching: Searching) -> None:
    """Started, matches in growing chunks in the order asked for, ended complete with every car accounted."""
    deal = await searching.deal()
    search_id = await searching.begin(deal, limit=20_000)
    events = await searching.heard(deal, "search_ended")
    started, *chunks, ended = events
    assert started["type"] == "search_started"
    assert {event["search_id"] for event in events} == {search_id}
    assert [chunk["chunk"] for chunk in chunks] == list(range(len(chunks)))
    assert chunks[0]["rows"] <= FIRST_CHUNK
    prices = column(chunks, "price_cents")
    assert prices == sorted(prices)
    assert set(chunks[0]["columns"]) == set(MATCH_COLUMNS)
    matched, rejected = len(prices), sum(item["cars"] for item in ended["rejected"])
    assert (ended["reason"], ended["matched"], ended["next"]) == ("complete", matched, None)
    assert ended["scanned"] == matched + rejected
    assert matched > 100
    assert {
        "pool_wait",
        "db_first_row",
        "db_total",
        "screen",
        "publish",
        "queries",
        "rows_read",
        "jobs",
    } <= set(ended["trace"])
    assert await searching.queue.length() == len(chunks) == ended["trace"]["jobs"]


@pytest.mark.parametrize("sort", list(Sort))
async def test_pages_are_the_whole(searching: Searching, sort: Sort) -> None:
    """Page after page by token finds the same cars, in the same order, as one search without a limit."""
    deal = await searching.deal(scope=Scope.GROUP)
    filters = Filters(year_min=2021)
    await searching.begin(deal, limit=20_000, sort=sort, filters=filters)
    whole = column(of_kind(await searching.heard(deal, "search_ended"), "matches"), "vehicle_id")
    paged = await searching.deal(scope=Scope.GROUP)
    search_id = await searching.begin(paged, limit=90, sort=sort, filters=filters)
    pages = 0
    while True:
        pages += 1
        events = await searching.heard(paged, "search_ended", pages + 1)
        ended = of_kind(events, "search_ended")[-1]
        if ended["next"] is None:
            break
        assert ended["reason"] == "limit"
        assert await searching.service.more(more_of(paged, search_id, ended["next"])) == search_id
    matches = [event for event in of_kind(events, "matches") if event["search_id"] == search_id]
    assert column(matches, "vehicle_id") == whole
    assert pages == -(-len(whole) // 90)
    assert [event["chunk"] for event in matches] == list(range(len(matches)))
    assert (ended["matched"], ended["chunks"]) == (len(whole), len(matches))


async def test_the_limit_counts_matches(searching: Searching) -> None:
    """A page has exactly as many matches as asked for, however many cars were read."""
    deal = await searching.deal(tier=Tier.SUBPRIME)
    await searching.begin(deal, limit=21)
    events = await searching.heard(deal, "search_ended")
    ended = of_kind(events, "search_ended")[-1]
    assert (ended["reason"], ended["matched"]) == ("limit", 21)
    assert ended["scanned"] == 21 + sum(item["cars"] for item in ended["rejected"])


async def test_a_token_is_good_once_and_only_for_its_search(searching: Searching) -> None:
    """Used: conflict. Of another search, or no token: invalid. The same op again: the first answer."""
    deal = await searching.deal()
    search_id = await searching.begin(deal, limit=10)
    token = (await searching.ended(deal))["next"]
    op = uuid.uuid4()
    assert await searching.service.more(more_of(deal, search_id, token, op)) == search_id
    await searching.heard(deal, "search_ended", 2)
    assert await searching.service.more(more_of(deal, search_id, token, op)) == search_id
    for wrong, code in (
        (token, ErrorCode.CONFLICT),
        ("nonsense", ErrorCode.INVALID),
        ("é", ErrorCode.INVALID),
    ):
        with pytest.raises(CommandError) as caught:
            await searching.service.more(more_of(deal, search_id, wrong))
        assert (caught.value.code, caught.value.detail["field"]) == (code, "token")
    await searching.begin(deal, limit=10)
    with pytest.raises(CommandError) as caught:
        await searching.service.more(more_of(deal, search_id, token))
    assert caught.value.code is ErrorCode.SUPERSEDED


async def test_a_repeated_op_searches_once(searching: Searching) -> None:
    """The same op again answers the first id, and nothing more is heard."""
    deal = await searching.deal()
    op = uuid.uuid4()
    first = await searching.begin(deal, op=op)
    before = await searching.heard(deal, "search_ended")
    assert await searching.begin(deal, op=op) == first
    await searching.service.hand_over()
    assert await searching.events(deal) == before


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
    publish, read_first = searching.log.searches.matches, first_rows.fetch_first
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
    monkeypatch.setattr(first_rows, "fetch_first", read_when_told)
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


async def test_filters_and_text_choose_cars(searching: Searching) -> None:
    """Makes and words narrow the matches; wildcards in the text are no wildcards."""
    deal = await searching.deal()
    await searching.begin(deal)
    matches = of_kind(await searching.heard(deal, "search_ended"), "matches")
    make, model = column(matches, "make")[0], column(matches, "model")[0]
    await searching.begin(
        deal, filters=Filters(makes=[make], text=f"{model.split()[0].lower()} {make.upper()}")
    )
    events = await searching.heard(deal, "search_ended", 2)
    last = [event for event in of_kind(events, "matches") if event["search_id"] == events[-1]["search_id"]]
    assert set(column(last, "make")) == {make}
    assert len(column(last, "vin")) < len(column(matches, "vin"))
    await searching.begin(deal, filters=Filters(text="%"))
    assert (await searching.ended(deal, 3))["matched"] == 0


async def test_why_no_car_fits_is_said(searching: Searching) -> None:
    """With a rate that no lender offers, and no cash, no older car matches, and the limit is named."""
    deal = await searching.deal(rate_bp=BasisPoints(9_000), cash_down_max_cents=0, trade_allowance_cents=0)
    # No lessor takes an older car.
    await searching.begin(deal, filters=Filters(year_max=2023))
    ended = await searching.ended(deal)
    assert (ended["matched"], [item["limit"] for item in ended["rejected"]]) == (0, ["rate"])
    tight = await searching.deal(cash_down_max_cents=0, payment_max_cents=30_000)
    await searching.begin(tight, limit=20_000)
    ended = await searching.ended(tight, 2)
    counts = Counter({item["limit"]: item["cars"] for item in ended["rejected"]})
    assert ended["scanned"] == ended["matched"] + counts.total()


async def test_so_much_more_cash_opens_so_many_cars(searching: Searching) -> None:
    """The cash that is named for a limit, once the customer has it, opens at least the cars that it counts;
    those too dear to be read at first are among them.
    """
    terms = {"payment_max_cents": 30_000, "cash_down_max_cents": 100_000}
    await searching.begin(await searching.deal(**terms), limit=20_000)
    tight = await searching.deal(**terms)
    before = await searching.ended(tight)
    limits = {item["limit"]: item for item in before["rejected"]}
    fix = limits["payment_max"]["fix"]
    assert fix["kind"] == "cash"
    assert limits["payment_max"]["cars"] >= fix["opens"] > 0
    wider = await searching.deal(**terms | {"cash_down_max_cents": 100_000 + fix["cash_cents"]})
    await searching.begin(wider, limit=20_000)
    after = await searching.ended(wider, 2)
    assert after["matched"] >= before["matched"] + fix["opens"]


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


async def test_a_search_says_what_it_is_computed_with(searching: Searching) -> None:
    """The planner's guess of the rows to read, the filters, and the versions in force."""
    deal = await searching.deal()
    filters = Filters(year_min=2020)
    await searching.begin(deal, limit=5, filters=filters)
    started = (await searching.heard(deal, "search_started"))[0]
    assert 0 < started["estimate"] <= STOCK.vehicles
    assert started["filters"]["year_min"] == 2020
    assert started["versions"] == {
        "inventory": str(await searching.stock_version(deal)),
        "rates": VERSION,
        "tax": VERSION,
        "risk": VERSION,
        "engine": ENGINE_VERSION,
        "limits": VERSION,
        # No line of the deal names a product.
        "products": None,
        "leases": VERSION,
    }
