"""How much one deal may hold, over real processes: whatever people write, it can be joined."""

import datetime as dt

import pytest

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.workflow import LenderStatus, Reason
from protocol.deal_fold import KEPT_NOTES_BYTES, KEPT_TASKS
from protocol.records import Tier
from server.settings import Settings
from tests.flow.current import keep_current
from tests.flow.desk import Both, refused, seen
from tests.flow.shop import connect, token_of

pytestmark = pytest.mark.flow

WRITE_NOTES = """
INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)
SELECT deal_id, last_no + place, gen_random_uuid(), 'note_added',
       jsonb_build_object('id', gen_random_uuid(), 'text', repeat($2, 2000), 'by',
                          jsonb_build_object('id', user_id, 'name', name, 'role', role)), '{}', user_id
  FROM deals, generate_series(1, 190) AS place, users
 WHERE deal_id::text = $1 AND login = 'riverside-sales' ORDER BY place
"""
RAISE_TASKS = f"""
INSERT INTO deal_tasks (task_id, deal_id, kind, reasons, due_on, raised_at)
SELECT gen_random_uuid(), deal_id, 'adverse_action_notice', '{{bankruptcy}}', now(),
       now() + place * interval '1 ms'
  FROM deals, generate_series(1, {KEPT_TASKS}) AS place WHERE deal_id::text = $1
"""  # noqa: S608 - a constant


async def decided(both: Both, lender: str, stipulations: int) -> CommandError | None:
    """Record a lender's approval with long stipulations; return how it was refused."""
    try:
        await both.manager.desk.lender_decision(
            lender,
            LenderStatus.CONDITIONAL,
            tier=Tier.PRIME,
            rate_bp=500.0,
            advance_max_cents=40_000_00,
            term_months=72,
            stipulations=["é" * 200] * stipulations,
            expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=1),
        )
    except CommandError as error:
        return error
    await both.caught_up()
    return None


@pytest.mark.parametrize("character", ["x", "\N{AUTOMOBILE}", '"'])
async def test_long_stories_are_cut_the_same_for_all(both: Both, stocked: Settings, character: str) -> None:
    """Who followed every note and who joins afterwards show the latest that fit, and the join is answered."""
    await both.run_sql(WRITE_NOTES, both.sales.state.id, character)
    await both.sales.desk.note("The last one.")
    await both.agree(lambda deal: bool(deal.notes) and deal.notes[-1].text == "The last one.")
    notes = both.manager.state.notes
    assert isinstance(notes, list) and 5 < len(notes) < 190
    assert len(codec.encode([codec.plain(note) for note in notes])) <= KEPT_NOTES_BYTES
    async with connect(
        f"http://127.0.0.1:{stocked.port}", await token_of(stocked, "riverside-manager")
    ) as late:
        joined = await late.join(both.manager.channel, both.manager.view)
        assert joined.state.notes == notes


@pytest.mark.parametrize("text", ["a\x1b[31mred", "bell\x07", "\x85"])
async def test_a_note_holds_text(both: Both, text: str) -> None:
    """Control characters are refused by name; newlines and tabs are text."""
    shut = await refused(both.sales.desk.note(text))
    assert (shut.code, shut.detail["field"]) == (ErrorCode.INVALID, "text")
    await both.sales.desk.note("first:\n\tsecond")
    await both.agree(lambda deal: bool(deal.notes) and deal.notes[-1].text == "first:\n\tsecond")


async def test_lenders_take_only_so_much_room(both: Both) -> None:
    """One decision more than a deal can show is refused whole; where one counts no longer there is room."""
    assert await decided(both, "First", 20) is None
    assert await decided(both, "Second", 20) is None
    before = both.manager.state.version
    full = await decided(both, "Third", 20)
    assert full is not None
    assert (full.code, full.detail["field"], both.manager.state.version) == (
        ErrorCode.TOO_LARGE,
        "lender",
        before,
    )
    await both.manager.desk.lender_decision("First", LenderStatus.WITHDRAWN)
    await both.caught_up()
    assert await decided(both, "Third", 20) is None
    lenders = both.manager.state.lenders
    assert isinstance(lenders, list)
    assert [each.lender for each in lenders] == ["Second", "Third"]


async def test_no_open_task_goes_out_of_sight(both: Both, stocked: Settings) -> None:
    """A deal shows its latest tasks; what would push an open one out waits until that is done."""
    await both.run_sql(RAISE_TASKS, both.manager.state.id)
    # No event tells of these tasks: whoever holds the deal reads it again.
    await both.run_sql("SELECT pg_notify('deal_facts', 'deal ' || $1::text)", both.manager.state.id)
    declines = {"lender": "First", "status": LenderStatus.DECLINED, "reasons": [Reason.BANKRUPTCY]}
    full = await refused(both.manager.desk.lender_decision(**declines))  # type: ignore[arg-type]
    assert (full.code, full.detail["field"]) == (ErrorCode.TOO_LARGE, "tasks")
    async with connect(
        f"http://127.0.0.1:{stocked.port}", await token_of(stocked, "riverside-manager")
    ) as late:
        deal = keep_current(await late.join(both.manager.channel, both.manager.view), stocked)
        tasks = deal.state.tasks
        assert isinstance(tasks, list) and len(tasks) == KEPT_TASKS
        await deal.desk.finish_task(tasks[0].id)
        await deal.desk.lender_decision(**declines)  # type: ignore[arg-type]
        await seen(deal, lambda state: isinstance(state.tasks, list) and state.tasks[0].id == tasks[1].id)
        assert isinstance(deal.state.tasks, list) and len(deal.state.tasks) == KEPT_TASKS
