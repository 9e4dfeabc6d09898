"""Edits of a deal's structure: merged by field, each op once."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import UNAGREED, AgreedFigures, Contract, FiguresChange, Proposal
from protocol.deal.deal_parts import Approval
from protocol.deal.product_lines import FLAT_FIELDS
from protocol.deal.structure import Structure, StructureChanges, StructureError, revised
from protocol.deal.trades import FLAT_FIELDS as TRADE_SUMS
from protocol.deal.trades import TradeChanges, counts_alike
from protocol.deal.workflow import EDITABLE, Reason
from protocol.events import DealChanged, StateChanged, kind_of
from protocol.records import Actor, DealState, Role
from server.clock import wire_time
from server.database.core.catalogue import with_catalogue
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Decided, LockedDeal, deciding
from server.database.decisions.edits.claims import end_reservation
from server.database.decisions.edits.trades import check_trades_kept, check_trades_unchanged, end_appraisals


async def change_terms(
    scope: RowScope, deal_id: str, *, op: uuid.UUID, based_on: int, changes: StructureChanges, actor: Actor
) -> Decided:
    """Apply ``changes`` that were made on version ``based_on`` of the deal, and write the event.

    Changes to different fields merge. A repeated ``op`` gets its first reply and changes nothing. If nothing
    differs from the current values, there is no event, and the answer is the current version. A countered
    deal becomes working.

    Raises:
        CommandError: not_found; invalid for a version ahead of the deal or a structure that contradicts
            itself; locked for a field that the desk locked; conflict for a state that allows no edits, or for
            a field that was set to another value since, with that value, who and when.
    """
    asked = ("terms", codec.plain(changes))
    async with deciding(scope, deal_id, op, actor, asked) as deal:
        if deal.repeated is not None:
            return deal.again()
        if deal.state not in EDITABLE:
            raise wrong_state(deal, "edit")
        if based_on > deal.version:
            raise CommandError(
                ErrorCode.INVALID, f"version: expected at most {deal.version}", field="version"
            )
        new = await restructure(deal, changes, based_on=based_on)
        if new and deal.state is DealState.COUNTERED:
            # The edit is not priced yet: the next submit is.
            changed = None if deal.agreed is None else FiguresChange(old=deal.agreed, new=None)
            await move(deal, DealState.WORKING, Reason.TERMS_CHANGED, Step(figures=changed))
        return deal.decided()


async def restructure(deal: LockedDeal, changes: StructureChanges, *, based_on: int) -> dict[str, Any]:
    """Give a locked deal the structure with ``changes``; return the fields that differ, on the wire.

    Raises CommandError: invalid, locked, conflict.
    """
    before, after = deal.structure, revise(deal.structure, changes)
    if (after.products, after.declined_products) != (before.products, before.declined_products):
        after = await _with_catalogue(deal, before, after)
    new = differences(before, after)
    if based_on < deal.version:
        asked = {name for name, _ in changes.items()}
        await _check_unchanged(deal, based_on, {name: new[name] for name in asked & new.keys()}, after)
    check_unlocked(deal, new.keys() | _wholes(new.keys() & {name for name, _ in changes.items()}))
    if deal.actor.role is not Role.DESK_MANAGER:
        check_trades_kept(changes, before)
    await _replace(deal, after, new)
    return new


async def replace_structure(deal: LockedDeal, after: Structure) -> dict[str, Any]:
    """Give a locked deal another whole structure; return the fields that differ, on the wire.

    Raises CommandError: invalid, locked, forbidden for an appraised trade that it lacks.
    """
    before = deal.structure
    new = differences(before, after)
    check_unlocked(deal, new.keys() | _wholes(new.keys()))
    if deal.actor.role is not Role.DESK_MANAGER:
        kept = {trade.id for trade in after.trades}
        gone = [TradeChanges(id=each.id, removed=True) for each in before.trades if each.id not in kept]
        check_trades_kept(StructureChanges(trades=gone), before)
    await _replace(deal, after, new)
    return new


async def _replace(deal: LockedDeal, after: Structure, new: dict[str, Any]) -> None:
    before = deal.structure
    if new:
        await deal.database.execute(
            # What a newer release has written there, and this one does not know, stays.
            "UPDATE deals SET structure = structure || $2, used_scenario = NULL WHERE deal_id = $1",
            deal.key,
            codec.plain(after),
        )
        deal.structure = after
        old = codec.plain(before)
        counting = new.keys() - {"declined_products"}
        words = not counting or (counting == {"trades"} and counts_alike(before.trades, after.trades))
        deal.record(
            DealChanged,
            changes=new,
            before={name: old[name] for name in new},
            **({"same_results": True} if words else {}),
        )
    if "trades" in new:
        await end_appraisals(deal, before.trades)


@dataclass(frozen=True, slots=True)
class Step:
    """What a change of state comes with, other than its reason: each is a field of the event.

    ``agreed`` are new agreed figures; the old ones stay unless the deal goes back to work or is lost.
    """

    agreed: AgreedFigures | None = None
    figures: FiguresChange | None = None
    proposal: Proposal | None = None
    contract: Contract | None = None
    approval: Approval | None = None
    more_reasons: Sequence[Reason] = ()


NOTHING_MORE: Final = Step()


async def move(deal: LockedDeal, target: DealState, reason: Reason, step: Step = NOTHING_MORE) -> None:
    """Move a locked deal to another state and record the event.

    A deal that leaves ``approved`` releases its reserved car.
    """
    kept = None if target in UNAGREED else deal.agreed
    deal.agreed, deal.proposal = step.agreed or kept, step.proposal
    more = {
        name: codec.plain(value)
        for name in Step.__dataclass_fields__
        if (value := getattr(step, name)) not in (None, ())
    }
    await deal.database.execute(
        "UPDATE deals SET state = $2, fulfilment = $3, agreed = $4, proposal = $5,"
        " contract = coalesce($6, contract) WHERE deal_id = $1",
        deal.key,
        target,
        "signed" if target is DealState.SIGNED else None,
        None if deal.agreed is None else codec.plain(deal.agreed),
        more.get("proposal"),
        more.get("contract"),
    )
    source, deal.state = deal.state, target
    if source is DealState.APPROVED:
        await end_reservation(deal)
    deal.record(StateChanged, **{"from": source, "to": target}, reason=reason, **more)


async def _with_catalogue(deal: LockedDeal, before: Structure, structure: Structure) -> Structure:
    """Return a structure with the sums of its product lines. Raises CommandError(invalid)."""
    state = await deal.database.fetchval(
        "SELECT c.state FROM deals d JOIN customers c USING (customer_id) WHERE d.deal_id = $1", deal.key
    )
    try:
        return await with_catalogue(deal.database, structure, state, before)
    except StructureError as error:
        raise _invalid(error) from None


def check_unlocked(deal: LockedDeal, fields: Collection[str]) -> None:
    """Raise CommandError(locked) if the desk locked one of ``fields`` for this actor."""
    if deal.actor.role is Role.DESK_MANAGER:
        return
    for field in sorted(set(fields) & deal.locks.keys()):
        by = deal.locks[field]
        raise CommandError(
            ErrorCode.LOCKED, f"{by['name']} locked {field}. Ask the desk to unlock it.", field=field, by=by
        )


def fields_set(structure: Structure, changes: StructureChanges) -> set[str]:
    """Return the fields that ``changes`` of an offer name, and those that follow from them, such as the sums
    of trades and products. Raises CommandError(invalid).
    """
    named = {name for name, _ in changes.items()}
    return named | _wholes(named) | differences(structure, revise(structure, changes)).keys()


def _wholes(sums: Collection[str]) -> set[str]:
    """Return the lists that have any of these sums: a lock of the list holds for its sums."""
    lists = {"products": FLAT_FIELDS, "trades": TRADE_SUMS}
    return {name for name, fields in lists.items() if not set(sums).isdisjoint(fields)}


def revise(structure: Structure, changes: StructureChanges) -> Structure:
    """Return ``structure`` with ``changes``. Raises CommandError(invalid) naming the field at fault."""
    try:
        return revised(structure, changes)
    except StructureError as error:
        raise _invalid(error) from None


def _invalid(error: StructureError) -> CommandError:
    return CommandError(ErrorCode.INVALID, str(error), field=error.field, expected=error.expected)


def differences(before: Structure, after: Structure) -> dict[str, Any]:
    """Return the fields of ``after`` that differ, in wire form."""
    old, new = codec.plain(before), codec.plain(after)
    return {name: value for name, value in new.items() if old[name] != value}


def wrong_state(deal: LockedDeal, what: str) -> CommandError:
    """Return the refusal of what the deal's state does not allow; ``what`` is a verb, as in "edit"."""
    return CommandError(
        ErrorCode.CONFLICT,
        f"You cannot {what} a deal that is {deal.state}.",
        field="state",
        value=deal.state.value,
        version=deal.version,
    )


