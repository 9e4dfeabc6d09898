"""Deals, accounts and rates on a real PostgreSQL."""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.money.lending import Disposition
from protocol.records import Actor, DealState, Tier
from server.clock import utc_now
from server.database.core.pool import open_pool
from server.database.core.scope import StoreScopes, everything
from server.database.deals import deals
from server.database.deals.new_deals import create_deal
from server.database.deals.wall import wall_of
from server.database.decisions.deciding import Decided
from server.database.decisions.edits.terms import change_terms
from server.database.editions import rates
from server.database.editions.versions import editions_in_force
from server.database.people import credentials, users
from server.database.people.credentials import CredentialKind
from server.database.people.users import Account
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.services import open_owner_pool

pytestmark = pytest.mark.flow


@pytest.fixture
def sample() -> SeedPlan:
    """A few deals."""
    return SeedPlan(vehicles=10, customers=12, deals=6)


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    """The application's pool on a small seeded database."""
    opened = await open_owner_pool(settings)
    yield opened
    await opened.close()


@pytest.fixture
async def account(pool: asyncpg.Pool) -> Account:
    """The salesperson of Riverside."""
    found = await users.find_by_login(pool, "riverside-sales")
    assert found is not None
    return found


@pytest.fixture
def actor(account: Account) -> Actor:
    """The salesperson as the author of a change."""
    return Actor(id=account.id, name=account.name, role=account.role)


@pytest.fixture
async def deal(pool: asyncpg.Pool, account: Account) -> deals.Deal:
    """A new deal at version 0."""
    customer = await pool.fetchval(
        "SELECT customer_id::text FROM customers WHERE store_id = 'riverside' LIMIT 1"
    )
    return await create_deal(pool, account, customer, StructureChanges(cash_down_cents=1_000_00))


async def change(
    pool: asyncpg.Pool, deal: deals.Deal, actor: Actor, based_on: int, changes: StructureChanges
) -> Decided:
    """Change terms under a new op."""
    return await change_terms(
        everything(pool), deal.id, op=uuid.uuid4(), based_on=based_on, changes=changes, actor=actor
    )


async def test_a_deal_begins_from_store_and_customer(pool: asyncpg.Pool, account: Account) -> None:
    """Taxes of the store, trade and tier of the customer, then what was asked for; and it reads back."""
    row = await pool.fetchrow(
        "SELECT customer_id::text AS id, trade_acv_cents, score FROM customers"
        " WHERE store_id = 'riverside' AND trade_acv_cents IS NOT NULL LIMIT 1"
    )
    made = await create_deal(pool, account, row["id"], StructureChanges(payment_max_cents=500_00))
    # The ACV is the desk's secret: an allowance that took it over would be on the customer's screen.
    assert (made.structure.trade_allowance_cents, made.structure.trade_acv_cents) == (
        0,
        row["trade_acv_cents"],
    )
    assert (made.structure.tax_rate_bp, made.structure.doc_fee_cents) == (None, 399_00)
    assert made.structure.payment_max_cents == 500_00
    assert (made.version, made.state, made.salesperson.id) == (0, DealState.WORKING, account.id)
    assert await deals.load_deal(pool, made.id) == made


async def test_a_customer_of_another_store_is_not_found(pool: asyncpg.Pool, account: Account) -> None:
    """Nothing tells it from a customer that does not exist."""
    other = await pool.fetchval(
        "SELECT customer_id::text FROM customers WHERE store_id = 'northgate' LIMIT 1"
    )
    for customer in (other, str(uuid.uuid4()), "no id"):
        with pytest.raises(CommandError) as refused:
            await create_deal(pool, account, customer, None)
        assert refused.value.code is ErrorCode.NOT_FOUND


async def test_only_the_canonical_id_names_a_deal(pool: asyncpg.Pool, deal: deals.Deal) -> None:
    """Other spellings of the same UUID would be other channels."""
    for spelling in (deal.id.upper(), deal.id.replace("-", ""), f"{{{deal.id}}}", "nothing"):
        assert await deals.load_deal(pool, spelling) is None


async def test_a_change_is_an_event(pool: asyncpg.Pool, deal: deals.Deal, actor: Actor) -> None:
    """Version, structure and event move together; the body holds only what differs."""
    changes = StructureChanges(cash_down_cents=2_500_00, payment_max_cents=600_00, discount_cents=0)
    result = await change(pool, deal, actor, 0, changes)
    now = await deals.load_deal(pool, deal.id)
    events = await deals.events_after(pool, deal.id, 0, 10)
    assert (result.version, result.changed, result.reply) == (1, True, {"version": 1})
    assert now is not None
    assert (now.version, now.structure.cash_down_cents) == (1, 2_500_00)
    assert [(event.no, event.kind) for event in events] == [(1, "deal_changed")]
    assert events[0].body["changes"] == {"cash_down_cents": 2_500_00, "payment_max_cents": 600_00}
    assert events[0].body["by"]["id"] == actor.id
    assert await deals.last_no(pool, deal.id) == 1


