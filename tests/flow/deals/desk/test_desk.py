"""Salesperson and manager on one deal, over real processes: each step, its conditions, and what both see."""

import datetime as dt

import pytest

from protocol.closing import ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Closing, Fulfilment, LenderStatus, Reason
from protocol.events import OfferUnpinned
from protocol.records import DealState, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.desk import Both, refused, seen
from tests.flow.shop import EASY, connect, events_until, token_of

pytestmark = pytest.mark.flow


async def test_from_the_first_offer_to_the_money(both: Both) -> None:
    """Select, submit, counter, accept, approve, lender, sign, deliver, clear, fund: both see each step."""
    first = await both.submitted()
    await both.manager.desk.act(
        Action.COUNTER, Reason.CASH_TOO_LOW, changes=StructureChanges(cash_down_cents=3_500_00)
    )
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert state.structure["cash_down_cents"] == EASY.cash_down_cents
    assert state.selected == first
    assert state.proposal and state.proposal.offer.cash_down_cents == 3_500_00 != first.cash_down_cents
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    offer = both.manager.state.selected
    assert offer is not None and offer.cash_down_cents == 3_500_00
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    state = await both.agree(lambda deal: deal.state is DealState.APPROVED)
    assert state.approval and state.approval.offer_id == offer.offer_id
    assert both.sales.state.approval == state.approval
    early = await refused(both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS))
    assert (early.code, early.detail["field"]) == (ErrorCode.CONFLICT, "lender")
    await both.lender_approves(offer)
    assert both.manager.state.state is DealState.APPROVED
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    assert state.fulfilment is Fulfilment.SIGNED
    await both.sales.desk.act(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.DELIVERED)
    open_one = await refused(both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID))
    assert (open_one.detail["field"], open_one.detail["value"]) == ("stipulations", ["Proof of income"])
    lenders = both.manager.state.lenders
    assert isinstance(lenders, list)
    await both.manager.desk.clear_stipulation(lenders[0].stipulations[0].id)
    await both.agree(
        lambda deal: bool(deal.lenders) and deal.lenders[0].stipulations[0].cleared_by is not None
    )
    await both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.FUNDED)
    final = await refused(both.manager.desk.act(Closing.UNWIND, Reason.FUNDING_REFUSED))
    assert final.code is ErrorCode.CONFLICT


@pytest.mark.parametrize(
    ("status", "reasons"), [(LenderStatus.WITHDRAWN, []), (LenderStatus.DECLINED, [Reason.BANKRUPTCY])]
)
async def test_nothing_is_funded_that_its_lender_took_back(
    both: Both, status: LenderStatus, reasons: list[Reason]
) -> None:
    """A lender that changes its mind after the signature has nothing open, and pays nothing either."""
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.SIGNED)
    assert isinstance(offer.lender, str)
    await both.manager.desk.lender_decision(offer.lender, status, reasons=reasons)
    await both.manager.desk.act(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.DELIVERED)
    unpaid = await refused(both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID))
    assert (unpaid.code, unpaid.detail["field"]) == (ErrorCode.CONFLICT, "lender")
    assert unpaid.detail["value"] == offer.lender
    # An approval of less than the contract pays for none of it.
    await both.lender_approves(offer, stipulations=[], advance_max_cents=offer.principal_cents - 1)
    less = await refused(both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID))
    assert (less.code, less.detail["field"]) == (ErrorCode.CONFLICT, "lender")
    # Where it comes back with nothing open, it pays.
    await both.lender_approves(offer, stipulations=[])
    await both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.FUNDED)


