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
from server.privacy.erasing import Outcome, Report, Request, erase_customer
from server.privacy.obligations import DealsOpen, must_keep

ROWS_AT_A_TIME: Final = 1_000
BY: Final = "deal-architect retain"
NUMBER: Final = "retention"

# A request that waited for a contract's time, then customers of whom nobody heard for long. Somebody without
# a deal may be tomorrow's customer: the store's own system decides about them.
_DUE: Final = """
SELECT customer_id::text, request, asked_by FROM erasures WHERE erased_at IS NULL AND kept_until <= $1
UNION ALL
(SELECT d.customer_id::text, NULL, NULL FROM deals d JOIN customers c USING (customer_id)
  WHERE num_nulls(c.erased_at, c.restricted_at) = 2 GROUP BY d.customer_id
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


async def what_is_due(database: asyncpg.Connection, keep: Keep, now: dt.datetime) -> Due:
    """Return what a run at ``now`` would take away."""
    customers = []
    for row in await database.fetch(_DUE, now, await _ago(database, now, keep.lost)):
        request = Request(row["customer_id"], row["request"] or NUMBER, row["asked_by"] or BY)
        try:
            kept = await must_keep(database, request.customer_id, keep, now)
        except DealsOpen:
            continue
        if kept is None:
            customers.append(request)
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
    report: Report = lambda what, done, total: None,
) -> Retained:
    """Take away what is due, at most ``most`` customers, and make partitions ahead, as the schema's owner.

    Raises what erasing raises; asyncpg.LockNotAvailableError if a table was never free.
    """
    partitioned = "security_events" not in await unpartitioned(database)
    made = await make_months(database) if partitioned else 0
    due = await what_is_due(database, keep, now)
    erased = 0
    for done, request in enumerate(due.customers[:most]):
        report("customers", done, min(most, len(due.customers)))
        result = await erase_customer(database, redis, request, keep, now=now)
        erased += result.outcome is Outcome.ERASED
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
    # Autovacuum analyses partitions, but not the tables that they are of.
    await database.execute("ANALYZE deal_events, pencils, security_events")
    return Retained(made, erased, links, due.security_events, max(0, len(due.customers) - most))


async def _ago(database: asyncpg.Connection, now: dt.datetime, months: int) -> dt.datetime:
    found: dt.datetime = await database.fetchval(
        "SELECT $1::timestamptz - make_interval(months => $2)", now, months
    )
    return found