async def test_a_repeated_op_changes_nothing(pool: asyncpg.Pool, deal: deals.Deal, actor: Actor) -> None:
    """Its first reply comes again, though the deal has moved on."""
    op = uuid.uuid4()
    first = StructureChanges(discount_cents=100_00)
    arguments = {"op": op, "based_on": 0, "changes": first, "actor": actor}
    await change_terms(everything(pool), deal.id, **arguments)
    await change(pool, deal, actor, 1, StructureChanges(discount_cents=200_00))
    again = await change_terms(everything(pool), deal.id, **arguments)
    assert (again.changed, again.reply) == (False, {"version": 1})
    assert await deals.last_no(pool, deal.id) == 2


async def test_other_fields_merge(pool: asyncpg.Pool, deal: deals.Deal, actor: Actor) -> None:
    """Two edits of version 0 on different fields both stand."""
    await change(pool, deal, actor, 0, StructureChanges(discount_cents=100_00))
    result = await change(pool, deal, actor, 0, StructureChanges(payment_max_cents=450_00))
    now = await deals.load_deal(pool, deal.id)
    assert now is not None
    assert (result.version, now.structure.discount_cents, now.structure.payment_max_cents) == (
        2,
        100_00,
        450_00,
    )


async def test_the_same_field_is_a_conflict(pool: asyncpg.Pool, deal: deals.Deal, actor: Actor) -> None:
    """It names the field, the newer value, who and when; the deal stays."""
    await change(pool, deal, actor, 0, StructureChanges(discount_cents=100_00))
    with pytest.raises(CommandError) as refused:
        await change(pool, deal, actor, 0, StructureChanges(discount_cents=300_00))
    detail = refused.value.detail
    assert refused.value.code is ErrorCode.CONFLICT
    assert (detail["field"], detail["value"], detail["version"]) == ("discount_cents", 100_00, 1)
    assert dt.datetime.fromisoformat(str(detail["at"])).tzinfo is not None
    assert await deals.last_no(pool, deal.id) == 1


async def test_a_change_of_nothing_is_no_event(pool: asyncpg.Pool, deal: deals.Deal, actor: Actor) -> None:
    """The current version is the answer."""
    result = await change(pool, deal, actor, 0, StructureChanges(cash_down_cents=1_000_00))
    assert (result.version, result.changed) == (0, False)
    assert await deals.events_after(pool, deal.id, 0, 10) == []


@pytest.mark.parametrize(
    ("based_on", "changes", "at_fault"),
    [
        (9, StructureChanges(discount_cents=1), "version"),
        (0, StructureChanges(taxable_fees_cents=10_000_00), "taxable_fees_cents"),
    ],
)
async def test_what_cannot_be_is_invalid(  # noqa: PLR0917 - fixtures and parameters
    pool: asyncpg.Pool,
    deal: deals.Deal,
    actor: Actor,
    based_on: int,
    changes: StructureChanges,
    at_fault: str,
) -> None:
    """A version from the future, and a structure that contradicts itself, name their field."""
    with pytest.raises(CommandError) as refused:
        await change(pool, deal, actor, based_on, changes)
    assert (refused.value.code, refused.value.detail["field"]) == (ErrorCode.INVALID, at_fault)


@pytest.mark.parametrize("state", ["submitted", "approved", "declined", "signed", "lost"])
async def test_a_closed_deal_is_not_edited(
    pool: asyncpg.Pool, deal: deals.Deal, actor: Actor, state: str
) -> None:
    """Terms change in working and countered only."""
    await pool.execute(
        "UPDATE deals SET state = $2, fulfilment = CASE WHEN $3 THEN 'signed'::fulfilment END"
        " WHERE deal_id = $1",
        uuid.UUID(deal.id),
        state,
        state == "signed",
    )
    with pytest.raises(CommandError) as refused:
        await change(pool, deal, actor, 0, StructureChanges(discount_cents=1))
    assert refused.value.detail["field"] == "state"


async def test_writers_at_once_leave_no_gap(pool: asyncpg.Pool, deal: deals.Deal, actor: Actor) -> None:
    """Twelve edits at the same moment, some of which collide: events are 1 to n, and n is the version."""
    fields = ("discount_cents", "products_cents", "rebate_cents", "prepaid_finance_cents")
    edits = [StructureChanges(**{fields[at % 4]: at + 1}) for at in range(12)]
    done = await asyncio.gather(
        *(change(pool, deal, actor, 0, edit) for edit in edits), return_exceptions=True
    )
    assert all(isinstance(one, Decided | CommandError) for one in done)
    written = sorted(one.version for one in done if isinstance(one, Decided))
    assert written == [1, 2, 3, 4]
    assert [event.no for event in await deals.events_after(pool, deal.id, 0, 100)] == written


