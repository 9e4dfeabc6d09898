"""Field locks of the desk, and notes."""

import uuid

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import Structure
from protocol.events import FieldLocked, FieldUnlocked, NoteAdded
from protocol.records import Actor, DealState
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Decided, deciding
from server.database.decisions.edits.terms import wrong_state


async def lock_field(scope: RowScope, deal_id: str, field: str, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Lock a field of the structure for everyone but the desk; a locked one stays locked.

    Raises CommandError: not_found, invalid for no field of the structure, conflict for a deal that is over.
    """
    _check_field(field)
    async with deciding(scope, deal_id, op, actor, ("lock", field)) as deal:
        if deal.repeated is not None:
            return deal.again()
        if deal.state in {DealState.SIGNED, DealState.LOST}:
            raise wrong_state(deal, "lock fields of")
        locked = await deal.database.fetchval(
            "INSERT INTO deal_locks (deal_id, field, locked_by) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING RETURNING true",
            deal.key,
            field,
            codec.plain(actor),
        )
        if locked:
            deal.record(FieldLocked, field=field)
        return deal.decided()


async def unlock_field(scope: RowScope, deal_id: str, field: str, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Unlock a field; an unlocked one stays unlocked. Raises CommandError: not_found, invalid."""
    _check_field(field)
    async with deciding(scope, deal_id, op, actor, ("unlock", field)) as deal:
        if deal.repeated is not None:
            return deal.again()
        opened = await deal.database.fetchval(
            "DELETE FROM deal_locks WHERE deal_id = $1 AND field = $2 RETURNING true", deal.key, field
        )
        if opened:
            deal.record(FieldUnlocked, field=field)
        return deal.decided()


async def add_note(scope: RowScope, deal_id: str, text: str, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Add a note; its answer is ``{note_id}``. Raises CommandError(not_found)."""
    async with deciding(scope, deal_id, op, actor, ("note", text)) as deal:
        if deal.repeated is not None:
            return deal.again()
        note_id = str(uuid.uuid4())
        deal.remark(NoteAdded, id=note_id, text=text)
        return deal.answered({"note_id": note_id})


def _check_field(field: str) -> None:
    if field not in Structure.__struct_fields__:
        raise CommandError(ErrorCode.INVALID, "field: expected a field of the structure", field="field")
