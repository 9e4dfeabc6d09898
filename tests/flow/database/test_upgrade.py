"""A database of the first release, with data in it, comes to the newest schema and means what it meant."""

import datetime as dt

import asyncpg
import pytest

from protocol import codec
from protocol.deal.agreed import AgreedFigures
from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, Programme, ReserveMethod
from protocol.records import Actor, Role
from server.database.core import migrate
from server.database.core.migrate import MIGRATIONS, bring_to_newest, is_current
from server.database.core.pool import connect_as_owner, prepare_connection
from server.database.deals.deals import load_deal
from server.database.deals.history import deal_at, load_history
from server.database.editions.rates import load_rates, load_risk
from server.settings import Settings
from tests.services import Database, Services

pytestmark = pytest.mark.flow

ANN = Actor(id="a", name="Ann", role=Role.SALESPERSON)
DEAL = "2f1b2b3c-0000-4000-8000-000000000001"
DATA = f"""
INSERT INTO store_groups VALUES ('g', 'Group');
INSERT INTO stores (store_id, group_id, name, state) VALUES ('s', 'g', 'Store', 'OH');
INSERT INTO users (login, name, role, store_id) VALUES ('ann', 'Ann', 'salesperson', 's');
INSERT INTO customers (store_id, name, state, postal_code) VALUES ('s', 'Lee', 'OH', '45424');
INSERT INTO rate_sheets VALUES ('r1', '2026-01-01', NULL, true);
INSERT INTO lender_programmes (rates_version, programme_id, lender, tier, term_months, new_cars, used_cars,
        new_ltv_basis, used_ltv_basis, ltv_front_max_bp, ltv_total_max_bp, amount_min_cents, amount_max_cents,
        pti_max_bp, dti_max_bp, buy_rate_bp, markup_max_bp, reserve_share_bp, disposition)
    VALUES ('r1', 'p', 'Lender', 'prime', 60, true, true, 'msrp', 'retail', 12000, 13000, 0, 100, 2000, 4500,
            800, 200, 7500, 'sold');
INSERT INTO risk_models VALUES ('k1', '2026-01-01', true);
INSERT INTO risk_curves VALUES ('k1', 'prime', 0.05, 0.01, '[[1, 1]]', 0.4, 6, 0.015, 400);
INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)
    SELECT '{DEAL}', 's', customer_id, user_id, '{{"tax_rate_bp": 750, "fees_cents": 100}}'
      FROM customers, users;
"""  # noqa: S608 - names of this file


async def make_first_release(made: Database) -> None:
    """Make the schema of the first release, with a row of each kind."""
    owner = await asyncpg.connect(made.owner_url)
    try:
        await owner.execute((MIGRATIONS / "0001_initial.sql").read_text(encoding="utf-8"))
        await owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        await owner.execute("INSERT INTO alembic_version VALUES ('0001')")
        await owner.execute(DATA)
    finally:
        await owner.close()


async def test_a_table_in_use_stops_a_migration_and_not_those_who_work(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives up with nothing changed, rather than make everybody wait behind it; then it goes through."""
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "300ms")
    with services.database() as made:
        await make_first_release(made)
        reader = await asyncpg.connect(made.owner_url)
        try:
            async with reader.transaction():
                await reader.fetch("SELECT * FROM deals")
                with pytest.raises(asyncpg.LockNotAvailableError):
                    await bring_to_newest(made.owner_url)
            assert await reader.fetchval("SELECT version_num FROM alembic_version") == "0001"
        finally:
            await reader.close()
        await bring_to_newest(made.owner_url)
        assert await is_current(made.owner_url)


async def test_data_of_the_first_release_is_kept(services: Services) -> None:
    """Deals, rates and risk read as before: one band for all, reserve of the finance charge, no authority,
    no cost of a transfer.
    """
    with services.database() as made:
        await make_first_release(made)
        await bring_to_newest(made.owner_url)
        assert await is_current(made.owner_url)
        app = await asyncpg.connect(made.url)
        try:
            await prepare_connection(app)
            programme = (await load_rates(app, "r1")).programmes[0]
            curve = (await load_risk(app, "k1")).curves[0]
            await app.execute("SELECT set_config('deal.store_id', store_id, false) FROM stores")
            deal = await load_deal(app, DEAL)
            transfer = await app.fetchrow("SELECT transfer_cost_cents, transfer_days FROM store_groups")
        finally:
            await app.close()
    assert tuple(transfer) == (0, 0)
    assert (programme.reserve_method, programme.chargeback_months) == (ReserveMethod.FINANCE_CHARGE, 0)
    assert (curve.term_max_months, curve.ltv_max_bp, curve.pti_max_bp) == (
        NO_EDGE_MONTHS,
        NO_EDGE_BP,
        NO_EDGE_BP,
    )
    assert deal is not None
    assert (deal.structure.fees_cents, str(deal.structure.tax_rate_bp)) == (100, "750")


OLD_OFFER = f"""
INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, trim, body, fuel, mileage, is_new,
        price_cents, cost_cents, stocked_on)
    VALUES ('s', 'g', '1HGCM82633A004352', 'U1', 2022, 'Honda', 'Accord', '', 'Sedan', 'gas', 10, false,
            100, 90, '2026-01-01');
INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
        term_months, risk_version, tax_version, engine_version, structure, rate_bp, cash_down_cents,
        principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)
    SELECT '{DEAL}', 0, vehicle_id, 1, 'r1', 'p', 'prime', 60, 'k1', 't', '3', '{{}}', 700, 0, 1, 1, 0, 0,
           '{{}}', (SELECT user_id FROM users) FROM vehicles;
"""  # noqa: S608 - names of this file
OVERLAPPING = """
INSERT INTO lender_programmes (rates_version, programme_id, lender, tier, term_months, new_cars, used_cars,
        new_ltv_basis, used_ltv_basis, ltv_front_max_bp, ltv_total_max_bp, amount_min_cents, amount_max_cents,
        pti_max_bp, dti_max_bp, buy_rate_bp, markup_max_bp, reserve_share_bp, disposition)
    SELECT rates_version, programme_id, lender, tier, term_months, new_cars, used_cars,
           new_ltv_basis, used_ltv_basis, 9000, 9000, amount_min_cents, amount_max_cents,
           pti_max_bp, dti_max_bp, 750, markup_max_bp, reserve_share_bp, disposition FROM lender_programmes
"""
OLD_FIELDS = Programme.__struct_fields__[: Programme.__struct_fields__.index("term_min_months")]


async def test_sheets_with_one_row_per_term_keep_their_meaning(services: Services) -> None:
    """Rows and offers of the release before overlapping rows: every new rule limits nothing, the offer stays
    with its sheet, and a second row of its programme, tier and term can come beside the first.
    """
    with services.database() as made:
        await make_first_release(made)
        owner = await asyncpg.connect(made.owner_url)
        try:
            for path in sorted(MIGRATIONS.glob("*.sql"))[1:]:
                if path.name < "0017":
                    await owner.execute(path.read_text(encoding="utf-8"))
            await owner.execute("UPDATE alembic_version SET version_num = '0016'")
            await owner.execute(OLD_OFFER)
        finally:
            await owner.close()
        await bring_to_newest(made.owner_url)
        async with connect_as_owner(made.owner_url) as newest:
            (old,) = (await load_rates(newest, "r1")).programmes
            assert old == Programme(**{name: getattr(old, name) for name in OLD_FIELDS})
            assert await newest.fetchval("SELECT programme_id FROM offers") == "p"
            await newest.execute(OVERLAPPING)
            rates = [row.buy_rate_bp for row in (await load_rates(newest, "r1")).programmes]
            assert rates == [800.0, 750.0]
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await newest.execute(OLD_OFFER.replace("'r1'", "'r2'").replace("A004352", "A004353"))


BEFORE_RESERVATIONS = """
ALTER TABLE vehicle_claims DROP COLUMN reserved_by, DROP COLUMN reserver;
ALTER TABLE deal_events DROP COLUMN asked;
ALTER TABLE deal_ops DROP COLUMN asked;
DROP INDEX deals_begun;
"""
APPROVE = """
WITH made AS (
    INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
            term_months, risk_version, tax_version, engine_version, structure, rate_bp, cash_down_cents,
            principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)
    SELECT $1, 0, $2, 1, rates_version, programme_id, tier, term_months,
           (SELECT risk_version FROM risk_models LIMIT 1), 't', '2', '{}', 700, 0, 1, 1, 0, 0, '{}',
           (SELECT salesperson_id FROM deals WHERE deal_id = $1)
      FROM lender_programmes LIMIT 1
    RETURNING offer_id, rates_version)