async def test_lists_page_by_key(pool: asyncpg.Pool) -> None:
    """Pages hold every deal of the store once, the last changed first; a foreign key is refused."""
    whole, end = await deals.list_deals(pool, "riverside", None, 100)
    found: list[deals.DealRow] = []
    after: str | None = None
    while True:
        page, after = await deals.list_deals(pool, "riverside", after, 2)
        found += page
        if after is None:
            break
    assert end is None
    assert found == whole
    assert {row.store_id for row in found} == {"riverside"}
    with pytest.raises(CommandError, match="invalid"):
        await deals.list_deals(pool, "riverside", "!", 2)


async def test_a_credential_is_good_until_revoked(pool: asyncpg.Pool, account: Account) -> None:
    """The table holds no token; an expired or revoked one is nobody's."""
    token = await credentials.issue_credential(
        pool, account.id, CredentialKind.BEARER, dt.timedelta(hours=1), label="test"
    )
    found = await credentials.find_by_token(pool, token)
    assert found is not None
    assert found[0] == account
    assert found[1].kind is CredentialKind.BEARER
    assert found[1].scopes == credentials.PERSON_SCOPES
    assert not await pool.fetchval(
        "SELECT EXISTS (SELECT FROM credentials WHERE token_hash = $1)", token.encode()
    )
    await credentials.revoke_credential(pool, token)
    assert await credentials.find_by_token(pool, token) is None
    brief = await credentials.issue_credential(
        pool, account.id, CredentialKind.COOKIE, dt.timedelta(milliseconds=1)
    )
    await asyncio.sleep(0.01)
    assert await credentials.find_by_token(pool, brief) is None


async def test_passwords(pool: asyncpg.Pool, account: Account) -> None:
    """The right one signs in; a wrong one, an unknown login and an endless one do not."""
    found, stored = await users.load_password(pool, "riverside-sales")
    assert found == account
    assert users.password_fits(stored, "demo")
    assert not users.hash_is_outdated(stored)
    for password in ("Demo", "", "x" * 5_000):
        assert not users.password_fits(stored, password)
    nobody, unfit = await users.load_password(pool, "nobody")
    assert nobody is None
    assert not users.password_fits(unfit, "demo")


async def test_rates_and_risk_in_force(pool: asyncpg.Pool) -> None:
    """Today's sheet has held and sold programmes of several lenders, for every tier, and so has the model."""
    in_force = await editions_in_force(pool, utc_now().date())
    sheet, model = await rates.load_rates(pool, in_force.rates), await rates.load_risk(pool, in_force.risk)
    assert {one.tier for one in sheet.programmes} == {curve.tier for curve in model.curves} == set(Tier)
    assert {one.disposition for one in sheet.programmes} == set(Disposition)
    assert len({one.lender for one in sheet.programmes}) >= 3
    assert await rates.load_rates(pool, sheet.version) == sheet
    with pytest.raises(rates.NotInForce, match="no rate sheet other"):
        await rates.load_rates(pool, "other")


async def test_a_connection_comes_back_as_it_was(settings: Settings) -> None:
    """Nothing of a transaction is left for whoever has its connection next, though no query resets it."""
    async with await open_pool(replace(settings, pool_min=1, pool_max=1)) as pool:
        async with StoreScopes(pool).of("riverside").acquire() as connection:
            first = await connection.fetchval("SELECT pg_backend_pid()")
            await connection.execute("SET LOCAL statement_timeout = 0")
            assert await connection.fetchval("SELECT scope_store()") == "riverside"
        async with pool.acquire() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == first
            assert await connection.fetchval("SELECT current_user") == "deal_app"
            assert await connection.fetchval("SHOW statement_timeout") != "0"
            assert await connection.fetchval("SELECT scope_store()") is None


async def test_a_transaction_that_was_left_open_is_over(settings: Settings) -> None:
    """Whoever has the connection next does not see what another store sees."""
    async with await open_pool(replace(settings, pool_min=1, pool_max=1)) as pool:
        async with pool.acquire() as connection:
            first = await connection.fetchval("SELECT pg_backend_pid()")
            await connection.execute("BEGIN; SET LOCAL deal.store_id = 'riverside'")
        async with pool.acquire() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == first
            assert not connection.is_in_transaction()
            assert await connection.fetchval("SELECT scope_store()") is None


async def test_a_wall_is_bounded(pool: asyncpg.Pool, account: Account) -> None:
    """However many deals somebody begins: what waits for the desk is shown first, then what changed last."""
    customer = await pool.fetchval(
        "SELECT customer_id::text FROM customers WHERE store_id = 'riverside' LIMIT 1"
    )
    begun = [(await create_deal(pool, account, customer)).id for _ in range(4)]
    await pool.execute(
        "UPDATE deals SET state = 'submitted' WHERE deal_id = $1::text::uuid",
        begun[0],
    )
    async with pool.acquire() as connection:
        shown = [row["deal_id"] for row in await wall_of(connection, "riverside", 3)]
    assert shown == sorted([begun[0], begun[2], begun[3]])
