"""Trades of a deal under its row lock: who changed what of them meanwhile, and their appraisals."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealTask
from protocol.deal.structure import Structure, StructureChanges
from protocol.deal.trades import Trade, appraised_and_gone, moved
from protocol.deal.workflow import APPRAISABLE, TaskKind
from protocol.events import DealChanged, kind_of
from protocol.records import Actor
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Asked, Decided, LockedDeal, deciding
from server.database.decisions.edits.tasks import end_task, raise_task

# The trades as the deal had them at a version: after the last change of them, or as it began.
_TRADES_AT: Final = """
SELECT coalesce(
    (SELECT body->'changes'->'trades' FROM deal_events
      WHERE deal_id = $1 AND kind = $3 AND (body->>'version')::bigint <= $2 AND body->'changes' ? 'trades'
      ORDER BY no DESC LIMIT 1),
    (SELECT first_structure->'trades' FROM deals WHERE deal_id = $1),
    '[]'::jsonb)
"""


def asked_for(trade_id: str) -> Asked:
    """Return the content of the command ``request_appraisal``."""
    return ("request_appraisal", trade_id)


async def request_appraisal(
    scope: RowScope, deal_id: str, trade_id: str, *, op: uuid.UUID, actor: Actor, today: dt.date
) -> Decided:
    """Raise a task for the desk: appraise this trade today. If one is open, nothing changes.

    Raises CommandError: not_found for no trade of the deal; conflict for a trade that has its cash value, or
    a state in which no terms are open; too_large if the task would hide an open one.
    """
    async with deciding(scope, deal_id, op, actor, asked_for(trade_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        trade = next((each for each in deal.structure.trades if each.id == trade_id), None)
        if trade is None:
            raise CommandError(ErrorCode.NOT_FOUND, "This deal has no such trade.", field="trade_id")
        if deal.state not in APPRAISABLE:
            raise CommandError(
                ErrorCode.CONFLICT,
                f"You cannot request an appraisal for a deal that is {deal.state}.",
                field="state",
                value=deal.state.value,
                version=deal.version,
            )
        if trade.acv_cents is not None:
            raise CommandError(
                ErrorCode.CONFLICT, f"The {trade.describe()} is appraised already.", field="trade_id"
            )
        if trade_id not in {each for _, each in await _open_appraisals(deal)}:
            task = DealTask(
                id=str(uuid.uuid4()),
                kind=TaskKind.APPRAISAL,
                reasons=[],
                due_on=today,
                trade_id=trade_id,
            )
            await raise_task(deal, task)
        return deal.decided()


def check_trades_kept(changes: StructureChanges, structure: Structure) -> None:
    """Raise CommandError(forbidden) if ``changes`` take an appraised trade out: only the desk does that."""
    if changes.trades is UNSET:
        return
    gone = appraised_and_gone(structure.trades, changes.trades)
    if gone is not None:
        raise CommandError(
            ErrorCode.FORBIDDEN,
            f"The desk appraised the {gone.describe()}. Only the desk can remove it.",
            field=f"trades.{gone.id}",
        )


async def end_appraisals(deal: LockedDeal, before: Sequence[Trade]) -> None:
    """Mark the appraisals as done whose trade got its cash value, or left the deal."""
    now = {trade.id: trade.acv_cents for trade in deal.structure.trades}
    was = {trade.id: trade.acv_cents for trade in before}
    settled = {key for key, acv in now.items() if acv is not None and acv != was.get(key)}
    settled |= was.keys() - now.keys()
    if not settled:
        return
    for task_id, trade_id in await _open_appraisals(deal):
        if trade_id in settled:
            await end_task(deal, task_id, TaskKind.APPRAISAL)


async def _open_appraisals(deal: LockedDeal) -> list[tuple[uuid.UUID, str]]:
    rows = await deal.database.fetch(
        "SELECT task_id, trade_id FROM deal_tasks"
        " WHERE deal_id = $1 AND kind = $2 AND done_by IS NULL ORDER BY raised_at, task_id",
        deal.key,
        TaskKind.APPRAISAL,
    )
    return [(row["task_id"], row["trade_id"]) for row in rows]


async def check_trades_unchanged(
    deal: LockedDeal, based_on: int, after: Sequence[Trade], since: dict[str, Any]
) -> None:
    """Raise CommandError(conflict) if ``after`` changes a field of a trade that was changed after version
    ``based_on``; ``since`` says who changed the trades last, and when.
    """
    stored = await deal.database.fetchval(_TRADES_AT, deal.key, based_on, kind_of(DealChanged))
    now = deal.structure.trades
    theirs, ours = moved(codec.convert(list[Trade], stored), now), moved(now, after)
    for key, name in sorted(ours):
        if (key, name) not in theirs and (key, "") not in theirs:
            continue
        trade = next((each for each in now if each.id == key), None)
        if name == "" or trade is None:
            field, value = f"trades.{key}", None
            said = "added or removed this trade"
        else:
            field, value = f"trades.{key}.{name}", codec.plain(trade)[name]
            said = f"changed {name} of the {trade.describe()}"
        raise CommandError(
            ErrorCode.CONFLICT,
            f"{since['by']['name']} {said} in the meantime.",
            field=field,
            value=value,
            **since,
        )
