"""A whole deal over real processes, as a salesperson and a desk work it: from a customer who walks in to the
lender's money, with every figure checked by hand to the cent. Then somebody new reads its story, prints it,
and the house computes all of it again.
"""

import asyncio
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from msgspec import UNSET, UnsetType

from client import Deal, Workspace
from protocol import codec, disclosures
from protocol.closing import ErrorCode
from protocol.deal.agreed import AgreedFigures, FiguresChange, Proposal, figures_of
from protocol.deal.customers import CustomerChanges
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges, TierSource
from protocol.deal.workflow import Action, Closing, Fulfilment, LenderStatus, Reason, TaskKind
from protocol.money.quotes import QuoteReply
from protocol.records import DealState, EndReason, Role, View
from server.database.core.pool import connect_as_owner
from server.database.people.staff import add_user
from server.settings import Settings
from tests.flow.current import keep_current
from tests.flow.deals.by_hand import Lease, Loan, Sale, cents, tax_cents
from tests.flow.deals.test_audit import run_command
from tests.flow.desk import TOMORROW, Both, refused, valued
from tests.flow.shop import connect, events_until, token_of
from tests.paper.pencils import text_of
from tests.services import start_together

pytestmark = pytest.mark.flow

CUSTOMER: Final = {
    "name": "Dana Whitfield",
    "phone": "(937) 555-0147",
    "address_line": "12 Elm Street",
    "city": "Riverside",
    "state": "OH",
    "postal_code": "45424",
    "monthly_income_cents": 8_400_00,
    "other_debt_cents": 310_00,
}
OHIO_BP: Final = (600, 125)
"""The state's tax and that of postal codes from 454."""

# The first of a month and the first of the next: every period is regular.
SIGNED_ON, FIRST_DUE = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
OWED_CENTS, PER_DIEM_CENTS, QUOTED_ON = 13_350_00, 3_14, dt.date(2026, 2, 24)
PAYOFF_CENTS: Final = OWED_CENTS + 5 * PER_DIEM_CENTS
"""What the lienholder wants on the day of signing."""

ALLOWANCE_CENTS, ACV_CENTS = 9_000_00, 8_641_00
TRADE: Final = {
    "id": "trade-1",
    "year": 2019,
    "make": "Honda",
    "model": "CR-V",
    "mileage": 61_200,
    "lienholder": "Harbor Credit Union",
    "allowance_cents": ALLOWANCE_CENTS,
    "payoff_cents": OWED_CENTS,
    "payoff_quoted_on": QUOTED_ON.isoformat(),
    "payoff_per_diem_cents": PER_DIEM_CENTS,
}
GAP, CONTRACT = ("gap", 895_00, False), ("service-contract", 1_995_00, True)
"""Each product with its price, and whether Ohio taxes it."""

TARGET_CENTS, ROOM_CENTS = 850_00, 120_00
"""The most that the customer pays a month, and what products and a dearer rate may still add to it."""

USED_MILES: Final = 10_000
STIPULATIONS: Final = ["Proof of income", "Proof of residence"]
MORE_CENTS: Final = 500_00
SCORE: Final = 717


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
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", headers=headers) as http:
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


async def the_best_car_of_all(both: Both) -> str:
    """The whole stock in reach is valued; return the used car that is worth most to the house among those
    that leave the customer some room below the target payment.
    """
    await both.sales.search()
    heard, _ = await asyncio.gather(events_until(both.sales, valued), events_until(both.manager, valued))
    search = both.manager.search_state
    assert search is not None and heard
    assert search.ended is EndReason.COMPLETE
    rows = both.manager.rows
    assert search.valued == search.matched == len(rows)
    offered = {car: row.offer for car, row in rows.items() if row.offer and row.offer["payment_cents"]}
    assert len(offered) > 20
    assert all(offer["payment_cents"] <= TARGET_CENTS for offer in offered.values())
    roomy = [
        car
        for car, offer in offered.items()
        if offer["payment_cents"] <= TARGET_CENTS - ROOM_CENTS and rows[car].match["mileage"] > USED_MILES
    ]
    assert all("npv_cents" in row.offer for row in both.sales.rows.values() if row.offer)
    assert not any("cost_cents" in row.match for row in both.sales.rows.values())
    return max(roomy, key=lambda car: offered[car]["npv_cents"])


