"""What keeps a customer's data from being erased: open work, and records that must be kept for a time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from protocol.records import DealState
from server.database.core.pool import Database
from server.errors import UserError
from server.keep import Keep

_DEALS: Final = "SELECT deal_id::text FROM deals WHERE customer_id = $1 ORDER BY created_at, deal_id"
# A signed deal without a stored quote has no contract document. $2 and $3: months.
_OBLIGATIONS: Final = """
SELECT each.*, last_at + make_interval(months => $2) AS contract_until,
       last_at + make_interval(months => $3) AS application_until
  FROM (SELECT d.customer_id::text, d.deal_id::text, d.state, d.fulfilment,
               d.state = 'signed' OR d.contract IS NOT NULL AS was_signed,
               notice.raised OR EXISTS (SELECT FROM lender_decisions l WHERE l.deal_id = d.deal_id)
                   AS was_applied,
               notice.owed AS notice_owed, greatest(d.updated_at, notice.done_at) AS last_at
          FROM deals d CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE t.kind = 'adverse_action_notice') > 0 AS raised,
                      count(*) FILTER (WHERE t.kind = 'adverse_action_notice' AND t.done_at IS NULL) > 0
                          AS owed,
                      max(t.done_at) AS done_at
                 FROM deal_tasks t WHERE t.deal_id = d.deal_id) AS notice
         WHERE d.customer_id = ANY ($1::uuid[])) AS each
 ORDER BY deal_id
"""
UNFINISHED: Final = frozenset({"signed", "delivered"})
_NOTHING: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


class DealsOpen(UserError):
    """The customer has deals that are neither lost nor finished. ``notices``: deals about which a notice of
    adverse action is due.
    """

    def __init__(self, customer_id: str, deals: tuple[str, ...], notices: tuple[str, ...] = ()) -> None:
        super().__init__(customer_id, deals, notices)
        self.customer_id, self.deals, self.notices = customer_id, deals, notices

    def __str__(self) -> str:
        found = []
        if self.deals:
            found.append(
                f"has open deals ({_some(self.deals)}): lose them, or fund or unwind the contract, and erase"
                " the customer then"
            )
        if self.notices:
            found.append(
                f"is owed notices of adverse action ({_some(self.notices)}): send them, mark the tasks as"
                " done, and erase the customer then"
            )
        return f"customer {self.customer_id} " + "; and ".join(found)


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
    found = (await obligations_of(database, [customer_id], keep, now))[customer_id]
    if isinstance(found, DealsOpen):
        raise found
    return found


async def obligations_of(
    database: Database, customer_ids: Sequence[str], keep: Keep, now: dt.datetime
) -> dict[str, Kept | DealsOpen | None]:
    """Return for each customer what ``must_keep`` returns or raises."""
    rows = await database.fetch(_OBLIGATIONS, customer_ids, keep.contracts, keep.applications)
    of_customer: dict[str, list[asyncpg.Record]] = {customer_id: [] for customer_id in customer_ids}
    for row in rows:
        of_customer[row["customer_id"]].append(row)
    return {customer_id: _obligation(customer_id, deals, now) for customer_id, deals in of_customer.items()}


def _obligation(customer_id: str, deals: Sequence[Any], now: dt.datetime) -> Kept | DealsOpen | None:
    working = tuple(
        row["deal_id"]
        for row in deals
        if row["state"] not in {DealState.SIGNED, DealState.LOST} or row["fulfilment"] in UNFINISHED
    )
    # Once nobody sees the deal, nobody can send the notice.
    owed = tuple(row["deal_id"] for row in deals if row["notice_owed"])
    if working or owed:
        return DealsOpen(customer_id, working, owed)
    contract = max((row["contract_until"] for row in deals if row["was_signed"]), default=_NOTHING)
    applied = max((row["application_until"] for row in deals if row["was_applied"]), default=_NOTHING)
    kept = [Kept(contract, "a signed contract"), Kept(applied, "a credit application")]
    return max((each for each in kept if each.until > now), key=lambda each: each.until, default=None)


def _some(deals: Sequence[str]) -> str:
    return ", ".join(deals[:5]) + (" and more" if len(deals) > 5 else "")
