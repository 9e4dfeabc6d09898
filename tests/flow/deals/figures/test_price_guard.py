"""From its submission on, nothing changes a deal's agreed figures in silence, over real processes."""

import datetime as dt

import pytest
from msgspec import UnsetType

from client import Deal
from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.agreed import AgreedFigures, FiguresChange, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, LenderStatus, Reason
from protocol.disclosures import TEXT_VERSION
from protocol.events import StateChanged
from protocol.records import DealState, Tier, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.desk import TOMORROW, Both, refused
from tests.flow.shop import connect, token_of

pytestmark = pytest.mark.flow

DEARER_SHEET = """
INSERT INTO rate_sheets (rates_version, effective_from, is_sample) VALUES ('dearer', current_date, true);
INSERT INTO lender_programmes
SELECT (jsonb_populate_record(NULL::lender_programmes,
                              to_jsonb(p) || jsonb_build_object('rates_version', 'dearer',
                                                                'buy_rate_bp', p.buy_rate_bp + 100))).*
  FROM lender_programmes p
 WHERE p.rates_version = (SELECT rates_version FROM rate_sheets WHERE rates_version <> 'dearer' LIMIT 1);
SELECT pg_notify('rates', '');
"""


async def fall_of(both: Both) -> StateChanged:
    """Return how the deal went back to work, as both find it in its story."""
    state = await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert (state.agreed, state.proposal) == (None, None)
    told, seen = [await last_step(deal) for deal in (both.manager, both.sales)]
    assert (seen.figures, seen.reason) == (told.figures, told.reason)
    return told


async def last_step(deal: Deal) -> StateChanged:
    """Return a deal's last change of state, as a view's history tells it."""
    page = await deal.older()
    steps = [event for event in page.events if event["type"] == "state_changed"]
    fields = {name: value for name, value in steps[-1].items() if name != "no"}
    return codec.convert(StateChanged, {**fields, "channel": deal.channel, "seq": 1})


async def submitted(both: Both) -> tuple[DealOffer, AgreedFigures]:
    """Submit the deal; return its offer and what was agreed."""
    offer = await both.submitted()
    agreed = both.manager.state.agreed
    assert agreed == figures_of(offer) == both.sales.state.agreed
    return offer, agreed