async def a_lease_beside_finance(both: Both) -> None:
    """The customer looks at a new car first: its lease stands beside its loan, in the grid and in the quote.
    What is owed on the trade is in both.
    """
    rows = both.sales.rows
    leased = [
        car
        for car, row in rows.items()
        if row.offer and row.offer["lease_payment_cents"] and row.offer["payment_cents"]
    ]
    assert leased
    quote = await both.sales.quote(leased[0])
    told = rows[leased[0]].offer
    assert told and quote.lease and quote.lease.best
    best, sale = quote.lease.best, sale_of(both, quote, discount_cents=quote.lease.best.discount_cents)
    check_contract(quote, sale_of(both, quote))
    assert told["lease_payment_cents"] == best.payment_with_tax_cents
    own_fees = best.upfront_fees_cents == sale.fees_cents
    capitalised = best.acquisition_fee_cents if own_fees else 0
    negative_equity = PAYOFF_CENTS - ALLOWANCE_CENTS
    gross = sale.price_cents - sale.discount_cents + capitalised + negative_equity
    assert best.gross_cap_cents == gross
    assert best.adjusted_cap_cents == gross - best.cash_down_cents - quote.rebate_cents
    assert best.residual_cents == cents(best.msrp_cents * Decimal(str(best.residual_bp)) / 10_000)
    lease = Lease(
        best.adjusted_cap_cents, best.residual_cents, Decimal(str(best.money_factor)), best.term_months
    )
    tax = tax_cents(lease.payment_cents, OHIO_BP)
    assert best.payment_cents == lease.payment_cents
    assert best.payment_with_tax_cents == lease.payment_cents + tax <= TARGET_CENTS
    assert best.total_of_payments_cents == best.term_months * (lease.payment_cents + tax)
    fees_and_tax = best.upfront_fees_cents + best.tax_at_signing_cents
    cash = best.cash_down_cents + best.security_deposit_cents
    assert best.due_at_signing_cents == best.payment_cents + fees_and_tax + cash
    assert best.value is UNSET and best.buy_factor is UNSET


async def finance_beside_cash(both: Both, car: str) -> None:
    """The quote of the car: a financed contract, and beside it what it costs paid in full."""
    quote = await both.sales.quote(car)
    assert quote.eligible
    sale = sale_of(both, quote)
    check_contract(quote, sale)
    assert quote.payoff_cents == PAYOFF_CENTS
    row = both.sales.rows[car].offer
    assert row and row["payment_cents"] == quote.payment_cents
    assert not isinstance(quote.cash, UnsetType)
    paid = sale_of(both, quote, discount_cents=quote.cash.discount_cents)
    assert quote.cash.out_the_door_cents == paid.out_the_door_cents
    assert quote.cash.covered is False
    # More cash never costs more a month.
    for payments in quote.grid.payment_cents:
        shown = [payment for payment in payments if payment is not None]
        assert shown == sorted(shown, reverse=True)


