"""What is old enough to go: customers whose deals are over, links, and months of security events.

Each step is small and can be repeated, so that a run that breaks off loses nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from redis.asyncio import Redis

from server.database.core.partitions import drop_months, make_months, unpartitioned
from server.keep import Keep
from server.privacy.batches import Failed, erase_customers
from server.privacy.erasing import Outcome, Report, Request, Result
from server.privacy.obligations import obligations_of

ROWS_AT_A_TIME: Final = 1_000
BY: Final = "deal-architect retain"
NUMBER: Final = "retention"

# Requests that waited for a contract's time or for an open deal, or were interrupted, then customers of whom
# nobody heard for long. Somebody without a deal may be tomorrow's customer: the store's own system decides.
_DUE: Final = """
SELECT e.customer_id::text, e.request, e.asked_by FROM erasures e JOIN customers USING (customer_id)
 WHERE e.erased_at IS NULL AND coalesce(e.kept_until, $1) <= $1
UNION ALL
(SELECT d.customer_id::text, NULL, NULL FROM deals d JOIN customers c USING (customer_id)
  WHERE num_nulls(c.erased_at, c.restricted_at) = 2
    AND NOT EXISTS (SELECT FROM erasures e WHERE e.customer_id = d.customer_id) GROUP BY d.customer_id
 HAVING max(d.updated_at) < $2
    AND bool_and(d.state = 'lost' OR d.fulfilment IN ('funded', 'unwound'))
  ORDER BY max(d.updated_at))
"""
_LINKS: Final = """
SELECT l.link_id FROM deal_links l WHERE least(l.expires_at, l.revoked_at) < $1
   AND NOT EXISTS (SELECT FROM deal_acceptances a WHERE a.link_id = l.link_id) LIMIT $2
"""
_DROP_LINKS: Final = "DELETE FROM deal_links WHERE link_id = ANY ($1::uuid[])"
_OLD_EVENTS: Final = "SELECT count(*) FROM security_events WHERE until < $1"
_DROP_EVENTS: Final = """
DELETE FROM security_events
 WHERE (event_id, at) IN (SELECT event_id, at FROM security_events WHERE until < $1 LIMIT $2)
"""


@dataclass(frozen=True, slots=True)
class Due:
    """What is old enough: requests to erase, ids of links, and the day before which security events end."""

    customers: Sequence[Request]
    links: int
    security_before: dt.datetime
    security_events: int


@dataclass(frozen=True, slots=True)
class Retained:
    """What a run did. ``left``: so many customers are due and wait for the next run."""

    months_made: int
    customers: int
    links: int
    security_events: int
    left: int
    failed: Sequence[Failed] = ()


async def what_is_due(database: asyncpg.Connection, keep: Keep, now: dt.datetime) -> Due:
    """Return what a run at ``now`` would take away."""
    rows = await database.fetch(_DUE, now, await _ago(database, now, keep.lost))
    customers: list[Request] = []
    for at in range(0, len(rows), ROWS_AT_A_TIME):
        requests = [
            Request(row["customer_id"], row["request"] or NUMBER, row["asked_by"] or BY)
            for row in rows[at : at + ROWS_AT_A_TIME]
        ]
        kept = await obligations_of(database, [each.customer_id for each in requests], keep, now)
        customers += [each for each in requests if kept[each.customer_id] is None]
    links = await database.fetchval(
        f"SELECT count(*) FROM ({_LINKS}) AS due",  # noqa: S608 - a statement of our own
        await _ago(database, now, keep.links),
        None,
    )
    # Whole months go: one that has a day to keep stays.
    before = (await _ago(database, now, keep.security)).astimezone(dt.UTC)
    first = before.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Due(customers, links, first, await database.fetchval(_OLD_EVENTS, first))


async def retain(
    database: asyncpg.Connection,
    redis: Redis,
    keep: Keep,
    *,
    now: dt.datetime,
    most: int,
    due: Due | None = None,
    report: Report = lambda what, done, total: None,
) -> Retained:
    """Take away what is ``due`` and make partitions ahead, as the schema's owner; at most ``most`` customers.

    Raises what asyncpg and Redis raise if a service is away; asyncpg.LockNotAvailableError if a table was
    never free.
    """
    partitioned = "security_events" not in await unpartitioned(database)
    made = await make_months(database) if partitioned else 0
    due = due or await what_is_due(database, keep, now)
    links = 0
    while found := await database.fetch(_LINKS, await _ago(database, now, keep.links), ROWS_AT_A_TIME):
        await database.execute(_DROP_LINKS, [row["link_id"] for row in found])
        links += len(found)
        report("links", links, due.links)
    if partitioned:
        await drop_months(database, f"{due.security_before:%Y_%m}")
    # What is left of them: the default partition, or a table that is not partitioned yet.
    while int((await database.execute(_DROP_EVENTS, due.security_before, ROWS_AT_A_TIME)).rpartition(" ")[2]):
        report("security", due.security_events, due.security_events)
    # Last, because it analyses the tables.
    results = await erase_customers(database, redis, due.customers[:most], keep, now=now, report=report)
    return Retained(
        made,
        sum(isinstance(each, Result) and each.outcome is Outcome.ERASED for each in results),
        links,
        due.security_events,
        left=max(0, len(due.customers) - most),
        failed=[each for each in results if isinstance(each, Failed)],
    )


async def _ago(database: asyncpg.Connection, now: dt.datetime, months: int) -> dt.datetime:
    found: dt.datetime = await database.fetchval(
        "SELECT $1::timestamptz - make_interval(months => $2)", now, months
    )
    return found
