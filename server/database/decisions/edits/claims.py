"""Claims on a car: the deal that holds it or is approved for it, and the deals that selected or pinned it.

A hold is soft: everyone still sees the car and its holder, but no other deal may hold or sell it until the
hold ends. An approval reserves its car in the same way while it is valid. ``no`` of a car's claim grows with
each change, so the newer of two states of a car is known.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.events import VehicleHeld, VehicleReleased
from protocol.records import Actor, DealState, Role
from server.clock import wire_time
from server.database.core.one_row import one_row
from server.database.core.pool import Database
from server.database.core.scope import RowScope
from server.database.decisions.deciding import SYSTEM, Decided, LockedDeal, deciding

HOLD_LENGTH: Final = dt.timedelta(minutes=30)
MAX_HOLDS: Final = 3
"""How many cars one deal may hold at a time."""

MAX_HOLDS_OF_PERSON: Final = 6
"""How many cars one person may hold at a time, in all of their deals."""

MAX_HOLDS_OF_STORE: Final = 40
"""How many cars the deals of one store may hold at a time, its own and those of its neighbours."""

# In the order of the ids, so that no two transactions deadlock.
_TOUCH = """
INSERT INTO vehicle_claims (vehicle_id) SELECT car FROM unnest($1::bigint[]) AS car ORDER BY car
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
_RESERVE = """
INSERT INTO vehicle_claims (vehicle_id, reserved_by, reserver) VALUES ($1, $2, $3)
ON CONFLICT (vehicle_id) DO UPDATE SET no = vehicle_claims.no + 1, reserved_by = $2, reserver = $3
"""
_FREE = """
UPDATE vehicle_claims SET no = no + 1, reserved_by = NULL, reserver = NULL WHERE reserved_by = $1
"""
_CONCERNED = """
SELECT vehicle_id FROM offers WHERE offer_id = $2
UNION SELECT vehicle_id FROM deal_pins WHERE deal_id = $1
UNION SELECT vehicle_id FROM vehicle_claims WHERE held_by = $1 OR reserved_by = $1
ORDER BY vehicle_id
"""
_HOLDERS = """
SELECT each.deal_id, each.by, each.until, v.store_id AS owner,
       (SELECT store_id FROM deals d WHERE d.deal_id = each.deal_id) AS store_id
  FROM vehicle_claims c JOIN vehicles v USING (vehicle_id)
 CROSS JOIN LATERAL (VALUES (c.reserved_by, c.reserver, NULL), (c.held_by, c.holder, c.held_until))
    AS each (deal_id, by, until)
 WHERE c.vehicle_id = $1 AND each.deal_id <> $2 AND coalesce(each.until > now(), true)
"""
# One lock for the holds of a store makes its counts exact. It comes after those of the deal and the car.
_COUNT_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('holds of store ' || $1, 0))"
_COUNT = """
SELECT count(*) FILTER (WHERE c.held_by = $1) AS of_deal,
       count(*) FILTER (WHERE c.holder->>'id' = $2) AS of_person,
       count(*) FILTER (WHERE d.store_id = $3) AS of_store
  FROM vehicle_claims c LEFT JOIN deals d ON d.deal_id = c.held_by
 WHERE c.held_by IS NOT NULL AND c.held_until > now() AND c.vehicle_id <> $4
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Another deal that holds a car: ``until`` then, or None if it is approved for it.

    ``store_id`` is the deal's store, None if the asker's scope does not show it; ``owner`` is the car's.
    """

    deal_id: str
    by: str
    until: dt.datetime | None
    store_id: str | None
    owner: str


class HeldElsewhere(Exception):
    """Another deal holds the car, and the actor may end that hold with ``overrides.end_other_holds``."""


async def touch_claim(database: Database, *vehicle_ids: int) -> None:
    """Mark a change of claims on the cars: every screen that shows one is notified."""
    await database.execute(_TOUCH, sorted(set(vehicle_ids)))


async def touch_claims(deal: LockedDeal) -> None:
    """Mark a change of a locked deal's claims on its selected, pinned and held cars.

    It goes in order of their ids, before any of them is released, so that no two deals deadlock.
    """
    cars = await deal.database.fetch(_CONCERNED, deal.key, deal.selected_offer)
    await touch_claim(deal.database, *(row["vehicle_id"] for row in cars))