INSERT INTO desk_approvals (deal_id, deal_version, vehicle_id, vehicle_rev, offer_id, rates_version,
                            approved_by, approved_at)
SELECT $1, $3, $2, 1, offer_id, rates_version, '{"id": "b", "name": "Bo", "role": "desk_manager"}',
       now() - $4::interval FROM made
"""


async def test_deals_that_are_approved_keep_their_cars(stocked: Settings) -> None:
    """Of two for one car the one that was approved first; of a deal what was approved last."""
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await owner.execute(BEFORE_RESERVATIONS)
        first, second, working = [
            row["deal_id"] for row in await owner.fetch("SELECT deal_id FROM deals ORDER BY deal_id LIMIT 3")
        ]
        old, car, other = [
            row["vehicle_id"]
            for row in await owner.fetch("SELECT vehicle_id FROM vehicles ORDER BY vehicle_id LIMIT 3")
        ]
        for deal, vehicle, version, hours in (
            *((first, old, 1, 9), (first, car, 2, 3), (second, car, 1, 2)),
            (working, other, 1, 1),
        ):
            await owner.execute(APPROVE, deal, vehicle, version, dt.timedelta(hours=hours))
        await owner.execute("UPDATE deals SET state = 'approved' WHERE deal_id = ANY ($1)", [first, second])
        await owner.execute("INSERT INTO vehicle_claims (vehicle_id) VALUES ($1)", car)
        await owner.execute((MIGRATIONS / "0010_holds.sql").read_text(encoding="utf-8"))
        claims = await owner.fetch(
            "SELECT vehicle_id, reserved_by, reserver->>'name' AS name, no FROM vehicle_claims"
        )
    assert [tuple(row) for row in claims] == [(car, first, "Bo", 2)]


ACV_SAID = """
INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)
SELECT deal_id, last_no + 1, gen_random_uuid(), 'deal_changed',
       jsonb_build_object('version', version + 1, 'changes', jsonb_build_object('trade_acv_cents', 0),
                          'by', '{"id": "b", "name": "Bo", "role": "desk_manager"}'::jsonb), '{}',
       salesperson_id
  FROM deals WHERE deal_id = $1
"""
BEFORE_TRADES = "ALTER TABLE deal_tasks DROP COLUMN trade_id"
STATED = 'structure || \'{"trade_acv_cents": 0, "trades": []}\''


async def test_a_cash_value_that_nobody_stated_is_none(stocked: Settings) -> None:
    """Today's deals say 0 where nobody appraised the trade: they say nothing now, in their replay too. What
    the desk stated, a trade that was worth nothing to begin with, and a signed deal stay.
    """
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await owner.execute(BEFORE_TRADES)
        await owner.execute(f"UPDATE deals SET structure = {STATED}, first_structure = {STATED}")  # noqa: S608 - ours
        unsaid, said, worthless, signed = [
            row["deal_id"] for row in await owner.fetch("SELECT deal_id FROM deals ORDER BY deal_id LIMIT 4")
        ]
        await owner.execute(ACV_SAID, said)
        await owner.execute(
            "UPDATE customers SET trade_year = 2001, trade_make = 'Ford', trade_model = 'Focus',"
            " trade_mileage = 1, trade_acv_cents = 0"
            " WHERE customer_id = (SELECT customer_id FROM deals WHERE deal_id = $1)",
            worthless,
        )
        await owner.execute(
            "UPDATE deals SET state = 'signed', fulfilment = 'signed' WHERE deal_id = $1", signed
        )
        await owner.execute((MIGRATIONS / "0017_trades.sql").read_text(encoding="utf-8"))
        for deal_id, acv in ((unsaid, None), (said, 0), (worthless, 0), (signed, 0)):
            deal = await load_deal(owner, str(deal_id))
            history = await load_history(owner, str(deal_id))
            assert deal is not None and history is not None
            assert deal.structure.trade_acv_cents == acv
            told = deal_at(history, deal.last_no).structure
            assert told["trade_acv_cents"] == acv


BEFORE_AGREED_FIGURES = """
DROP INDEX deal_events_steps;
ALTER TABLE deals DROP COLUMN agreed, DROP COLUMN proposal, DROP COLUMN contract;
"""
OFFER = """
WITH pencil AS (
    INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car,
                         choice, answer, discount_cents, created_by)
    SELECT deal_id, 0, $2, 1, $1::uuid::text, '{"rates": "r"}', '{}', '{}', NULL, $3,
           0, salesperson_id FROM deals WHERE deal_id = $1
    RETURNING pencil_id),
