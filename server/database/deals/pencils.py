"""Pencils: every quote that was given, with all of its inputs. They are append-only.

The same inputs, car and versions are stored once for a deal, no matter who asks again.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import asyncpg
import msgspec

from protocol import codec
from protocol.deal.structure import Structure
from protocol.money.concession import concession_of
from protocol.money.inputs import PencilInputs
from protocol.money.quotes import QuotedStructure
from protocol.records import Versions
from server.database.core.pool import Database

ROWS_AT_A_TIME = 200

# Returns the id of an equal pencil if there is one: pencils never change and are never deleted.
_INSERT = """
WITH made AS (
INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car, choice,
                     answer, markup_bp, discount_cents, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (deal_id, digest) DO NOTHING RETURNING pencil_id)
SELECT pencil_id FROM made UNION ALL SELECT pencil_id FROM pencils WHERE deal_id = $1 AND digest = $5
"""
_FIRST = "SELECT pencil_id FROM pencils WHERE deal_id = $1 AND digest = $2"
_ALL = (
    "SELECT pencil_id, vehicle_id, vehicle_rev, versions, inputs, car, choice, answer"
    "  FROM pencils ORDER BY created_at, pencil_id"
)
_NAMED = (
    "SELECT pencil_id, vehicle_id, vehicle_rev, versions, inputs, car, choice, answer"
    "  FROM pencils WHERE deal_id = $1 AND pencil_id = ANY ($2::uuid[])"
)
_UNERASED = (
    "SELECT pencil_id, vehicle_id, vehicle_rev, versions, inputs, car, choice, answer"
    "  FROM pencils WHERE deal_id = $1 AND NOT starts_with(digest, 'erased ') LIMIT $2"
)
# The last pencil of each deal in the month: earlier what-ifs were never anyone's markup.
_LAST_OF_DEALS = """
SELECT DISTINCT ON (deal_id) u.name AS salesperson, p.choice->>'lender' AS lender, p.markup_bp,
       p.discount_cents, p.inputs->'structure' AS structure,
       (p.car->>'price_cents')::bigint AS advertised_cents
  FROM pencils p JOIN deals d USING (deal_id) JOIN users u ON u.user_id = d.salesperson_id
 WHERE p.created_at >= $1 AND p.created_at < $2 AND p.markup_bp IS NOT NULL
 ORDER BY deal_id, p.created_at DESC, p.pencil_id
"""


class PencilChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The architect's choice."""

    programme_id: str
    lender: str
    term_months: int
    rate_bp: float
    cash_down_cents: int
    discount_cents: int


class Pencil(msgspec.Struct, frozen=True, kw_only=True):
    """A quote with its origins. ``car`` has ``jobs.NUMBER_COLUMNS``; ``choice`` is None if no lender took
    the structure.
    """

    vehicle_id: str
    vehicle_rev: int
    versions: Versions
    inputs: PencilInputs
    car: dict[str, int]
    choice: PencilChoice | None
    answer: QuotedStructure

    @property
    def digest(self) -> str:
        """A digest of the question, with everything that decides the answer.

        The stock's version is not part of it, because it changes with every other car.
        """
        versions = self.versions
        asked = [
            *(versions.rates, versions.tax, versions.risk, versions.engine),
            *(self.vehicle_id, self.vehicle_rev, sorted(self.car.items()), self.inputs),
            *([versions.leases] if versions.leases else []),
        ]
        return hashlib.sha256(codec.encode(asked)).hexdigest()


class StoredPencil(Pencil, frozen=True, kw_only=True):
    """A pencil read from the database."""

    pencil_id: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The terms given in one deal: markup over the buy rate, the whole concession including the discount, and
    the reason for a rate override.
    """

    salesperson: str
    lender: str
    markup_bp: Decimal
    discount_cents: int
    concession_cents: int
    reason: str | None


async def record_pencil(
    database: Database,
    pencil: Pencil,
    *,
    deal_id: str,
    deal_version: int,
    markup_bp: Decimal | None,
    user_id: str,
) -> str:
    """Store a pencil and return its id; for the same question of the same deal, the id of the first one."""
    key, digest = uuid.UUID(deal_id), pencil.digest
    choice = pencil.choice
    discount = (choice or pencil.inputs.structure).discount_cents
    made = await database.fetchval(
        _INSERT,
        key,
        deal_version,
        int(pencil.vehicle_id),
        pencil.vehicle_rev,
        digest,
        codec.plain(pencil.versions),
        codec.plain(pencil.inputs),
        pencil.car,
        None if choice is None else codec.plain(choice),
        codec.plain(pencil.answer),
        markup_bp,
        discount if choice is None else choice.discount_cents,
        uuid.UUID(user_id),
    )
    # None if the same question was stored at the same moment.
    return str(made or await database.fetchval(_FIRST, key, digest))


async def all_pencils(database: asyncpg.Connection) -> AsyncIterator[StoredPencil]:
    """Yield every pencil, the oldest first. Raises FieldError if a stored one no longer fits the types."""
    async with database.transaction(readonly=True):
        async for row in database.cursor(_ALL, prefetch=ROWS_AT_A_TIME):
            yield _stored(row)


async def load_pencils(database: Database, deal_id: str, pencil_ids: Sequence[str]) -> list[StoredPencil]:
    """Return the pencils of a deal that have these ids, in any order."""
    rows = await database.fetch(_NAMED, uuid.UUID(deal_id), [uuid.UUID(each) for each in pencil_ids])
    return [_stored(row) for row in rows]


async def unerased_pencils(database: Database, deal_id: str) -> list[StoredPencil]:
    """Return up to ROWS_AT_A_TIME pencils of a deal that may still tell of the customer."""
    rows = await database.fetch(_UNERASED, uuid.UUID(deal_id), ROWS_AT_A_TIME)
    return [_stored(row) for row in rows]


def _stored(row: asyncpg.Record) -> StoredPencil:
    named = {"pencil_id": str(row["pencil_id"]), "vehicle_id": str(row["vehicle_id"])}
    return codec.convert(StoredPencil, dict(row) | named)


async def given_in(database: Database, month: dt.date) -> list[Given]:
    """Return the terms given in each deal that was quoted with a lender in a month (UTC)."""
    start = dt.datetime(month.year, month.month, 1, tzinfo=dt.UTC)
    end = (start + dt.timedelta(days=31)).replace(day=1)
    rows = await database.fetch(_LAST_OF_DEALS, start, end)
    return [_given(row) for row in rows]


def _given(row: asyncpg.Record) -> Given:
    structure, discount = codec.convert_known(Structure, row["structure"]), row["discount_cents"]
    conceded = concession_of(structure, advertised_cents=row["advertised_cents"], discount_cents=discount)
    return Given(
        salesperson=row["salesperson"],
        lender=row["lender"],
        markup_bp=row["markup_bp"],
        discount_cents=discount,
        concession_cents=conceded.total_cents,
        reason=structure.rate_reason,
    )
