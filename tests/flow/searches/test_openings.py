"""What would open the cars that a search keeps out: its numbers are those of the search that follows."""

from collections import Counter
from typing import Any

import pytest

from protocol.records import Filters
from server.database.deals.deals import Deal
from server.search.sql import outside
from tests.flow.searches.searching import Searching

pytestmark = pytest.mark.flow

HARD: dict[str, Any] = {
    "payment_max_cents": 450_00,
    "cash_down_cents": 1_000_00,
    "cash_down_max_cents": 2_000_00,
    "terms_months": [48, 60],
}


async def whole(searching: Searching, deal: Deal, round_: int, **more: Any) -> dict[str, Any]:
    """Search all there is and return the end of it."""
    await searching.begin(deal, limit=20_000, **more)
    return await searching.ended(deal, round_)


def opened(ended: dict[str, Any], column: str) -> Counter[int]:
    """Return the cars that each step opens, of all limits together."""
    found: Counter[int] = Counter()
    for each in ended["rejected"]:
        found.update({step: cars for step, cars in each[column]})  # noqa: C416 - pairs come as lists
    return found


async def test_cash_and_terms_open_as_many_cars_as_they_say(searching: Searching) -> None:
    """Brute force: each change is applied and searched again. Terms over every car of the store; cash over
    those that no lessor takes, because what more cash leases is not counted.
    """
    older = Filters(year_max=2023)
    before = await whole(searching, await searching.deal(**HARD), 1, filters=older)
    ended = await whole(searching, await searching.deal(**HARD), 2)
    assert not any(each["at_least"] for each in (*before["rejected"], *ended["rejected"]))
    cash, terms = opened(before, "cash_steps"), opened(ended, "term_opens")
    assert len(cash) > 10
    assert len(terms) >= 2
    searches = 2
    for step in sorted(cash)[:: max(1, len(cash) // 5)]:
        more = HARD | {"cash_down_max_cents": HARD["cash_down_max_cents"] + step}
        searches += 1
        again = await whole(searching, await searching.deal(**more), searches, filters=older)
        says = sum(cars for at, cars in cash.items() if at <= step)
        assert again["matched"] - before["matched"] == says, step
    for term, cars in terms.items():
        more = HARD | {"terms_months": sorted([*HARD["terms_months"], term])}
        searches += 1
        again = await whole(searching, await searching.deal(**more), searches)
        assert again["matched"] - ended["matched"] == cars, term


async def test_all_cars_of_the_filters_are_matched_or_counted(searching: Searching) -> None:
    """Also those outside the price window; and if no lender takes the deal, those that were not read."""
    deal, filters = await searching.deal(**HARD), Filters(year_min=2015)
    async with searching.pool.acquire() as database:
        cars = await database.fetchval(
            "SELECT count(*) FROM vehicles WHERE store_id = $1 AND status = 'available' AND year >= 2015",
            deal.store_id,
        )
    ended = await whole(searching, deal, 1, filters=filters)
    assert ended["matched"] + sum(each["cars"] for each in ended["rejected"]) == cars
    nobody = await searching.deal(**HARD | {"terms_months": [7]})
    ended = await whole(searching, nobody, 2, filters=filters)
    assert [(each["limit"], each["cars"], each["at_least"]) for each in ended["rejected"]] == [
        ("term", cars, False)
    ]


async def test_a_search_that_did_not_look_at_all_says_at_least(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that reached its limit, and one with more cars outside the price window than are read."""
    deal = await searching.deal(**HARD)
    await searching.begin(deal, limit=5)
    ended = await searching.ended(deal, 1)
    assert ended["reason"] == "limit"
    assert all(each["at_least"] for each in ended["rejected"])
    monkeypatch.setattr(outside, "DEARER_CARS", 3)
    ended = await whole(searching, await searching.deal(**HARD), 2)
    assert ended["reason"] == "complete"
    assert ended["rejected"]
    assert all(each["at_least"] for each in ended["rejected"])