async def _check_unchanged(deal: LockedDeal, based_on: int, new: dict[str, Any], after: Structure) -> None:
    """Raise CommandError(conflict) if a field of ``new`` was set after version ``based_on``. Trades are
    compared field by field.

    A field that was set to the requested value since is no conflict: it is not in ``new``.
    """
    # What follows from the product lines is named last.
    asked = sorted(new, key=lambda name: name in FLAT_FIELDS)
    since = await deal.database.fetch(
        "SELECT body, at FROM deal_events"
        " WHERE deal_id = $1 AND kind = $3 AND (body->>'version')::bigint > $2 ORDER BY no DESC",
        deal.key,
        based_on,
        kind_of(DealChanged),
    )
    for event in since:
        changed = event["body"]["changes"]
        taken = next((name for name in asked if name in changed and name != "trades"), None)
        by = event["body"]["by"]
        if "trades" in new and "trades" in changed:
            at = wire_time(event["at"])
            what = {"by": by, "at": at, "version": event["body"]["version"]}
            await check_trades_unchanged(deal, based_on, after.trades, what)
        if taken is not None:
            raise CommandError(
                ErrorCode.CONFLICT,
                f"{by['name']} changed {taken} in the meantime.",
                field=taken,
                value=event["body"]["changes"][taken],
                by=by,
                at=wire_time(event["at"]),
                version=event["body"]["version"],
            )
