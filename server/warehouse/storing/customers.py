"""Customers: checked as those who are typed in, and merged with what people here changed.

The warehouse's last statement of each customer is kept. A field is changed here only if the warehouse states
another value than it did: so what a salesperson learned since stays, and reading a row again changes nothing.
A customer with an open deal is changed by the command that people use, so that the deal hears of it: an
approval that was given on other facts ends.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.customers import CustomerChanges, CustomerError, CustomerFacts, check_facts
from server.database.core.scope import StoreScopes
from server.database.decisions.deciding import SYSTEM
from server.database.decisions.moves.customers import CUSTOMER_FACTS, change_customer
from server.database.importing.flaws import Flaw, FlawKind
from server.warehouse.layout import Table
from server.warehouse.reading.keyset import GONE, KEY, NEWEST, moment_of
from server.warehouse.rejects import REJECTED, Reject
from server.warehouse.storing.deletions import GONE_CUSTOMERS, Guard
from server.warehouse.storing.facts import FACTS, Stated, changes_of, customer_id_of, facts_of
from server.warehouse.storing.storing import Advance, Stored, Stores, no_store

ATTEMPTS: Final = 5
_BUSY: Final = "the customer's deal keeps changing: it is tried again when updated_at moves, or with --full"

_OPEN: Final = (
    "EXISTS (SELECT FROM deals d WHERE d.customer_id = c.customer_id AND d.state NOT IN ('signed', 'lost'))"
)
_KNOWN: Final = f"""
SELECT c.customer_id, {CUSTOMER_FACTS} AS facts, s.facts AS stated, s.stated_at, s.gone_at, {_OPEN} AS open
  FROM customers c JOIN customer_sources s USING (customer_id)
 WHERE c.customer_id = ANY ($1)
"""  # noqa: S608 - names of our own
_MAKE: Final = f"""
CREATE TEMP TABLE staged ON COMMIT DROP AS
SELECT c.customer_id, c.store_id, {", ".join(f"c.{name}" for name in FACTS)}, s.source_id,
       s.facts::text AS stated, s.stated_at
  FROM customers c, customer_sources s WITH NO DATA
"""  # noqa: S608 - names of our own
_COLUMNS: Final = ("customer_id", "store_id", *FACTS, "source_id", "stated", "stated_at")
_MERGE: Final = f"""
WITH merged AS (
    INSERT INTO customers AS c (customer_id, store_id, {", ".join(FACTS)})
    SELECT customer_id, store_id, {", ".join(FACTS)} FROM staged
    ON CONFLICT (customer_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in FACTS)}
     WHERE ({", ".join(f"c.{name}" for name in FACTS)})
           IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in FACTS)}))
INSERT INTO customer_sources AS s (customer_id, source_id, facts, stated_at)
SELECT customer_id, source_id, stated::jsonb, stated_at FROM staged
    ON CONFLICT (customer_id) DO UPDATE
   SET facts = EXCLUDED.facts, stated_at = EXCLUDED.stated_at, gone_at = NULL
"""  # noqa: S608 - names of our own
_LOCK: Final = "SELECT FROM customers WHERE customer_id = ANY ($1) ORDER BY customer_id FOR NO KEY UPDATE"
"""An erasure locks its customer, too."""

_REMOVE: Final = """
DELETE FROM customers c USING customer_sources s
 WHERE s.customer_id = c.customer_id AND c.customer_id = ANY ($1)
   AND NOT EXISTS (SELECT FROM deals d WHERE d.customer_id = c.customer_id)
RETURNING c.store_id
"""
_ERASED: Final = """
WITH found AS (SELECT customer_id FROM erasures WHERE customer_id = ANY ($1)),
     forgotten AS (DELETE FROM customer_sources WHERE customer_id IN (SELECT customer_id FROM found))
SELECT customer_id FROM found
"""
_DEAL: Final = """
SELECT deal_id::text, version FROM deals
 WHERE customer_id = $1 AND state NOT IN ('signed', 'lost') ORDER BY deal_id LIMIT 1