async def products_are_chosen_and_declined(both: Both, car: str) -> tuple[DealOffer, Sale]:
    """The customer takes two products, and declines tire and wheel. Each says what it adds to the payment."""
    lines = [{"product_id": name, "price_cents": price} for name, price, _ in (GAP, CONTRACT)]
    taken = {"products": lines, "declined_products": ["tire-wheel"]}
    await both.sales.terms(codec.convert(StructureChanges, taken))
    await both.caught_up()
    quote = await both.sales.quote(car)
    sale = sale_of(both, quote)
    assert (sale.products_cents, sale.taxable_products_cents) == (2_890_00, 1_995_00)
    check_contract(quote, sale)
    assert isinstance(quote.products, list) and isinstance(quote.payment_cents, int)
    for line, (name, price, taxable) in zip(quote.products, (GAP, CONTRACT), strict=True):
        without = loan_of(quote, sale.without(price, taxable=taxable)).payment_cents
        assert (line.product_id, line.payment_without_cents) == (name, without)
        assert line.adds_cents == quote.payment_cents - without > 0
        assert line.optional and line.cost_cents is UNSET
    await both.sales.desk.select(car)
    state = await both.agree(lambda deal: deal.selected is not None and not deal.selected_outdated)
    offer = state.selected
    assert offer and offer.payment_cents == quote.payment_cents
    return offer, sale


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


async def somebody_new_reads_its_story(both: Both, url: str, agreed: AgreedFigures) -> None:
    """A colleague who opens the deal for the first time sees every step at once, and the signed contract."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        await add_user(
            owner,
            "nina",
            name="Nina Okafor",
            role=Role.SALESPERSON,
            store_id="riverside",
            password="a password that is nobody's",
        )
    async with connect(url, await token_of(both.settings, "nina")) as workspace:
        deal = await workspace.join(both.sales.channel, View.SALES)
        story = deal.history.events
        assert not deal.history.more
        steps = [event for event in story if event["type"] in {"state_changed", "fulfilment_changed"}]
        assert [(step["from"], step["to"], step["reason"]) for step in steps] == [
            ("working", "submitted", "customer_agrees"),
            ("submitted", "working", "lender_changed"),
            ("working", "submitted", "customer_agrees"),
            ("submitted", "countered", "cash_too_low"),
            ("countered", "submitted", "customer_agrees"),
            ("submitted", "approved", "meets_policy"),
            ("approved", "signed", "customer_accepts"),
            ("signed", "delivered", "car_handed_over"),
            ("delivered", "funded", "lender_paid"),
        ]
        assert {step["by"]["name"] for step in steps} == {"Riverside sales", "Riverside manager"}
        assert all(step["at"] for step in steps)
        kinds = [event["type"] for event in story]
        assert {"customer_changed", "deal_changed", "task_raised", "task_done", "offer_selected"} < set(kinds)
        assert kinds.count("stipulation_cleared") == len(STIPULATIONS)
        declined = [event for event in story if "declined_products" in event.get("changes", {})]
        assert declined[-1]["changes"]["declined_products"] == ["tire-wheel"]
        assert deal.state.agreed == agreed
        assert deal.state.contract and deal.state.contract.figures == agreed
        assert not internal_in(codec.encode([story, deal.state]).decode())


async def its_paper_shows_what_was_signed(both: Both, agreed: AgreedFigures, folder: Path) -> None:
    """One page for the customer, the same from the command line: no internal figure is on it."""
    paper = await paper_of(both)
    file = folder / "deal.pdf"
    await run_command(both.settings, "print", both.sales.state.id, "-o", str(file))
    assert file.read_bytes() == paper
    text = text_of(paper)
    for amount in (
        *(agreed.payment_cents, agreed.total_cents, agreed.cash_down_cents),
        *(ALLOWANCE_CENTS, PAYOFF_CENTS, GAP[1], CONTRACT[1]),
    ):
        assert f"${(amount or 0) / 100:,.2f}" in text, amount
    assert "GAP waiver" in text and CUSTOMER["name"] in text
    offer = both.manager.state.selected
    assert offer and isinstance(offer.npv_cents, int) and isinstance(offer.lender, str)
    quote = await both.manager.quote(offer.vehicle_id)
    assert not isinstance(quote.value, UnsetType) and quote.value.parts
    house = [offer.npv_cents, *dict(quote.value.parts).values(), ACV_CENTS, 310_00, 1_150_00]
    assert not any(f"{abs(amount) / 100:,.2f}" in text for amount in house if amount)
    assert not any(word in text for word in ("NPV", offer.lender, str(SCORE), "prime", "reserve"))


async def it_replays_to_the_cent(both: Both) -> None:
    """Every pencil comes out as it was given, and the events fold to the deal as it stands."""
    said = await run_command(both.settings, "verify-pencils")
    assert said.endswith(" 0 differ\n") and not said.startswith("0 ")
    replayed = json.loads(await run_command(both.settings, "replay", both.manager.state.id))
    now = codec.decode(codec.encode(both.manager.state))
    for name in ("version", "state", "fulfilment", "structure", "selected", "agreed", "contract", "lenders"):
        assert replayed[name] == now[name], name


def sale_of(both: Both, quote: QuoteReply, discount_cents: int | None = None) -> Sale:
    """Return the worksheet of a quoted car: its price as advertised, the deal's fees, products and trade."""
    terms = both.manager.state.structure
    advertised = both.manager.rows[quote.vehicle_id].match["price_cents"]
    assert quote.price_cents == advertised
    assert isinstance(quote.discount_cents, int)
    taxable = sum(
        price
        for name, price, taxed in (GAP, CONTRACT)
        if taxed and name in {line["product_id"] for line in terms["products"]}
    )
    return Sale(
        price_cents=advertised,
        discount_cents=quote.discount_cents if discount_cents is None else discount_cents,
        fees_cents=terms["fees_cents"],
        taxable_fees_cents=terms["taxable_fees_cents"],
        rebate_cents=quote.rebate_cents,
        allowance_cents=ALLOWANCE_CENTS,
        payoff_cents=PAYOFF_CENTS,
        rates_bp=OHIO_BP,
        products_cents=sum(line["price_cents"] for line in terms["products"]),
        taxable_products_cents=taxable,
    )


