"""The schema on a real PostgreSQL: bad states are impossible, and the application's role can make none."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from protocol import codec
from server.database.core.migrate import UnknownRevision, bring_to_newest, is_current, newest_revision
from server.database.core.pool import open_pool
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.services import Database, Services

pytestmark = pytest.mark.flow


@pytest.fixture
def sample() -> SeedPlan:
    """A few of everything."""
    return SeedPlan(vehicles=30, customers=6, deals=4)


@pytest.fixture
async def app(owner: asyncpg.Connection, settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the application has it, to the same database."""
    pool = await open_pool(settings)
    async with pool.acquire() as connection:
        yield connection
    await pool.close()


CHECKED = (asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError, asyncpg.UniqueViolationError)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE customers SET score = NULL WHERE score IS NOT NULL",
        "UPDATE customers SET score = 901",
        "UPDATE customers"
        " SET co_name = NULL, co_score = 700, co_score_source = 'bureau', co_score_date = now()",
        "UPDATE customers SET trade_year = 2020, trade_make = NULL",
        "UPDATE customers SET payoff_cents = 1, payoff_good_through = NULL",
        "UPDATE customers SET payoff_quoted_on = '2026-02-02', payoff_good_through = '2026-02-01'",
        "UPDATE customers SET monthly_income_cents = -1",
        "UPDATE vehicles SET vin = 'IOQ45678901234567'",
        "UPDATE vehicles SET vin = (SELECT min(vin) FROM vehicles)",
        "UPDATE vehicles SET price_cents = 0",
        "UPDATE vehicles SET mileage = -1",
        "UPDATE vehicles SET group_id = 'other'",
        "UPDATE vehicles SET book_source = NULL",
        "UPDATE deals SET store_id = CASE store_id WHEN 'riverside' THEN 'northgate' ELSE 'riverside' END",
        "UPDATE deals SET structure = '[]'",
        "UPDATE users SET password_hash = 'demo'",
        "UPDATE stores SET state = 'ohio'",
        "INSERT INTO rate_sheets VALUES ('twin', (SELECT max(effective_from) FROM rate_sheets), NULL, true)",
        "INSERT INTO risk_curves"
        " SELECT risk_version, tier, 0.05, 0.01, '[[0, 0], [1, 0.9]]', 0, 0, 0, 0 FROM risk_curves",
        "INSERT INTO risk_curves"
        " SELECT risk_version, tier, 0.05, 0.01, '[[0.5, 1], [1, 0.5]]', 0, 0, 0, 0 FROM risk_curves",
        "INSERT INTO tax_tables VALUES ('twin', (SELECT max(effective_from) FROM tax_tables), true)",
        "UPDATE customers SET rebate_eligibility = '{military,NULL}'",
        "UPDATE users SET discount_authority_cents = -1",
        "UPDATE stores SET product_cost_share_bp = 10001",
        "UPDATE store_groups SET transfer_days = 366",
        "UPDATE store_transfers SET cost_cents = -1",
        "UPDATE store_transfers SET to_store = from_store",
        "UPDATE store_transfers SET from_store = 'nowhere' WHERE from_store = 'riverside'",
        "INSERT INTO store_transfers SELECT * FROM store_transfers",
        "WITH other AS (INSERT INTO store_groups VALUES ('other', 'Other') RETURNING group_id)"
        " INSERT INTO store_transfers SELECT 'riverside', 'northgate', group_id, 0, 0 FROM other",
        "INSERT INTO credentials SELECT '\\x00', user_id, 'cookie', '', now(), now() + '1 day' FROM users",
    ],
)
async def test_a_bad_state_is_refused(owner: asyncpg.Connection, statement: str) -> None:
    """Even the owner cannot write it."""
    with pytest.raises(CHECKED):
        await owner.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deal_events SET kind = 'other'",
        "DELETE FROM deal_events",
        "TRUNCATE deals CASCADE",
        "UPDATE offers SET npv_cents = 0",
        "UPDATE lender_programmes SET buy_rate_bp = 0",
        "DELETE FROM risk_curves",
        "UPDATE rate_sheets SET is_sample = false",
        "UPDATE tax_rules SET rate_bp = 0",
        "DELETE FROM tax_tables",
        "UPDATE rebates SET amount_cents = 1",
        "TRUNCATE rebate_sheets CASCADE",
        "UPDATE state_limits SET rate_max_bp = 0",
        "DELETE FROM limit_tables",
        "UPDATE lease_programmes SET residual_bp = 0",
        "DELETE FROM lease_sheets",
        "UPDATE pencils SET answer = '{}'",
    ],
)
async def test_history_is_append_only(owner: asyncpg.Connection, statement: str) -> None:
    """Decisions, offers, rates and risk are never changed in place, not even by the owner."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(statement)


async def add_event(
    connection: asyncpg.Connection, deal_id: uuid.UUID, no: int, version: int | None = None
) -> None:
    """Insert an event of a deal as its salesperson; it moves the version to ``version``, else to ``no``."""
    await connection.execute(
        "INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)"
        " SELECT deal_id, $2, gen_random_uuid(), 'deal_changed', $3::jsonb, '{}', salesperson_id"
        " FROM deals WHERE deal_id = $1",
        deal_id,
        no,
        codec.encode({"version": no if version is None else version}).decode(),
    )


@pytest.mark.parametrize("no", [1, 2, 4])
async def test_event_numbers_have_no_gap(owner: asyncpg.Connection, no: int) -> None:
    """After 1 and 2 only 3 is taken, and the deal's version goes with it."""
    deal_id = await owner.fetchval("SELECT deal_id FROM deals LIMIT 1")
    await add_event(owner, deal_id, 1)
    await add_event(owner, deal_id, 2)
    with pytest.raises(asyncpg.CheckViolationError, match="does not follow"):
        await add_event(owner, deal_id, no)
    await add_event(owner, deal_id, 3)
    assert await owner.fetchval("SELECT version FROM deals WHERE deal_id = $1", deal_id) == 3


