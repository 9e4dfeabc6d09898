"""The desk's cash value of a trade: requested, given, ended, and told in the audit."""

import uuid

import pytest

from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.workflow import Action, Reason, TaskKind
from protocol.events import TaskDone
from protocol.money.quotes import WarningCode
from protocol.records import DealState
from tests.flow.deals.desk.trading import ACV_CENTS, CRV, tasks_of, trade_of, trading, without_trades
from tests.flow.desk import Both, refused
from tests.flow.shop import events_until

pytestmark = pytest.mark.flow


async def test_a_trade_that_nobody_appraised_is_approved_with_a_warning(both: Both) -> None:
    """The manager is told that nothing is known to be given away; a cash value then counts as ever."""
    await without_trades(both)
    await both.run_sql("UPDATE stores SET npv_floor_cents = -100000000000")
    await both.sales.terms(trading({**CRV, "allowance_cents": 9_000_00, "payoff_cents": 9_000_00}))
    await both.caught_up()
    for deal, told in ((both.manager, True), (both.sales, False)):
        warnings = (await deal.quote(both.cars[0])).warnings
        assert (WarningCode.TRADE_NOT_APPRAISED in {warning.code for warning in warnings}) is told
    await both.submitted()
    appraised = trading({"id": "crv", "acv_cents": 5_000_00})
    await both.manager.desk.act(Action.COUNTER, Reason.TRADE_OVERVALUED, changes=trading({"id": "crv"}))
    await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    too_much = await refused(
        both.manager.desk.act(Action.COUNTER, Reason.TRADE_OVERVALUED, changes=appraised)
    )
    assert (too_much.code, too_much.detail["value"]) == (ErrorCode.FORBIDDEN, 4_000_00)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)


async def test_a_submission_has_its_value_after_the_appraisal(both: Both) -> None:
    """The cash value changes none of the customer's figures, and all that the desk decides about."""
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "allowance_cents": 3_000_00}))
    await both.caught_up()
    await both.sales.desk.select(both.cars[0])
    chosen = (await both.agree(lambda deal: deal.selected is not None)).selected
    await both.manager.terms(trading({"id": "crv", "acv_cents": 2_900_00}))
    await both.caught_up()
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    submitted = (await both.agree(lambda deal: deal.state is DealState.SUBMITTED)).selected
    assert chosen and submitted
    quoted = await both.manager.quote(both.cars[0])
    assert submitted.npv_cents == quoted.value.npv_cents == chosen.npv_cents - 100_00
    assert (submitted.payment_cents, submitted.discount_cents) == (
        chosen.payment_cents,
        chosen.discount_cents,
    )


async def test_an_appraisal_is_requested_and_the_cash_value_ends_it(both: Both) -> None:
    """Once, however often it is asked for; salespeople see that it is under way."""
    await without_trades(both)
    await both.sales.terms(trading({**CRV, "allowance_cents": 3_000_00}))
    op = uuid.uuid4()
    version = await both.sales.desk.request_appraisal("crv", op=op)
    assert await both.sales.desk.request_appraisal("crv", op=op) == version
    assert await both.sales.desk.request_appraisal("crv") == version
    await both.caught_up()
    for deal in (both.sales, both.manager):
        [task] = tasks_of(deal)
        assert (task.kind, task.trade_id) == (TaskKind.APPRAISAL, "crv")
    await both.manager.terms(trading({"id": "crv", "acv_cents": ACV_CENTS}))
    heard = await events_until(both.sales, lambda event: isinstance(event, TaskDone))
    assert heard[-1].kind is TaskKind.APPRAISAL  # type: ignore[attr-defined]
    await both.caught_up()
    assert tasks_of(both.sales) == tasks_of(both.manager) == []
    done = await refused(both.sales.desk.request_appraisal("crv"))
    assert (done.code, done.detail["field"]) == (ErrorCode.CONFLICT, "trade_id")
    # A repeated op is answered as before, whatever became of the trade.
    assert await both.sales.desk.request_appraisal("crv", op=op) == version


async def test_the_desk_appraises_a_submitted_deal(both: Both) -> None:
    """The cash value ends the task and changes the offer's value, and no agreed figure: the deal stays
    submitted. A value with which no car may be sold so returns it to working, with both figures.
    """
    await without_trades(both)
    await both.run_sql("UPDATE stores SET npv_floor_cents = -10000000")
    await both.sales.terms(trading({**CRV, "allowance_cents": 9_000_00, "payoff_cents": 9_000_00}))
    offer = await both.submitted()
    agreed = both.manager.state.agreed
    await both.sales.desk.request_appraisal("crv")
    await both.caught_up()
    once = {"version": both.manager.state.version, "op": uuid.uuid4()}
    for _ in range(2):
        await both.manager.terms(trading({"id": "crv", "acv_cents": 8_000_00}), **once)
    await both.caught_up()
    state = both.manager.state
    assert (state.state, state.agreed, state.selected_outdated) == (DealState.SUBMITTED, agreed, False)
    assert state.selected and state.selected.npv_cents == offer.npv_cents - 1_000_00
    assert [task.done_by is not None for task in state.tasks] == [True]
    assert trade_of(both.sales)["appraised"] is True and both.sales.state.agreed == agreed
    edit = await refused(both.manager.terms(trading({"id": "crv", "acv_cents": 1, "mileage": 1})))
    assert (edit.code, edit.detail["field"]) == (ErrorCode.CONFLICT, "state")

    await both.run_sql("UPDATE stores SET npv_floor_cents = 0")
    await both.manager.terms(trading({"id": "crv", "acv_cents": 0}))
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    story = [event for event in (await both.sales.older()).events if event["type"] == "state_changed"]
    assert story[-1]["reason"] == "terms_changed"
    assert story[-1]["figures"]["old"] == codec.plain(agreed)


async def test_an_appraisal_of_a_trade_that_leaves_is_done(both: Both) -> None:
    """Nobody is asked for what is no longer there; a manager may also finish the task by hand."""
    await without_trades(both)
    await both.sales.terms(trading(CRV, {"id": "ford"}))
    await both.sales.desk.request_appraisal("crv")
    await both.sales.desk.request_appraisal("ford")
    await both.sales.terms(trading({"id": "crv", "removed": True}))
    await both.caught_up()
    [task] = tasks_of(both.manager)
    assert task.trade_id == "ford"
    await both.manager.desk.finish_task(task.id)
    await both.caught_up()
    assert tasks_of(both.sales) == []


async def test_an_appraisal_needs_a_trade_and_an_open_deal(both: Both) -> None:
    """Of a deal that is over, or of a trade that it does not have, none is requested."""
    await without_trades(both)
    unknown = await refused(both.sales.desk.request_appraisal("crv"))
    assert (unknown.code, unknown.detail["field"]) == (ErrorCode.NOT_FOUND, "trade_id")
    await both.sales.terms(trading(CRV))
    await both.submitted()
    await both.sales.desk.request_appraisal("crv")
    await both.caught_up()
    await both.sales.desk.act(Action.LOSE, Reason.NOT_READY)
    over = await refused(both.sales.desk.request_appraisal("crv"))
    assert (over.code, over.detail["field"]) == (ErrorCode.CONFLICT, "state")
