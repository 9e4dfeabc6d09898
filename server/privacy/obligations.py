"""What keeps a customer's data from being erased: open work, and records that must be kept for a time."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from protocol.records import DealState
from server.database.core.pool import Database
from server.errors import UserError
from server.keep import Keep

_DEALS: Final = """
SELECT d.deal_id::text, d.state, d.fulfilment, d.contract IS NOT NULL AS was_signed,
       EXISTS (SELECT FROM lender_decisions l WHERE l.deal_id = d.deal_id)
       OR EXISTS (SELECT FROM deal_tasks t
                   WHERE t.deal_id = d.deal_id AND t.kind = 'adverse_action_notice') AS was_applied,
       greatest(d.updated_at,
                (SELECT max(t.done_at) FROM deal_tasks t WHERE t.deal_id = d.deal_id)) AS last_at
  FROM deals d WHERE d.customer_id = $1 ORDER BY d.created_at, d.deal_id
"""
_AFTER: Final = "SELECT $1::timestamptz + make_interval(months => $2)"
UNFINISHED: Final = frozenset({"signed", "delivered"})


class DealsOpen(UserError):
    """The customer has deals that are neither lost nor finished."""

    def __init__(self, customer_id: str, deals: tuple[str, ...]) -> None:
        super().__init__(customer_id, deals)
        self.customer_id, self.deals = customer_id, deals

    def __str__(self) -> str:
        shown = ", ".join(self.deals[:5]) + (" and more" if len(self.deals) > 5 else "")
        return (
            f"customer {self.customer_id} has open deals ({shown}):"
            " lose them, or fund or unwind the contract, and erase the customer then"
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """Records must be kept until a time, for a reason that a person reads."""

    until: dt.datetime
    reason: str


async def deals_of(database: Database, customer_id: str) -> list[str]:
    """Return the ids of a customer's deals, the oldest first."""
    return [row["deal_id"] for row in await database.fetch(_DEALS, customer_id)]


async def must_keep(database: Database, customer_id: str, keep: Keep, now: dt.datetime) -> Kept | None:
    """Return until when a customer's records must be kept; None if nothing must be.

    Raises DealsOpen if a deal of the customer is still being worked on.
    """
    rows = await database.fetch(_DEALS, customer_id)
    working = [
        row["deal_id"]
        for row in rows
        if row["state"] not in {DealState.SIGNED, DealState.LOST} or row["fulfilment"] in UNFINISHED
    ]
    if working:
        raise DealsOpen(customer_id, tuple(working))
    found: list[Kept] = []
    for row in rows:
        months = {
            "a signed contract": keep.contracts if row["was_signed"] else 0,
            "a credit application": keep.applications if row["was_applied"] else 0,
        }
        for reason, count in months.items():
            until = await database.fetchval(_AFTER, row["last_at"], count)
            if count and until > now:
                found.append(Kept(until, reason))
    return max(found, key=lambda each: each.until, default=None)