@pytest.mark.parametrize("version", [0, 1, 3])
async def test_versions_have_no_gap(owner: asyncpg.Connection, version: int) -> None:
    """An event may leave the version as it is; one that moves it, moves it by one."""
    deal_id = await owner.fetchval("SELECT deal_id FROM deals LIMIT 1")
    await add_event(owner, deal_id, 1)
    note = (
        "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
        " VALUES ($1, 2, gen_random_uuid(), 'note_added', '{}', '{}')"
    )
    await owner.execute(note, deal_id)
    with pytest.raises(asyncpg.CheckViolationError, match="version"):
        await add_event(owner, deal_id, 3, version)
    await add_event(owner, deal_id, 3, 2)
    row = await owner.fetchrow("SELECT version, last_no FROM deals WHERE deal_id = $1", deal_id)
    assert tuple(row or ()) == (2, 3)


async def test_an_op_counts_once_for_a_deal(owner: asyncpg.Connection) -> None:
    """The same op as a second event of its deal is refused; another deal may have an event of that op."""
    first, second = await owner.fetch("SELECT deal_id, salesperson_id FROM deals ORDER BY deal_id LIMIT 2")
    statement = (
        "INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)"
        " VALUES ($1, $2, $3, 'deal_changed', '{}', '{}', $4)"
    )
    op = uuid.uuid4()
    await owner.execute(statement, first["deal_id"], 1, op, first["salesperson_id"])
    with pytest.raises(asyncpg.UniqueViolationError, match="op"):
        await owner.execute(statement, first["deal_id"], 2, op, first["salesperson_id"])
    await owner.execute(statement, second["deal_id"], 1, op, second["salesperson_id"])
    assert await owner.fetchval("SELECT count(*) FROM deal_events WHERE op = $1", op) == 2


