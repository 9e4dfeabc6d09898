"""From its submission on, nothing changes a deal's agreed figures in silence, over real processes."""

import datetime as dt

import pytest

from protocol.closing import ErrorCode
from protocol.deal.agreed import FiguresChange
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, LenderStatus, Reason
from protocol.disclosures import TEXT_VERSION
from protocol.records import DealState, Tier, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.deals.figures.agreeing import fall_of, submitted
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
