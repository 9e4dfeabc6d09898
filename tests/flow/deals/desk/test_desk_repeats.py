"""A command that is sent again, over real processes: it gets its first answer, and nothing more happens."""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import AgreedFigures
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, LenderStatus, Reason
from protocol.records import Actor, Role
from server.database.core.pool import open_pool, open_system_pool
from server.database.core.scope import StoreScopes, everything
from server.database.decisions.deciding import OPS_KEPT, answered_before, forget_ops
from server.database.decisions.edits import locks_and_notes as remarks
from server.settings import Settings
from tests.flow.desk import Both, refused, seen
from tests.services import open_owner_pool

pytestmark = pytest.mark.flow


async def test_a_release_that_found_nothing_lets_no_car_go_later(both: Both) -> None:
    """Its answer was lost, a colleague holds the car for the same deal, and it is sent again."""
    op = uuid.uuid4()
    await both.sales.desk.release(both.cars[0], op=op)
    await both.manager.desk.hold(both.cars[0])
    await both.agree(lambda deal: bool(deal.holds))
    await both.sales.desk.release(both.cars[0], op=op)
    await both.sales.desk.note("Still held?")
    state = await both.agree(lambda deal: bool(deal.notes))
    assert isinstance(state.holds, list) and len(state.holds) == 1


async def test_what_changed_nothing_changes_nothing_later(both: Both) -> None:
    """A lock, an unlock, an unpin, a selection and terms that found everything as they wanted it."""
    lock, unlock, unpin, select, terms = (uuid.uuid4() for _ in range(5))
    cash = StructureChanges(cash_down_cents=77_00)
    await both.manager.desk.lock("rate_bp")
    await both.sales.terms(cash)
    await both.sales.desk.select(both.cars[0])
    state = await both.agree(lambda deal: deal.selected is not None)

    async def everything_again() -> list[int]:
        return [
            await both.manager.desk.lock("rate_bp", op=lock),
            await both.manager.desk.unlock("discount_cents", op=unlock),
            await both.sales.desk.unpin(both.cars[1], op=unpin),
            await both.sales.desk.select(both.cars[0], op=select),
            await both.sales.terms(cash, version=state.version, op=terms),
        ]

    first = await everything_again()
    assert first == [state.version] * 5
    await both.manager.desk.unlock("rate_bp")
    await both.manager.desk.lock("discount_cents")
    await both.sales.desk.pin(both.cars[1])
    await both.sales.desk.select(both.cars[1])
    await both.manager.terms(StructureChanges(cash_down_cents=88_00))
    moved = await both.agree(lambda deal: deal.structure["cash_down_cents"] == 88_00)
    assert await everything_again() == first
    await both.sales.desk.note("As it was?")
    assert (await both.agree(lambda deal: bool(deal.notes))).version == moved.version
    assert isinstance(moved.locks, list) and [lock.field for lock in moved.locks] == ["discount_cents"]


def searched_by(deal: Deal) -> str | None:
    """Return the search that a client holds."""
    return None if deal.search_state is None else deal.search_state.search_id


async def test_a_decision_that_is_sent_again_does_not_search_again(both: Both) -> None:
    """The search that it began stands, also where the deal has moved on by something that no search asks."""
    await both.submitted()
    before, op = both.manager.state.version, uuid.uuid4()

    async def decide() -> object:
        return await both.manager.desk.lender_decision(
            "Nobody's bank", LenderStatus.WITHDRAWN, version=before, op=op
        )

    earlier = searched_by(both.manager)
    first = await decide()
    await both.agree(lambda deal: deal.version > before)
    # The answer does not wait for the search that follows.
    await seen(both.manager, lambda _: searched_by(both.manager) != earlier)
    await both.sales.desk.pin(both.cars[1])
    await both.agree(lambda deal: bool(deal.pins))
    searched = searched_by(both.manager)
    assert await decide() == first
    await both.sales.desk.note("Searched again?")
    await both.agree(lambda deal: bool(deal.notes))
    assert searched_by(both.manager) == searched


async def test_an_op_answers_whom_it_was_answered_for_and_nobody_else(both: Both) -> None:
    """A colleague, another command, or the same one about something else gets a conflict, and no answer."""
    note, nothing, chosen, cash = (uuid.uuid4() for _ in range(4))
    less, more = StructureChanges(cash_down_cents=77_00), StructureChanges(cash_down_cents=88_00)
    sales, manager, car = both.sales, both.manager, both.cars[0]
    note_id = await sales.desk.note("For the desk: she pays cash.", op=note)
    await sales.desk.release(car, op=nothing)
    await sales.desk.select(car, op=chosen)
    await sales.terms(less, op=cash)
    others: list[Callable[[], Awaitable[object]]] = [
        lambda: manager.desk.note("For the desk: she pays cash.", op=note),
        lambda: sales.desk.note("Something else.", op=note),
        lambda: sales.desk.hold(car, op=note),
        lambda: sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES, op=note),
        lambda: manager.desk.lender_decision("Nobody's bank", LenderStatus.WITHDRAWN, op=note),
        lambda: manager.desk.release(car, op=nothing),
        lambda: sales.desk.unpin(car, op=nothing),
        lambda: manager.desk.select(car, op=chosen),
        lambda: sales.desk.pin(car, op=chosen),
        lambda: sales.desk.select(both.cars[1], op=chosen),
        lambda: sales.terms(more, op=cash),
        lambda: manager.terms(less, op=cash),
    ]
    before = await both.version()
    for doing in others:
        error = await refused(doing())
        assert (error.code, error.detail) == (ErrorCode.CONFLICT, {"field": "op"})
        assert note_id not in error.message
    assert await both.version() == before
    assert await sales.desk.note("For the desk: she pays cash.", op=note) == note_id
    await sales.desk.select(car, op=chosen)
    await sales.desk.release(car, op=nothing)
    # Based on what has come since, it is the same command all the same.
    await sales.terms(less, version=before, op=cash)
    assert await both.version() == before