async def test_the_application_is_nobody_special(app: asyncpg.Connection) -> None:
    """It acts as deal_app: no superuser, no rights over roles or databases, and owner of nothing."""
    role = await app.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert role["rolname"] == "deal_app"
    assert not any(role[right] for right in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolbypassrls"))
    owned = await app.fetchval(
        "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = current_user::regrole"
    )
    assert owned == 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vehicles DEFAULT VALUES",
        "UPDATE vehicles SET price_cents = 1",
        "UPDATE deals SET version = version + 1",
        "UPDATE deals SET customer_id = gen_random_uuid()",
        "DELETE FROM deals",
        "DELETE FROM deal_events",
        "UPDATE users SET role = 'operator'",
        "UPDATE credentials SET expires_at = 'infinity'",
        "UPDATE stores SET inventory_version = 0",
        "UPDATE store_transfers SET cost_cents = 0",
        "UPDATE store_groups SET transfer_days = 0",
        "UPDATE users SET discount_authority_cents = 100000",
        "DELETE FROM pencils",
        "INSERT INTO tax_rules DEFAULT VALUES",
        "INSERT INTO state_limits DEFAULT VALUES",
        "CREATE TABLE mine ()",
    ],
)
async def test_the_application_may_not(app: asyncpg.Connection, statement: str) -> None:
    """What is not its business is refused by the database itself."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def versions(owner: asyncpg.Connection) -> dict[str, int]:
    """Return the inventory version of each store."""
    return dict(await owner.fetch("SELECT store_id, inventory_version FROM stores"))


async def test_the_stock_moves_once_per_statement(owner: asyncpg.Connection) -> None:
    """Many cars of one store: its version moves by one, the other's not; each car has a new revision."""
    before = await versions(owner)
    await owner.execute("UPDATE vehicles SET price_cents = price_cents + 100 WHERE store_id = 'riverside'")
    after = await versions(owner)
    assert after == {**before, "riverside": before["riverside"] + 1}
    assert await owner.fetchval("SELECT min(rev) FROM vehicles WHERE store_id = 'riverside'") == 2


async def test_a_change_of_nothing_moves_nothing(owner: asyncpg.Connection) -> None:
    """An update to the same values leaves revisions and versions."""
    before = await versions(owner)
    await owner.execute("UPDATE vehicles SET price_cents = price_cents")
    assert await versions(owner) == before
    assert await owner.fetchval("SELECT max(rev) FROM vehicles") == 1


async def test_a_car_that_changes_store_moves_both(owner: asyncpg.Connection) -> None:
    """The store that lost it and the one that got it."""
    before = await versions(owner)
    await owner.execute(
        "UPDATE vehicles SET store_id = 'northgate' WHERE vehicle_id ="
        " (SELECT min(vehicle_id) FROM vehicles WHERE store_id = 'riverside')"
    )
    assert await versions(owner) == {store: version + 1 for store, version in before.items()}


async def test_other_terms_of_transfer_move_the_store_that_fetches(owner: asyncpg.Connection) -> None:
    """A pair's terms move the version of the store that sells, so its group's; the group's move all of it."""
    before = await versions(owner)
    await owner.execute("UPDATE store_transfers SET days = 9 WHERE to_store = 'northgate'")
    assert await versions(owner) == {**before, "northgate": before["northgate"] + 1}
    await owner.execute("DELETE FROM store_transfers WHERE to_store = 'riverside'")
    assert await versions(owner) == {store: version + 1 for store, version in before.items()}
    await owner.execute("UPDATE store_groups SET transfer_cost_cents = 1")
    assert await versions(owner) == {store: version + 2 for store, version in before.items()}


def test_many_processes_may_migrate_at_once(services: Services) -> None:
    """Four processes on an empty database: all succeed, and the schema is there once."""
    code = "import sys; from server.database.core.migrate import migrate; migrate(sys.argv[1])"
    with services.database() as empty:
        processes = [
            subprocess.Popen([sys.executable, "-c", code, empty.owner_url], stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        errors = [process.communicate(timeout=60)[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, errors
        assert asyncio.run(is_current(empty.owner_url))


async def test_a_newer_database_is_refused(database: Database) -> None:
    """A revision that this release does not know is named, and nothing is touched."""
    connection = await asyncpg.connect(database.owner_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(UnknownRevision, match=f"9999.*{newest_revision()}"):
        await bring_to_newest(database.owner_url)


async def test_a_current_database_does_not_load_alembic(database: Database) -> None:
    """The second start costs one query, not the import of the migration tool."""
    code = (
        "import sys; from server.database.core.migrate import migrate; migrate(sys.argv[1]);"
        " sys.exit('alembic' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, database.owner_url)
    assert await asyncio.wait_for(process.wait(), 60) == 0