CAUSES = {
    "car repriced": (
        "UPDATE vehicles SET price_cents = price_cents + 90000 WHERE vehicle_id::text = $1",
        Reason.CAR_CHANGED,
    ),
    "car sold": ("UPDATE vehicles SET status = 'sold' WHERE vehicle_id::text = $1", Reason.CAR_SOLD),
    "customer": (
        "UPDATE customers SET monthly_income_cents = 100000, co_monthly_income_cents = NULL"
        " WHERE customer_id IN (SELECT d.customer_id FROM deals d"
        " JOIN offers o ON o.offer_id = d.selected_offer WHERE o.vehicle_id::text = $1)",
        Reason.CUSTOMER_CHANGED,
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("state", ["submitted", "countered"])
async def test_what_changes_besides_returns_the_deal_to_working(both: Both, cause: str, state: str) -> None:
    """A car that is repriced or sold, and a customer who earns less: old figures, new ones, and the cause."""
    offer, agreed = await submitted(both)
    if state == "countered":
        more = StructureChanges(cash_down_cents=offer.cash_down_cents + 500_00)
        await both.manager.desk.act(Action.COUNTER, Reason.CASH_TOO_LOW, changes=more)
        await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    change, reason = CAUSES[cause]
    await both.run_sql(change, offer.vehicle_id)
    fell = await fall_of(both)
    assert fell.reason is reason
    assert isinstance(fell.figures, FiguresChange) and fell.figures.old == agreed
    if cause == "car repriced":
        assert fell.figures.new and fell.figures.new != agreed
    if cause == "car sold":
        assert fell.figures.new is None
        return
    # Consent is asked for by a new submission, and what was seen before is refused.
    old = await refused(both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES, figures=agreed))
    assert old.code is ErrorCode.CONFLICT


async def test_a_new_sheet_returns_a_submitted_deal_to_working(both: Both) -> None:
    """Its rates are higher, so the payment would be."""
    _, agreed = await submitted(both)
    for statement in DEARER_SHEET.strip().split(";\n"):
        await both.run_sql(statement)
    fell = await fall_of(both)
    assert fell.reason is Reason.RATES_CHANGED
    assert isinstance(fell.figures, FiguresChange) and fell.figures.new
    assert (fell.figures.new.payment_cents or 0) > (agreed.payment_cents or 0)
    assert fell.figures.new.term_months == agreed.term_months


async def test_an_expired_approval_of_the_lender_returns_the_deal_to_working(both: Both) -> None:
    """Its rate was better than the lender's programme, and it is over."""
    offer, _ = await submitted(both)
    await both.lender_approves(offer, rate_bp=offer.rate_bp - 300)
    await fall_of(both)
    assert isinstance(offer.programme_id, str)
    version = await both.sales.desk.select(
        offer.vehicle_id,
        StructureChanges(term_months=offer.term_months),
        programme_id=offer.programme_id,
    )
    await both.agree(lambda deal: deal.version >= version)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    agreed = (await both.agree(lambda deal: deal.state is DealState.SUBMITTED)).agreed
    assert agreed and agreed.lender == offer.lender
    async with connect_as_owner(both.settings.database_owner_url) as owner, owner.transaction():
        await owner.execute("ALTER TABLE lender_decisions DISABLE TRIGGER USER")
        await owner.execute("UPDATE lender_decisions SET expires_at = now() - interval '1 second'")
        await owner.execute("ALTER TABLE lender_decisions ENABLE TRIGGER USER")
    # What its passing would tell by itself.
    await both.run_sql("SELECT pg_notify('deal_facts', 'all'), pg_notify('rates', '')")
    fell = await fall_of(both)
    assert fell.reason is Reason.LENDER_EXPIRED
    assert isinstance(fell.figures, FiguresChange) and fell.figures.old == agreed


async def test_figures_that_stay_leave_the_deal_as_it_is(both: Both) -> None:
    """A car that costs more, sold at a price that the desk stated: the deal is approved as it was agreed."""
    advertised = int(both.manager.rows[both.cars[0]].match["price_cents"])
    await both.manager.terms(StructureChanges(price_cents=advertised - 10_00))
    offer, agreed = await submitted(both)
    await both.run_sql(
        "UPDATE vehicles SET price_cents = price_cents + 100 WHERE vehicle_id::text = $1", offer.vehicle_id
    )
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=agreed)
    state = await both.agree(lambda deal: deal.state is DealState.APPROVED)
    assert state.agreed == agreed
    assert state.approval and state.approval.rev > offer.rev


async def test_a_lenders_decision_is_shown_before_it_is_made(both: Both) -> None:
    """Its effect is what recording it does then; the program's own figures stand beside it."""
    offer, agreed = await submitted(both)
    assert isinstance(offer.lender, str)
    own = await both.manager.desk.lender_effect(offer.lender)
    assert own.programme and own.figures is None
    assert own.programme.tier == offer.tier
    # The row that the offer was priced from, and not another one of the same lender.
    quoted = await both.manager.quote(offer.vehicle_id)
    assert not isinstance(quoted.lender_rules, UnsetType)
    assert own.programme.programme_id == offer.programme_id == quoted.lender_rules.programme_id
    assert own.programme.buy_rate_bp == quoted.lender_rules.buy_rate_bp
    terms = {
        "tier": own.programme.tier,
        "rate_bp": own.programme.buy_rate_bp + 150,
        "advance_max_cents": offer.principal_cents,
        "term_months": offer.term_months,
    }
    before = await both.version()
    effect = await both.manager.desk.lender_effect(offer.lender, LenderStatus.APPROVED, **terms)
    assert effect.figures and effect.figures.old == agreed and effect.returns
    assert effect.npv_cents == both.manager.state.selected.npv_cents  # type: ignore[union-attr]
    assert await both.version() == before
    await both.lender_approves(offer, **{**terms, "stipulations": []})
    fell = await fall_of(both)
    assert (fell.reason, fell.figures) == (Reason.LENDER_CHANGED, effect.figures)
    selected = both.manager.state.selected
    assert selected and figures_of(selected) == effect.figures.new
    assert selected.npv_cents == effect.new_npv_cents
    forbidden = await refused(both.sales.desk.lender_effect(offer.lender))
    assert forbidden.code is ErrorCode.FORBIDDEN


