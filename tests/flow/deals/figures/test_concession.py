"""All that an offer gives away counts against authority, over real processes, wherever it stands."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from client import Deal
from protocol.closing import ErrorCode
from protocol.commands import Roll
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.events import OfferSelected, SearchStarted, SearchValued
from protocol.money.pricing import Vary
from protocol.money.quotes import WarningCode
from protocol.records import DealState, Filters, Sort, View
from server.counts.distinct import Distinct
from server.database.core.pool import connect_as_owner
from server.database.people.staff import set_score_edges
from server.database.people.users import find_by_login
from server.hub.sight.floor_guard import MARGIN_CENTS, FloorGuard
from server.hub.sight.questions import MOST_QUESTIONS, QUESTIONS_SECONDS
from server.settings import Settings
from tests.flow.desk import Both, refused
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import start_web, start_worker

pytestmark = pytest.mark.flow

AUTHORITY_CENTS = 2_500_00
"""That of a sample manager; their salespeople have 500."""


@pytest.fixture
async def both(both: Both) -> Both:
    """The deal at a store that takes any gross: what is refused here is refused for what it gives away."""
    await both.run_sql("UPDATE stores SET npv_floor_cents = -100000000000")
    dearest = sorted(both.cars, key=lambda car: -both.manager.rows[car].match["price_cents"])
    return replace(both, cars=dearest)


async def advertised(both: Both, car: str) -> int:
    """Return the price of a car on the lot."""
    return int(both.manager.rows[car].match["price_cents"])


GIVEN: dict[str, Any] = {
    "price_cents": lambda price, cents: {"price_cents": price - cents},
    "discount_cents": lambda _, cents: {"discount_cents": cents},
    "trade_allowance_cents": lambda _, cents: {
        "trade_allowance_cents": 4_000_00 + cents,
        "trade_acv_cents": 4_000_00,
    },
    "rebate_cents": lambda _, cents: {"rebate_cents": cents},
}


@pytest.mark.parametrize("field", GIVEN)
async def test_authority_binds_a_dollar_wherever_it_stands(both: Both, field: str) -> None:
    """What the manager may give is approved; a cent more is refused and says what it is made of, also where
    it comes with the counter.
    """
    price = await advertised(both, both.cars[0])
    over = StructureChanges(**GIVEN[field](price, AUTHORITY_CENTS + 1))
    await both.manager.terms(over)
    await both.submitted()
    too_much = await refused(both.manager.desk.act(Action.APPROVE, Reason.EXCEPTION_GRANTED))
    assert (too_much.code, too_much.detail["field"]) == (ErrorCode.FORBIDDEN, field)
    assert too_much.detail["value"] == AUTHORITY_CENTS + 1
    assert "more than your authority of $2,500.00" in str(too_much)
    same = await refused(both.manager.desk.act(Action.COUNTER, Reason.GROSS_TOO_LOW, changes=over))
    assert (same.code, same.detail["field"]) == (ErrorCode.FORBIDDEN, field)
    within = StructureChanges(**GIVEN[field](price, AUTHORITY_CENTS))
    await both.manager.desk.act(Action.COUNTER, Reason.GROSS_TOO_LOW, changes=within)
    await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    await both.manager.desk.act(Action.APPROVE, Reason.EXCEPTION_GRANTED)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)


async def test_parts_of_a_concession_add_up(both: Both) -> None:
    """Each part within the authority, and their sum above it: not approved."""
    price = await advertised(both, both.cars[0])
    parts = {}
    for give in GIVEN.values():
        parts |= give(price, 700_00)
    await both.manager.terms(StructureChanges(**parts))
    await both.submitted()
    too_much = await refused(both.manager.desk.act(Action.APPROVE, Reason.EXCEPTION_GRANTED))
    assert (too_much.code, too_much.detail["value"]) == (ErrorCode.FORBIDDEN, 2_800_00)


async def test_a_trade_that_is_worth_nothing_is_not_approved(both: Both) -> None:
    """Above an ACV of 0 that the desk stated the allowance counts whole, until the desk states another."""
    await both.sales.terms(StructureChanges(trade_allowance_cents=6_000_00))
    await both.submitted()
    worthless = await refused(both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY))
    assert (worthless.code, worthless.detail["field"]) == (ErrorCode.FORBIDDEN, "trade_allowance_cents")
    appraised = StructureChanges(trade_acv_cents=5_800_00)
    await both.manager.desk.act(Action.COUNTER, Reason.TRADE_OVERVALUED, changes=appraised)
    await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)


async def test_products_without_a_cost_are_not_approved(both: Both) -> None:
    """They would raise the NPV that the desk decides on. The manager is warned, and states the cost."""
    free = StructureChanges(products_cents=2_000_00, products_cost_cents=0)
    await both.manager.terms(free)
    quote = await both.manager.quote(both.cars[0])
    assert WarningCode.PRODUCTS_WITHOUT_COST in {warning.code for warning in quote.warnings}
    await both.submitted()
    costless = await refused(both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY))
    assert (costless.code, costless.detail["field"]) == (ErrorCode.CONFLICT, "products_cost_cents")
    cost = StructureChanges(products_cost_cents=900_00)
    await both.manager.desk.act(Action.COUNTER, Reason.GROSS_TOO_LOW, changes=cost)
    await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)


@pytest.mark.parametrize("covered", ["NULL", "0"])
async def test_an_approval_that_covers_less_is_not_signed(both: Both, covered: str) -> None:
    """Such as one from before concessions were counted: it is submitted again."""
    await both.manager.terms(StructureChanges(discount_cents=100_00))
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    async with connect_as_owner(both.settings.database_owner_url) as owner, owner.transaction():
        assert await owner.fetchval("SELECT concession_cents FROM desk_approvals") == 100_00
        await owner.execute("ALTER TABLE desk_approvals DISABLE TRIGGER USER")
        await owner.execute(f"UPDATE desk_approvals SET concession_cents = {covered}")  # noqa: S608 - ours
        await owner.execute("ALTER TABLE desk_approvals ENABLE TRIGGER USER")
    early = await refused(both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS))
    assert (early.code, early.detail["field"]) == (ErrorCode.CONFLICT, "approval")
    await both.sales.desk.act(Action.REOPEN, Reason.TERMS_CHANGED)
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await both.agree(lambda deal: deal.state is DealState.SIGNED)


async def test_only_the_desk_sets_a_price_or_a_rebate(both: Both) -> None:
    """A salesperson neither sets one nor asks with one; back to the car's own is open. Another payment is
    reached by a discount instead.
    """
    car = both.cars[0]
    for name in ("price_cents", "rebate_cents"):
        changes = StructureChanges(**{name: 1_000_00})
        for doing in (
            both.sales.terms(changes),
            both.sales.quote(car, changes),
            both.sales.desk.select(car, changes),
            both.sales.desk.pin(car, changes),
        ):
            error = await refused(doing)
            assert (error.code, error.detail["field"]) == (ErrorCode.FORBIDDEN, name)
    await both.manager.terms(StructureChanges(price_cents=1_000_00, rebate_cents=100))
    await both.sales.terms(StructureChanges(price_cents=None, rebate_cents=0), version=await both.version())
    plain = await both.sales.quote(car, StructureChanges(cash_down_max_cents=0))
    if not plain.eligible:
        plain = await both.sales.quote(car)
    roll = Roll(vary=Vary.PRICE, payment_cents=plain.payment_cents - 200)
    held = StructureChanges(cash_down_cents=plain.cash_down_cents, cash_down_max_cents=plain.cash_down_cents)
    rolled = (await both.sales.quote(car, held, roll=roll)).roll
    assert rolled.reached, rolled.message
    assert 0 < rolled.changes["discount_cents"] <= 500_00
    await both.sales.desk.select(car, StructureChanges(**rolled.changes))
    await events_until(both.sales, lambda event: isinstance(event, OfferSelected))
    assert both.sales.state.selected.payment_cents == rolled.payment_cents
    far = Roll(vary=Vary.PRICE, payment_cents=plain.payment_cents // 2)
    beyond = (await both.sales.quote(car, held, roll=far)).roll
    assert (beyond.reached, beyond.changes) == (False, {})
    assert (await both.manager.quote(car, held, roll=far)).roll.reached


async def test_the_order_by_days_in_stock_is_not_for_customers(both: Both, stocked: Settings) -> None:
    """A customer's screen may not ask for it; of a salesperson's search it is told no order, and its rows
    stand in none that tells.
    """
    url, token = f"http://127.0.0.1:{stocked.port}", await token_of(stocked, "riverside-sales")
    async with connect(url, token) as workspace, connect(url, token) as later:
        turned = await workspace.join(both.sales.channel, View.CUSTOMER)
        for asked in ({"sort": Sort.DAYS_IN_STOCK_DESC}, {"filters": Filters(days_in_stock_min=30)}):
            error = await refused(turned.search(**asked))
            assert error.code is ErrorCode.FORBIDDEN
        await both.sales.search(sort=Sort.DAYS_IN_STOCK_DESC, limit=40)
        started = (await events_until(turned, lambda event: isinstance(event, SearchStarted)))[-1]
        assert isinstance(started, SearchStarted)
        assert not started.sort
        assert turned.search_state is not None
        assert not turned.search_state.sort
        await events_until(turned, lambda event: isinstance(event, SearchValued))
        again = await later.join(both.sales.channel, View.CUSTOMER)
        assert again.search_state is not None
        assert not again.search_state.sort


async def accepts(deal: Deal, car: str, allowance: int) -> bool:
    """Return whether a view is told that the store takes a trade at an allowance."""
    return (await deal.quote(car, StructureChanges(trade_allowance_cents=allowance))).eligible


async def test_the_walk_away_price_is_not_found_by_asking(stocked: Settings, tmp_path: Path) -> None:
    """On a customer's screen and where scores stand for NPVs: discounts end at the seller's authority,
    halving by another field ends at the car's margin, and the different questions about a car are counted.
    """
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await set_score_edges(owner, "riverside", (0, 50_000, 150_000, 300_000))
        key = await owner.fetchval("SELECT guard_key FROM stores WHERE store_id = 'riverside'")
    channel = await a_deal_of(stocked)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(stocked, tmp_path))
        await stack.enter_async_context(start_worker(stocked, tmp_path))
        people = []
        for login, view in (
            ("riverside-manager", View.MANAGER),
            ("riverside-sales", View.SALES),
            ("riverside-sales", View.CUSTOMER),
        ):
            token = await token_of(stocked, login)
            workspace = await stack.enter_async_context(connect(web.url, token))
            people.append(await workspace.join(channel, view))
        manager, scored, turned = people
        await manager.terms(EASY)
        await manager.search(limit=40)
        await events_until(manager, lambda event: isinstance(event, SearchValued))
        guard = FloorGuard(0, str(key))
        # Of one car in 200 the margin is below the dollar to which halving comes.
        rows = [
            row
            for row in manager.rows.values()
            if row.offer and row.offer["npv_cents"] and guard.margin_cents(row.vehicle_id) > 10_00
        ]
        car = max(rows, key=lambda row: row.offer["npv_cents"]).vehicle_id
        for narrow in (scored, turned):
            beyond = StructureChanges(discount_cents=500_01)
            for doing in (
                narrow.quote(car, beyond),
                narrow.desk.select(car, beyond),
                narrow.desk.pin(car, beyond),
                narrow.terms(beyond, version=manager.state.version),
            ):
                error = await refused(doing)
                assert (error.code, error.detail["field"]) == (ErrorCode.FORBIDDEN, "discount_cents")
        found = await halved(scored, car)
        true = await halved(manager, car)
        assert 0 < true - found <= MARGIN_CENTS + 100
        assert abs(true - found - guard.margin_cents(car)) < 50_00
        await assert_counted(stocked, turned, car)


async def halved(deal: Deal, car: str) -> int:
    """Return the highest allowance at which a car is acceptable, to about a dollar."""
    low, high = 0, 40_000_00
    while high - low > 100:
        middle = (low + high) // 2
        low, high = (middle, high) if await accepts(deal, car, middle) else (low, middle)
    return low


async def assert_counted(settings: Settings, deal: Deal, car: str) -> None:
    """Assert that a person's questions about a car come to an end; those asked before are answered."""
    asked = StructureChanges(fees_cents=1_000_00)
    first = await deal.quote(car, asked)
    async with connect_as_owner(settings.database_owner_url) as owner:
        account = await find_by_login(owner, "riverside-sales")
    assert account is not None
    async with Redis.from_url(settings.redis_url) as redis:
        distinct = Distinct(redis)
        for number in range(MOST_QUESTIONS):
            name = f"{account.id} {car}"
            await distinct.add(name, b"%d" % number, most=MOST_QUESTIONS, window_seconds=QUESTIONS_SECONDS)
    assert (await deal.quote(car, asked)).pencil_id == first.pencil_id
    for doing in (deal.quote(car, StructureChanges(fees_cents=1_001_00)), deal.desk.pin(car)):
        error = await refused(doing)
        assert error.code is ErrorCode.RATE_LIMITED
        assert "different questions about this car" in str(error)
