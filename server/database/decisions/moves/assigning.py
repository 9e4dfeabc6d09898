"""Gives a deal to another person of its store: from then on it is theirs to sell."""

import uuid
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.workflow import Fulfilment
from protocol.events import DealAssigned, kind_of
from protocol.records import Actor, DealState, Role
from protocol.rights import SELLERS
from server.clock import wire_time
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Decided, LockedDeal, deciding, parse_id
from server.database.decisions.edits.terms import wrong_state
from server.database.decisions.moves.conditions import conflict, last_approval

Person = dict[str, Any]
"""A row of ``_PEOPLE``, or an actor on the wire."""

OVER = frozenset({Fulfilment.FUNDED, Fulfilment.UNWOUND})
"""Contracts that are finished, so that their salesperson is settled."""

_PEOPLE = """
SELECT user_id::text AS id, name, role::text AS role, discount_authority_cents AS authority_cents,
       active AND store_id = $2 AND role::text = ANY ($3) AS sells
  FROM users WHERE user_id = ANY ($1)
"""
_APPROVED = frozenset({DealState.APPROVED, DealState.SIGNED})


async def assign_deal(
    scope: RowScope, deal_id: str, salesperson_id: str, *, based_on: int, op: uuid.UUID, actor: Actor
) -> Decided:
    """Give a deal to a salesperson or desk manager of its store; nothing happens if it is theirs already.

    Nothing else about the deal changes: agreed figures, an approval and a contract stand.

    Raises CommandError: not_found; invalid for somebody who sells nothing at this store, or a version ahead
    of the deal; conflict for a deal that is lost, funded or unwound, for one that was assigned since
    ``based_on``, and for the manager who approved it.
    """
    async with deciding(scope, deal_id, op, actor, ("assign", salesperson_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        _require_live(deal)
        if based_on > deal.version:
            raise CommandError(
                ErrorCode.INVALID, f"version: expected at most {deal.version}", field="version"
            )
        if salesperson_id != deal.salesperson_id:
            old, new = await _people(deal, salesperson_id)
            await _require_unassigned(deal, based_on)
            await _require_other_approver(deal, new)
            await deal.database.execute(
                "UPDATE deals SET salesperson_id = $2 WHERE deal_id = $1", deal.key, uuid.UUID(new["id"])
            )
            deal.record(
                DealAssigned,
                **{"from": _actor(old), "to": _actor(new)},
                # The search finds discounts within the salesperson's authority.
                same_results=old["authority_cents"] == new["authority_cents"],
            )
        return deal.decided()


async def _people(deal: LockedDeal, salesperson_id: str) -> tuple[Person, Person]:
    """Return who sells the deal and who is to sell it. Raises CommandError(invalid) if that person cannot."""
    key = parse_id(salesperson_id)
    keys = [uuid.UUID(deal.salesperson_id), *([] if key is None else [key])]
    rows = await deal.database.fetch(_PEOPLE, keys, deal.store_id, SELLERS)
    people = {row["id"]: dict(row) for row in rows}
    new = people.get(salesperson_id)
    if new is None or not new["sells"]:
        raise CommandError(
            ErrorCode.INVALID,
            "salesperson_id: expected an active salesperson or desk manager of the deal's store",
            field="salesperson_id",
        )
    return people[deal.salesperson_id], new


def _actor(person: Person) -> Person:
    actor: Person = codec.plain(Actor(id=person["id"], name=person["name"], role=Role(person["role"])))
    return actor


def _require_live(deal: LockedDeal) -> None:
    if deal.state is DealState.LOST:
        raise wrong_state(deal, "assign")
    if deal.fulfilment in OVER:
        raise conflict(
            f"You cannot assign a deal that is {deal.fulfilment}.", "fulfilment", deal.fulfilment.value
        )


async def _require_unassigned(deal: LockedDeal, based_on: int) -> None:
    """Raise CommandError(conflict) if someone assigned the deal after version ``based_on``."""
    last = await deal.database.fetchrow(
        "SELECT body, at FROM deal_events WHERE deal_id = $1 AND kind = $2 ORDER BY no DESC LIMIT 1",
        deal.key,
        kind_of(DealAssigned),
    )
    if last is None or last["body"]["version"] <= based_on:
        return
    by, to = last["body"]["by"], last["body"]["to"]
    raise CommandError(
        ErrorCode.CONFLICT,
        f"{by['name']} assigned this deal to {to['name']} in the meantime. Review it and assign it again.",
        field="salesperson_id",
        value=to["id"],
        by=by,
        at=wire_time(last["at"]),
        version=last["body"]["version"],
    )


async def _require_other_approver(deal: LockedDeal, new: Person) -> None:
    """Raise CommandError(conflict) if ``new`` approved this deal: a manager may not approve their own."""
    if deal.state in _APPROVED and (await last_approval(deal)).by.id == new["id"]:
        raise conflict(
            f"{new['name']} approved this deal, so it cannot become theirs. Choose someone else.",
            "salesperson_id",
            new["id"],
        )
