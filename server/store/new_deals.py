"""How a deal begins: its store's usual structure, with what is known of the customer."""

import uuid
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.records import Scope, Structure, StructureChanges, Tier
from server.store.deals import Deal, load_deal
from server.store.deciding import parse_id
from server.store.pool import Connection
from server.store.terms import revise
from server.store.users import Account

# The lowest score of each tier, best first, where a deal begins from a score; a programme may ask for more.
TIER_FLOORS = (
    (Tier.SUPER_PRIME, 740),
    (Tier.PRIME, 670),
    (Tier.NEAR_PRIME, 620),
    (Tier.SUBPRIME, 560),
    (Tier.DEEP_SUBPRIME, 0),
)


async def create_deal(
    connection: Connection, user: Account, customer_id: str, changes: StructureChanges | None = None
) -> Deal:
    """Begin a deal for a customer of the user's store and return it at version 0.

    Its structure is the store's default, with the customer's trade, payoff and tier, then ``changes``.

    Raises:
        CommandError: not_found for a customer that is not of the store; invalid where the structure
            contradicts itself.
    """
    key = parse_id(customer_id)
    row = None if key is None else await connection.fetchrow(_CUSTOMER_START, key, user.store_id)
    if row is None:
        raise CommandError(
            ErrorCode.NOT_FOUND, "There is no such customer at your store.", field="customer_id"
        )
    structure = starting_structure(row["default_structure"], row)
    if changes is not None:
        structure = revise(structure, changes)
    deal_id = uuid.uuid4()
    await connection.execute(
        "INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)"
        " VALUES ($1, $2, $3, $4, $5)",
        deal_id,
        user.store_id,
        key,
        uuid.UUID(user.id),
        codec.plain(structure),
    )
    deal = await load_deal(connection, str(deal_id))
    if deal is None:
        raise LookupError(f"deal {deal_id} is gone right after it was written")
    return deal


_CUSTOMER_START = """
SELECT default_structure, trade_acv_cents, payoff_cents, payoff_good_through, payoff_per_diem_cents,
       score, score_source
  FROM customers JOIN stores USING (store_id) WHERE customer_id = $1 AND store_id = $2
"""


def starting_structure(default: dict[str, Any], customer: Any) -> Structure:
    """Return the structure a deal begins with, from the store's ``default`` and a row of ``customers``.

    The trade is allowed at its cash value until somebody decides otherwise.
    """
    known: dict[str, Any] = {"scope": Scope.STORE, **default}
    if customer["trade_acv_cents"] is not None:
        known |= {
            "trade_acv_cents": customer["trade_acv_cents"],
            "trade_allowance_cents": customer["trade_acv_cents"],
        }
    if customer["payoff_cents"] is not None:
        known |= {
            "payoff_cents": customer["payoff_cents"],
            "payoff_good_through": customer["payoff_good_through"],
            "payoff_per_diem_cents": customer["payoff_per_diem_cents"],
        }
    if customer["score"] is not None:
        known |= {"tier": tier_of(customer["score"]), "tier_source": customer["score_source"]}
    return codec.convert(Structure, known)


def tier_of(score: int) -> Tier:
    """Return the credit tier in which a score begins a deal."""
    return next(tier for tier, floor in TIER_FLOORS if score >= floor)
