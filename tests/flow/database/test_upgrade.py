"""A database of the first release, with data in it, comes to the newest schema and means what it meant."""

import datetime as dt

import asyncpg
import pytest

from protocol import codec
from protocol.deal.agreed import AgreedFigures
from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, Programme, ReserveMethod
from server.database.core import migrate
from server.database.core.migrate import MIGRATIONS, Migration, bring_to_newest, is_current
from server.database.core.pool import connect_as_owner, prepare_connection
from server.database.deals.deals import load_deal
from server.database.deals.history import deal_at, load_history
from server.database.editions.rates import load_rates, load_risk
from server.settings import Settings
from tests.flow.database.older_releases import (
    ACV_SAID,
    ANN,
    ANSWER,
    APPROVE,
    BEFORE_AGREED_FIGURES,
    BEFORE_RESERVATIONS,
    BEFORE_TRADES,
    DATA,
    DEAL,
    OFFER,
    OLD_FIELDS,
    OLD_OFFER,
    OVERLAPPING,
    STATED,
)
from tests.services import Database, Services

pytestmark = pytest.mark.flow


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
    """It says who uses it and gives up in the end, rather than make everybody wait behind it. What it did by
    then stays; the next one goes on.
    """
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "700ms")
    with services.database() as made:
        await make_first_release(made)
        reader = await asyncpg.connect(made.owner_url)
        try:
            async with reader.transaction():
                await reader.fetch("SELECT * FROM deals")
                said: list[str] = []
                with pytest.raises(asyncpg.LockNotAvailableError):
                    await bring_to_newest(made.owner_url, Migration(said.append, patience_seconds=2.0))
                waited = [line for line in said if "waits for deals" in line]
                assert waited, said
                assert f"process {reader.get_server_pid()} " in waited[0]
            assert await reader.fetchval("SELECT version_num FROM alembic_version") == "0002"
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