async def test_a_counter_and_its_acceptance_are_done_once(both: Both) -> None:
    """Sent again, also where the deal moved on; with other figures or another proposal it is another one."""
    await both.submitted()
    agreed, counter, accept = both.manager.state.agreed, uuid.uuid4(), uuid.uuid4()
    assert agreed
    version = both.manager.state.version

    async def propose(cash_cents: int, figures: AgreedFigures | None = agreed) -> object:
        return await both.manager.desk.act(
            Action.COUNTER,
            Reason.CASH_TOO_LOW,
            changes=StructureChanges(cash_down_cents=cash_cents),
            figures=figures,
            version=version,
            op=counter,
        )

    cash = agreed.cash_down_cents + 500_00
    first = await propose(cash)
    proposal = (await both.agree(lambda deal: bool(deal.proposal))).proposal
    assert proposal and proposal.figures.new
    taken = await both.sales.desk.act(
        Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=proposal.figures.new, op=accept
    )
    await both.agree(lambda deal: deal.state == "submitted")
    before = await both.version()
    assert await propose(cash) == first
    again = {"figures": proposal.figures.new, "version": version, "op": accept}
    assert await both.sales.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, **again) == taken
    for doing in (propose(cash + 100), propose(cash, None)):
        error = await refused(doing)
        assert (error.code, error.detail) == (ErrorCode.CONFLICT, {"field": "op"})
    assert await both.version() == before


async def test_the_op_of_a_search_is_its_own_too(both: Both) -> None:
    """It answers the same search of the same person, and nothing else."""
    op = uuid.uuid4()
    search_id = await both.sales.search(limit=3, op=op)
    for doing in (both.manager.search(limit=3, op=op), both.sales.search(limit=4, op=op)):
        error = await refused(doing)
        assert (error.code, error.detail) == (ErrorCode.CONFLICT, {"field": "op"})
    assert await both.sales.search(limit=3, op=op) == search_id


async def test_what_an_older_release_answered_is_answered_again(stocked: Settings) -> None:
    """It kept who decided, and not what was asked: the same person gets the answer, nobody else does."""
    async with await open_owner_pool(stocked) as owner:
        deal = await owner.fetchval("SELECT deal_id::text FROM deals WHERE store_id = 'riverside' LIMIT 1")
        people = await owner.fetch(
            "SELECT user_id::text AS id, name, role FROM users"
            " WHERE login IN ('riverside-sales', 'riverside-manager') ORDER BY role"
        )
        ann, bo = (Actor(id=row["id"], name=row["name"], role=Role(row["role"])) for row in people)
        op, answer = uuid.uuid4(), {"note_id": "n1"}
        await owner.execute(
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)"
            " VALUES ($1, 1, $2, 'note_added', '{}', $3, $4)",
            *(uuid.UUID(deal), op, answer, uuid.UUID(ann.id)),
        )
        scope = everything(owner)
        assert (await remarks.add_note(scope, deal, "x", op=op, actor=ann)).reply == answer
        with pytest.raises(CommandError) as caught:
            await remarks.add_note(scope, deal, "x", op=op, actor=bo)
        assert caught.value.detail == {"field": "op"}


async def test_the_answer_of_what_changed_nothing_is_kept_for_a_while(stocked: Settings) -> None:
    """Within its store, and not for ever."""
    application, system, owner = (
        await open_pool(stocked),
        await open_system_pool(stocked),
        await open_owner_pool(stocked),
    )
    async with application, system, owner:
        row = await owner.fetchrow(
            "SELECT deal_id::text, salesperson_id::text AS person FROM deals"
            " WHERE store_id = 'riverside' LIMIT 1"
        )
        assert row is not None
        scope, op = StoreScopes(application).of("riverside"), uuid.uuid4()
        actor = Actor(id=row["person"], name="Ann", role=Role.DESK_MANAGER)
        await remarks.unlock_field(scope, row["deal_id"], "rate_bp", op=op, actor=actor)

        async def answer(pool: asyncpg.Pool) -> object:
            async with pool.acquire() as database:
                return await answered_before(database, row["deal_id"], op, actor, ("unlock", "rate_bp"))

        async def forgotten_after(age: dt.timedelta) -> object:
            await owner.execute("UPDATE deal_ops SET at = now() - $1::interval", age)
            async with everything(system).acquire() as database:
                await forget_ops(database)
            return await answer(owner)

        assert await answer(owner) == {"version": 0}
        assert await answer(application) is None
        assert await forgotten_after(OPS_KEPT - dt.timedelta(minutes=1)) == {"version": 0}
        assert await forgotten_after(OPS_KEPT + dt.timedelta(minutes=1)) is None