async def test_what_was_seen_is_submitted(both: Both) -> None:
    """The lender approves at a lower rate, which another structure would be worth more than: the deal is
    submitted at the payment that the customer was told, not at what is best for the store.
    """
    offer, _ = await submitted(both)
    await both.lender_approves(offer, rate_bp=offer.rate_bp - 400)
    fell = await fall_of(both)
    assert isinstance(fell.figures, FiguresChange) and fell.figures.new
    told = fell.figures.new
    assert (told.payment_cents or 0) < offer.payment_cents
    best = await both.manager.quote(offer.vehicle_id)
    assert best.payment_cents != told.payment_cents, "the test needs a structure that is worth more"
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES, figures=told)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.agreed == told
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=told)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)


async def test_another_lender_does_not_change_what_was_agreed(both: Both) -> None:
    """Whatever it approves, the deal stays with the lender that was agreed on."""
    offer, agreed = await submitted(both)
    quote = await both.manager.quote(offer.vehicle_id)
    lenders = {name for row in quote.grid.lender or [] for name in row if name and name != offer.lender}
    for other in sorted(lenders) or ["Another bank"]:
        await both.manager.desk.lender_decision(
            other,
            LenderStatus.APPROVED,
            tier=Tier.PRIME,
            rate_bp=100.0,
            advance_max_cents=90_000_00,
            term_months=84,
            expires_at=dt.datetime.now(dt.UTC) + TOMORROW,
        )
        await both.caught_up()
    assert (both.manager.state.state, both.manager.state.agreed) == (DealState.SUBMITTED, agreed)


async def test_a_decision_about_other_figures_is_refused(both: Both) -> None:
    """Submit, counter, approve, sign: with both figures, and nothing changed. As they are, they are taken."""
    await both.sales.desk.select(both.cars[0])
    state = await both.agree(lambda deal: deal.selected is not None)
    assert state.selected
    figures = figures_of(state.selected)
    wrong = AgreedFigures(
        **{name: getattr(figures, name) for name in figures.__struct_fields__} | {"payment_cents": 1}
    )

    async def step(action: Action, reason: Reason, by: str) -> None:
        desk = both.sales.desk if by == "sales" else both.manager.desk
        before = await both.version()
        error = await refused(desk.act(action, reason, figures=wrong))
        assert error.code is ErrorCode.CONFLICT
        assert error.detail["seen"]["payment_cents"] == 1  # type: ignore[index]
        assert error.detail["value"]["payment_cents"] == figures.payment_cents  # type: ignore[index]
        assert await both.version() == before
        if action is not Action.COUNTER:
            await desk.act(action, reason, figures=figures)

    await step(Action.SUBMIT, Reason.CUSTOMER_AGREES, "sales")
    await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    await step(Action.COUNTER, Reason.CASH_TOO_LOW, "manager")
    await step(Action.APPROVE, Reason.MEETS_POLICY, "manager")
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.lender_approves(state.selected)
    await step(Action.SIGN, Reason.CUSTOMER_ACCEPTS, "sales")
    await both.agree(lambda deal: deal.state is DealState.SIGNED)