made AS (
    INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
            term_months, risk_version, tax_version, engine_version, structure, rate_bp, cash_down_cents,
            principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)
    SELECT $1, 0, $2, 1, rates_version, programme_id, tier, 60,
           (SELECT risk_version FROM risk_models LIMIT 1), 't', '2', '{}', 700, 150000, 1, 40000, 0, 0,
           jsonb_build_object('pencil_id', CASE WHEN $4 THEN (SELECT pencil_id::text FROM pencil) END,
                              'rate_bp', 712.5, 'lender', lender, 'car', '{"make": "Ford"}'::jsonb),
           (SELECT salesperson_id FROM deals WHERE deal_id = $1)
      FROM lender_programmes WHERE term_months = 60 LIMIT 1
    RETURNING offer_id)
UPDATE deals SET selected_offer = (SELECT offer_id FROM made), state = $5,
                 fulfilment = CASE $5::deal_state WHEN 'signed' THEN 'signed'::fulfilment END
 WHERE deal_id = $1
"""
ANSWER = {"payment_cents": 40000, "total_of_payments_cents": 2399990, "schedule": [], "stipulations": ["x"]}


async def test_deals_that_were_submitted_agreed_on_their_offers(stocked: Settings) -> None:
    """With the total of their pencils where they have one; a signed deal shows its contract, a working one
    has agreed on nothing.
    """
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await owner.execute(BEFORE_AGREED_FIGURES)
        rows = await owner.fetch("SELECT deal_id FROM deals ORDER BY deal_id LIMIT 4")
        deals = [row["deal_id"] for row in rows]
        car = await owner.fetchval("SELECT vehicle_id FROM vehicles ORDER BY vehicle_id LIMIT 1")
        states = ("submitted", "countered", "signed", "working")
        for deal, state in zip(deals, states, strict=True):
            await owner.execute(OFFER, deal, car, ANSWER, state != "countered", state)
        await owner.execute(
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
            " VALUES ($1, 1, gen_random_uuid(), 'state_changed', $2, '{}')",
            deals[2],
            {"version": 1, "from": "approved", "to": "signed", "by": codec.plain(ANN)},
        )
        await owner.execute((MIGRATIONS / "0020_agreed_figures.sql").read_text(encoding="utf-8"))
        lender = await owner.fetchval("SELECT lender FROM lender_programmes WHERE term_months = 60 LIMIT 1")
        stored = [
            dict(row)
            for row in await owner.fetch(
                "SELECT agreed, contract FROM deals WHERE deal_id = ANY ($1) ORDER BY deal_id", deals
            )
        ]
    agreed = codec.convert(AgreedFigures, stored[0]["agreed"])
    assert agreed == AgreedFigures(
        vehicle_id=str(car),
        payment_cents=40000,
        term_months=60,
        cash_down_cents=150000,
        rate_bp=712.5,
        lender=lender,
        total_cents=2399990,
    )
    assert stored[1]["agreed"]["total_cents"] == 40000 * 60
    assert stored[3]["agreed"] is None
    contract = stored[2]["contract"]
    assert codec.convert(AgreedFigures, contract["figures"]) == agreed
    assert contract["quote"] == {"payment_cents": 40000, "total_of_payments_cents": 2399990}
    assert (contract["signed_by"]["name"], contract["vehicle_id"]) == ("Ann", str(car))
    assert [row["contract"] is None for row in stored] == [True, True, False, True]
