"""Quotes over the wire: they agree with the offers, keep to their view, and change no deal."""

import asyncio
from contextlib import AsyncExitStack

import msgspec
import pytest
from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Roll
from protocol.deal.structure import StructureChanges
from protocol.events import Matches, Offers, OfferSelected, SearchValued
from protocol.money.pricing import Vary
from protocol.money.values import QuoteValue
from protocol.records import DealKind, Scope, View
from server.database.core.pool import connect_as_owner
from server.database.people.staff import StaffError, set_score_edges, set_steps
from server.hub.sight.floor_guard import MARGIN_CENTS, FloorGuard
from server.hub.sight.sight import coarse_npv, score_of
from server.settings import Settings
from tests.flow.current import heard
from tests.flow.deals.figures.quoted import a_car, joined
from tests.flow.shop import EASY, events_until

pytestmark = pytest.mark.flow

TRANSFER = ("store_id", "transfer_cost_cents", "transfer_days")
NORTHGATE = {("northgate", 225_00, 2)}

QUOTED = 25
"""Cars that are quoted one by one: within a connection's pace."""


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_quote_is_the_offer_to_the_cent(stocked: Settings, web_url: str, scope: Scope) -> None:
    """What the list shows of a car is what its quote says, and the quote's frontier holds it; of another
    store's cars too, whose transfer the list tells.
    """
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        await deal.terms(msgspec.structs.replace(EASY, scope=scope))
        await deal.search(limit=100)
        events = await events_until(deal, lambda event: isinstance(event, SearchValued))
        matches = next(event for event in events if isinstance(event, Matches)).columns
        transfers = zip(*(matches[name] for name in TRANSFER), strict=True)
        assert set(transfers) == {("riverside", 0, 0)} | (NORTHGATE if scope is Scope.GROUP else set())
        columns = next(event for event in events if isinstance(event, Offers)).columns
        offers = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        assert any(offer["payment_cents"] is not None for offer in offers[:QUOTED])
        for offer in offers[:QUOTED]:
            quote = await deal.quote(offer["vehicle_id"])
            assert (quote.rev, quote.eligible) == (offer["rev"], offer["kind"] is not None)
            assert quote.binding == offer["binding"]
            if offer["kind"] == DealKind.CASH:
                assert quote.cash.out_the_door_cents == offer["out_the_door_cents"]
                assert quote.cash.value.npv_cents == offer["npv_cents"]
            if offer["kind"] != DealKind.FINANCE:
                continue
            same = ("payment_cents", "term_months", "rate_bp", "cash_down_cents", "discount_cents", "lender")
            assert {name: getattr(quote, name) for name in same} == {name: offer[name] for name in same}
            assert quote.value is not UNSET
            assert quote.value.npv_cents == offer["npv_cents"] == sum(quote.value.parts.values())
        frontier = await deal.frontier(offer["vehicle_id"])
        assert len(frontier.points) == (offer["frontier"] or 0)
        assert frontier.reversals == sum(point.passed_by for point in frontier.points)


async def test_found_cash_and_columns_go_in_the_stores_steps(stocked: Settings, web_url: str) -> None:
    """In offers, quotes and grids of an open deal, also after the store has changed them; a step of a cent
    finds cash to the cent.
    """
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        await deal.terms(
            StructureChanges(cash_down_cents=123_45, payment_min_cents=0, payment_max_cents=450_00)
        )
        await deal.search(limit=30)
        await events_until(deal, lambda event: isinstance(event, SearchValued))
        most = deal.state.structure["cash_down_max_cents"]
        found = {row.offer["cash_down_cents"]: row.vehicle_id for row in deal.rows.values() if row.offer}
        found = {cash: car for cash, car in found.items() if cash not in {None, 123_45, most}}
        assert found
        assert {cash % 50_00 for cash in found} == {0}
        cash, car = next(iter(found.items()))
        quote = await deal.quote(car)
        assert (quote.cash_down_cents, quote.grid.step_cents) == (cash, 500_00)
        columns = quote.grid.cash_down_cents
        assert {123_45, most, cash} <= set(columns)
        assert {amount % 500_00 for amount in set(columns) - {123_45, most, cash}} == {0}
        assert max(quote.grid.cash_down_cents) > most
        async with connect_as_owner(stocked.database_owner_url) as owner:
            await set_steps(owner, "riverside", cash_cents=1, grid_cents=1_000_00)
            with pytest.raises(StaffError, match="cash-step-cents"):
                await set_steps(owner, "riverside", cash_cents=0, grid_cents=None)
            with pytest.raises(StaffError, match="store"):
                await set_steps(owner, "nowhere", cash_cents=1, grid_cents=None)
        async with asyncio.timeout(60):
            while (again := await deal.quote(car)).grid.step_cents != 1_000_00:  # noqa: ASYNC110 - no event tells of a store's settings
                await asyncio.sleep(0.1)
        assert cash - 50_00 < again.cash_down_cents <= cash


