"""Row-level security, the second wall: queries that forget to ask for the store, run as the application."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from server.database.core.pool import open_pool, open_system_pool
from server.database.core.scope import StoreScopes, everything
from server.settings import Settings
from tests.flow.desk import Both
from tests.flow.searches.row_changes import ADDITIONS, CHANGES, PARTS
from tests.services import open_owner_pool

pytestmark = pytest.mark.flow

OF_DEALS = (
    *("deal_events", "offers", "pencils", "deal_pins", "deal_locks", "desk_approvals", "lender_decisions"),
    *("deal_tasks", "deal_ops", "deal_links", "deal_acceptances"),
)
GUARDED = (
    "deals",
    "customers",
    "vehicles",
    "model_units",
    "model_sales",
    *OF_DEALS,
    "lender_stipulations",
    "vehicle_claims",
    "erasures",
)


async def rows_of(connection: Any, table: str) -> int:
    """Return how many rows a query without any filter sees."""
    found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
    return found


async def contents_of(owner: asyncpg.Pool, table: str) -> list[str]:
    """Return all rows of a table as text."""
    found = await owner.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY 1")  # noqa: S608 - ours
    return [row["row"] for row in found]


@dataclass(frozen=True)
class Walls:
    """The ways to the same database: as the application, as the system, as the owner."""

    stores: StoreScopes
    application: asyncpg.Pool
    system: asyncpg.Pool
    owner: asyncpg.Pool

    async def count(self, store_id: str, table: str) -> int:
        """Return how many rows a query without any filter sees in a store's scope."""
        async with self.stores.of(store_id).acquire() as connection:
            return await rows_of(connection, table)


@pytest.fixture
async def walls(stocked: Settings) -> AsyncIterator[Walls]:
    """A database with two stores in one group, and a third one that is in none with them."""
    application, system = await open_pool(stocked), await open_system_pool(stocked)
    owner = await open_owner_pool(stocked)
    await owner.execute(
        "WITH lone AS (INSERT INTO store_groups (group_id, name) VALUES ('lone', 'Lone') RETURNING group_id)"
        " INSERT INTO stores (store_id, group_id, name, state)"
        " SELECT 'lonely', group_id, 'Lonely', 'OH' FROM lone"
    )
    async with application, system, owner:
        yield Walls(StoreScopes(application), application, system, owner)


async def test_every_table_with_a_store_is_guarded(walls: Walls) -> None:
    """A table that is added later must be guarded too, or be named here as one for everybody."""
    for_everybody = {
        *("store_groups", "stores", "store_transfers", "users", "credentials", "rate_sheets"),
        *("lender_programmes", "risk_models", "risk_curves", "tax_tables", "tax_rules", "rebate_sheets"),
        *("rebates", "limit_tables", "state_limits", "product_catalogues", "catalogue_products"),
        *("lease_sheets", "lease_programmes", "calibrations"),
        "alembic_version",
    }
    rows = await walls.owner.fetch(
        "SELECT relname, relrowsecurity FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace"
    )
    guarded = {row["relname"] for row in rows if row["relrowsecurity"]}
    # What the sync keeps is its own: no role but the owner's has any right to it.
    assert guarded == {*GUARDED, "security_events", "sync_state", "customer_sources"}
    assert {row["relname"] for row in rows} - guarded == for_everybody
    roles = await walls.owner.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname IN ('deal_app', 'deal_system')"
        " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"
    )
    assert roles == []


async def test_a_partition_shows_nobody_anything(walls: Walls) -> None:
    """Whoever names a partition has no right to it, and with a right would see no row."""
    parts = await walls.owner.fetch(
        "SELECT oid::regclass::text AS name, relrowsecurity FROM pg_class"
        " WHERE relispartition AND relkind = 'r'"
    )
    assert len(parts) > 16
    assert all(row["relrowsecurity"] for row in parts)
    for row in parts:
        for pool in (walls.application, walls.system):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await rows_of(pool, row["name"])
    await walls.owner.execute("GRANT SELECT ON deal_events_0, pencils_0 TO deal_app, deal_system")
    for name in ("deal_events_0", "pencils_0"):
        async with walls.stores.of("riverside").acquire() as connection:
            assert await rows_of(connection, name) == 0
        assert await rows_of(walls.system, name) == 0


