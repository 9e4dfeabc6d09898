"""Trades over real processes: who enters what of them, who sees it, and who is asked to appraise them."""

import asyncio
import uuid
from typing import Any

import pytest
from msgspec import UNSET

from client import Deal
from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.deal_parts import DealTask
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason, TaskKind
from protocol.events import TaskDone
from protocol.money.quotes import WarningCode
from protocol.records import DealState
from server.database.core.pool import connect_as_owner
from server.database.decisions.deciding import DealEvent
from server.hub.upkeep.relay import outdates_search
from tests.flow.desk import Both, refused, valued
from tests.flow.shop import events_until

pytestmark = pytest.mark.flow

ACV_CENTS = 7_654_32
CRV = {"id": "crv", "year": 2019, "make": "Honda", "model": "CR-V", "mileage": 61_200}
OWED = {"payoff_cents": 13_856_00, "lienholder": "Harbor Credit Union", "payoff_quoted_on": "2026-03-02"}


def trading(*trades: dict[str, Any]) -> StructureChanges:
    """Return changes of trades."""
    return codec.convert(StructureChanges, {"trades": list(trades)})


async def without_trades(both: Both) -> None:
    """Take the trade out with which the deal began."""
    known = [{"id": trade["id"], "removed": True} for trade in both.manager.state.structure["trades"]]
    await both.manager.terms(trading(*known))
    await both.manager.terms(StructureChanges(trade_acv_cents=None))
    await both.caught_up()


def trade_of(deal: Deal, trade_id: str = "crv") -> dict[str, Any]:
    """Return a trade as a screen has it."""
    trades: list[dict[str, Any]] = deal.state.structure["trades"]
    return next(trade for trade in trades if trade["id"] == trade_id)


def tasks_of(deal: Deal) -> list[DealTask]:
    """Return the open tasks that a screen has."""
    tasks = deal.state.tasks
    assert isinstance(tasks, list)
    return [task for task in tasks if task.done_by is None]


async def offered(both: Both) -> set[str]:
    """Search, and return the cars that have an offer."""
    await both.sales.search(limit=40)
    await asyncio.gather(events_until(both.sales, valued), events_until(both.manager, valued))
    return {car for car, row in both.sales.rows.items() if row.offer and row.offer["payment_cents"]}


async def test_a_trade_of_a_salesperson_leaves_the_offers_there(both: Both) -> None:
    """Nobody has appraised it: it counts as what is allowed for it, and no car is worth less than the store
    accepts because of it.
    """
    await without_trades(both)
    before = await offered(both)
    await both.sales.terms(trading({**CRV, "allowance_cents": 9_000_00, "payoff_cents": 9_000_00}))
    await both.caught_up()
    assert len(before) > 3
    assert await offered(both) >= before
    # As 0, the same trade would cost the store what it allows: no car is left.
    await both.manager.terms(trading({"id": "crv", "acv_cents": 0}))
    await both.caught_up()
    assert await offered(both) < before


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


async def test_a_salespersons_edit_keeps_the_cash_value_that_they_do_not_see(both: Both) -> None:
    """They see that there is one. Neither by trade nor by the flat field can they set or clear it."""
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "acv_cents": ACV_CENTS}))
    await both.agree(lambda deal: bool(deal.structure["trades"]))
    assert trade_of(both.sales)["appraised"] is True
    assert "acv_cents" not in trade_of(both.sales)
    await both.sales.terms(trading({"id": "crv", "allowance_cents": 6_000_00, **OWED}))
    await both.sales.terms(StructureChanges(payoff_per_diem_cents=2_33))
    await both.agree(lambda deal: deal.structure["payoff_per_diem_cents"] == 2_33)
    kept = trade_of(both.manager)
    assert (kept["acv_cents"], kept["allowance_cents"], kept["payoff_per_diem_cents"]) == (
        ACV_CENTS,
        600_000,
        233,
    )
    assert both.manager.state.structure["trade_acv_cents"] == ACV_CENTS
    for acv in (1, None):
        sly = await refused(both.sales.terms(trading({"id": "crv", "acv_cents": acv})))
        assert (sly.code, sly.detail["field"]) == (ErrorCode.FORBIDDEN, "trades.crv.acv_cents")
        sly = await refused(both.sales.quote(both.cars[0], trading({"id": "crv", "acv_cents": acv})))
        assert sly.code is ErrorCode.FORBIDDEN


async def test_a_salesperson_cannot_find_a_cash_value_by_leaving_the_trade_out(both: Both) -> None:
    """What a car is worth with the trade and without it would tell. The desk takes the trade out."""
    await without_trades(both)
    await both.sales.terms(trading(CRV))
    await both.manager.terms(trading({"id": "crv", "acv_cents": ACV_CENTS}))
    await both.caught_up()
    out = trading({"id": "crv", "removed": True})
    for asked in (
        both.sales.terms(out),
        both.sales.quote(both.cars[0], out),
        both.sales.desk.select(both.cars[0], out),
        both.sales.desk.pin(both.cars[0], out),
    ):
        sly = await refused(asked)
        assert (sly.code, sly.detail["field"]) == (ErrorCode.FORBIDDEN, "trades.crv")
    assert (await both.manager.quote(both.cars[0], out)).trades is UNSET
    await both.manager.terms(out)
    await both.agree(lambda deal: deal.structure["trades"] == [])


