"""What the store learns of a customer reaches all of the customer's open deals, over real processes."""

import datetime as dt
import uuid

import pytest

from protocol.closing import ErrorCode
from protocol.deal.agreed import FiguresChange, figures_of
from protocol.deal.customers import CustomerChanges
from protocol.deal.structure import StructureChanges, TierSource
from protocol.deal.workflow import Action, Reason
from protocol.events import CustomerChanged, SearchStarted
from protocol.records import DealState, View
from server.database.core.pool import connect_as_owner
from server.database.decisions.deciding import DealEvent
from server.hub.upkeep.relay import outdates_search
from tests.flow.current import keep_current
from tests.flow.deals.figures.agreeing import fall_of
from tests.flow.desk import Both, refused, seen
from tests.flow.shop import connect, events_until, token_of

pytestmark = pytest.mark.flow

TODAY = dt.date(2026, 11, 20)


async def test_income_reaches_the_search_and_a_phone_number_does_not(both: Both) -> None:
    """Both screens have the new facts; the limits that go by income are searched anew."""
    await both.sales.desk.customer(CustomerChanges(phone="(937) 555-0133"))
    income = await both.sales.desk.customer(CustomerChanges(monthly_income_cents=40_000_00))
    state = await both.agree(lambda deal: deal.version >= income)
    facts = state.customer.facts
    assert isinstance(facts, dict)
    assert (facts["phone"], facts["monthly_income_cents"]) == ("(937) 555-0133", 40_000_00)
    started = await events_until(both.sales, lambda event: isinstance(event, SearchStarted))
    assert started[-1].deal_version >= income  # type: ignore[attr-defined]
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT no, kind, body, at FROM deal_events WHERE deal_id::text = $1 ORDER BY no DESC LIMIT 2",
            both.sales.state.id,
        )
    earns, phones = [DealEvent(*row.values()) for row in rows]
    assert (outdates_search(phones), outdates_search(earns)) == (False, True)


async def test_the_score_is_the_desks(both: Both) -> None:
    """Salespeople neither see nor set it; a manager's reaches no event, snapshot or refusal of theirs."""
    for changes in (CustomerChanges(score=701), CustomerChanges(co_score_source=TierSource.STATED)):
        sly = await refused(both.sales.desk.customer(changes))
        assert sly.code is ErrorCode.FORBIDDEN
    scored = await both.manager.desk.customer(
        CustomerChanges(score=701, score_source=TierSource.BUREAU, score_date=TODAY)
    )
    await both.agree(lambda deal: deal.version >= scored)
    assert both.manager.state.customer.score == 701
    seen_by_sales = both.sales.state.customer
    assert isinstance(seen_by_sales.facts, dict)
    assert not any("score" in name for name in seen_by_sales.facts)
    assert "701" not in repr(seen_by_sales)


async def test_other_open_deals_of_the_customer_hear_it(both: Both) -> None:
    """Each has the event; a lost one does not, and an approval that was given on less falls."""
    other = await another_deal(both)
    async with connect(
        f"http://127.0.0.1:{both.settings.port}", await token_of(both.settings, "riverside-sales")
    ) as workspace:
        second = keep_current(await workspace.join(f"deal:{other}", View.SALES), both.settings)
        await both.run_sql("UPDATE deals SET state = 'approved' WHERE deal_id::text = $1", other)
        op = uuid.uuid4()
        changed = CustomerChanges(other_debt_cents=77_00)
        version = await both.sales.desk.customer(changed, op=op)
        assert await both.sales.desk.customer(changed, op=op) == version
        heard = await events_until(second, lambda event: isinstance(event, CustomerChanged))
        assert isinstance(heard[-1], CustomerChanged)
        await seen(second, lambda deal: deal.state is DealState.WORKING)
        facts = second.state.customer.facts
        assert isinstance(facts, dict) and facts["other_debt_cents"] == 77_00