async def test_a_counter_proposes_against_what_the_offer_was_asked_with(
    both: Both, stocked: Settings
) -> None:
    """The offer's own cash gives way to the counter's in the proposal, and to nothing before it is accepted.
    An offer that terms have overtaken is said to be outdated until it is priced anew.
    """
    asked = StructureChanges(cash_down_cents=2_000_00, cash_down_max_cents=2_000_00)
    await both.sales.desk.select(both.cars[0], asked)
    await both.agree(lambda deal: deal.selected is not None and deal.selected_outdated is False)
    await both.sales.terms(StructureChanges(fees_cents=999_00))
    await both.agree(lambda deal: deal.selected_outdated is True)
    async with connect(
        f"http://127.0.0.1:{stocked.port}", await token_of(stocked, "riverside-sales")
    ) as late:
        joined = await late.join(both.sales.channel, View.SALES)
        assert joined.state == both.sales.state
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED and deal.selected_outdated is False)
    more = StructureChanges(cash_down_cents=3_500_00, cash_down_max_cents=3_500_00)
    await both.manager.desk.act(Action.COUNTER, Reason.CASH_TOO_LOW, changes=more)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert state.selected is not None
    assert (state.selected.cash_down_cents, state.selected_outdated) == (2_000_00, False)
    assert state.proposal and state.proposal.offer.cash_down_cents == 3_500_00
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.selected is not None and state.selected.cash_down_cents == 3_500_00


async def test_an_approval_falls_with_another_offer(both: Both) -> None:
    """Another car is another deal: it has to be approved again. A pin, a note and a hold change nothing."""
    await both.submitted()
    await both.manager.desk.act(Action.APPROVE, Reason.EXCEPTION_GRANTED)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.pin(both.cars[1])
    await both.sales.desk.note("She likes the blue one better.")
    await both.sales.desk.hold(both.cars[1])
    state = await both.agree(lambda deal: bool(deal.holds) and bool(deal.notes) and bool(deal.pins))
    assert state.state is DealState.APPROVED
    await both.sales.desk.select(both.cars[1])
    state = await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert state.approval is None
    assert state.selected is not None and state.selected.vehicle_id == both.cars[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE vehicles SET price_cents = price_cents - 100 WHERE vehicle_id::text = $1", "car_changed"),
        ("UPDATE vehicles SET status = 'sold' WHERE vehicle_id::text = $1", "car_sold"),
    ],
)
async def test_nothing_is_signed_that_was_not_approved(both: Both, change: str, reason: str) -> None:
    """A car that was repriced or sold since the approval is not signed for."""
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.run_sql(change, offer.vehicle_id)
    # Either the signing sees it, or the server has already returned the deal to working.
    late = await refused(both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS))
    assert late.code is ErrorCode.CONFLICT
    assert late.detail["field"] in {"approval", "version", "state"}
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert await both.reason_of_fall() == reason


async def test_a_refusal_on_credit_asks_for_a_notice(both: Both) -> None:
    """Its principal reasons become a task that the manager finishes; salespeople see only the step."""
    await both.submitted()
    await both.manager.desk.act(Action.DECLINE, Reason.BANKRUPTCY, more_reasons=[Reason.INCOME_INSUFFICIENT])
    await seen(both.manager, lambda deal: bool(deal.tasks))
    tasks = both.manager.state.tasks
    assert isinstance(tasks, list)
    assert tasks[0].reasons == [Reason.BANKRUPTCY, Reason.INCOME_INSUFFICIENT]
    assert tasks[0].due_on == dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    await both.manager.desk.finish_task(tasks[0].id)
    await seen(both.manager, lambda deal: bool(deal.tasks) and deal.tasks[0].done_by is not None)
    await both.caught_up()
    assert not both.sales.state.tasks


async def test_a_lender_overrides_its_programme(both: Both) -> None:
    """A dearer rate is another offer, so the approval falls; a refusal takes the lender out."""
    offer = await both.submitted()
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.lender_approves(offer, rate_bp=offer.rate_bp + 150)
    state = await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert state.selected is not None
    assert (state.selected.lender, state.selected.payment_cents) != (offer.lender, offer.payment_cents)
    sales = both.sales.state.lenders
    assert isinstance(sales, list) and sales[0].rate_bp is None and sales[0].stipulations
    assert isinstance(offer.lender, str)
    await both.manager.desk.lender_decision(
        offer.lender, LenderStatus.DECLINED, reasons=[Reason.COLLATERAL_INSUFFICIENT]
    )
    state = await both.agree(
        lambda deal: bool(deal.lenders) and deal.lenders[0].status is LenderStatus.DECLINED
    )
    await seen(both.manager, lambda deal: bool(deal.tasks))
    quote = await both.manager.quote(both.cars[0])
    assert quote.lender != offer.lender
    hasty = await refused(both.manager.desk.lender_decision(offer.lender, LenderStatus.APPROVED))
    assert (hasty.code, hasty.detail["field"]) == (ErrorCode.INVALID, "tier")


