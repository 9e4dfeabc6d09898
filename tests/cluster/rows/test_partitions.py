"""Large tables become partitioned while people work, and what reads them touches one partition."""

import asyncio
import datetime as dt
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from protocol import codec
from server.database.core.migrate import MIGRATIONS, bring_to_newest, is_current
from server.database.core.partitions import (
    KEYS,
    MONTHS_AHEAD,
    ROWS_AT_A_TIME,
    CopyIncomplete,
    Unplaced,
    drop_months,
    make_months,
    partition_table,
    unpartitioned,
    unplaced,
)
from server.database.core.pool import connect_as_owner, open_pool
from server.database.core.scope import StoreScopes
from server.doctor.hot_queries import HotQuery, Place, hot_queries
from tests.services import Database, Services, free_port, settings_for

pytestmark = pytest.mark.flow

BEFORE = "0034"
PART = re.compile(r"(deal_events|pencils)_\d+\Z")
EVENTS, DEALS = 150, 20
MADE = f"""
INSERT INTO store_groups (group_id, name) VALUES ('valley', 'Valley');
INSERT INTO stores (store_id, group_id, name, state) VALUES ('east', 'valley', 'East', 'OH');
INSERT INTO users (login, name, role, store_id) VALUES ('ann', 'Ann', 'salesperson', 'east');
INSERT INTO customers (store_id, name, state) VALUES ('east', 'Dana', 'OH');
INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, mileage, price_cents, cost_cents,
                      stocked_on)
VALUES ('east', 'valley', 'PLAN0000000000001', 'S1', 2020, 'Make', 'Model', 9, 100, 1, date '2026-01-01');
INSERT INTO deals (store_id, customer_id, salesperson_id, structure)
SELECT 'east', customer_id, user_id, '{{}}' FROM customers, users, generate_series(1, {DEALS});
INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id, at)
SELECT deal_id, n, gen_random_uuid(), CASE n % 5 WHEN 0 THEN 'state_changed' ELSE 'note_added' END,
       jsonb_build_object('text', repeat('x', n)), '{{}}', user_id, now() - n * interval '1 hour'
  FROM deals CROSS JOIN users CROSS JOIN generate_series(1, {EVENTS}) AS n ORDER BY deal_id, n;
INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car, answer,
                     discount_cents, created_by)
SELECT deal_id, 0, vehicle_id, 1, 'd' || n, '{{}}', jsonb_build_object('n', n), '{{}}', '{{}}', n, user_id
  FROM deals CROSS JOIN users CROSS JOIN vehicles CROSS JOIN generate_series(1, 40) AS n;
INSERT INTO security_events (at, until, count, kind, store_id)
SELECT now() - n * interval '5 days', now() - n * interval '5 days', 1, 'signed_in', 'east'
  FROM generate_series(0, 60) AS n;
"""  # noqa: S608 - numbers of our own


async def made_before(made: Database) -> None:
    """Make the schema of the release before, with rows."""
    owner = await asyncpg.connect(made.owner_url)
    try:
        for path in sorted(MIGRATIONS.glob("[0-9]*.sql")):
            if path.name[:4] <= BEFORE:
                await owner.execute(path.read_text(encoding="utf-8"))
        await owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        await owner.execute("INSERT INTO alembic_version VALUES ($1)", BEFORE)
        await owner.execute(MADE)
    finally:
        await owner.close()