async def test_a_store_that_keeps_its_npvs_shows_scores(stocked: Settings, web_url: str) -> None:
    """In rows, quotes, pencil cells, frontiers and selected offers; the manager's view has the amounts."""
    edges = (0, 50_000, 150_000, 300_000)
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await set_score_edges(owner, "riverside", edges)
        floor, key = await owner.fetchrow(
            "SELECT npv_floor_cents, guard_key FROM stores WHERE store_id = 'riverside'"
        )
    async with AsyncExitStack() as stack:
        _, desk = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        _, sales = await joined(stack, web_url, stocked, "riverside-sales", View.SALES)
        await desk.terms(EASY)
        await desk.search(limit=30)
        for deal in (desk, sales):
            await events_until(deal, lambda event: isinstance(event, SearchValued))
        guard = FloorGuard(floor, str(key))

        def shown_score(npv: int, car: str) -> int:
            return score_of(npv - guard.margin_cents(car), edges)

        priced = [row for row in desk.rows.values() if row.offer and row.offer["kind"] == DealKind.FINANCE]
        cars = [row.vehicle_id for row in priced if row.offer["npv_cents"] >= floor + MARGIN_CENTS]
        for row in priced:
            if row.offer["npv_cents"] < guard.floor_cents(row.vehicle_id):
                assert sales.rows[row.vehicle_id].offer["payment_cents"] is None
        assert len({score_of(desk.rows[car].offer["npv_cents"], edges) for car in cars}) > 1
        for car in cars:
            seen = sales.rows[car].offer
            assert seen["score"] == shown_score(desk.rows[car].offer["npv_cents"], car)
            assert not {"npv_cents", "stress_npv_cents"} & set(seen)
        full, scored = await desk.quote(cars[0]), await sales.quote(cars[0])
        assert scored.value == QuoteValue(score=shown_score(full.value.npv_cents, cars[0]))
        assert scored.grid.npv_cents is UNSET
        cells = [
            (npv, score)
            for row in zip(full.grid.npv_cents, scored.grid.score, strict=True)
            for npv, score in zip(*row, strict=True)
        ]
        edge = guard.floor_cents(cars[0])
        assert [score for _, score in cells] == [
            None if npv is None or npv < edge else shown_score(npv, cars[0]) for npv, _ in cells
        ]
        points = (await sales.frontier(cars[0])).points
        assert all(point.npv_cents is UNSET and 1 <= point.score <= 5 for point in points)
        await sales.desk.select(cars[0])
        await events_until(sales, lambda event: isinstance(event, OfferSelected))
        assert (sales.state.selected.score, sales.state.selected.npv_cents) == (scored.value.score, UNSET)


async def test_what_a_view_sees_of_a_quote(stocked: Settings, web_url: str) -> None:
    """A salesperson sees the total value, a customer what is printed; hidden terms cannot be asked with."""
    car = await a_car(stocked)
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        _, sales = await joined(stack, web_url, stocked, "riverside-sales", View.SALES)
        _, turned = await joined(stack, web_url, stocked, "riverside-sales", View.CUSTOMER)
        await deal.terms(EASY)
        roll = Roll(vary=Vary.CASH_DOWN, payment_cents=20_000)
        full = await deal.quote(car, terms_months=[60, 72], cash_down_cents=[0, 500_000], roll=roll)
        seen = await sales.quote(car, terms_months=[60, 72], cash_down_cents=[0, 500_000], roll=roll)
        printed = await turned.quote(car, terms_months=[60, 72], cash_down_cents=[0, 500_000], roll=roll)
        assert full.eligible
        assert full.value.parts
        assert seen.value.npv_cents == coarse_npv(full.value.npv_cents)
        assert seen.value.parts is seen.value.monthly_cash_cents is UNSET
        brings_cash = "interest" in full.value.parts
        assert (full.value.monthly_cash_cents is not UNSET) is brings_cash
        rounded = [[npv if npv is None else coarse_npv(npv) for npv in row] for row in full.grid.npv_cents]
        assert seen.grid == msgspec.structs.replace(full.grid, npv_cents=rounded)
        assert printed.value is printed.lender is printed.binding is printed.grid.npv_cents is UNSET
        assert printed.schedule == full.schedule
        assert printed.taxes == full.taxes
        assert printed.grid.payment_cents == full.grid.payment_cents
        # A customer's screen asks with the floor of the car's margin: another question.
        assert full.pencil_id == seen.pencil_id != printed.pencil_id
        assert full.roll.reached
        assert "cash_down_max_cents" in full.roll.changes
        assert "cash_down_max_cents" not in printed.roll.changes
        cell = StructureChanges(term_months=60, cash_down_cents=500_000, cash_down_max_cents=500_000)
        kept = await turned.quote(car, cell, keep_offer=True)
        assert kept.payment_cents == printed.grid.payment_cents[0][1]
        assert kept.total_of_payments_cents == printed.grid.total_of_payments_cents[0][1]
        assert printed.grid.lenders is printed.grid.programme_id is printed.grid.lender is UNSET
        named = {"programme_id": full.programme_id, "lender": full.lender, "rate_bp": full.rate_bp}
        assert named in [codec.plain(each) for each in seen.grid.lenders]
        with pytest.raises(CommandError) as refused:
            await sales.quote(car, StructureChanges(trade_acv_cents=1))
        assert (refused.value.code, refused.value.detail) == (
            ErrorCode.FORBIDDEN,
            {"field": "trade_acv_cents"},
        )


async def test_a_quote_changes_nothing(stocked: Settings, web_url: str) -> None:
    """Changes that come with a quote are the asker's own: the deal stands as it stood."""
    car = await a_car(stocked)
    async with AsyncExitStack() as stack:
        _, deal = await joined(stack, web_url, stocked, "riverside-manager", View.MANAGER)
        before = await deal.terms(EASY)
        await heard(deal, lambda state: state.version == before)
        plain = await deal.quote(car)
        other = await deal.quote(car, StructureChanges(cash_down_cents=1_000_000))
        more_cash = other.cash_down_cents - plain.cash_down_cents
        assert more_cash > 0
        assert other.principal_cents == plain.principal_cents - more_cash
        assert other.pencil_id != plain.pencil_id
        assert (await deal.quote(car)).pencil_id == plain.pencil_id
        assert deal.state.version == before
