"""What changes agreed figures is shown first: a lender's decision, a counter as a proposal, and consent."""

import pytest
from msgspec import UnsetType

from protocol.closing import ErrorCode
from protocol.deal.agreed import AgreedFigures, FiguresChange, figures_of
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, LenderStatus, Reason
from protocol.records import DealState
from tests.flow.deals.figures.agreeing import fall_of, submitted
from tests.flow.desk import Both, refused

pytestmark = pytest.mark.flow


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