async def rows_of(owner: asyncpg.Connection) -> dict[str, list[str]]:
    """Return every row of the tables as text."""
    return {
        table: [row[0] for row in await owner.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")]  # noqa: S608 - ours
        for table in KEYS
    }


async def test_small_tables_are_partitioned_by_the_migration(services: Services) -> None:
    """Every row is as it was, and keys and rules hold."""
    with services.database() as made:
        await made_before(made)
        async with connect_as_owner(made.owner_url) as owner:
            before = await rows_of(owner)
        await bring_to_newest(made.owner_url)
        assert await is_current(made.owner_url)
        async with connect_as_owner(made.owner_url) as owner:
            assert await rows_of(owner) == before
            assert await unpartitioned(owner) == []
            again = (
                "INSERT INTO pencils SELECT * FROM pencils LIMIT 1",
                "INSERT INTO deal_events SELECT * FROM deal_events LIMIT 1",
            )
            for statement in again:
                with pytest.raises((asyncpg.UniqueViolationError, asyncpg.CheckViolationError)):
                    await owner.execute(statement)
            for part in ("deal_events_3", "pencils_5", "deal_events", "pencils"):
                for statement in (
                    f"DELETE FROM {part}",  # noqa: S608 - ours
                    f"TRUNCATE {part}",
                    f"UPDATE {part} SET deal_id = deal_id",  # noqa: S608 - ours
                ):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                        await owner.execute(statement)
            added = await owner.fetchval(
                "INSERT INTO security_events (at, until, count, kind) VALUES (now(), now(), 1, 'signed_in')"
                " RETURNING event_id"
            )
            assert added == len(before["security_events"]) + 1


@pytest.fixture
async def large(services: Services) -> AsyncIterator[Database]:
    """A database whose tables the migration left alone, as too large."""
    with services.database() as made:
        await made_before(made)
        text = (MIGRATIONS / "0035_partitions.sql").read_text(encoding="utf-8")
        assert text.count("64 * 1024 * 1024") == 1
        async with connect_as_owner(made.owner_url) as owner:
            await owner.execute(text.replace("64 * 1024 * 1024", "0"))
            await owner.execute("UPDATE alembic_version SET version_num = '0035'")
        await bring_to_newest(made.owner_url)
        yield made


def broken(table: str, done: int, rows: int) -> None:
    """Break a run off after its first batch."""
    raise ConnectionError


@dataclass
class Writer:
    """Somebody of the store who writes notes, one after the other."""

    stores: StoreScopes
    deals: list[uuid.UUID]
    written: int = 0
    longest: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Write until done. Whatever fails is raised."""
        while not self.done.is_set():
            deal = self.deals[self.written % len(self.deals)]
            began = time.perf_counter()
            async with self.stores.of("east").acquire() as database:
                last = await database.fetchval(
                    "SELECT last_no FROM deals WHERE deal_id = $1 FOR UPDATE", deal
                )
                await database.execute(
                    "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
                    " VALUES ($1, $2, $3, 'note', $4, $4)",
                    *(deal, last + 1, uuid.uuid4(), {}),
                )
                await database.execute(
                    "INSERT INTO security_events (at, until, count, kind, store_id)"
                    " VALUES (now(), now(), 1, 'signed_in', 'east')"
                )
            self.longest = max(self.longest, time.perf_counter() - began)
            self.written += 1


async def test_people_write_while_their_table_is_partitioned(large: Database, redis_url: str) -> None:
    """No note fails or is lost. A run that breaks off is started again."""
    async with (
        connect_as_owner(large.owner_url) as owner,
        await open_pool(settings_for(large, redis_url, free_port())) as pool,
    ):
        before = await rows_of(owner)
        assert await unpartitioned(owner) == list(KEYS)
        deals = [row["deal_id"] for row in await owner.fetch("SELECT deal_id FROM deals")]
        writer = Writer(StoreScopes(pool), deals)
        writing = asyncio.create_task(writer.run())

        with pytest.raises(ConnectionError):
            await partition_table(owner, "deal_events", 8, broken)
        assert await unpartitioned(owner) == list(KEYS)
        batches: list[str] = []
        for table in KEYS:
            await partition_table(owner, table, 8, lambda table, done, rows: batches.append(table))
        written = len(before["deal_events"]) + writer.written
        # Whole batches, not one for each deal; people add rows meanwhile.
        assert batches.count("deal_events") <= written // ROWS_AT_A_TIME + 3 < DEALS
        start = writer.written
        while writer.written < start + 20 and not writing.done():  # noqa: ASYNC110 - it is the writer's own count
            await asyncio.sleep(0.01)
        writer.done.set()
        await writing
        assert await unpartitioned(owner) == []
        after = await rows_of(owner)
        for table, rows in before.items():
            assert set(rows) <= set(after[table])
        assert len(after["deal_events"]) == len(before["deal_events"]) + writer.written
        assert len(after["security_events"]) == len(before["security_events"]) + writer.written
        gaps = await owner.fetchval(
            "SELECT count(*) FROM"
            " (SELECT max(no) AS last, count(*) AS held FROM deal_events GROUP BY deal_id) d"
            " WHERE last <> held"
        )
        assert gaps == 0
        assert not await owner.fetchval("SELECT count(*) FROM pg_trigger WHERE tgname = 'mirrored'")


async def test_a_copy_that_lacks_a_row_is_not_swapped_in(large: Database) -> None:
    """Both tables are compared as of one moment, and the old one stays."""
    async with connect_as_owner(large.owner_url) as owner:
        await owner.execute("SELECT begin_partitions('pencils', 4)")
        await owner.execute(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            "CREATE TRIGGER lose BEFORE INSERT ON pencils_new FOR EACH ROW WHEN (NEW.digest = 'd7')"
            " EXECUTE FUNCTION lose()"
        )
        rows = await rows_of(owner)
        with pytest.raises(CopyIncomplete):
            await partition_table(owner, "pencils", 4)
        assert "pencils" in await unpartitioned(owner)
        # The copy is gone, with what lost its rows: the next run makes another one.
        assert await partition_table(owner, "pencils", 4) == len(rows["pencils"])
        assert "pencils" not in await unpartitioned(owner) and await rows_of(owner) == rows


async def test_old_events_are_deleted_while_they_are_copied(large: Database) -> None:
    """After they were copied, and while they are: then they are in neither table."""
    delete = "DELETE FROM security_events WHERE event_id = $1"
    async with connect_as_owner(large.owner_url) as owner, connect_as_owner(large.owner_url) as other:
        with pytest.raises(ConnectionError):
            await partition_table(owner, "security_events", 8, broken)
        await other.execute(delete, 2)
        async with asyncio.TaskGroup() as tasks, other.transaction():
            await other.execute(delete, 40)
            tasks.create_task(partition_table(owner, "security_events", 8))
            await asyncio.sleep(0.3)
        assert "security_events" not in await unpartitioned(owner)
        left = {row["event_id"] for row in await owner.fetch("SELECT event_id FROM security_events")}
        assert left == set(range(1, 62)) - {2, 40}


async def test_months_are_made_ahead_and_dropped_whole(services: Services, migrated: Database) -> None:
    """What came for a month that nobody made waits in the default partition, and moves when it is made."""
    with services.database(migrated) as made:
        async with connect_as_owner(made.owner_url) as owner:
            add = "INSERT INTO security_events (at, until, count, kind) VALUES ($1, $1, 1, 'signed_in')"
            now = dt.datetime.now(dt.UTC)
            soon, far = now + dt.timedelta(days=31 * 3 - 3), now + dt.timedelta(days=900)
            for at in (soon, far, now - dt.timedelta(days=4_000)):
                await owner.execute(add, at)
            assert (await unplaced(owner)).rows >= 2 and await make_months(owner) >= 1
            assert await make_months(owner) == 0
            assert await unplaced(owner) == Unplaced(2, MONTHS_AHEAD)
            assert await owner.fetchval("SELECT count(*) FROM security_events") == 3
            assert len(await drop_months(owner, f"{far:%Y_%m}")) == MONTHS_AHEAD + 1
            assert await owner.fetchval("SELECT count(*) FROM security_events") == 2


def _appends(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan["Node Type"] in {"Append", "Merge Append"}:
        yield plan
    for child in plan.get("Plans", []):
        yield from _appends(child)


async def test_what_people_wait_for_reads_one_partition(services: Services, redis_url: str) -> None:
    """Of each hot query that is about a deal, every execution touches one partition of a table at most."""
    with services.database() as made:
        await made_before(made)
        await bring_to_newest(made.owner_url)
        settings = settings_for(made, redis_url, free_port())
        async with connect_as_owner(made.owner_url) as owner, await open_pool(settings) as pool:
            await owner.execute("ANALYZE")
            row = await owner.fetchrow("SELECT deal_id::text, customer_id::text FROM deals LIMIT 1")
            assert row is not None
            place = Place(store_id="east", group_id="valley", **dict(row))
            seen = pruned = 0
            for query in await hot_queries(place, dt.date(2026, 1, 1)):
                if not query.writes and ("deal_events" in query.text or "pencils" in query.text):
                    plan = await _plan(StoreScopes(pool), owner, query)
                    seen += 1
                    for append in _appends(plan):
                        parts = [one for one in append["Plans"] if PART.match(one.get("Relation Name", ""))]
                        touched = sum(part["Actual Loops"] for part in parts)
                        pruned += len(parts)
                        assert touched <= append["Actual Loops"], query.name
            assert seen > 3 and pruned


async def _plan(stores: StoreScopes, owner: asyncpg.Connection, query: HotQuery) -> dict[str, Any]:
    asked = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.text}"
    if query.owner:
        found = await owner.fetchval(asked, *query.args)
    else:
        async with stores.of("east").acquire() as database:
            found = await database.fetchval(asked, *query.args)
    plan: dict[str, Any] = codec.decode(found)[0]["Plan"]
    return plan
