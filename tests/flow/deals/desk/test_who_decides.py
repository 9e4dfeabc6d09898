"""Who may decide about a deal, on which version of it, and who sells it, over real processes."""

import asyncio
import uuid

import asyncpg
import pytest
from msgspec import UNSET

from client import Deal
from protocol.closing import ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.events import DealAssigned, DealSnapshot, SearchStarted
from protocol.records import Actor, DealState, Role, View
from server.database.core.pool import connect_as_owner
from server.database.deals.history import deal_at, load_history
from server.database.people.staff import add_user, change_user
from tests.flow.current import GUARD_SECONDS
from tests.flow.desk import Both, refused
from tests.flow.shop import connect, events_until, token_of

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


async def people_of(both: Both) -> dict[str, str]:
    """Add Ann, who may give nothing away, somebody who left, and an operator; return the ids by login."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        for login, role in (("ann", Role.SALESPERSON), ("left", Role.SALESPERSON), ("op", Role.OPERATOR)):
            person = {"name": login.title(), "role": role, "store_id": "riverside"}
            await add_user(owner, login, password="three blue cars", **person)  # type: ignore[arg-type]
        await change_user(owner, "left", {"active": False})
        return {row["login"]: str(row["user_id"]) for row in await owner.fetch("SELECT * FROM users")}


async def listed(board: Deal, deal_id: str, person: str) -> None:
    """Wait until a board's row of a deal names somebody as its salesperson."""
    async with asyncio.timeout(GUARD_SECONDS):
        while board.wall[deal_id]["salesperson"]["id"] != person:
            await anext(board)


async def given_to(both: Both, person: str) -> DealSnapshot:
    """Assign the deal, and wait until both have heard it; return what the manager sees."""
    await both.manager.desk.assign(person)
    return await both.agree(
        lambda deal: isinstance(deal.salesperson, Actor) and deal.salesperson.id == person
    )


async def test_the_desk_assigns_a_deal(both: Both) -> None:
    """To people who sell at the store, by managers, in every state until it is over. Everybody hears it, and
    nobody decides on their own deal by it.
    """
    people = await people_of(both)
    await wrong_assignments(both, people)
    await told_everywhere(both, people)
    await nobody_decides_on_their_own(both, people)
    await until_it_is_over(both, people)


async def wrong_assignments(both: Both, people: dict[str, str]) -> None:
    """By a salesperson; to nobody who could sell the deal; at a version that is not there yet."""
    assign, ann, version = both.manager.desk.assign, people["ann"], both.manager.state.version
    nobody = await refused(both.sales.desk.assign(ann))
    assert (nobody.code, nobody.detail["field"]) == (ErrorCode.FORBIDDEN, "type")
    strangers = [people[login] for login in ("left", "op", "northgate-sales", "northgate-manager")]
    for wrong in (*strangers, str(uuid.uuid4()), ann.upper(), "ann"):
        error = await refused(assign(wrong))
        assert (error.code, error.detail["field"]) == (ErrorCode.INVALID, "salesperson_id"), wrong
    # Not even the server could, if it forgot to look.
    with pytest.raises(asyncpg.CheckViolationError):
        await both.run_sql("UPDATE deals SET salesperson_id = $1", uuid.UUID(people["northgate-sales"]))
    ahead = await refused(assign(ann, version=version + 1))
    assert (ahead.code, ahead.detail["field"]) == (ErrorCode.INVALID, "version")
    assert await both.version() == version


async def told_everywhere(both: Both, people: dict[str, str]) -> None:
    """In the deal, on the new salesperson's list, in its history; its search is repeated with what she may
    give away. Once for an ``op``, and not against an assignment that the manager has not seen.
    """
    assign, ann, begun, op = both.manager.desk.assign, people["ann"], both.manager.state, uuid.uuid4()
    async with connect(f"http://127.0.0.1:{both.settings.port}", await token_of(both.settings, "ann")) as her:
        board = await her.join("deals:riverside", View.SALES)
        # An edit since does not matter: nobody assigned the deal.
        await both.sales.desk.pin(both.cars[0])
        version = await assign(ann, version=begun.version, op=op)
        told = (await events_until(both.sales, lambda event: isinstance(event, DealAssigned)))[-1]
        names = [who.name for who in (told.source, told.target, told.by)]  # type: ignore[attr-defined]
        assert names == ["Riverside sales", "Ann", "Riverside manager"]
        assert told.same_results is UNSET  # type: ignore[attr-defined]
        await listed(board, begun.id, ann)
        assert board.wall[begun.id]["last_change"] == "deal_assigned"
    await events_until(both.manager, lambda event: isinstance(event, SearchStarted))
    assert await assign(ann, version=0, op=op) == version
    assert await assign(ann) == version == await both.version()
    late = await refused(assign(people["riverside-sales"], version=version - 1))
    assert (late.code, late.detail["field"]) == (ErrorCode.CONFLICT, "salesperson_id")
    assert (late.detail["value"], late.detail["by"]["name"]) == (ann, "Riverside manager")
    taken = await refused(assign(people["riverside-manager"], op=op))
    assert (taken.code, taken.detail["field"]) == (ErrorCode.CONFLICT, "op")
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        history = await load_history(owner, begun.id)
    assert history is not None
    assert history.first.salesperson == begun.salesperson
    assert deal_at(history, len(history.events)).salesperson == both.manager.state.salesperson


async def nobody_decides_on_their_own(both: Both, people: dict[str, str]) -> None:
    """Neither who takes a deal, nor who had it since it was submitted; and its approver does not get it."""
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    own = await refused(both.manager.desk.assign(people["riverside-manager"]))
    assert (own.code, own.detail["field"]) == (ErrorCode.CONFLICT, "salesperson_id")
    kept = await given_to(both, people["riverside-sales"])
    assert (kept.state, kept.agreed is None, bool(kept.approval)) == (DealState.APPROVED, False, True)
    await both.manager.desk.act(Action.REOPEN, Reason.NEW_INFORMATION)
    await both.agree(lambda deal: deal.state is DealState.WORKING)
    await both.submitted()
    await given_to(both, people["riverside-manager"])
    await given_to(both, people["ann"])
    for action, reason in ((Action.APPROVE, Reason.MEETS_POLICY), (Action.DECLINE, Reason.GROSS_TOO_LOW)):
        assert (await refused(both.manager.desk.act(action, reason))).code is ErrorCode.FORBIDDEN


async def until_it_is_over(both: Both, people: dict[str, str]) -> None:
    """A delivered deal has a salesperson who collects what is missing; a lost or a funded one is settled."""
    assign, deal_id = both.manager.desk.assign, both.sales.state.id
    contract = "UPDATE deals SET state = 'signed', fulfilment = $2::fulfilment WHERE deal_id::text = $1"
    await both.run_sql(contract, deal_id, "delivered")
    await given_to(both, people["riverside-sales"])
    await both.run_sql(contract, deal_id, "funded")
    funded = await refused(assign(people["ann"]))
    assert (funded.code, funded.detail["field"]) == (ErrorCode.CONFLICT, "fulfilment")
    lose = "UPDATE deals SET state = 'lost', fulfilment = NULL WHERE deal_id::text = $1"
    await both.run_sql(lose, deal_id)
    lost = await refused(assign(people["ann"]))
    assert (lost.code, lost.detail["value"]) == (ErrorCode.CONFLICT, "lost")
