"""Tables that come into force while figures are agreed on: what they change falls, with them as its cause."""

import pytest

from protocol.deal.agreed import FiguresChange
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.records import DealState
from tests.flow.deals.figures.agreeing import fall_of, submitted
from tests.flow.desk import Both

pytestmark = pytest.mark.flow

LIMITS = """
INSERT INTO limit_tables (limits_version, effective_from, is_sample) VALUES ('strict', current_date, true);
INSERT INTO state_limits (limits_version, state, rate_max_bp, source, source_date)
SELECT 'strict', s.state, {rate_bp}, 'Statute', current_date
  FROM (SELECT state FROM stores UNION SELECT state FROM customers) AS s;
"""
REBATES = """
INSERT INTO rebate_sheets (rebates_version, effective_from, is_sample) VALUES ('more', current_date, true);
INSERT INTO rebates (rebates_version, rebate_id, programme, make, new_only, starts_on, ends_on, amount_cents)
SELECT 'more', m.make, 'Summer cash', m.make, false, current_date - 1, current_date + 1, 75000
  FROM (SELECT DISTINCT make FROM vehicles) AS m;
"""
TAXES = """
INSERT INTO tax_tables (tax_version, effective_from, is_sample) VALUES ('dearer', current_date, true);
INSERT INTO tax_rules
SELECT (jsonb_populate_record(NULL::tax_rules,
                              to_jsonb(r) || jsonb_build_object('tax_version', 'dearer',
                                                                'rate_bp', r.rate_bp + 200))).*
  FROM tax_rules r;
"""


@pytest.mark.parametrize("state", ["submitted", "approved"])
async def test_a_state_limit_that_binds_returns_the_deal_to_working(both: Both, state: str) -> None:
    """The agreed rate is above what the state allows from now on."""
    offer, agreed = await submitted(both)
    if state == "approved":
        await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=agreed)
        await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.run_sql(LIMITS.format(rate_bp=offer.rate_bp - 50))
    fell = await fall_of(both)
    assert fell.reason is Reason.EDITION_CHANGED
    assert isinstance(fell.figures, FiguresChange) and fell.figures.old == agreed
    new = fell.figures.new
    assert new is None or (new.rate_bp is not None and new.rate_bp <= offer.rate_bp - 50)


async def test_limits_under_which_no_programme_lends_say_so(both: Both) -> None:
    """Nothing takes the car, so that no price names the new table: the table is the cause all the same."""
    await both.manager.terms(StructureChanges(cash_down_max_cents=2_000_00))
    _, agreed = await submitted(both)
    await both.run_sql(LIMITS.format(rate_bp=1))
    fell = await fall_of(both)
    assert (fell.reason, fell.figures) == (Reason.EDITION_CHANGED, FiguresChange(old=agreed, new=None))


async def test_limits_that_do_not_bind_leave_the_deal_as_it_is(both: Both) -> None:
    """A looser table is in force, and the deal is approved as it was agreed."""
    offer, agreed = await submitted(both)
    await both.run_sql(LIMITS.format(rate_bp=9_900))
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, figures=agreed)
    state = await both.agree(lambda deal: deal.state is DealState.APPROVED)
    assert state.agreed == agreed
    quoted = await both.manager.quote(offer.vehicle_id)
    assert (quoted.versions.limits, quoted.payment_cents) == ("strict", agreed.payment_cents)


@pytest.mark.parametrize("table", [REBATES, TAXES], ids=["rebates", "taxes"])
async def test_another_table_that_changes_the_figures_is_named_as_such(both: Both, table: str) -> None:
    """Neither rebates, which no offer names, nor taxes are taken for a change of the customer."""
    _, agreed = await submitted(both)
    await both.run_sql(table)
    fell = await fall_of(both)
    assert fell.reason is Reason.EDITION_CHANGED
    assert isinstance(fell.figures, FiguresChange) and fell.figures.old == agreed
    assert fell.figures.new and fell.figures.new != agreed