async def test_a_counter_is_a_proposal(both: Both) -> None:
    """It may ask for more than the customer's limits, and changes none of them, until it is accepted."""
    limits = StructureChanges(cash_down_cents=1_000_00, cash_down_max_cents=2_000_00)
    await both.manager.terms(limits)
    _, agreed = await submitted(both)
    structure = both.manager.state.structure
    more = StructureChanges(cash_down_cents=6_000_00)
    await both.manager.desk.act(Action.COUNTER, Reason.CASH_TOO_LOW, changes=more, figures=agreed)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert (state.structure, state.agreed) == (structure, agreed)
    proposal = state.proposal
    assert proposal and proposal.figures.old == agreed and proposal.figures.new
    assert proposal.figures.new.cash_down_cents == 6_000_00
    assert (proposal.figures.new.payment_cents or 0) < (agreed.payment_cents or 0)
    assert (proposal.figures.new.term_months, proposal.reason) == (agreed.term_months, Reason.CASH_TOO_LOW)
    assert both.sales.state.proposal and both.sales.state.proposal.figures == proposal.figures
    other = await refused(both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=agreed))
    assert other.code is ErrorCode.CONFLICT
    await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=proposal.figures.new)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert (state.agreed, state.proposal) == (proposal.figures.new, None)
    assert state.selected and figures_of(state.selected) == state.agreed
    assert {name: state.structure[name] for name in structure} == structure
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=proposal.figures.new)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)


async def test_a_counter_is_answered_by_an_edit(both: Both) -> None:
    """The salesperson's own terms instead: what was agreed is open, and so is the proposal."""
    _, agreed = await submitted(both)
    shorter = StructureChanges(term_months=36)
    await both.manager.desk.act(Action.COUNTER, Reason.TERM_TOO_LONG, changes=shorter)
    state = await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    assert state.proposal and state.proposal.offer.term_months == 36
    await both.sales.terms(StructureChanges(cash_down_cents=1_500_00))
    fell = await fall_of(both)
    assert (fell.reason, fell.figures) == (Reason.TERMS_CHANGED, FiguresChange(old=agreed, new=None))
    late = await refused(both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES))
    assert late.detail["value"] == "working"


async def test_a_signed_deal_is_its_contract(both: Both, stocked: Settings) -> None:
    """Whatever becomes of car and prices: everybody sees what was signed, each view its part of it."""
    offer, agreed = await submitted(both)
    quoted = await both.manager.quote(offer.vehicle_id)
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    contract = state.contract
    assert contract and contract.figures == agreed
    assert (contract.customer, contract.text_version) == (state.customer.name, TEXT_VERSION)
    assert contract.quote["payment_cents"] == agreed.payment_cents == quoted.payment_cents
    await both.run_sql(
        "UPDATE vehicles SET price_cents = price_cents * 2, status = 'available' WHERE vehicle_id::text = $1",
        offer.vehicle_id,
    )
    await both.run_sql("SELECT pg_notify('deal_facts', 'all')")
    again = await both.manager.quote(offer.vehicle_id)
    assert (again.pencil_id, again.payment_cents) == (contract.pencil_id, agreed.payment_cents)
    assert again.schedule and again.grid.payment_cents == [[agreed.payment_cents]]
    changed = await refused(both.manager.quote(offer.vehicle_id, StructureChanges(term_months=36)))
    assert changed.code is ErrorCode.CONFLICT
    for login, view in (("riverside-sales", View.SALES), ("riverside-sales", View.CUSTOMER)):
        url = f"http://127.0.0.1:{stocked.port}"
        async with connect(url, await token_of(stocked, login)) as late:
            deal = await late.join(both.sales.channel, view)
            shown = deal.state.contract
            assert shown and shown.quote["payment_cents"] == agreed.payment_cents
            assert "parts" not in shown.quote.get("value", {})
            assert ("lender" in shown.quote) == (view is View.SALES)
            priced = await deal.quote(offer.vehicle_id)
            assert priced.payment_cents == agreed.payment_cents
