"""Who wants a car: a deal that holds it for a while, and deals that selected or pinned it.

A hold is soft: everybody still sees the car and who holds it, but nobody else may hold or sell it meanwhile.
``no`` of a car's claim moves with each change, so that of two states of a car the newer one can be told.
"""

import datetime as dt
import uuid
from typing import Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.records import Actor, DealState
from server.store.deciding import SYSTEM, Decided, Decision, deciding
from server.store.pool import Connection
from server.store.scope import Scope

HOLD_LENGTH: Final = dt.timedelta(minutes=30)
MAX_HOLDS: Final = 3
"""How many cars one deal may hold at a time."""

_TOUCH = """
INSERT INTO vehicle_claims (vehicle_id) VALUES ($1)
ON CONFLICT (vehicle_id) DO UPDATE SET no = vehicle_claims.no + 1
"""
_TAKE = """
INSERT INTO vehicle_claims (vehicle_id, held_by, holder, held_until) VALUES ($1, $2, $3, now() + $4::interval)
ON CONFLICT (vehicle_id) DO UPDATE
   SET no = vehicle_claims.no + 1, held_by = $2, holder = $3, held_until = now() + $4::interval
RETURNING held_until
"""
_LET_GO = """
UPDATE vehicle_claims SET no = no + 1, held_by = NULL, holder = NULL, held_until = NULL
"""
_CONCERNED = """
SELECT vehicle_id FROM offers WHERE offer_id = $2
UNION SELECT vehicle_id FROM deal_pins WHERE deal_id = $1
UNION SELECT vehicle_id FROM vehicle_claims WHERE held_by = $1
ORDER BY vehicle_id
"""
_HOLDER = """
SELECT c.held_by, c.holder, c.held_until, d.store_id
  FROM vehicle_claims c LEFT JOIN deals d ON d.deal_id = c.held_by
 WHERE c.vehicle_id = $1 AND c.held_until > now()
"""


async def touch_claim(connection: Connection, vehicle_id: int) -> None:
    """Say that who wants the car has changed: every screen that shows it hears of it."""
    await connection.execute(_TOUCH, vehicle_id)


async def touch_claims(deal: Decision) -> None:
    """Say that a locked deal wants its cars no more, or again: those it selected, pinned or holds.

    In order of their ids, and before any of them is let go, so that no two deals wait for each other.
    """
    for row in await deal.connection.fetch(_CONCERNED, deal.key, deal.selected_offer):
        await touch_claim(deal.connection, row["vehicle_id"])


async def hold_vehicle(
    scope: Scope, deal_id: str, vehicle_id: int, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Hold a car for a deal for HOLD_LENGTH from now; its answer is ``{until}``.

    Raises CommandError: not_found for a car that the group does not sell; conflict where another deal holds
    it, or the deal is over; too_large for more holds than a deal may have.
    """
    async with deciding(scope, deal_id, op, actor) as deal:
        if deal.repeated is not None:
            return deal.again()
        if deal.state in {DealState.SIGNED, DealState.LOST}:
            raise CommandError(
                ErrorCode.CONFLICT, f"A deal that is {deal.state} holds no cars.", field="state"
            )
        await _lock_car(deal, vehicle_id)
        await require_not_held(deal, vehicle_id)
        held = await deal.connection.fetchval(
            "SELECT count(*) FROM vehicle_claims"
            " WHERE held_by = $1 AND held_until > now() AND vehicle_id <> $2",
            deal.key,
            vehicle_id,
        )
        if held >= MAX_HOLDS:
            raise CommandError(
                ErrorCode.TOO_LARGE, f"A deal holds at most {MAX_HOLDS} cars.", field="vehicle_id"
            )
        until = await deal.connection.fetchval(_TAKE, vehicle_id, deal.key, codec.plain(actor), HOLD_LENGTH)
        deal.remark("vehicle_held", vehicle_id=str(vehicle_id), until=_wire(until))
        return deal.answered({"until": _wire(until)})


async def release_vehicle(
    scope: Scope, deal_id: str, vehicle_id: int, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Let a car go that the deal holds; where it holds none, nothing happens. Its answer is ``{until}``."""
    async with deciding(scope, deal_id, op, actor) as deal:
        if deal.repeated is not None:
            return deal.again()
        await let_go(deal, vehicle_id)
        return deal.answered({"until": None})


async def let_go(deal: Decision, vehicle_id: int | None = None) -> None:
    """End the hold of a locked deal on a car; without one, all of its holds."""
    rows = await deal.connection.fetch(
        _LET_GO + " WHERE held_by = $1 AND ($2::bigint IS NULL OR vehicle_id = $2) RETURNING vehicle_id",
        deal.key,
        vehicle_id,
    )
    for row in sorted(row["vehicle_id"] for row in rows):
        deal.remark("vehicle_released", vehicle_id=str(row))


async def require_not_held(deal: Decision, vehicle_id: int) -> None:
    """Raise CommandError(conflict) where another deal holds the car: until when, and who, if it is ours."""
    # A deal of another store is not visible here: its car is held all the same.
    row = await deal.connection.fetchrow(_HOLDER, vehicle_id)
    if row is None or row["held_by"] == deal.key:
        return
    name = row["holder"]["name"] if row["store_id"] == deal.store_id else "other"
    raise CommandError(
        ErrorCode.CONFLICT,
        f"This car is held by {name}." if name != "other" else "Another store holds this car.",
        field="vehicle_id",
        value=name,
        until=_wire(row["held_until"]),
    )


async def expired_holds(connection: Connection) -> list[tuple[str, int]]:
    """Return the deals and cars of holds whose time is over."""
    rows = await connection.fetch(
        "SELECT held_by, vehicle_id FROM vehicle_claims WHERE held_by IS NOT NULL AND held_until <= now()"
    )
    return [(str(row["held_by"]), row["vehicle_id"]) for row in rows]


async def next_expiry(connection: Connection) -> dt.datetime | None:
    """Return when the next hold runs out; None where nothing is held."""
    found: dt.datetime | None = await connection.fetchval(
        "SELECT min(held_until) FROM vehicle_claims WHERE held_by IS NOT NULL"
    )
    return found


async def expire_hold(scope: Scope, deal_id: str, vehicle_id: int) -> bool:
    """End a hold whose time is over, as the server's own decision; return whether this call did."""
    async with deciding(scope, deal_id, uuid.uuid4(), SYSTEM) as deal:
        over = await deal.connection.fetchval(
            "SELECT true FROM vehicle_claims WHERE vehicle_id = $1 AND held_by = $2 AND held_until <= now()",
            vehicle_id,
            deal.key,
        )
        if over:
            await let_go(deal, vehicle_id)
        return deal.changed


async def _lock_car(deal: Decision, vehicle_id: int) -> None:
    """Keep two deals from taking one car at once. Raises CommandError(not_found)."""
    found = await deal.connection.fetchval(
        "SELECT true FROM vehicles v JOIN stores s USING (group_id)"
        " WHERE v.vehicle_id = $1 AND s.store_id = $2 AND v.status = 'available' FOR NO KEY UPDATE OF v",
        vehicle_id,
        deal.store_id,
    )
    if not found:
        raise CommandError(
            ErrorCode.NOT_FOUND, "There is no such car for sale in this group.", field="vehicle_id"
        )


def _wire(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
