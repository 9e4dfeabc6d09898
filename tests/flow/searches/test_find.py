"""Any car of the stock is found by stock number, VIN or words, whether it fits the deal or not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.records import Scope, View
from server.database.core.pool import connect_as_owner, open_pool
from server.database.core.scope import StoreScopes
from server.search.sql.cursor import read_stock
from server.search.sql.finding import find_cars
from server.search.sql.query import Stock
from server.search.trace import Trace
from server.settings import Settings
from tests.flow.desk import Both
from tests.flow.searches.test_plans import TODAY
from tests.flow.shop import a_deal_of, connect, token_of
from tests.services import start_together

pytestmark = pytest.mark.flow

OWN, WHOLE = Stock("riverside", "sample-group", Scope.STORE), Stock("riverside", "sample-group", Scope.GROUP)
SECRET = {"cost_cents", "transfer_cost_cents", "floorplan_cents", "stress_npv_cents"}


@pytest.fixture
async def stores(stocked: Settings) -> AsyncIterator[StoreScopes]:
    """The application's way to the sample stores."""
    async with await open_pool(stocked) as pool:
        yield StoreScopes(pool)


async def found(stores: StoreScopes, text: str, stock: Stock = OWN, limit: int = 50) -> list[Any]:
    """Return the cars that a text finds, in order."""
    async with read_stock(stores.of("riverside"), Trace()) as reader:
        rows, _ = await find_cars(reader, stock, text, limit, today=TODAY)
    return rows


async def all_cars(settings: Settings) -> list[Any]:
    """Return every available car."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        rows: list[Any] = await owner.fetch(
            "SELECT vehicle_id::text, store_id, vin, stock_no, year, make, model, trim, price_cents"
            " FROM vehicles WHERE status = 'available' ORDER BY price_cents, vehicle_id"
        )
    return rows


async def test_every_way_to_name_a_car_finds_what_comparing_all_cars_finds(
    stores: StoreScopes, stocked: Settings
) -> None:
    """Whole and part of VIN and stock number, in any case, make and model with a year; own store or group."""
    cars = await all_cars(stocked)

    def compared(text: str, stock: Stock) -> set[str]:
        words = text.lower().split()
        years = [word for word in words if len(word) == 4 and word.isdecimal() and 1900 <= int(word) <= 2100]
        hits = set()
        for car in cars:
            if stock is OWN and car["store_id"] != "riverside":
                continue
            shown = " ".join(car[name] for name in ("make", "model", "trim", "stock_no", "vin")).lower()
            by_year = len(years) == 1 and str(car["year"]) == years[0]
            rest = [word for word in words if not (by_year and word == years[0])]
            if all(word in shown for word in words) or (by_year and all(word in shown for word in rest)):
                hits.add(car["vehicle_id"])
        return hits

    some = cars[:: len(cars) // 6]
    texts = [car["vin"] for car in some] + [car["vin"][-6:].lower() for car in some]
    texts += [car["stock_no"] for car in some] + [f"{car['year']} {car['model']}" for car in some]
    texts += ["zzqqz", "x5", "%", "_", "2021"]
    for stock in (OWN, WHOLE):
        for text in texts:
            ids = [row["vehicle_id"] for row in await found(stores, text, stock, limit=10_000)]
            assert len(ids) == len(set(ids))
            assert set(ids) == compared(text, stock), text


async def test_a_whole_stock_number_comes_first_and_the_others_by_price(
    stores: StoreScopes, stocked: Settings
) -> None:
    """However many cars share its characters; the answer says whether there are more."""
    cars = [car for car in await all_cars(stocked) if car["store_id"] == "riverside"]
    dearest = cars[-1]
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles SET stock_no = 'A1' WHERE vehicle_id = $1", int(dearest["vehicle_id"])
        )
    assert (await found(stores, "a1"))[0]["vehicle_id"] == dearest["vehicle_id"]
    prices = [row["price_cents"] for row in await found(stores, cars[0]["make"])]
    assert prices == sorted(prices)
    async with read_stock(stores.of("riverside"), Trace()) as reader:
        assert await find_cars(reader, OWN, "zzqqz", 5, today=TODAY) == ([], False)
        rows, more = await find_cars(reader, OWN, cars[0]["make"], 1, today=TODAY)
    assert (len(rows), more) == (1, True)


async def test_a_found_car_has_the_offer_that_a_search_gives_it(both: Both) -> None:
    """The same figures, for both; what a salesperson may not see is absent."""
    car = both.manager.rows[both.cars[0]].match
    for deal in (both.manager, both.sales):
        reply = await deal.find(str(car["vin"]))
        assert reply.rows == 1
        row = {name: column[0] for name, column in reply.columns.items()}
        shown = deal.rows[both.cars[0]]
        assert shown.offer
        assert row.items() >= shown.offer.items()
        # The range of payments is the search's.
        own = {name: cell for name, cell in shown.match.items() if not name.startswith("payment_")}
        assert row.items() >= own.items()
        assert row["payment_cents"] is not None
        assert {"days_in_stock", "days_supply"} <= row.keys()
        for cost in ("cost_cents", "floorplan_cents"):
            assert (deal is both.manager) == (cost in row)


async def test_a_car_that_does_not_fit_says_why_not_and_what_opens_it(both: Both) -> None:
    """With the payment so low that nothing fits, the binding limit is named, and cash as its fix."""
    before = both.manager.rows[both.cars[0]].match
    await both.sales.terms(
        StructureChanges(payment_min_cents=0, payment_max_cents=200_00, cash_down_max_cents=1_000_00)
    )
    reply = await both.sales.find(str(before["stock_no"]))
    row = {name: column[0] for name, column in reply.columns.items()}
    assert row["vehicle_id"] == both.cars[0]
    assert row["payment_cents"] is None
    assert row["binding"] == "payment_max"
    assert row["fix"]["cash_cents"] > 0
    nobody = StructureChanges(terms_months=[7], payment_max_cents=None, cash_down_max_cents=1_000_00)
    await both.sales.terms(nobody)
    reply = await both.sales.find(str(before["stock_no"]))
    assert reply.columns["binding"] == ["term"]
    assert reply.columns["fix"][0]["kind"] == "term"


async def test_customers_see_the_car_and_its_payment_alone(stocked: Settings, tmp_path: Path) -> None:
    """No reason, no value, no days in stock. A text without a word is refused; no car is an empty answer."""
    car = (await all_cars(stocked))[0]
    async with (
        start_together(stocked, tmp_path) as [web],
        connect(web.url, await token_of(stocked, "riverside-sales")) as workspace,
    ):
        deal = await workspace.join(await a_deal_of(stocked), View.CUSTOMER)
        reply = await deal.find(car["make"], limit=3)
        assert reply.rows == 3
        assert "payment_cents" in reply.columns
        hidden = {"binding", "fix", "npv_cents", "lender", "days_in_stock", "days_supply"} | SECRET
        assert not hidden & reply.columns.keys()
        with pytest.raises(CommandError) as refused:
            await deal.find("  ")
        assert (refused.value.code, refused.value.detail["field"]) == (ErrorCode.INVALID, "text")
        assert (await deal.find("no such car")).rows == 0
