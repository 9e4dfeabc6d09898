"""A database of the release before partitions and erasure reads, after the migrations, as it did before."""

import asyncio

from server.database.core.migrate import bring_to_newest, is_current
from server.database.core.partitions import KEYS, unpartitioned
from server.database.core.pool import connect_as_owner
from server.sample_deals.playing import play_deals
from server.settings import Settings
from tests.cluster.rows.older import bring_rows, migrate_to, rows_of
from tests.cluster.rows.test_partitions import made_before
from tests.commands.here import run_here
from tests.flow.holdings import worked_deals
from tests.flow.searches.searching import STOCK
from tests.services import Database, Services, Templates, free_port, settings_for

BEFORE = "0033"


def said_of(settings: Settings, deals: list[str]) -> dict[str, str]:
    """Return what `verify-pencils`, and `replay` and `audit` of each deal print."""
    asked = [("verify-pencils",), *((name, deal) for deal in deals for name in ("replay", "audit"))]
    said = {}
    for words in asked:
        done = run_here(*words, environ=settings.environment())
        assert done.returncode == 0, done
        said[" ".join(words)] = done.stdout
    return said


async def record_a_sign_in(made: Database) -> None:
    """Playing the sample's deals signs nobody in."""
    async with connect_as_owner(made.owner_url) as owner:
        await owner.execute(
            "INSERT INTO security_events (at, until, count, kind, store_id)"
            " SELECT now() - n * interval '20 days', now(), 1, 'signed_in', 'riverside'"
            "  FROM generate_series(0, 9) AS n"
        )


def test_deals_of_an_older_release_read_as_before(
    services: Services, templates: Templates, redis_url: str
) -> None:
    """The sample's deals in all states. Today's `audit` cannot read the schema of 0033, and its sample cannot
    be made there, so the rows are those of a database of today, and what is printed must be what it prints.
    """
    with services.database(templates.of(STOCK)) as source, services.database() as made:
        stocked = settings_for(source, redis_url, free_port())
        asyncio.run(play_deals(stocked))
        asyncio.run(record_a_sign_in(source))
        deals = sorted(asyncio.run(worked_deals(stocked)).values())
        assert len(deals) >= 10
        wanted = said_of(stocked, deals)
        assert not wanted["verify-pencils"].startswith("0 ") and " 0 differ" in wanted["verify-pencils"]
        asyncio.run(_migrated(source, made))
        there = settings_for(made, redis_url, free_port())
        assert said_of(there, deals) == wanted


async def _migrated(source: Database, made: Database) -> None:
    await migrate_to(made, BEFORE)
    columns = await bring_rows(source, made)
    assert set(KEYS) <= columns.keys()
    before = await rows_of(made, columns)
    assert all(before[table] for table in KEYS)
    async with connect_as_owner(made.owner_url) as owner:
        assert await unpartitioned(owner) == list(KEYS)
    await bring_to_newest(made.owner_url)
    assert await is_current(made.owner_url)
    async with connect_as_owner(made.owner_url) as owner:
        assert await unpartitioned(owner) == []
    assert await rows_of(made, columns) == before


async def test_digests_of_erasures_are_taken_anew_if_they_hold(services: Services) -> None:
    """Here those of before are made by another function, as if another collation sorted. One that does not
    hold stays as it is.
    """
    with services.database() as made:
        await made_before(made)
        async with connect_as_owner(made.owner_url) as owner:
            await owner.execute(
                "CREATE OR REPLACE FUNCTION kept_digest(of_customer uuid) RETURNS bytea LANGUAGE sql STABLE"
                " AS $$ SELECT sha256(uuid_send(of_customer)) $$;"
                "INSERT INTO customers (store_id, name, state) VALUES ('east', 'Bob', 'OH');"
                "INSERT INTO erasures (customer_id, store_id, request, asked_by, digest, erased_at)"
                " SELECT customer_id, store_id, name, 'ann',"
                "        CASE name WHEN 'Dana' THEN kept_digest(customer_id) ELSE sha256('changed') END,"
                "        now() FROM customers"
            )
        await bring_to_newest(made.owner_url)
        async with connect_as_owner(made.owner_url) as owner:
            found = await owner.fetch(
                "SELECT request, digest = kept_digest(customer_id) AS holds,"
                "       digest = sha256('changed') AS as_before FROM erasures ORDER BY 1"
            )
            assert [tuple(row) for row in found] == [("Bob", False, True), ("Dana", True, False)]
            body = await owner.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'kept_digest'")
            assert 'COLLATE "C"' in body
