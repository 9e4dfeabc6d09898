"""Open tasks of a deal: the notice that a refusal on credit requires, and appraisals of trades."""

import datetime as dt
import uuid
from collections.abc import Sequence

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealTask
from protocol.deal.workflow import CREDIT_REASONS, MAX_REASONS, NOTICE_DAYS, Reason, TaskKind
from protocol.deal_fold import KEPT_TASKS
from protocol.events import TaskDone, TaskRaised
from protocol.records import Actor
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Decided, LockedDeal, deciding


async def raise_adverse_action(deal: LockedDeal, reasons: Sequence[Reason], today: dt.date) -> None:
    """Add the task of an adverse action notice if any of ``reasons`` is a credit reason; else do nothing.

    Raises CommandError(too_large) if that would hide an open task.
    """
    principal = [reason for reason in reasons if reason in CREDIT_REASONS][:MAX_REASONS]
    if not principal:
        return
    task = DealTask(
        id=str(uuid.uuid4()),
        kind=TaskKind.ADVERSE_ACTION_NOTICE,
        reasons=principal,
        due_on=today + dt.timedelta(days=NOTICE_DAYS),
    )
    await raise_task(deal, task)


async def raise_task(deal: LockedDeal, task: DealTask) -> None:
    """Add a task. Raises CommandError(too_large) if that would hide an open one."""
    await _require_sight(deal)
    await deal.database.execute(
        # In the order of the events, not of the transactions' start.
        "INSERT INTO deal_tasks (task_id, deal_id, kind, reasons, due_on, trade_id, raised_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())",
        uuid.UUID(task.id),
        deal.key,
        task.kind,
        task.reasons,
        task.due_on,
        task.trade_id or None,
    )
    deal.record(TaskRaised, task=codec.plain(task))


async def end_task(deal: LockedDeal, task_id: uuid.UUID, kind: TaskKind) -> None:
    """Mark an open task as done by the decision's actor."""
    await deal.database.execute(
        "UPDATE deal_tasks SET done_by = $2, done_at = now() WHERE task_id = $1",
        task_id,
        codec.plain(deal.actor),
    )
    deal.record(TaskDone, task_id=str(task_id), kind=kind)


async def finish_task(scope: RowScope, deal_id: str, task_id: str, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Mark a task as done; one that is done stays unchanged. Raises CommandError(not_found)."""
    async with deciding(scope, deal_id, op, actor, ("finish_task", task_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        row = await deal.database.fetchrow(
            "SELECT task_id, kind, done_by FROM deal_tasks WHERE deal_id = $1 AND task_id::text = $2",
            deal.key,
            task_id,
        )
        if row is None:
            raise CommandError(ErrorCode.NOT_FOUND, "This deal has no such task.", field="task_id")
        if row["done_by"] is None:
            await end_task(deal, row["task_id"], TaskKind(row["kind"]))
        return deal.decided()


async def _require_sight(deal: LockedDeal) -> None:
    is_open = await deal.database.fetchval(
        "SELECT done_by IS NULL FROM deal_tasks WHERE deal_id = $1"
        " ORDER BY raised_at DESC, task_id DESC OFFSET $2 LIMIT 1",
        deal.key,
        KEPT_TASKS - 1,
    )
    if is_open:
        raise CommandError(
            ErrorCode.TOO_LARGE,
            f"This deal shows only its last {KEPT_TASKS} tasks, and the oldest of them is open."
            " Finish it first.",
            field="tasks",
        )
