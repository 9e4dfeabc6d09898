"""Erases a customer: who they are goes, what was quoted, decided and by whom of the store stays.

A run that is interrupted is simply started again: each step is a transaction that changes nothing the second
time, and the request counts as done only after the last one. Postgres lets nothing else of the append-only
tables be changed (migration 0034).
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

import asyncpg
from redis.asyncio import Redis

from protocol import http
from server.database.core.one_row import one_row
from server.database.deals.pencils import ROWS_AT_A_TIME, unerased_pencils
from server.database.decisions.deciding import parse_id
from server.errors import UserError
from server.keep import Keep
from server.privacy.forgetting import forget_deals
from server.privacy.obligations import Kept, deals_of, must_keep
from server.privacy.stand_ins import means_of
from server.privacy.statements import OF_DEAL, PENCIL, PERSON, SOURCE, TABLES
from server.work.tables import Tables

# Whatever is being decided about one of the deals is decided first; nothing is afterwards (migration 0047).
# In the order in which decisions lock: the deals by id, then the customer.
_LOCK_DEALS: Final = "SELECT FROM deals WHERE customer_id = $1 ORDER BY deal_id FOR UPDATE"
_LOCK_CUSTOMER: Final = "SELECT restricted_at FROM customers WHERE customer_id = $1 FOR UPDATE"
# Somebody who was not there when an erasure was repeated, and was brought back after that, is not erased.
_ERASED: Final = """
SELECT e.digest FROM erasures e JOIN customers c USING (customer_id)
 WHERE e.customer_id = $1 AND num_nonnulls(e.erased_at, c.erased_at) = 2
"""
_ASK: Final = """
INSERT INTO erasures AS e (customer_id, store_id, request, asked_by, asked_at, kept_until, kept_for)
VALUES ($1, $2, $3, $4, coalesce($5, now()), $6, $7)
ON CONFLICT (customer_id) DO UPDATE
   SET kept_until = excluded.kept_until, kept_for = excluded.kept_for, digest = NULL, erased_at = NULL
"""
_RESTRICT: Final = """
UPDATE customers SET restricted_at = coalesce(restricted_at, now())
 WHERE customer_id = $1 AND erased_at IS NULL
"""
_REVOKE: Final = """
UPDATE deal_links l SET revoked_at = now() FROM deals d
 WHERE d.deal_id = l.deal_id AND d.customer_id = $1 AND l.revoked_at IS NULL
"""
_DONE: Final = """
UPDATE erasures SET digest = $2, erased_at = now(), kept_until = NULL, kept_for = NULL
 WHERE customer_id = $1
"""
_RECORD: Final = """
INSERT INTO security_events (at, until, count, kind, store_id, customer_ids, detail)
VALUES (now(), now(), 1, $2, $3, ARRAY[$1::uuid], $4)
"""
_COUNTS: Final = """
SELECT count(*) AS deals,
       coalesce(sum((SELECT count(*) FROM deal_events e WHERE e.deal_id = d.deal_id)), 0)::bigint AS events,
       coalesce(sum((SELECT count(*) FROM pencils p WHERE p.deal_id = d.deal_id)), 0)::bigint AS pencils,
       coalesce(sum((SELECT count(*) FROM deal_links l WHERE l.deal_id = d.deal_id)), 0)::bigint AS links,
       coalesce(sum((SELECT count(*) FROM deal_acceptances a WHERE a.deal_id = d.deal_id)), 0)::bigint
           AS acceptances
  FROM deals d WHERE d.customer_id = $1
"""

Report = Callable[[str, int, int], None]
"""Takes what is being erased, how much of it is done, and the total."""

Forget = Callable[[str, Sequence[str]], Awaitable[object]]
"""Takes a store and ids of its deals, of which Redis is to have nothing."""


class CustomerUnknown(UserError):
    """There is no customer with that id."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(customer_id)
        self.customer_id = customer_id

    def __str__(self) -> str:
        return f"there is no customer {self.customer_id!r}: expected an id, as audits list it"


class RecordChanged(UserError):
    """What had to stay is not what it was: nothing is recorded as erased."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(customer_id)
        self.customer_id = customer_id

    def __str__(self) -> str:
        return (
            f"the kept records of customer {self.customer_id} are not what they were at the erasure:"
            " compare them with a backup, and report this"
        )


class Outcome(StrEnum):
    """How a request ended."""

    ERASED = "erased"
    RESTRICTED = "restricted"
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class Request:
    """A customer's request: its number at the store, and who entered it. ``asked_at`` None: now.

    ``store_id`` is what a list of erasures says; "" if nothing does.
    """

    customer_id: str
    number: str
    by: str
    asked_at: dt.datetime | None = None
    store_id: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How a request ended; ``kept`` says why a customer is only restricted so far."""

    outcome: Outcome
    kept: Kept | None = None


