"""A lease from the search to the money in the bank, over real processes."""

import datetime as dt

import pytest

from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.agreed import AgreedFigures, FiguresChange
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Closing, Fulfilment, LenderStatus, Reason
from protocol.records import DealKind, DealState, Tier
from server.database.core.pool import connect_as_owner
from server.work.replay import verify_pencils
from tests.flow.deals.figures.test_cash_deals import last_step
from tests.flow.deals.test_paper import deal_id, get
from tests.flow.desk import TOMORROW, Both, refused, searched_again
from tests.paper.pencils import text_of

pytestmark = pytest.mark.flow

LEASED = StructureChanges(kind=DealKind.LEASE, tier=Tier.PRIME)


async def searched_leases(both: Both) -> list[str]:
    """Make it a lease and search; return the cars that can be leased."""
    return await searched_again(both, LEASED, DealKind.LEASE, 2)


async def submitted_lease(both: Both, car: str) -> tuple[DealOffer, AgreedFigures]:
    """Select a car and submit it; return its offer and what was agreed."""
    await both.sales.desk.select(car)
    await both.agree(lambda deal: deal.selected is not None)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.selected and state.selected.lease and state.agreed
    return state.selected, state.agreed


async def lessor_decides(both: Both, offer: DealOffer, status: LenderStatus, **more: object) -> None:
    """Record what the lease's lender says."""
    assert isinstance(offer.lender, str)
    await both.manager.desk.lender_decision(offer.lender, status, **more)  # type: ignore[arg-type]
    await both.caught_up()


async def test_a_lease_from_the_search_to_the_bank(both: Both) -> None:
    """Payment with tax, due at signing, residual and miles are agreed, countered, approved and signed; the
    pencils replay to the cent, and the paper says them.
    """
    cars = await searched_leases(both)
    told, seen = both.manager.rows[cars[0]].offer, both.sales.rows[cars[0]].offer
    assert told and seen
    assert told["npv_cents"] == told["lease_value_cents"] is not None
    # Its value is the gross: a salesperson would know the cost of the car.
    assert seen["npv_cents"] is None and "lease_value_cents" not in seen
    assert seen["payment_cents"] == told["payment_cents"]

    quote = await both.manager.quote(cars[0])
    assert quote.kind is DealKind.LEASE and quote.eligible and quote.lease and quote.lease.best
    best = quote.lease.best
    assert best.payment_with_tax_cents == told["payment_cents"]
    assert best.value and isinstance(best.value.parts, dict)
    assert best.value.npv_cents == told["npv_cents"] == sum(best.value.parts.values())

    offer, agreed = await submitted_lease(both, cars[0])
    assert agreed == AgreedFigures(
        kind=DealKind.LEASE,
        vehicle_id=cars[0],
        payment_cents=best.payment_with_tax_cents,
        term_months=best.term_months,
        cash_down_cents=best.cash_down_cents,
        lender=offer.lender,
        total_cents=best.total_of_payments_cents,
    )
    assert offer.lease and offer.lease.due_at_signing_cents == best.due_at_signing_cents
    assert offer.npv_cents == told["npv_cents"] and offer.lease.money_factor
    hidden = both.sales.state.selected
    assert hidden and not hidden.npv_cents and not hidden.stress_npv_cents and hidden.lease == offer.lease

    more = StructureChanges(cash_down_cents=offer.cash_down_cents + 500_00)
    await both.manager.desk.act(Action.COUNTER, Reason.BETTER_PROGRAMME, changes=more)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert state.proposal and state.proposal.figures.new
    now = state.proposal.figures.new
    assert now.kind is DealKind.LEASE and now.payment_cents and agreed.payment_cents
    assert now.payment_cents < agreed.payment_cents
    assert now.cash_down_cents == agreed.cash_down_cents + 500_00
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed == now and state.selected

    await lessor_decides(
        both,
        state.selected,
        LenderStatus.CONDITIONAL,
        tier=Tier.PRIME,
        rate_bp=0.0,
        advance_max_cents=state.selected.principal_cents,
        term_months=48,
        stipulations=["Proof of insurance"],
        expires_at=dt.datetime.now(dt.UTC) + TOMORROW,
    )
    assert both.manager.state.state is DealState.SUBMITTED
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=now)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS, figures=now)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    assert state.contract and state.contract.figures == now
    contract = both.sales.state.contract
    assert contract and not {"value", "buy_factor"} & set(contract.quote["lease"]["best"])
    for deal in (both.manager, both.sales):
        quoted = await deal.quote(state.contract.vehicle_id)
        assert quoted.lease and quoted.lease.best and quoted.grid.terms_months == []
        assert quoted.lease.best.payment_with_tax_cents == now.payment_cents
        assert bool(quoted.lease.best.value) == (deal is both.manager)
    paper = text_of((await get(both, f"/api/deals/{deal_id(both)}/paper.pdf")).content)
    for said in (f"${now.payment_cents / 100:,.2f} a month", "Due at signing", "Residual value"):
        assert said in paper, said

    await both.sales.desk.act(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.DELIVERED)
    [stipulation] = both.manager.state.lenders[0].stipulations
    error = await refused(both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID))
    assert error.detail["field"] == "stipulations"
    await both.manager.desk.clear_stipulation(stipulation.id)
    await both.caught_up()
    await both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.FUNDED)
    async with connect_as_owner(both.settings.database_owner_url) as database:
        verified = await verify_pencils(database)
    assert verified.differences == [] and verified.equal > 2


