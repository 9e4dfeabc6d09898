"""A whole deal over real processes, as a salesperson and a desk work it: from a customer who walks in to the
lender's money, with every figure checked by hand to the cent. Then somebody new reads its story, prints it,
and the house computes all of it again.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import UNSET

from client import Deal, Workspace
from protocol import codec, disclosures
from protocol.closing import ErrorCode
from protocol.deal.agreed import AgreedFigures, FiguresChange, Proposal, figures_of
from protocol.deal.customers import CustomerChanges
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges, TierSource
from protocol.deal.workflow import Action, Closing, Fulfilment, LenderStatus, Reason, TaskKind
from protocol.records import DealState, View
from server.settings import Settings
from tests.flow.current import keep_current
from tests.flow.deals.by_hand import Sale
from tests.flow.deals.whole_deal import (
    ACV_CENTS,
    CUSTOMER,
    FIRST_DUE,
    MORE_CENTS,
    SCORE,
    SIGNED_ON,
    STIPULATIONS,
    TARGET_CENTS,
    TRADE,
)
from tests.flow.deals.whole_pencil import (
    a_lease_beside_finance,
    finance_beside_cash,
    products_are_chosen_and_declined,
    the_best_car_of_all,
)
from tests.flow.deals.whole_story import (
    it_replays_to_the_cent,
    its_paper_shows_what_was_signed,
    paper_of,
    somebody_new_reads_its_story,
)
from tests.flow.desk import TOMORROW, Both, refused
from tests.flow.shop import connect, token_of
from tests.paper.pencils import text_of
from tests.services import start_together

pytestmark = pytest.mark.flow


async def test_a_whole_deal(stocked: Settings, tmp_path: Path) -> None:
    """Customer, trade, search, quote, products, submit, callback, counter, contract, money; its story."""
    async with (
        start_together(stocked, tmp_path) as [web],
        connect(web.url, await token_of(stocked, "riverside-sales")) as rosa,
        connect(web.url, await token_of(stocked, "riverside-manager")) as sam,
    ):
        both = await a_customer_walks_in(stocked, rosa, sam)
        await the_trade_is_appraised(both)
        car = await the_best_car_of_all(both)
        await a_lease_beside_finance(both)
        await finance_beside_cash(both, car)
        offer, sale = await products_are_chosen_and_declined(both, car)
        await it_is_submitted(both, offer)
        called_back = await the_lender_calls_back(both, offer, sale)
        agreed = await the_desk_counters(both, called_back, sale)
        await the_proposal_shows_other_terms(both, agreed, sale)
        await it_is_signed_and_funded(both, agreed)
        await somebody_new_reads_its_story(both, web.url, agreed)
        await its_paper_shows_what_was_signed(both, agreed, tmp_path)
        await it_replays_to_the_cent(both)


async def a_customer_walks_in(settings: Settings, rosa: Workspace, sam: Workspace) -> Both:
    """The salesperson enters the customer and begins a deal; the desk has it open at once, and the bureau's
    score is the desk's alone.
    """
    headers = {"authorization": f"Bearer {await token_of(settings, 'riverside-sales')}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{settings.port}", headers=headers, timeout=60.0
    ) as http:
        made = await http.post("/api/customers", json=CUSTOMER)
        assert made.status_code == 201
        begun = await http.post("/api/deals", json={"customer_id": made.json()["id"]})
        assert begun.status_code == 201
        found = (await http.get("/api/find", params={"q": "whitfield"})).json()
        assert [deal["channel"] for deal in found["deals"]] == [begun.json()["channel"]]
    channel = begun.json()["channel"]
    sales = keep_current(await rosa.join(channel, View.SALES), settings)
    manager = keep_current(await sam.join(channel, View.MANAGER), settings)
    both = Both(sales, manager, [], settings)
    score = CustomerChanges(score=SCORE, score_source=TierSource.BUREAU, score_date=dt.date(2026, 2, 27))
    await manager.desk.customer(score)
    await both.caught_up()
    assert manager.state.customer.score == SCORE
    assert sales.state.customer.score is UNSET
    return both


async def the_trade_is_appraised(both: Both) -> None:
    """The salesperson enters the trade with what is owed on it, and asks for an appraisal. The desk's value
    ends the task; the salesperson does not see it.
    """
    terms = {
        "trades": [TRADE],
        "contract_date": SIGNED_ON.isoformat(),
        "first_payment_date": FIRST_DUE.isoformat(),
        "cash_down_cents": 2_000_00,
        "cash_down_max_cents": 4_000_00,
        "payment_max_cents": TARGET_CENTS,
        "terms_months": [36, 60, 72],
    }
    await both.sales.terms(codec.convert(StructureChanges, terms))
    await both.sales.desk.request_appraisal("trade-1")
    await both.caught_up()
    [task] = open_tasks(both.manager)
    assert (task.kind, task.trade_id) == (TaskKind.APPRAISAL, "trade-1")
    value = codec.convert(StructureChanges, {"trades": [{"id": "trade-1", "acv_cents": ACV_CENTS}]})
    await both.manager.terms(value)
    await both.caught_up()
    assert open_tasks(both.manager) == open_tasks(both.sales) == []
    [shown] = both.sales.state.structure["trades"]
    assert shown["appraised"] is True and "acv_cents" not in shown
    assert both.manager.state.structure["trade_acv_cents"] == ACV_CENTS


async def it_is_submitted(both: Both, offer: DealOffer) -> None:
    """With the figures that the customer saw; from here on nothing changes them in silence."""
    seen = figures_of(offer)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES, figures=seen)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed == seen


async def the_lender_calls_back(both: Both, offer: DealOffer, sale: Sale) -> AgreedFigures:
    """At a dearer rate. The desk sees the effect before it is saved; then the price guard returns the deal
    to work with old and new figures, and the customer consents by a new submit.
    """
    old = figures_of(offer)
    assert isinstance(offer.lender, str)
    own = (await both.manager.desk.lender_effect(offer.lender)).programme
    assert own is not None
    decided: dict[str, Any] = {
        "tier": own.tier,
        "rate_bp": own.buy_rate_bp + 100,
        "advance_max_cents": offer.principal_cents + 2_000_00,
        "term_months": offer.term_months,
    }
    effect = await both.manager.desk.lender_effect(offer.lender, LenderStatus.CONDITIONAL, **decided)
    assert effect.returns and effect.figures and effect.figures.new
    await both.manager.desk.lender_decision(
        offer.lender,
        LenderStatus.CONDITIONAL,
        **decided,
        stipulations=STIPULATIONS,
        expires_at=dt.datetime.now(dt.UTC) + 30 * TOMORROW,
    )
    state = await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert state.agreed is None
    change = (await last_step(both.sales))["figures"]
    assert codec.convert(FiguresChange, change) == effect.figures
    new = effect.figures.new
    assert effect.figures.old == old
    assert new.rate_bp == offer.rate_bp + 100
    loan = sale.financed(
        cash_cents=old.cash_down_cents, rate_bp=offer.rate_bp + 100, term_months=offer.term_months
    )
    assert (new.payment_cents, new.total_cents) == (loan.payment_cents, loan.total_cents)
    assert new.payment_cents > (old.payment_cents or 0)
    stale = await refused(both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES, figures=old))
    assert stale.code is ErrorCode.CONFLICT
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES, figures=new)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed == new
    return new


async def the_desk_counters(both: Both, agreed: AgreedFigures, sale: Sale) -> AgreedFigures:
    """With $500 more down, as a proposal: the customer's own limits stay, and the salesperson accepts."""
    structure = both.manager.state.structure
    more = StructureChanges(cash_down_cents=agreed.cash_down_cents + MORE_CENTS)
    await both.manager.desk.act(Action.COUNTER, Reason.CASH_TOO_LOW, changes=more, figures=agreed)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert (state.structure, state.agreed) == (structure, agreed)
    assert isinstance(both.sales.state.proposal, Proposal)
    proposed = both.sales.state.proposal.figures
    assert proposed.old == agreed and proposed.new
    assert (proposed.new.rate_bp, proposed.new.term_months) == (agreed.rate_bp, agreed.term_months)
    assert agreed.rate_bp and agreed.term_months
    loan = sale.financed(
        cash_cents=agreed.cash_down_cents + MORE_CENTS,
        rate_bp=agreed.rate_bp,
        term_months=agreed.term_months,
    )
    assert (proposed.new.payment_cents, proposed.new.total_cents) == (loan.payment_cents, loan.total_cents)
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=proposed.new)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert (state.agreed, state.structure, state.proposal) == (proposed.new, structure, None)
    return proposed.new