"""
_KEEP: Final = """
UPDATE customer_sources s SET gone_at = now() FROM customers c
 WHERE c.customer_id = s.customer_id AND s.customer_id = ANY ($1) AND s.gone_at IS NULL
RETURNING c.store_id
"""


class _Unsettled(Exception):
    """Customers of open deals have changes, which go to their deals first."""


class CustomerStoring:
    """Stores pages of customers. ``scopes`` are those in which deals are decided."""

    def __init__(
        self,
        database: asyncpg.Connection,
        table: Table,
        stores: Stores,
        guard: Guard,
        scopes: StoreScopes,
        *,
        dry: bool,
    ) -> None:
        self._database = database
        self._table = table
        self._stores = stores
        self._guard = guard
        self._scopes = scopes
        self._dry = dry
        self._refused: dict[uuid.UUID, str] = {}

    async def store(self, rows: Sequence[Any], begins: str, advance: Advance) -> Stored:
        """Store a page of customers. Raises TooManyGone, with nothing of the page stored."""
        read = Stored()
        read.tally.read = len(rows)
        self._refused = {}
        stated, gone = self._judge(rows, read)
        for attempt in range(ATTEMPTS):
            done = Stored(rejects=list(read.rejects))
            done.tally.add(read.tally)
            try:
                async with self._database.transaction():
                    if gone:
                        await self._remove(gone, done)
                    await self._merge(stated, done, is_last=attempt == ATTEMPTS - 1)
                    await advance(self._database, done.tally)
                break
            except _Unsettled as unsettled:
                await self._change_in_deals(unsettled.args[0])
        self._guard.settle()
        return done

    def _judge(self, rows: Sequence[Any], done: Stored) -> tuple[dict[uuid.UUID, Stated], set[uuid.UUID]]:
        stated: dict[uuid.UUID, Stated] = {}
        gone: set[uuid.UUID] = set()
        for row in rows:
            store = self._stores.of(row)
            if store is None:
                self._reject(row, done, no_store(row))
                continue
            customer_id = customer_id_of(store[0], row[KEY])
            done.tally.superseded += (stated.pop(customer_id, None) is not None) + (customer_id in gone)
            gone.discard(customer_id)
            if self._table.deleted_at is not None and row[GONE]:
                gone.add(customer_id)
                continue
            try:
                facts = facts_of(self._table, row)
            except codec.FieldError as error:
                self._reject(row, done, Flaw(FlawKind.UNREADABLE, str(error)))
            except CustomerError as error:
                self._reject(row, done, Flaw(FlawKind.MISSING, str(error)))
            else:
                stated[customer_id] = Stated(row[KEY], customer_id, store[0], facts, moment_of(row[NEWEST]))
        return stated, gone

    async def _merge(self, stated: dict[uuid.UUID, Stated], done: Stored, *, is_last: bool) -> None:
        # In this order: an erasure that begins now waits, and one that has begun is seen.
        await self._database.execute(_LOCK, list(stated))
        erased = {row["customer_id"] for row in await self._database.fetch(_ERASED, list(stated))}
        done.tally.unchanged += len(erased)
        stated = {customer_id: one for customer_id, one in stated.items() if customer_id not in erased}
        known = {row["customer_id"]: row for row in await self._database.fetch(_KNOWN, list(stated))}
        records, unsettled = [], []
        for one in stated.values():
            row = known.get(one.customer_id)
            if row is None:
                done.tally.added += 1
                records.append(_record(one, one.facts))
                continue
            current = codec.convert(CustomerFacts, row["facts"])
            changes = changes_of(codec.convert(CustomerFacts, row["stated"]), one.facts, current)
            is_new = one.at > row["stated_at"] or row["gone_at"] is not None
            if not is_new and not changes:
                done.tally.unchanged += 1
            elif one.at < row["stated_at"]:
                done.tally.superseded += 1
            elif one.customer_id in self._refused:
                done.tally.rejected += 1
                text = self._refused[one.customer_id]
                done.rejects.append(Reject(one.key, REJECTED, [Flaw(FlawKind.UNREADABLE, text)]))
            elif changes and row["open"] and is_last:
                done.tally.rejected += 1
                done.rejects.append(Reject(one.key, REJECTED, [Flaw(FlawKind.UNREADABLE, _BUSY)]))
            elif changes and row["open"] and not self._dry:
                unsettled.append((one, changes))
            else:
                after = codec.convert(CustomerFacts, codec.plain(current) | changes)
                try:
                    check_facts(after)
                except CustomerError as error:
                    # What was changed here does not go with what the warehouse states: people decide.
                    done.tally.rejected += 1
                    done.rejects.append(Reject(one.key, REJECTED, [Flaw(FlawKind.MISSING, str(error))]))
                    continue
                done.tally.updated += bool(changes)
                done.tally.unchanged += not changes
                records.append(_record(one, after))
        if unsettled:
            raise _Unsettled(unsettled)
        await self._database.execute(_MAKE)
        await self._database.copy_records_to_table("staged", records=records, columns=_COLUMNS)
        await self._database.execute(_MERGE)

    async def _remove(self, gone: set[uuid.UUID], done: Stored) -> None:
        removed = await remove_customers(self._database, list(gone), self._guard)
        done.tally.removed += removed
        done.tally.unchanged += len(gone) - removed

    async def _change_in_deals(self, unsettled: Sequence[tuple[Stated, dict[str, Any]]]) -> None:
        """Change customers of open deals as a person would, each in a transaction of its own: repeated after
        a break, it finds nothing left to change.
        """
        for one, changes in unsettled:
            deal = await self._database.fetchrow(_DEAL, one.customer_id)
            if deal is None:
                continue
            try:
                await change_customer(
                    self._scopes.of(one.store_id),
                    deal["deal_id"],
                    codec.convert(CustomerChanges, changes),
                    based_on=deal["version"],
                    op=uuid.uuid4(),
                    actor=SYSTEM,
                )
            except CommandError as error:
                # After a conflict the deal has another version: asked again, the command may pass.
                if error.code is not ErrorCode.CONFLICT:
                    self._refused[one.customer_id] = str(error)

    def _reject(self, row: Any, done: Stored, flaw: Flaw) -> None:
        done.tally.rejected += 1
        done.rejects.append(Reject(row[KEY], REJECTED, [flaw]))


def name_customer(store: str | None, row: Any) -> tuple[str | None, str | None, str | None]:
    """Return how a listed row names its customer: by our id, or by its own key if it has no store of ours."""
    return (store, row[KEY] if store is None else str(customer_id_of(store, row[KEY])), None)


async def remove_customers(database: asyncpg.Connection, gone: list[uuid.UUID], guard: Guard) -> int:
    """Remove customers of the warehouse who have no deals, and mark the others as gone; return how many were
    removed. Call it in a transaction. Raises TooManyGone.
    """
    removed = Counter(row["store_id"] for row in await database.fetch(_REMOVE, gone))
    kept = Counter(row["store_id"] for row in await database.fetch(_KEEP, gone))
    await guard.check(database, removed + kept)
    return removed.total()


async def remove_unlisted_customers(database: asyncpg.Connection, guard: Guard) -> int:
    """Remove customers who are not listed; return how many. Call it in a transaction. Raises TooManyGone."""
    gone = [row["customer_id"] for row in await database.fetch(GONE_CUSTOMERS)]
    return await remove_customers(database, gone, guard) if gone else 0


def _record(one: Stated, facts: CustomerFacts) -> tuple[Any, ...]:
    stated = codec.encode(codec.plain(one.facts)).decode()
    return (one.customer_id, one.store_id, *(getattr(facts, name) for name in FACTS), one.key, stated, one.at)