async def test_an_unpinned_offer_is_told_whole(both: Both) -> None:
    """Who follows hears which offer is out of sight, as far as the view shows it."""
    await both.sales.desk.pin(both.cars[1])
    await both.agree(lambda deal: bool(deal.pins))
    pins = [deal.state.pins[0] for deal in (both.manager, both.sales)]
    await both.sales.desk.unpin(both.cars[1])
    for deal, pinned in zip((both.manager, both.sales), pins, strict=True):
        told = (await events_until(deal, lambda event: isinstance(event, OfferUnpinned)))[-1]
        assert isinstance(told, OfferUnpinned)
        assert (told.vehicle_id, told.offer) == (both.cars[1], pinned)
        assert deal.state.pins == []


async def test_the_desk_locks_a_field(both: Both) -> None:
    """A salesperson may not change it, in terms or with an offer; the manager may; then it is open again."""
    await both.manager.desk.lock("cash_down_cents")
    await both.agree(lambda deal: bool(deal.locks))
    shut = await refused(both.sales.terms(StructureChanges(cash_down_cents=77)))
    assert (shut.code, shut.detail["field"]) == (ErrorCode.LOCKED, "cash_down_cents")
    sly = await refused(both.sales.desk.select(both.cars[0], StructureChanges(cash_down_cents=77)))
    assert sly.code is ErrorCode.LOCKED
    await both.manager.terms(StructureChanges(cash_down_cents=88_00))
    await both.agree(lambda deal: deal.structure["cash_down_cents"] == 88_00)
    await both.manager.desk.unlock("cash_down_cents")
    await both.agree(lambda deal: not deal.locks)
    await both.sales.terms(StructureChanges(cash_down_cents=77_00))
    forbidden = await refused(both.sales.desk.lock("rate_bp"))
    assert forbidden.code is ErrorCode.FORBIDDEN
    unknown = await refused(both.manager.desk.lock("colour"))
    assert (unknown.code, unknown.detail["field"]) == (ErrorCode.INVALID, "field")


async def test_a_car_is_held_for_one_deal(both: Both, stocked: Settings) -> None:
    """Another deal may not hold it until it is let go, and cannot sign for it."""
    until = await both.sales.desk.hold(both.cars[0])
    assert dt.datetime.fromisoformat(until) > dt.datetime.now(dt.UTC)
    await both.agree(lambda deal: bool(deal.holds))
    async with connect_as_owner(stocked.database_owner_url) as database:
        other = await database.fetchval(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND deal_id::text <> $1 LIMIT 1",
            both.sales.state.id,
        )
    async with connect(
        f"http://127.0.0.1:{stocked.port}", await token_of(stocked, "riverside-sales")
    ) as third:
        rival = await third.join(f"deal:{other}", View.SALES)
        taken = await refused(rival.desk.hold(both.cars[0]))
        assert (taken.code, taken.detail["until"]) == (ErrorCode.CONFLICT, until)
        await both.sales.desk.release(both.cars[0])
        await both.agree(lambda deal: not deal.holds)
        await rival.desk.hold(both.cars[0])
        await seen(rival, lambda deal: bool(deal.holds))


async def test_a_late_joiner_sees_what_the_others_see(both: Both, stocked: Settings) -> None:
    """The snapshot of a deal is what its events came to, part by part."""
    offer = await both.submitted()
    await both.sales.desk.pin(both.cars[1])
    await both.sales.desk.hold(both.cars[1])
    await both.manager.desk.lock("rate_bp")
    await both.manager.desk.note("Ask for the second key.")
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.DECLINE, Reason.REPOSSESSION)
    await both.agree(lambda deal: deal.state is DealState.DECLINED)
    await seen(both.manager, lambda deal: bool(deal.tasks))
    await both.caught_up()
    for deal, login in ((both.manager, "riverside-manager"), (both.sales, "riverside-sales")):
        async with connect(f"http://127.0.0.1:{stocked.port}", await token_of(stocked, login)) as late:
            joined = await late.join(deal.channel, deal.view)
            assert joined.state == deal.state