async def test_the_tables_of_an_edition_are_only_read(walls: Walls) -> None:
    """Rates, risk, taxes, rebates, limits and products: the application and the system read them, and nobody
    but the schema's owner writes them.
    """
    heads = await walls.owner.fetch(
        "SELECT DISTINCT c.conrelid::regclass::text AS name FROM pg_constraint c"
        " WHERE c.contype = 'f' AND c.confrelid IN (SELECT attrelid FROM pg_attribute"
        " WHERE attname = 'effective_from' AND attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r'))"
        " UNION SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE attname = 'effective_from' AND relkind = 'r'"
    )
    # What a calibration came from is for the schema's owner alone.
    others = {"offers", "desk_approvals", "pencils", "calibrations"}
    tables = {row["name"] for row in heads} - others
    assert tables >= {
        *("rate_sheets", "lender_programmes", "risk_models", "risk_curves", "tax_tables", "tax_rules"),
        *("rebate_sheets", "rebates", "limit_tables", "state_limits", "product_catalogues"),
        "catalogue_products",
    }
    for table in sorted(tables):
        rights = await walls.owner.fetch(
            "SELECT r.role, p.privilege FROM unnest(ARRAY['deal_app', 'deal_system']) AS r (role),"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p (privilege)"
            " WHERE has_table_privilege(r.role, $1, p.privilege)",
            table,
        )
        granted = {(row["role"], row["privilege"]) for row in rights}
        assert granted == {("deal_app", "SELECT"), ("deal_system", "SELECT")}, table


async def test_a_query_that_forgets_the_store_sees_its_own(walls: Walls) -> None:
    """Deals and customers are the store's; cars, and what was counted of them, are the group's."""
    for table in ("deals", "customers"):
        expected = dict(
            await walls.owner.fetch(f"SELECT store_id, count(*) FROM {table} GROUP BY 1")  # noqa: S608 - ours
        )
        for store_id in ("riverside", "northgate"):
            assert await walls.count(store_id, table) == expected[store_id] > 0
        assert await walls.count("lonely", table) == 0
    for table in ("vehicles", "model_units", "model_sales"):
        every = await walls.owner.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
        assert await walls.count("riverside", table) == every > 0
        assert await walls.count("lonely", table) == 0


@pytest.mark.parametrize("table", GUARDED)
async def test_nothing_is_seen_without_a_store(walls: Walls, table: str) -> None:
    """A connection that no transaction named a store for sees no row; nor does the next one after a scope."""
    assert await walls.count("riverside", table) >= 0
    async with walls.application.acquire() as connection:
        assert await rows_of(connection, table) == 0
    async with everything(walls.system).acquire() as connection:
        whole = await rows_of(connection, table)
    assert whole == await rows_of(walls.owner, table)


