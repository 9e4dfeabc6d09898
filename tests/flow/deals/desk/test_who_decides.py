"""Who may decide about a deal, and on which version of it, over real processes."""

import uuid

import pytest

from protocol.closing import ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.records import DealState
from tests.flow.desk import Both, refused

pytestmark = pytest.mark.flow


async def test_who_may_decide(both: Both) -> None:
    """Salespeople decide nothing, reasons are the action's, versions are current, an op is done once."""
    await both.submitted()
    nobody = await refused(both.sales.desk.act(Action.APPROVE, Reason.MEETS_POLICY))
    assert nobody.code is ErrorCode.FORBIDDEN
    wrong = await refused(both.manager.desk.act(Action.APPROVE, Reason.BANKRUPTCY))
    assert (wrong.code, wrong.detail["field"]) == (ErrorCode.INVALID, "reason")
    old = await refused(
        both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, version=both.manager.state.version - 1)
    )
    assert (old.code, old.detail["field"]) == (ErrorCode.CONFLICT, "version")
    early = await refused(both.manager.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS))
    assert (early.code, early.detail["value"]) == (ErrorCode.CONFLICT, "submitted")
    terms = await refused(both.sales.terms(StructureChanges(cash_down_cents=1)))
    assert terms.detail["value"] == "submitted"
    op = uuid.uuid4()
    done = await both.manager.desk.act(Action.DECLINE, Reason.GROSS_TOO_LOW, op=op)
    assert await both.manager.desk.act(Action.DECLINE, Reason.GROSS_TOO_LOW, version=0, op=op) == done
    state = await both.agree(lambda deal: deal.state is DealState.DECLINED)
    assert state.tasks == []


async def test_a_decision_on_an_older_version_says_who_changed_the_deal(both: Both) -> None:
    """The desk approves what the salesperson has just lost: the refusal has the version, who and when."""
    await both.submitted()
    version = both.manager.state.version
    await both.sales.desk.act(Action.LOSE, Reason.NOT_READY)
    late = await refused(both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY, version=version))
    assert (late.code, late.detail["field"]) == (ErrorCode.CONFLICT, "version")
    assert (late.detail["value"], late.detail["state"]) == (version + 1, "lost")
    assert late.detail["by"]["name"] == "Riverside sales" and late.detail["at"].endswith("Z")


async def test_nobody_approves_an_own_deal(both: Both) -> None:
    """Neither the deal's salesperson nor who submitted it decides about it."""
    await both.run_sql(
        "UPDATE deals SET salesperson_id = (SELECT user_id FROM users WHERE login = 'riverside-manager')"
        " WHERE deal_id::text = $1",
        both.sales.state.id,
    )
    await both.submitted()
    for action, reason in (
        (Action.APPROVE, Reason.MEETS_POLICY),
        (Action.COUNTER, Reason.GROSS_TOO_LOW),
        (Action.DECLINE, Reason.GROSS_TOO_LOW),
    ):
        own = await refused(both.manager.desk.act(action, reason))
        assert own.code is ErrorCode.FORBIDDEN
