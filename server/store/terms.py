"""Edits of a deal's structure: merged by field, each op once."""

import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.records import Actor, DealState, Structure, StructureChanges, StructureError, revised
from server.store.pool import Connection

EVENT_KIND = "deal_changed"
_EDITABLE = {DealState.WORKING, DealState.COUNTERED}


@dataclass(frozen=True, slots=True)
class TermsResult:
    """What became of an edit. ``changed`` where this call wrote an event; ``reply`` answers the op."""

    version: int
    changed: bool
    reply: dict[str, Any]


async def change_terms(
    pool: asyncpg.Pool, deal_id: str, *, op: uuid.UUID, based_on: int, changes: StructureChanges, actor: Actor
) -> TermsResult:
    """Apply ``changes`` that were made on version ``based_on`` of the deal, and write the event.

    Fields that nobody changed since merge. A repeated ``op`` gets its first reply and changes nothing; where
    nothing differs from what stands, there is no event and the current version is the answer. A countered
    deal becomes working.

    Raises:
        CommandError: not_found; invalid for a version ahead of the deal or a structure that contradicts
            itself; conflict for a state that allows no edits, or for a field that somebody set otherwise
            since, with its newer value, who and when.
    """
    key = parse_id(deal_id)
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            "SELECT state, version, structure FROM deals WHERE deal_id = $1 FOR NO KEY UPDATE", key
        )
        if row is None:
            raise CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
        first = await connection.fetchval(
            "SELECT reply FROM deal_events WHERE deal_id = $1 AND op = $2", key, op
        )
        if first is not None:
            return TermsResult(first["version"], changed=False, reply=first)
        _check_open(DealState(row["state"]))
        current: int = row["version"]
        if based_on > current:
            raise CommandError(ErrorCode.INVALID, f"version: expected at most {current}", field="version")
        before = codec.convert(Structure, row["structure"])
        after = revise(before, changes)
        new = _differences(before, after)
        if based_on < current:
            await _check_unchanged(connection, key, based_on, new)
        if not new:
            return TermsResult(current, changed=False, reply={"version": current})
        version = current + 1
        reply = {"version": version}
        await connection.execute(
            "UPDATE deals SET structure = $2, state = 'working' WHERE deal_id = $1", key, codec.plain(after)
        )
        await connection.execute(
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            key,
            version,
            op,
            EVENT_KIND,
            {"version": version, "changes": new, "by": codec.plain(actor)},
            reply,
            uuid.UUID(actor.id),
        )
    return TermsResult(version, changed=True, reply=reply)


def parse_id(text: str) -> uuid.UUID | None:
    """Return the id that ``text`` spells in its one canonical form, else None.

    Other spellings of a UUID would name other channels for the same deal.
    """
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def revise(structure: Structure, changes: StructureChanges) -> Structure:
    """Return ``structure`` with ``changes``. Raises CommandError(invalid) naming the field at fault."""
    try:
        return revised(structure, changes)
    except StructureError as error:
        raise CommandError(
            ErrorCode.INVALID, str(error), field=error.field, expected=error.expected
        ) from None


def _check_open(state: DealState) -> None:
    if state not in _EDITABLE:
        raise CommandError(
            ErrorCode.CONFLICT, f"A deal that is {state} cannot be edited.", field="state", value=state.value
        )


def _differences(before: Structure, after: Structure) -> dict[str, Any]:
    """Return the fields of ``after`` that differ, as they stand on the wire."""
    old, new = codec.plain(before), codec.plain(after)
    return {name: value for name, value in new.items() if old[name] != value}


async def _check_unchanged(
    connection: Connection, key: uuid.UUID | None, based_on: int, new: dict[str, Any]
) -> None:
    """Raise CommandError(conflict) where a field of ``new`` was set after version ``based_on``.

    A field set since to the very value that is asked for now is no conflict: it is not in ``new``.
    """
    since = await connection.fetch(
        "SELECT body, at FROM deal_events WHERE deal_id = $1 AND no > $2 AND kind = $3 ORDER BY no DESC",
        key,
        based_on,
        EVENT_KIND,
    )
    for event in since:
        taken = next((name for name in new if name in event["body"]["changes"]), None)
        if taken is not None:
            by = event["body"]["by"]
            raise CommandError(
                ErrorCode.CONFLICT,
                f"{by['name']} has changed {taken} meanwhile.",
                field=taken,
                value=event["body"]["changes"][taken],
                by=by,
                at=event["at"].isoformat().replace("+00:00", "Z"),
                version=event["body"]["version"],
            )
