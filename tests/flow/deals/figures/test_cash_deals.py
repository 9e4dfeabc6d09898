"""A customer who pays in full, from the search to the money in the bank, over real processes."""

import pytest

from client import Deal
from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.agreed import AgreedFigures, FiguresChange
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Closing, Fulfilment, Reason
from protocol.records import DealKind, DealState
from server.database.core.pool import connect_as_owner
from server.work.replay import verify_pencils
from tests.flow.desk import Both, refused, searched_again

pytestmark = pytest.mark.flow

IN_CASH = StructureChanges(kind=DealKind.CASH, cash_down_max_cents=3_000_000)


async def searched_in_cash(both: Both) -> list[str]:
    """Make it a cash deal and search; return the cars that the customer can pay for."""
    return await searched_again(both, IN_CASH, DealKind.CASH, 4)


async def agreed_in_cash(both: Both, car: str) -> tuple[DealOffer, AgreedFigures]:
    """Select a car and submit it; return its offer and what was agreed."""
    await both.sales.desk.select(car)
    await both.agree(lambda deal: deal.selected is not None)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.selected and state.selected.cash and state.agreed
    return state.selected, state.agreed


async def test_a_cash_deal_from_the_search_to_the_bank(both: Both) -> None:
    """No lender, no callback, no stip: the figures are the price out the door, which the desk lowers once."""
    cars = await searched_in_cash(both)
    told = both.manager.rows[cars[0]].offer
    assert told and told["payment_cents"] is None and told["lender"] is None
    assert told["out_the_door_cents"] <= 3_000_000 and told["npv_cents"] == told["stress_npv_cents"]
    seen = both.sales.rows[cars[0]].offer
    # Front and product gross would give away the cost of the car.
    assert seen and seen["npv_cents"] is None and seen["out_the_door_cents"] == told["out_the_door_cents"]

    quote = await both.manager.quote(cars[0])
    assert quote.kind is DealKind.CASH and quote.cash and quote.eligible
    assert quote.cash.value and quote.cash.value.npv_cents == told["npv_cents"]
    assert quote.cash.out_the_door_cents == told["out_the_door_cents"]
    assert sum(line.tax_cents for line in quote.taxes or []) == quote.cash.tax_cents

    offer, agreed = await agreed_in_cash(both, cars[0])
    total = told["out_the_door_cents"]
    assert agreed == AgreedFigures(
        kind=DealKind.CASH, vehicle_id=cars[0], cash_down_cents=0, lender=None, total_cents=total
    )
    assert offer.npv_cents == told["npv_cents"]
    hidden = both.sales.state.selected
    assert hidden and not hidden.npv_cents and not hidden.stress_npv_cents
    assert hidden.cash == offer.cash

    lower = StructureChanges(discount_cents=offer.discount_cents + 300_00)
    await both.manager.desk.act(Action.COUNTER, Reason.BETTER_PROGRAMME, changes=lower)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert state.proposal and state.proposal.figures.old == agreed and state.proposal.figures.new
    now = state.proposal.figures.new
    assert now.kind is DealKind.CASH and total - now.total_cents >= 300_00
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed == now

    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=now)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS, figures=now)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    assert state.contract and state.contract.figures == now
    assert state.contract.quote["cash"]["out_the_door_cents"] == now.total_cents
    contract = both.sales.state.contract
    assert contract and "value" not in contract.quote["cash"]
    for deal in (both.manager, both.sales):
        quoted = await deal.quote(state.contract.vehicle_id)
        assert quoted.cash and quoted.cash.out_the_door_cents == now.total_cents
        assert bool(quoted.cash.value) == (deal is both.manager) and quoted.grid.terms_months == []
    await both.sales.desk.act(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.DELIVERED)
    error = await refused(both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID))
    assert (error.code, error.detail["field"]) == (ErrorCode.INVALID, "reason")
    await both.manager.desk.act(Closing.FUND, Reason.CUSTOMER_PAID)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.FUNDED)
    async with connect_as_owner(both.settings.database_owner_url) as database:
        verified = await verify_pencils(database)
    assert verified.differences == [] and verified.equal == 2