def loan_of(quote: QuoteReply, sale: Sale) -> Loan:
    """Return the loan of a quote's lender, rate, term and cash on a worksheet."""
    assert isinstance(quote.cash_down_cents, int) and isinstance(quote.term_months, int)
    assert isinstance(quote.rate_bp, float)
    return sale.financed(
        cash_cents=quote.cash_down_cents, rate_bp=quote.rate_bp, term_months=quote.term_months
    )


def check_contract(quote: QuoteReply, sale: Sale) -> None:
    """Assert that a quote's figures are those of its worksheet, to the cent."""
    loan = loan_of(quote, sale)
    assert (quote.contract_date, quote.first_payment_date) == (SIGNED_ON, FIRST_DUE)
    assert quote.tax_cents == sale.tax_cents
    assert quote.principal_cents == loan.principal_cents
    assert quote.payment_cents == loan.payment_cents
    assert quote.total_of_payments_cents == loan.total_cents


async def paper_of(both: Both) -> bytes:
    """Return the PDF that the salesperson prints."""
    token = await token_of(both.settings, "riverside-sales")
    url = f"http://127.0.0.1:{both.settings.port}/api/deals/{both.sales.state.id}/paper.pdf"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
        answer = await http.get(url)
    assert answer.status_code == 200
    return answer.content


def open_tasks(deal: Deal) -> list[Any]:
    """Return the tasks that a screen shows as open."""
    assert isinstance(deal.state.tasks, list)
    return [task for task in deal.state.tasks if task.done_by is None]


async def last_step(deal: Deal) -> dict[str, Any]:
    """Return the last change of state in a deal's story."""
    events = (await deal.older()).events
    return [event for event in events if event["type"] == "state_changed"][-1]


def internal_in(text: str) -> list[str]:
    """Return what a salesperson must not see of this deal and yet stands in ``text``."""
    hidden = ("acv_cents", "cost_cents", "buy_rate", "_gross", str(ACV_CENTS), f'"score":{SCORE}', "parts")
    return [word for word in hidden if word in text]