async def test_the_same_fact_is_a_conflict_and_another_one_merges(both: Both) -> None:
    """With the newer value, who and when; nothing is changed on a deal that is over."""
    version = both.sales.state.version
    await both.manager.desk.customer(CustomerChanges(monthly_income_cents=6_100_00), version=version)
    await both.sales.desk.customer(CustomerChanges(phone="555 0100"), version=version)
    taken = await refused(
        both.sales.desk.customer(CustomerChanges(monthly_income_cents=5_000_00), version=version)
    )
    assert (taken.code, taken.detail["field"]) == (ErrorCode.CONFLICT, "monthly_income_cents")
    assert (taken.detail["value"], taken.detail["by"]["name"]) == (6_100_00, "Riverside manager")
    wrong = await refused(both.sales.desk.customer(CustomerChanges(current_payment_cents=612_00)))
    assert (wrong.code, wrong.detail["field"]) == (ErrorCode.INVALID, "remaining_months")
    await both.caught_up()
    await both.sales.desk.act(Action.LOSE, Reason.NOT_READY)
    await both.caught_up()
    over = await refused(both.sales.desk.customer(CustomerChanges(phone="1")))
    assert (over.code, over.detail["field"]) == (ErrorCode.CONFLICT, "state")


@pytest.mark.parametrize("state", ["submitted", "countered"])
async def test_facts_that_change_the_figures_return_the_deal_to_working(both: Both, state: str) -> None:
    """In the decision that tells them, with old and new figures; repeated, they change nothing."""
    offer = await both.submitted()
    agreed = figures_of(offer)
    if state == "countered":
        more = StructureChanges(cash_down_cents=offer.cash_down_cents + 500_00)
        await both.manager.desk.act(Action.COUNTER, Reason.CASH_TOO_LOW, changes=more)
        await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    op, poor = uuid.uuid4(), CustomerChanges(monthly_income_cents=1_000_00, co_monthly_income_cents=None)
    version = await both.sales.desk.customer(poor, op=op)
    fell = await fall_of(both)
    assert fell.reason is Reason.CUSTOMER_CHANGED
    assert isinstance(fell.figures, FiguresChange) and fell.figures.old == agreed != fell.figures.new
    assert both.manager.state.version == version == fell.version
    assert await together(both, version) == ["customer_changed", "state_changed"]
    assert await both.sales.desk.customer(poor, op=op) == version
    assert await both.version() == version


async def test_facts_on_which_no_figure_depends_leave_what_was_agreed(both: Both) -> None:
    """A phone number, and an income that is still enough."""
    offer = await both.submitted()
    await both.sales.desk.customer(CustomerChanges(phone="555 0100"))
    version = await both.sales.desk.customer(CustomerChanges(monthly_income_cents=90_000_00))
    state = await both.agree(lambda deal: deal.version >= version)
    assert (state.state, state.agreed) == (DealState.SUBMITTED, figures_of(offer))


async def test_an_approval_falls_with_other_facts_and_shows_the_figures(both: Both) -> None:
    """It was given on other debts, so it ends also where the figures stay; both are told with the cause."""
    agreed = figures_of(await both.submitted())
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=agreed)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    version = await both.sales.desk.customer(CustomerChanges(other_debt_cents=1_00))
    fell = await fall_of(both)
    assert fell.reason is Reason.CUSTOMER_CHANGED
    assert fell.figures == FiguresChange(old=agreed, new=agreed)
    assert await together(both, version) == ["customer_changed", "state_changed"]


async def together(both: Both, version: int) -> list[str]:
    """Return the kinds of the events of the decision that made a version."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT kind FROM deal_events e WHERE deal_id::text = $1 AND at = (SELECT at FROM deal_events"
            " WHERE deal_id = e.deal_id AND (body->>'version')::bigint = $2) ORDER BY no",
            both.sales.state.id,
            version,
        )
    return [row["kind"] for row in rows]


async def another_deal(both: Both) -> str:
    """Begin another deal for the customer of the first one; return its id."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        made: uuid.UUID = await owner.fetchval(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure FROM deals WHERE deal_id::text = $1"
            " RETURNING deal_id",
            both.sales.state.id,
        )
    return str(made)