async def counts_of(database: asyncpg.Connection, customer_id: str) -> dict[str, int]:
    """Return how many rows of each kind a customer has. Raises CustomerUnknown."""
    await store_of_customer(database, customer_id)
    return dict(await one_row(database, _COUNTS, customer_id))


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An erasure whose rows are done. It counts once Redis has forgotten the deals, too: see ``confirm``."""

    request: Request
    store_id: str
    digest: bytes


async def erase_customer(
    database: asyncpg.Connection,
    redis: Redis,
    request: Request,
    keep: Keep,
    *,
    now: dt.datetime,
    report: Report = lambda what, done, total: None,
) -> Result:
    """Erase a customer, as the schema's owner; while records must be kept, restrict the customer instead.

    Raises CustomerUnknown; DealsOpen; RecordChanged if something else than the customer would have changed;
    and what asyncpg and Redis raise, after which it can be run again.
    """
    forget = partial(forget_deals, redis)
    begun = await begin_erasing(database, forget, request, keep, now=now, report=report)
    result = await confirm(database, begun) if isinstance(begun, Unconfirmed) else begun
    await forget_samples(database)
    return result


async def forget_samples(database: asyncpg.Connection) -> None:
    """Take the planner's samples anew: they quote values. Autovacuum leaves the partitioned tables out."""
    await database.execute("ANALYZE " + ", ".join(TABLES))


async def begin_erasing(
    database: asyncpg.Connection,
    forget: Forget,
    request: Request,
    keep: Keep,
    *,
    now: dt.datetime,
    report: Report = lambda what, done, total: None,
) -> Result | Unconfirmed:
    """Erase a customer's rows, or restrict the customer. Raises what ``erase_customer`` does."""
    customer = request.customer_id
    store_id = await store_of_customer(database, customer)
    done = await database.fetchval(_ERASED, customer)
    if done is not None:
        if await _digest(database, customer) != done:
            raise RecordChanged(customer)
        return Result(Outcome.ALREADY)
    kept = await _ask(database, request, store_id, keep, now)
    deals = await deals_of(database, customer)
    if kept is not None:
        await forget(store_id, deals)
        return Result(Outcome.RESTRICTED, kept)
    before = await _digest(database, customer)
    await _erase_rows(database, customer, deals, report)
    # Whoever held the customer in memory has dropped it by now: nothing is written into the new logs.
    await forget(store_id, deals)
    return Unconfirmed(request, store_id, before)


async def confirm(database: asyncpg.Connection, begun: Unconfirmed) -> Result:
    """Record that a customer is erased. Raises RecordChanged."""
    customer = begun.request.customer_id
    async with database.transaction():
        if await _digest(database, customer) != begun.digest:
            raise RecordChanged(customer)
        await database.execute(_DONE, customer, begun.digest)
        await record(database, http.SecurityKind.CUSTOMER_ERASED, begun.request, begun.store_id)
    return Result(Outcome.ERASED)


async def _erase_rows(
    database: asyncpg.Connection, customer: str, deals: Sequence[str], report: Report
) -> None:
    tables = Tables()
    for done, deal_id in enumerate(deals):
        report("deals", done, len(deals))
        async with database.transaction():
            for statement in OF_DEAL:
                await database.execute(statement, deal_id)
        await _erase_pencils(database, tables, deal_id, report)
    report("deals", len(deals), len(deals))
    await database.execute(PERSON, customer)
    await database.execute(SOURCE, customer)


async def _ask(
    database: asyncpg.Connection, request: Request, store_id: str, keep: Keep, now: dt.datetime
) -> Kept | None:
    """Record the request and hide the customer; return until when records must be kept."""
    customer = request.customer_id
    async with database.transaction():
        await database.execute(_LOCK_DEALS, customer)
        was_restricted = await database.fetchval(_LOCK_CUSTOMER, customer)
        kept = await must_keep(database, customer, keep, now)
        until, reason = (None, None) if kept is None else (kept.until, kept.reason)
        await database.execute(
            _ASK, customer, store_id, request.number, request.by, request.asked_at, until, reason
        )
        await database.execute(_RESTRICT, customer)
        await database.execute(_REVOKE, customer)
        if kept is not None and not was_restricted:
            await record(database, http.SecurityKind.CUSTOMER_RESTRICTED, request, store_id)
    return kept


async def _erase_pencils(database: asyncpg.Connection, tables: Tables, deal_id: str, report: Report) -> None:
    done = 0
    while pencils := await unerased_pencils(database, deal_id):
        async with database.transaction():
            for pencil in pencils:
                means = await means_of(database, tables, pencil)
                await database.execute(PENCIL, deal_id, pencil.pencil_id, means)
        done += len(pencils)
        report("pencils", done, done + (len(pencils) == ROWS_AT_A_TIME))


async def store_of_customer(database: asyncpg.Connection, customer_id: str) -> str:
    """Return the store of a customer. Raises CustomerUnknown."""
    found = parse_id(customer_id) and await database.fetchval(
        "SELECT store_id FROM customers WHERE customer_id = $1", customer_id
    )
    if not found:
        raise CustomerUnknown(customer_id)
    return str(found)


async def _digest(database: asyncpg.Connection, customer_id: str) -> bytes:
    digest: bytes = await database.fetchval("SELECT kept_digest($1)", customer_id)
    return digest


async def record(
    database: asyncpg.Connection, kind: http.SecurityKind, request: Request, store_id: str
) -> None:
    """Record what was done with a customer's data at the terminal."""
    detail = {"by": "terminal", "who": request.by, "request": request.number}
    await database.execute(_RECORD, request.customer_id, kind, store_id, detail)