async def test_no_row_is_written_across_stores(walls: Walls) -> None:
    """Neither a new deal of another store, nor a change of one; nor an event of one, whatever the id."""
    foreign = await walls.owner.fetchrow(
        "SELECT deal_id, customer_id, salesperson_id, structure FROM deals"
        " WHERE store_id = 'northgate' LIMIT 1"
    )
    assert foreign is not None
    async with walls.stores.of("riverside").acquire() as connection:
        done = await connection.execute(
            "UPDATE deals SET state = 'lost' WHERE deal_id = $1", foreign["deal_id"]
        )
        assert done == "UPDATE 0"
    for statement, args in (
        (
            "INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)"
            " VALUES (gen_random_uuid(), 'northgate', $1, $2, '{}')",
            (foreign["customer_id"], foreign["salesperson_id"]),
        ),
        (
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
            " VALUES ($1, 1, gen_random_uuid(), 'note_added', '{}', '{}')",
            (foreign["deal_id"],),
        ),
        (
            "INSERT INTO deal_locks (deal_id, field, locked_by) VALUES ($1, 'rate_bp', '{}')",
            (foreign["deal_id"],),
        ),
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with walls.stores.of("riverside").acquire() as connection:
                await connection.execute(statement, *args)


async def test_no_part_of_a_deal_is_changed_across_stores(walls: Walls) -> None:
    """A change that forgets the store finds nothing to change, although the rows are there."""
    await walls.owner.execute(PARTS)
    for table, store_id, statement in CHANGES:
        before = await contents_of(walls.owner, table)
        assert before
        async with walls.stores.of(store_id).acquire() as connection:
            assert await connection.execute(statement) == "UPDATE 0", statement
        assert await contents_of(walls.owner, table) == before


async def test_nothing_is_added_across_stores(walls: Walls) -> None:
    """Whatever the ids, no row is written that the store would not see."""
    await walls.owner.execute(PARTS)
    for store_id, statement, of in ADDITIONS:
        keys = [] if of is None else [await walls.owner.fetchval(of)]
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with walls.stores.of(store_id).acquire() as connection:
                await connection.execute(statement, *keys)


async def test_the_system_reads_no_secrets(walls: Walls) -> None:
    """The role that sees every store sees who people are, and nothing with which one could sign in."""
    readable = await walls.owner.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name IN ('users', 'credentials')"
        " AND has_column_privilege('deal_system', format('public.%I', table_name), column_name, 'SELECT')"
    )
    assert {(row["table_name"], row["column_name"]) for row in readable} == {
        ("users", column) for column in ("user_id", "name", "role", "discount_authority_cents")
    }
    for hidden in ("password_hash FROM users", "login FROM users", "token_hash FROM credentials"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with everything(walls.system).acquire() as connection:
                await connection.fetch(f"SELECT {hidden}")


async def test_the_application_cannot_become_the_system(walls: Walls) -> None:
    """What people ask for runs as a role that cannot step over the wall."""
    async with walls.application.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SET ROLE deal_system")


@pytest.mark.parametrize("name", ["", "Riverside", "riverside'; DROP TABLE deals; --", "a" * 64, "x\n"])
async def test_only_a_store_id_names_a_scope(walls: Walls, name: str) -> None:
    """It stands in a statement, so nothing else gets there."""
    with pytest.raises(ValueError, match="store's id"):
        walls.stores.of(name)


async def test_a_scope_is_one_transaction(walls: Walls) -> None:
    """What raises is rolled back whole; a snapshot writes nothing and sees one moment."""

    class Stop(Exception):
        """Ends the scope."""

    with pytest.raises(Stop):
        async with walls.stores.of("riverside").acquire() as connection:
            await connection.execute("UPDATE deals SET state = 'lost'")
            raise Stop
    assert await walls.owner.fetchval("SELECT count(*) FROM deals WHERE state = 'lost'") == 0
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with walls.stores.of("riverside").acquire(snapshot=True) as connection:
            await connection.execute("UPDATE deals SET state = 'lost'")
    async with walls.stores.of("riverside").acquire(snapshot=True) as connection:
        before = await connection.fetchval("SELECT count(*) FROM deals")
        await walls.owner.execute(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure FROM deals"
            " WHERE store_id = 'riverside' LIMIT 1"
        )
        assert await connection.fetchval("SELECT count(*) FROM deals") == before


async def test_a_desks_work_is_guarded_too(both: Both, walls: Walls) -> None:
    """After a deal was worked on, its parts are rows that only its store sees."""
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.lock("rate_bp")
    await both.sales.desk.pin(both.cars[1])
    for table in (*OF_DEALS, "lender_stipulations"):
        assert await walls.count("northgate", table) == 0
    for table in ("offers", "deal_pins", "deal_locks", "lender_decisions", "lender_stipulations"):
        assert await walls.count("riverside", table) > 0


async def test_security_events_of_other_stores(walls: Walls) -> None:
    """A store sees its own events and those that are no store's; without a store nothing is seen. The system
    reads none: what it does by itself is no event.
    """
    await walls.owner.execute(
        "INSERT INTO security_events (at, until, count, kind, store_id)"
        " SELECT now(), now(), 1, 'signed_in', s"
        " FROM unnest(ARRAY['riverside', 'northgate', 'northgate', NULL]) AS s"
    )
    seen = {name: await walls.count(name, "security_events") for name in ("riverside", "northgate", "lonely")}
    assert seen == {"riverside": 2, "northgate": 3, "lonely": 1}
    async with walls.application.acquire() as connection:
        assert await rows_of(connection, "security_events") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with everything(walls.system).acquire() as connection:
            await rows_of(connection, "security_events")
