"""Repeated searches over two web processes while cars are repriced, sold and added, and while these processes
lose the bells of Redis: every screen follows.
"""

import asyncio
from collections import defaultdict
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from client import Deal, Refreshed
from client.rows import ValueState
from protocol.events import Event, Matches, SearchEnded, SearchValued
from server.database.core.pool import connect_as_owner
from server.database.deals.deals import load_deal
from server.settings import Settings
from tests.flow.current import GUARD_SECONDS, keep_current
from tests.flow.desk import seen
from tests.flow.searches.searching import open_searching
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import free_port, start_together

pytestmark = pytest.mark.flow

ROUNDS = 8
BELLS_LOST = 1, 2, 5, 6
LIMITS = 60, 80
CHANGES = (
    "UPDATE vehicles SET price_cents = price_cents + 100 WHERE vehicle_id IN (SELECT vehicle_id FROM vehicles"
    " WHERE store_id = 'riverside' AND status = 'available' ORDER BY price_cents OFFSET 5 LIMIT 20)",
    "UPDATE vehicles SET status = 'sold' WHERE vehicle_id IN (SELECT vehicle_id FROM vehicles"
    " WHERE store_id = 'riverside' AND status = 'available' ORDER BY price_cents OFFSET 9 LIMIT 1)",
    "UPDATE vehicles SET status = 'available' WHERE store_id = 'riverside' AND status = 'sold'",
)
ADD = (
    "INSERT INTO vehicles (store_id, group_id, vin, stock_no, is_new, year, make, model, trim, body, mileage,"
    " price_cents, cost_cents, stocked_on)"
    " SELECT store_id, group_id, left(vin, 11) || lpad($1::text, 6, '0'), 'added ' || $1, is_new, year, make,"
    " model, trim, body, mileage, price_cents, cost_cents, stocked_on"
    " FROM vehicles WHERE store_id = 'riverside' AND status = 'available' ORDER BY price_cents LIMIT 1"
)


async def follow(deal: Deal, revs: dict[tuple[str, str], list[int]]) -> None:
    """Note the rev of each car on a screen after each event, by search and car."""
    async for delivery in deal:
        assert not isinstance(delivery, Refreshed)
        search = deal.search_state
        if search is not None:
            for car, row in deal.rows.items():
                told = revs[search.search_id, car]
                if not told or told[-1] != row.rev:
                    told.append(row.rev)


async def lose_bells(redis: Redis) -> None:
    """Close the connections on which bells are heard: until the next ones, events ring for nobody."""
    await redis.client_kill_filter(_type="pubsub")


async def reprice(owner: asyncpg.Connection, redis: Redis, deals: list[Deal]) -> dict[str, int]:
    """Change prices that are shown while the bells are lost; return the newest rev of each car that is shown,
    once every screen has it.
    """
    await asyncio.gather(owner.execute(CHANGES[0]), lose_bells(redis))
    asked = "SELECT vehicle_id::text, rev FROM vehicles WHERE vehicle_id::text = ANY($1)"
    newest = dict(await owner.fetch(asked, list(deals[0].rows)))
    for deal in deals:
        async with asyncio.timeout(GUARD_SECONDS):
            while any(row.rev < newest.get(car, row.rev) for car, row in deal.rows.items()):
                await anext(deal)
    return newest


async def test_screens_follow_while_searches_repeat(stocked: Settings, redis: Redis, tmp_path: Path) -> None:
    """No search shows an older price of a car after a newer one, whichever bells are lost, and nor does the
    next one, where a newer price was shown; at the end, every screen shows what Postgres has, and a search
    from memory is row by row one that was read anew, offers included.
    """
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with (
        start_together(stocked, tmp_path, free_port()) as [here, there],
        connect(here.url, token) as one,
        connect(there.url, token) as two,
        connect_as_owner(stocked.database_owner_url) as owner,
        open_searching(stocked) as anew,
    ):
        deals = [keep_current(await each.join(channel), stocked) for each in (one, two)]
        await deals[0].terms(EASY)
        await seen(deals[1], lambda deal: deal.version > 0)
        revs: list[dict[tuple[str, str], list[int]]] = [defaultdict(list), defaultdict(list)]
        following = [asyncio.create_task(follow(*pair)) for pair in zip(deals, revs, strict=True)]
        for number in range(ROUNDS):
            await asyncio.gather(
                deals[number % 2].search(limit=LIMITS[number // 2 % 2]),
                owner.execute(CHANGES[number % len(CHANGES)]),
                *([lose_bells(redis)] if number in BELLS_LOST else []),
            )
            if number % 3 == 0:
                await owner.execute(ADD, str(number))
                await deals[1 - number % 2].search(limit=LIMITS[number // 2 % 2])
        for task in following:
            task.cancel()
        done = await asyncio.gather(*following, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in done), done
        for screen in revs:
            assert all(told == sorted(told) for told in screen.values())
        await _ended_valued(deals, await deals[0].search(limit=LIMITS[0]))
        for deal in deals:
            newest = await reprice(owner, redis, deals)
            await deal.search(limit=LIMITS[0])
            heard = [await events_until(each, lambda one: isinstance(one, SearchEnded)) for each in deals]
            for matches in (event for events in heard for event in events if isinstance(event, Matches)):
                for car, rev in zip(matches.columns["vehicle_id"], matches.columns["rev"], strict=True):
                    assert rev >= newest.get(car, rev)
        await _ended_valued(deals, await deals[0].search(limit=LIMITS[0]))
        await owner.execute(ADD, "99")
        while not any(row.match["stock_no"] == "added 99" for row in deals[0].rows.values()):
            await _ended_valued(deals, await deals[0].search(limit=LIMITS[0]))
        again = await _ended_valued(deals, await deals[0].search(limit=LIMITS[0]))
        assert again.trace["cached"] == again.matched == LIMITS[0]
        from_memory = [dict(deal.rows) for deal in deals]
        stored = await load_deal(owner, channel.removeprefix("deal:"))
        assert stored is not None
        read = await _ended_valued(deals, await anew.begin(stored, limit=LIMITS[0]))
        assert "cached" not in read.trace
        assert [dict(deal.rows) for deal in deals] == from_memory
        assert all(row.value is ValueState.VALUED for row in from_memory[0].values())
        assert any(row.match["stock_no"].startswith("added") for row in from_memory[0].values())
        assert all("bus_broken" in web.output() for web in (here, there))


async def _ended_valued(deals: list[Deal], search_id: str) -> SearchEnded:
    """Follow a search on every screen until all of its cars are valued; return how it ended."""
    ends: list[SearchEnded] = []

    def valued(event: Event) -> bool:
        if isinstance(event, SearchEnded) and event.search_id == search_id:
            ends.append(event)
        return isinstance(event, SearchValued) and event.search_id == search_id

    for deal in deals:
        await events_until(deal, valued)
    return ends[0]