async def the_proposal_shows_other_terms(both: Both, agreed: AgreedFigures, sale: Sale) -> None:
    """The customer takes the proposal home: the other term with the same cash stands beside what was agreed,
    and what it costs in all.
    """
    text = text_of(await paper_of(both))
    assert disclosures.LONGER_TERM in text
    assert f"${(agreed.payment_cents or 0) / 100:,.2f} a month" in text
    cash = agreed.cash_down_cents
    grid = (await both.sales.quote(agreed.vehicle_id, terms_months=[60, 72], cash_down_cents=[cash])).grid
    for term, [rate] in zip(grid.terms_months, grid.rate_bp, strict=True):
        assert rate is not None
        loan = sale.financed(cash_cents=cash, rate_bp=rate, term_months=term)
        assert f"${loan.payment_cents / 100:,.2f} {rate / 100:.2f} % · ${loan.total_cents / 100:,.2f}" in text


async def it_is_signed_and_funded(both: Both, agreed: AgreedFigures) -> None:
    """Approved, signed, delivered; the lender pays once its stipulations are met."""
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=agreed)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS, figures=agreed)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    assert state.contract and state.contract.figures == agreed
    assert state.contract.customer == CUSTOMER["name"]
    await both.manager.desk.act(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.DELIVERED)
    early = await refused(both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID))
    assert (early.code, early.detail["value"]) == (ErrorCode.CONFLICT, STIPULATIONS)
    assert isinstance(both.manager.state.lenders, list)
    for each in both.manager.state.lenders[0].stipulations:
        await both.manager.desk.clear_stipulation(each.id)
    await both.caught_up()
    await both.manager.desk.act(Closing.FUND, Reason.LENDER_PAID)
    await both.agree(lambda deal: deal.fulfilment is Fulfilment.FUNDED)


def open_tasks(deal: Deal) -> list[Any]:
    """Return the tasks that a screen shows as open."""
    assert isinstance(deal.state.tasks, list)
    return [task for task in deal.state.tasks if task.done_by is None]


async def last_step(deal: Deal) -> dict[str, Any]:
    """Return the last change of state in a deal's story."""
    events = (await deal.older()).events
    return [event for event in events if event["type"] == "state_changed"][-1]