async def test_a_counter_of_a_cash_deal_states_its_discount(both: Both) -> None:
    """Also where the customer's maximum cash does not cover the price: the proposal is what was typed."""
    cars = await searched_in_cash(both)
    whole = (await both.manager.quote(cars[0])).cash
    assert whole
    await both.sales.terms(StructureChanges(cash_down_max_cents=whole.out_the_door_cents - 200_00))
    offer, agreed = await agreed_in_cash(both, cars[0])
    assert offer.discount_cents > 50_00
    less = StructureChanges(discount_cents=50_00)
    await both.manager.desk.act(Action.COUNTER, Reason.GROSS_TOO_LOW, changes=less)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert state.proposal and state.proposal.offer.discount_cents == 50_00
    new = state.proposal.figures.new
    assert new and new.total_cents - agreed.total_cents >= offer.discount_cents - 50_00
    assert state.structure["cash_down_max_cents"] == whole.out_the_door_cents - 200_00
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed == new


async def test_the_price_of_a_cash_deal_is_guarded(both: Both) -> None:
    """A repriced car returns it to working with the old and the new total; a new rate sheet does not."""
    cars = await searched_in_cash(both)
    offer, agreed = await agreed_in_cash(both, cars[1])
    await both.run_sql("SELECT pg_notify('rates', '')")
    await both.run_sql(
        "UPDATE vehicles SET price_cents = price_cents - 50000 WHERE vehicle_id::text = $1", offer.vehicle_id
    )
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    step = await last_step(both.manager)
    assert step["reason"] == Reason.CAR_CHANGED
    figures = codec.convert(FiguresChange, step["figures"])
    assert figures.old == agreed and figures.new
    assert figures.new.kind is DealKind.CASH
    assert agreed.total_cents - figures.new.total_cents >= 500_00


async def last_step(deal: Deal) -> dict[str, object]:
    """Return a deal's last change of state as its history tells it."""
    page = await deal.older()
    return [event for event in page.events if event["type"] == "state_changed"][-1]


async def test_cash_that_does_not_reach_is_refused_with_what_is_missing(both: Both) -> None:
    """The search counts it, the quote says how much more it takes, and the car cannot be selected."""
    await both.sales.terms(StructureChanges(kind=DealKind.CASH, cash_down_max_cents=500_00))
    await both.caught_up()
    quote = await both.sales.quote(both.cars[0])
    assert (quote.eligible, quote.binding) == (False, "cash_max")
    assert quote.cash and quote.fix and quote.fix.cash_cents
    assert quote.fix.cash_cents <= quote.cash.out_the_door_cents - 500_00
    error = await refused(both.sales.desk.select(both.cars[0]))
    assert error.code is ErrorCode.CONFLICT and error.detail["value"] == "cash_max"


async def test_a_customer_whose_cash_pays_for_the_car_is_not_refused(both: Both) -> None:
    """In a financed deal too: what no lender takes, because nothing is left to lend, is sold for cash."""
    rich = StructureChanges(cash_down_cents=9_000_000, cash_down_max_cents=9_000_000)
    await both.sales.terms(rich)
    await both.caught_up()
    quote = await both.sales.quote(both.cars[0])
    assert quote.eligible and quote.kind is DealKind.CASH and quote.cash and quote.cash.covered
    await both.sales.desk.select(both.cars[0])
    state = await both.agree(lambda deal: deal.selected is not None)
    assert state.selected and state.selected.kind is DealKind.CASH
    assert state.selected.cash and state.selected.cash.out_the_door_cents == quote.cash.out_the_door_cents
    # A lender's own row can be asked for, though the offer has no term.
    assert (await both.manager.desk.lender_effect("Nobody")).programme is None


async def test_a_trade_that_is_worth_more_than_the_car(both: Both) -> None:
    """The store pays the customer: the price out the door is below 0, and is agreed on as it is."""
    rich = StructureChanges(kind=DealKind.CASH, trade_allowance_cents=6_000_000, trade_acv_cents=6_000_000)
    await both.manager.terms(rich)
    await both.caught_up()
    _, agreed = await agreed_in_cash(both, both.cars[0])
    assert agreed.total_cents < 0
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=agreed)
    state = await both.agree(lambda deal: deal.state is DealState.APPROVED)
    assert state.agreed == agreed