async def hold_vehicle(
    scope: RowScope, deal_id: str, vehicle_id: int, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Hold a car for a deal for HOLD_LENGTH from now; its answer is ``{until}``.

    Raises CommandError: not_found for a car that the group does not sell; conflict if another deal holds
    it, the deal is over, or the person or the store holds as many cars as they may; too_large for more
    holds than a deal may have.
    """
    async with deciding(scope, deal_id, op, actor, ("hold", vehicle_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        if deal.state in {DealState.SIGNED, DealState.LOST}:
            raise CommandError(
                ErrorCode.CONFLICT, f"You cannot hold a car for a deal that is {deal.state}.", field="state"
            )
        await _lock_car(deal, vehicle_id)
        await require_not_held(deal, vehicle_id)
        await _require_room(deal, vehicle_id)
        until = await deal.database.fetchval(_TAKE, vehicle_id, deal.key, codec.plain(actor), HOLD_LENGTH)
        deal.remark(VehicleHeld, vehicle_id=str(vehicle_id), until=wire_time(until))
        return deal.answered({"until": wire_time(until)})


async def release_vehicle(
    scope: RowScope, deal_id: str, vehicle_id: int, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Release a car that the deal holds; do nothing if nobody holds it. Its answer is ``{until}``.

    Raises HeldElsewhere if another deal holds it, and the actor may end that; CommandError(conflict)
    if the actor may not, or where this deal is approved for the car.
    """
    async with deciding(scope, deal_id, op, actor, ("release", vehicle_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        await require_not_reserved(deal, vehicle_id)
        holders = await other_holders(deal.database, vehicle_id, deal.key)
        for holder in holders:
            require_say(deal, holder)
        if holders:
            raise HeldElsewhere
        await let_go(deal, vehicle_id)
        return deal.answered({"until": None})


async def let_go(deal: LockedDeal, vehicle_id: int | None = None) -> None:
    """End the hold of a locked deal on a car; without one, all of its holds."""
    rows = await deal.database.fetch(
        _LET_GO + " WHERE held_by = $1 AND ($2::bigint IS NULL OR vehicle_id = $2) RETURNING vehicle_id",
        deal.key,
        vehicle_id,
    )
    for row in sorted(row["vehicle_id"] for row in rows):
        deal.remark(VehicleReleased, vehicle_id=str(row))


async def reserve(deal: LockedDeal, vehicle_id: int) -> None:
    """Reserve a car for a locked deal that the desk approves, until ``end_reservation``."""
    await deal.database.execute(_RESERVE, vehicle_id, deal.key, codec.plain(deal.actor))


async def end_reservation(deal: LockedDeal) -> None:
    """Release the car that a locked deal was approved for."""
    await deal.database.execute(_FREE, deal.key)


async def other_holders(database: Database, vehicle_id: int, deal: uuid.UUID) -> list[Holder]:
    """Return the other deals that hold a car or are approved for it."""
    # A deal of another store is invisible in a store's scope, but its car is still held.
    return [
        Holder(str(row["deal_id"]), row["by"]["name"], row["until"], row["store_id"], row["owner"])
        for row in await database.fetch(_HOLDERS, vehicle_id, deal)
    ]


async def require_not_held(deal: LockedDeal, vehicle_id: int) -> None:
    """Raise CommandError(conflict) if another deal holds the car: until when, and who, if it is ours."""
    for holder in await other_holders(deal.database, vehicle_id, deal.key):
        raise _held(deal, holder)


async def require_not_reserved(deal: LockedDeal, vehicle_id: int) -> None:
    """Raise CommandError(conflict) if the deal itself is approved for the car."""
    reserved = await deal.database.fetchval(
        "SELECT true FROM vehicle_claims WHERE vehicle_id = $1 AND reserved_by = $2", vehicle_id, deal.key
    )
    if reserved:
        raise CommandError(
            ErrorCode.CONFLICT,
            "This deal is approved with this car. Reopen the deal to release the car.",
            field="vehicle_id",
        )


def require_say(deal: LockedDeal, holder: Holder) -> None:
    """Raise CommandError(conflict) unless the actor may end another deal's hold.

    Desk managers may, if the car or the deal that holds it belongs to their store.
    """
    is_ours = deal.store_id in {holder.owner, holder.store_id}
    if deal.actor.role is not Role.DESK_MANAGER or not is_ours:
        raise _held(deal, holder)


def _held(deal: LockedDeal, holder: Holder) -> CommandError:
    name = holder.by if holder.store_id == deal.store_id else "other"
    who = "Another store" if name == "other" else name
    how = "holds this car" if holder.until else "has an approved deal with this car"
    return CommandError(
        ErrorCode.CONFLICT,
        f"{who} {how}.",
        field="vehicle_id",
        value=name,
        until=None if holder.until is None else wire_time(holder.until),
    )


async def _require_room(deal: LockedDeal, vehicle_id: int) -> None:
    """Raise CommandError if deal, person or store hold as many cars as they may, not counting this one."""
    await deal.database.execute(_COUNT_ALONE, deal.store_id)
    held = await one_row(deal.database, _COUNT, deal.key, deal.actor.id, deal.store_id, vehicle_id)
    if held["of_deal"] >= MAX_HOLDS:
        raise CommandError(
            ErrorCode.TOO_LARGE,
            f"A deal can hold at most {MAX_HOLDS} cars. Release one first.",
            field="vehicle_id",
        )
    if held["of_person"] >= MAX_HOLDS_OF_PERSON:
        message = f"You hold {MAX_HOLDS_OF_PERSON} cars, the most that one person may. Release one first."
        raise CommandError(ErrorCode.CONFLICT, message, field="vehicle_id", limit=MAX_HOLDS_OF_PERSON)
    if held["of_store"] >= MAX_HOLDS_OF_STORE:
        message = f"Your store holds {MAX_HOLDS_OF_STORE} cars, the most that a store may. Release one first."
        raise CommandError(ErrorCode.CONFLICT, message, field="vehicle_id", limit=MAX_HOLDS_OF_STORE)


async def expire_hold(scope: RowScope, deal_id: str, vehicle_id: int) -> Decided:
    """End a hold whose time is over, as the server's own decision."""
    async with deciding(scope, deal_id, uuid.uuid4(), SYSTEM, ("expire",)) as deal:
        over = await deal.database.fetchval(
            "SELECT true FROM vehicle_claims WHERE vehicle_id = $1 AND held_by = $2 AND held_until <= now()",
            vehicle_id,
            deal.key,
        )
        if over:
            await let_go(deal, vehicle_id)
        return deal.answered({})


async def _lock_car(deal: LockedDeal, vehicle_id: int) -> None:
    """Prevent two deals from taking the same car at once. Raises CommandError(not_found)."""
    found = await deal.database.fetchval(
        "SELECT true FROM vehicles v JOIN stores s USING (group_id)"
        " WHERE v.vehicle_id = $1 AND s.store_id = $2 AND v.status = 'available' FOR NO KEY UPDATE OF v",
        vehicle_id,
        deal.store_id,
    )
    if not found:
        raise CommandError(ErrorCode.NOT_FOUND, "This car is not for sale in your group.", field="vehicle_id")
