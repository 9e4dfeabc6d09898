"""Creating a deal: the store's default structure, with the customer's data."""

import datetime as dt
import math
import uuid
from typing import Any, Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import Structure, StructureChanges, StructureError, with_trades
from protocol.deal.trades import MAX_MILEAGE, MAX_NAME, MAX_PER_DIEM_CENTS, Trade
from protocol.records import Role, Scope, Tier
from protocol.texts import without_unseen
from protocol.vin import FIRST_YEAR, flaw
from server.database.core.catalogue import with_catalogue
from server.database.core.one_row import one_row
from server.database.core.pool import Database
from server.database.deals.deals import Deal, load_deal
from server.database.decisions.deciding import parse_id
from server.database.decisions.edits.terms import revise
from server.database.decisions.edits.trades import check_trades_kept
from server.database.people.users import Account

# The lowest score of each tier, best first, for a deal that starts from a score; a programme may require
# more.
TIER_FLOORS = (
    (Tier.SUPER_PRIME, 740),
    (Tier.PRIME, 670),
    (Tier.NEAR_PRIME, 620),
    (Tier.SUBPRIME, 560),
    (Tier.DEEP_SUBPRIME, 0),
)

FIRST_TRADE: Final = "trade-1"
"""The id of the trade with which a deal begins."""

MAX_NEW_DEALS: Final = 60
NEW_DEALS_WITHIN: Final = dt.timedelta(hours=1)
"""One person may create at most MAX_NEW_DEALS in this time: more than on a busy day, fewer than a runaway
program.
"""


async def create_deal(
    database: Database,
    user: Account,
    customer_id: str,
    changes: StructureChanges | None = None,
    *,
    paced: bool = True,
    deal_id: uuid.UUID | None = None,
) -> Deal:
    """Create a deal for a customer of the user's store and return it at version 0.

    Its structure is the store's default, with the customer's trade, payoff and tier, then ``changes``. Only a
    load tester's are not ``paced``. With ``deal_id`` it is that deal, if the same person created it before.

    Raises:
        CommandError: not_found for a customer that is not of the store; invalid for a structure that
            contradicts itself; forbidden for a salesperson who leaves an appraised trade out;
            rate_limited, with ``retry_after_seconds``, for too many deals of one person.
    """
    if deal_id is not None:
        begun = await load_deal(database, str(deal_id))
        if begun is not None:
            return begun
    key = parse_id(customer_id)
    row = None if key is None else await database.fetchrow(_CUSTOMER_START, key, user.store_id)
    if row is None:
        raise CommandError(
            ErrorCode.NOT_FOUND, "There is no such customer at your store.", field="customer_id"
        )
    structure = starting_structure(row["default_structure"], row)
    if changes is not None and user.role is not Role.DESK_MANAGER:
        check_trades_kept(changes, structure)
    if changes is not None:
        structure = revise(structure, changes)
    try:
        structure = await with_catalogue(database, structure, row["state"])
    except StructureError as error:
        raise CommandError(
            ErrorCode.INVALID, str(error), field=error.field, expected=error.expected
        ) from None
    if paced:
        await _require_pace(database, uuid.UUID(user.id))
    deal_id = deal_id or uuid.uuid4()
    await database.execute(
        # A command that was sent again may have begun it just now, over another connection.
        "INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (deal_id) DO NOTHING",
        deal_id,
        user.store_id,
        key,
        uuid.UUID(user.id),
        codec.plain(structure),
    )
    deal = await load_deal(database, str(deal_id))
    if deal is None:
        raise LookupError(f"deal {deal_id} is missing right after it was written")
    return deal


async def _require_pace(database: Database, person: uuid.UUID) -> None:
    # The counts are serialised across processes.
    await database.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('deals begun by ' || $1::text, 0))", str(person)
    )
    row = await one_row(
        database,
        "SELECT count(*) AS begun, min(created_at) + $2::interval - now() AS wait FROM deals"
        " WHERE salesperson_id = $1 AND created_at > now() - $2::interval"
        # What the desk assigned to the person, someone else began.
        "   AND NOT EXISTS (SELECT FROM deal_events e"
        "                    WHERE e.deal_id = deals.deal_id AND e.kind = 'deal_assigned')",
        person,
        NEW_DEALS_WITHIN,
    )
    if row["begun"] >= MAX_NEW_DEALS:
        raise CommandError(
            ErrorCode.RATE_LIMITED,
            f"You created {MAX_NEW_DEALS} deals in the last hour, the most that one person may."
            " Try again later.",
            retry_after_seconds=max(1, math.ceil(row["wait"].total_seconds())),
        )


_CUSTOMER_START = """
SELECT default_structure, trade_year, trade_make, trade_model, trade_mileage, trade_vin, trade_acv_cents,
       payoff_cents, payoff_lienholder, payoff_quoted_on, payoff_good_through, payoff_per_diem_cents,
       score, score_source, customers.state
  FROM customers JOIN stores USING (store_id) WHERE customer_id = $1 AND store_id = $2
   AND erased_at IS NULL
"""


def starting_structure(default: dict[str, Any], customer: Any) -> Structure:
    """Return the structure a deal begins with, from the store's ``default`` and a row of ``customers``.

    The trade's cash value (ACV) is for the desk; the allowance starts empty, because customers see it.
    """
    known: dict[str, Any] = {"scope": Scope.STORE, **default}
    if customer["score"] is not None:
        known |= {"tier": tier_of(customer["score"]), "tier_source": customer["score_source"]}
    structure = codec.convert(Structure, known)
    if customer["trade_make"] is None:
        return structure
    return with_trades(structure, [_customers_trade(customer)])


def _customers_trade(customer: Any) -> Trade:
    """Return the trade that the store knows of a customer. What no trade may hold is left out."""
    vin = customer["trade_vin"] or ""
    owed: dict[str, Any] = {}
    if customer["payoff_cents"] is not None:
        owed = {
            "lienholder": without_unseen(customer["payoff_lienholder"])[:MAX_NAME],
            "payoff_cents": customer["payoff_cents"],
            "payoff_quoted_on": customer["payoff_quoted_on"],
            "payoff_good_through": customer["payoff_good_through"],
            "payoff_per_diem_cents": min(customer["payoff_per_diem_cents"], MAX_PER_DIEM_CENTS),
        }
    return Trade(
        id=FIRST_TRADE,
        year=customer["trade_year"],
        make=without_unseen(customer["trade_make"])[:MAX_NAME],
        model=without_unseen(customer["trade_model"])[:MAX_NAME],
        mileage=min(customer["trade_mileage"], MAX_MILEAGE),
        vin="" if customer["trade_year"] < FIRST_YEAR or flaw(vin) else vin,
        acv_cents=customer["trade_acv_cents"],
        **owed,
    )


def tier_of(score: int) -> Tier:
    """Return the credit tier in which a score begins a deal."""
    return next(tier for tier, floor in TIER_FLOORS if score >= floor)