async def test_edits_of_a_trade_merge_field_by_field(both: Both) -> None:
    """A salesperson types the payoff while the desk appraises: both count. The same field is a conflict,
    with its newer value, who and when; a trade that somebody took out cannot be edited any more.
    """
    await without_trades(both)
    await both.sales.terms(trading(CRV))
    state = await both.agree(lambda deal: bool(deal.structure["trades"]))
    await both.manager.terms(trading({"id": "crv", "acv_cents": ACV_CENTS}), version=state.version)
    await both.sales.terms(trading({"id": "crv", **OWED}), version=state.version)
    await both.sales.terms(trading({"id": "ford", "make": "Ford"}), version=state.version)
    await both.caught_up()
    assert trade_of(both.manager)["acv_cents"] == ACV_CENTS
    assert trade_of(both.manager)["payoff_cents"] == OWED["payoff_cents"]
    assert [trade["id"] for trade in both.sales.state.structure["trades"]] == ["crv", "ford"]
    late = await refused(both.manager.terms(trading({"id": "crv", "payoff_cents": 1}), version=state.version))
    assert late.code is ErrorCode.CONFLICT
    assert late.detail["field"] == "trades.crv.payoff_cents"
    assert late.detail["value"] == OWED["payoff_cents"]
    assert late.detail["by"]["name"] == "Riverside sales"
    # What is there already is no conflict.
    await both.manager.terms(trading({"id": "crv", "lienholder": OWED["lienholder"]}), version=state.version)
    version = both.sales.state.version
    await both.manager.terms(trading({"id": "crv", "removed": True}))
    gone = await refused(both.sales.terms(trading({"id": "crv", "mileage": 5}), version=version))
    assert (gone.code, gone.detail["field"]) == (ErrorCode.CONFLICT, "trades.crv")


async def test_a_flat_field_of_two_trades_is_refused_by_its_name(both: Both) -> None:
    """A locked sum locks what it is made of."""
    await without_trades(both)
    await both.sales.terms(trading(CRV, {"id": "ford", "make": "Ford", "allowance_cents": 1_000_00}))
    unclear = await refused(both.sales.terms(StructureChanges(payoff_cents=1)))
    assert (unclear.code, unclear.detail["field"]) == (ErrorCode.INVALID, "payoff_cents")
    wrong = await refused(both.sales.terms(trading({"id": "ford", "vin": "1M8GDM9A1KP042788"})))
    assert (wrong.code, wrong.detail["field"]) == (ErrorCode.INVALID, "trades.ford.vin")
    await both.manager.desk.lock("trade_allowance_cents")
    await both.caught_up()
    locked = await refused(both.sales.terms(trading({"id": "ford", "allowance_cents": 2_000_00})))
    assert locked.code is ErrorCode.LOCKED
    await both.sales.terms(trading({"id": "ford", "payoff_cents": 500_00}))


async def test_an_offer_cannot_set_what_the_desk_locked(both: Both) -> None:
    """Neither through the records of trades nor through product lines, whose sums are locked; a locked list
    holds for its sums.
    """
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "allowance_cents": 1_000_00}))
    for field in ("trade_allowance_cents", "products"):
        await both.manager.desk.lock(field)
    await both.caught_up()
    asked = {
        "trade_allowance_cents": trading({"id": "crv", "allowance_cents": 2_000_00}),
        "products": StructureChanges(products_cents=500_00),
    }
    for field, changes in asked.items():
        for refusal in (
            both.sales.terms(changes),
            both.sales.desk.select(both.cars[0], changes),
            both.sales.desk.pin(both.cars[0], changes),
        ):
            locked = await refused(refusal)
            assert (locked.code, locked.detail["field"]) == (ErrorCode.LOCKED, field)
    await both.sales.desk.select(both.cars[0], trading({"id": "crv", "payoff_cents": 500_00}))


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


async def test_words_about_a_trade_search_nothing_again(both: Both) -> None:
    """Its make changes no figure; what it pays off does."""
    await without_trades(both)
    await both.sales.terms(trading(CRV))
    for edit in ({"make": "Acura"}, {"payoff_cents": 100_00}, {"payoff_quoted_on": "2026-03-02"}):
        await both.sales.terms(trading({"id": "crv", **edit}))
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT no, kind, body, at FROM deal_events WHERE deal_id::text = $1 ORDER BY no DESC LIMIT 3",
            both.sales.state.id,
        )
    quoted, owed, named = [DealEvent(*row.values()) for row in rows]
    assert [outdates_search(event) for event in (named, owed, quoted)] == [False, True, True]


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


async def test_what_is_said_of_a_trade_is_in_the_audit(both: Both) -> None:
    """The events hold each list as it became, the cash value too."""
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "acv_cents": ACV_CENTS}))
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        body = await owner.fetchval(
            "SELECT body->'changes' FROM deal_events WHERE deal_id::text = $1 AND kind = 'deal_changed'"
            " ORDER BY no DESC LIMIT 1",
            both.sales.state.id,
        )
    assert body["trades"][0]["acv_cents"] == body["trade_acv_cents"] == ACV_CENTS


async def test_a_quote_says_what_each_trade_brings(both: Both) -> None:
    """Its allowance, its payoff on the contract date, and the equity that is left."""
    await without_trades(both)
    owed = {**OWED, "payoff_quoted_on": "2026-03-02", "payoff_per_diem_cents": 2_00}
    terms = {"contract_date": "2026-03-12", "first_payment_date": "2026-04-12"}
    await both.sales.terms(codec.convert(StructureChanges, terms))
    await both.sales.terms(trading({**CRV, **owed, "allowance_cents": 15_000_00}))
    await both.caught_up()
    quote = await both.sales.quote(both.cars[0])
    assert codec.plain(quote.trades) == [
        {
            "id": "crv",
            "allowance_cents": 15_000_00,
            "payoff_cents": 13_876_00,
            "equity_cents": 1_124_00,
        }
    ]
    assert quote.payoff_cents == 13_876_00