async def test_the_figures_of_a_lease_are_guarded(both: Both) -> None:
    """A repriced car returns it to working, with both payments; a new rate sheet for loans does not."""
    cars = await searched_leases(both)
    offer, agreed = await submitted_lease(both, cars[0])
    await both.run_sql("SELECT pg_notify('rates', '')")
    await both.run_sql(
        "UPDATE vehicles SET price_cents = price_cents - 50000 WHERE vehicle_id::text = $1", offer.vehicle_id
    )
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    step = await last_step(both.manager)
    figures = codec.convert(FiguresChange, step["figures"])
    assert step["reason"] == Reason.CAR_CHANGED and figures.old == agreed and figures.new
    assert figures.new.kind is DealKind.LEASE and figures.new.payment_cents != agreed.payment_cents


async def test_a_counter_of_a_loan_is_no_other_lease(both: Both) -> None:
    """A proposal to finance the car with a term that no lender has is refused, whatever lease there is."""
    cars = await searched_leases(both)
    _, agreed = await submitted_lease(both, cars[0])
    loan = StructureChanges(kind=DealKind.FINANCE, term_months=13)
    error = await refused(both.manager.desk.act(Action.COUNTER, Reason.BETTER_PROGRAMME, changes=loan))
    assert (error.code, error.detail["field"]) == (ErrorCode.CONFLICT, "selected")
    await both.caught_up()
    assert (both.manager.state.state, both.manager.state.agreed) == (DealState.SUBMITTED, agreed)


async def test_a_lessor_that_refuses_the_customer_has_no_lease(both: Both) -> None:
    """Its callback returns the deal to working, and the car cannot be selected: no other lessor names it."""
    cars = await searched_leases(both)
    offer, agreed = await submitted_lease(both, cars[0])
    refusal = [Reason.INCOME_INSUFFICIENT]
    await lessor_decides(both, offer, LenderStatus.DECLINED, reasons=refusal)
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    step = await last_step(both.manager)
    assert step["reason"] == Reason.LENDER_CHANGED
    assert codec.convert(FiguresChange, step["figures"]).old == agreed
    error = await refused(both.sales.desk.select(cars[0]))
    assert (error.code, error.detail["value"]) == (ErrorCode.CONFLICT, "lease_car")


async def test_a_car_is_leased_in_a_deal_that_was_to_be_financed(both: Both) -> None:
    """A salesperson puts the lease beside the financed payment, and it stays one when it is priced again."""
    cars = await searched_leases(both)
    await both.sales.terms(StructureChanges(kind=DealKind.FINANCE))
    await both.caught_up()
    quote = await both.sales.quote(cars[0])
    assert quote.kind is not DealKind.LEASE and quote.lease and quote.lease.best
    assert not quote.lease.best.value and not quote.lease.best.buy_factor
    await both.sales.desk.select(cars[0], changes=StructureChanges(kind=DealKind.LEASE))
    state = await both.agree(lambda deal: deal.selected is not None)
    assert state.selected and state.selected.kind is DealKind.LEASE and state.selected.lease
    assert state.selected.payment_cents == quote.lease.best.payment_with_tax_cents
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed and state.agreed.kind is DealKind.LEASE
