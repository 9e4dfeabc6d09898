"""A search that a decision outdated is begun anew, once, and never in the place of a newer one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from redis.exceptions import RedisError

from protocol.records import Filters
from server.database.deals.deals import Deal
from server.hub.upkeep.search_repeats import SearchRepeats
from tests.flow.searches.searching import Searching, channel_of, of_kind

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0


@dataclass
class Deals:
    """The deal as it stands."""

    deal: Deal

    async def anyones(self, _channel: str) -> Deal | None:
        return self.deal


@asynccontextmanager
async def repeating(searching: Searching, deal: Deal) -> AsyncIterator[SearchRepeats]:
    """What repeats the searches of a deal that stands so; on exit it has done what it was told."""
    known: Any = Deals(deal)
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        yield SearchRepeats(searching.log.searches, known, searching.service, tasks)


async def searched(searching: Searching, **more: Any) -> Deal:
    """Return a deal that was searched, and whose search a decision then outdated."""
    deal = await searching.deal()
    head = await searching.log.head(channel_of(deal))
    await searching.log.set_base(channel_of(deal), head.epoch, 0)
    await searching.begin(deal, limit=5, **more)
    await searching.ended(deal)
    event = {"type": "deal_changed", "version": deal.version + 1, "changes": {}}
    await searching.log.decide(channel_of(deal), 1, event, outdates=True)
    return replace(deal, version=deal.version + 1, last_no=1)


async def is_outdated(searching: Searching, deal: Deal) -> bool:
    """Return whether the log says that the search must be repeated."""
    (pulse,) = await searching.log.beat([channel_of(deal)], overdue_ms=0, lost_before_ms=0)
    return pulse.outdated


async def test_the_last_search_is_repeated_as_it_was(searching: Searching) -> None:
    """Its filters, order and limit, with the terms of now; told twice, it is repeated once."""
    deal = await searched(searching, filters=Filters(year_min=2019))
    assert await is_outdated(searching, deal)
    async with repeating(searching, deal) as repeats:
        repeats.look(channel_of(deal))
        repeats.look(channel_of(deal))
    begun = of_kind(await searching.heard(deal, "search_started", 2), "search_started")
    assert [event["deal_version"] for event in begun] == [deal.version - 1, deal.version]
    assert begun[1]["filters"]["year_min"] == 2019
    assert not await is_outdated(searching, deal)
    await searching.ended(deal, 2)
    async with repeating(searching, deal) as repeats:
        repeats.look(channel_of(deal))
    assert len(of_kind(await searching.events(deal), "search_started")) == 2


async def test_a_newer_search_is_left_alone(searching: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody searches for something else while the last search is being looked up."""
    deal = await searched(searching)
    search, newer = searching.log.searches.current, ""

    async def search_and_begin(channel: str) -> Any:
        nonlocal newer
        found = await search(channel)
        if not newer:
            newer = await searching.begin(deal, limit=5, filters=Filters(year_min=2021))
        return found

    monkeypatch.setattr(searching.log.searches, "current", search_and_begin)
    async with repeating(searching, deal) as repeats:
        repeats.look(channel_of(deal))
    await searching.ended(deal, 2)
    state = await search(channel_of(deal))
    assert state is not None
    assert (state.search_id, state.filters.year_min) == (newer, 2021)


async def test_what_cannot_be_searched_leaves_the_last_search(searching: Searching) -> None:
    """The decision stands, and nobody is told again and again that its search is outdated. A decision that
    another process published meanwhile is still to be searched with.
    """
    deal = await searched(searching)
    abroad = replace(deal.customer, state="ZZ")
    untaxed = msgspec.structs.replace(deal.structure, tax_rate_bp=None)
    for last_no in (0, 1):
        assert await is_outdated(searching, deal)
        known = replace(deal, customer=abroad, structure=untaxed, last_no=last_no)
        async with repeating(searching, known) as repeats:
            repeats.look(channel_of(deal))
    assert len(of_kind(await searching.events(deal), "search_started")) == 1
    assert not await is_outdated(searching, deal)


async def test_an_outage_leaves_it_to_the_heartbeat(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log keeps in mind that the search must be repeated."""
    deal = await searched(searching)

    async def fail(*_: Any, **__: Any) -> Any:
        raise RedisError("away")

    with monkeypatch.context() as away:
        away.setattr(searching.log.searches, "begin_search", fail)
        async with repeating(searching, deal) as repeats:
            repeats.look(channel_of(deal))
    assert len(of_kind(await searching.events(deal), "search_started")) == 1
    assert await is_outdated(searching, deal)
    async with repeating(searching, deal) as repeats:
        repeats.look(channel_of(deal))
    await searching.heard(deal, "search_started", 2)
