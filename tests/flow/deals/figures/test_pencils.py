"""Every quote is kept, and computed again to the cent after every table and the car itself have moved on."""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import msgspec
import pytest
from typer.testing import CliRunner

from protocol.commands import Quote
from protocol.deal.structure import StructureChanges
from protocol.money.lending import Programme, Rebate, RiskCurve, StateLimit, TaxRule
from protocol.records import Tier, View
from server.__main__ import app
from server.commands.deals.pencils import markup_report
from server.database.core.pool import connect_as_owner, open_pool
from server.database.core.scope import StoreScopes, everything
from server.database.deals.deals import Deal, list_deals, load_deal
from server.database.deals.pencils import given_in
from server.database.editions.rates import load_rates, load_risk, load_taxes
from server.database.editions.versions import editions_in_force
from server.database.editions.writing import (
    LIMITS,
    RATES,
    REBATES,
    RISK,
    TAXES,
    Edition,
    store_version,
)
from server.database.people.users import Account, find_by_login
from server.hub.commands.quoting.quotes import Quotes
from server.hub.sight.sight import Sight
from server.settings import Settings
from server.work.editions import Editions
from server.work.replay import verify_pencils
from tests.compute.here import ComputeHere
from tests.flow.shop import EASY
from tests.services import open_owner_pool

pytestmark = pytest.mark.flow

TODAY = dt.datetime.now(dt.UTC).date()
TOMORROW = TODAY + dt.timedelta(days=1)
LAKESHORE = "lakeshore-motor-credit-new"
NO_REBATE = Rebate(
    rebate_id="none",
    programme="None",
    make="None",
    starts_on=TODAY,
    ends_on=TODAY,
    amount_cents=1,
)


class Desk:
    """A manager who quotes cars of one deal."""

    def __init__(self, pool: asyncpg.Pool, stores: StoreScopes, deal: Deal, account: Account) -> None:
        self.pool = pool
        self.stores = stores
        self.deal = deal
        self.account = account

    async def quote(
        self, vehicle_id: str, *, day: dt.date = TODAY, programme_id: str | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Quote a car on a day, with changes besides those that most cars can be had with."""
        fields = dict(EASY.items()) | changes
        command = Quote(
            ref=1,
            channel=f"deal:{self.deal.id}",
            vehicle_id=vehicle_id,
            changes=StructureChanges(**fields),
            programme_id=programme_id,
        )
        quotes = Quotes(self.stores, ComputeHere(), Editions(everything(self.pool)), lambda: day)
        return await quotes.quote(command, self.deal, self.account, Sight(View.MANAGER))


@pytest.fixture
async def desk(stocked: Settings) -> AsyncIterator[Desk]:
    """The manager of Riverside, the store's first deal, quotes as the application gives them."""
    pool, application = await open_owner_pool(stocked), await open_pool(replace(stocked, pool_min=0))
    async with application, pool, pool.acquire() as connection:
        rows, _ = await list_deals(connection, "riverside", None, 1)
        deal = await load_deal(connection, rows[0].id)
        account = await find_by_login(connection, "riverside-manager")
        assert deal is not None
        assert account is not None
        yield Desk(pool, StoreScopes(application), deal, account)


async def some_cars(pool: asyncpg.Pool, count: int) -> list[str]:
    """Return ids of cars for sale in the deal's group."""
    rows = await pool.fetch(
        "SELECT vehicle_id::text FROM vehicles WHERE status = 'available' ORDER BY vin LIMIT $1", count
    )
    return [row["vehicle_id"] for row in rows]


async def move_on(settings: Settings, desk: Desk) -> None:
    """Bring new rates, risk and taxes into force tomorrow, and change every car today."""
    async with connect_as_owner(settings.database_owner_url) as database:
        now = await editions_in_force(database, TODAY)
        assert now.tax is not None
        sheet = await load_rates(database, now.rates)
        model = await load_risk(database, now.risk)
        taxes = await load_taxes(database, now.tax)
        rates = [changed(row, "buy_rate_bp", 35.0) for row in sheet.programmes]
        curves = [changed(row, "cnl", 0.001) for row in model.curves]
        rules = [changed(row, "rate_bp", 25.0) for row in taxes.rules]
        async with database.transaction():
            for kind, rows in ((RATES, rates), (RISK, curves), (TAXES, rules)):
                await store_version(database, kind, Edition("moved", TOMORROW, is_sample=True), rows)
            await database.execute("UPDATE vehicles SET price_cents = price_cents + 12345")


def changed(row: Programme | RiskCurve | TaxRule, name: str, by: float) -> Any:
    """Return a row with one number raised."""
    return msgspec.structs.replace(row, **{name: getattr(row, name) + by})


async def test_pencils_replay_after_everything_has_moved(stocked: Settings, desk: Desk) -> None:
    """Quotes of today come out to the cent after a new rate sheet, risk model and tax table are in force and
    every car is repriced; a quote of then differs.
    """
    cars = await some_cars(desk.pool, 25)
    before = [await desk.quote(car, tax_rate_bp=None) for car in cars]
    before += [await desk.quote(car, tax_rate_bp=None, discount_cents=20_000) for car in cars[:5]]
    first = next(quote for quote in before if quote["eligible"] and "programme_id" in quote)
    only = await desk.quote(first["vehicle_id"], tax_rate_bp=None, programme_id=first["programme_id"])
    assert only["payment_cents"] == first["payment_cents"]
    await move_on(stocked, desk)
    later = await desk.quote(first["vehicle_id"], day=TOMORROW, tax_rate_bp=None)
    assert later["versions"] == {
        **first["versions"],
        "inventory": later["versions"]["inventory"],
        **dict.fromkeys(("rates", "risk", "tax"), "moved"),
    }
    assert later["payment_cents"] != first["payment_cents"]
    async with connect_as_owner(stocked.database_owner_url) as database:
        verified = await verify_pencils(database)
    assert verified.differences == []
    assert verified.equal == len({quote["pencil_id"] for quote in [*before, only, later]}) == 32


async def test_subvented_and_state_limited_pencils_replay(stocked: Settings, desk: Desk) -> None:
    """A manufacturer's rate in place of its rebate, and a markup that the state cuts: each comes out to the
    cent after rates, rebates and state limits have moved on.
    """
    rebated = await desk.pool.fetch(
        "SELECT vehicle_id::text FROM vehicles WHERE status = 'available' AND is_new AND make = 'Chevrolet'"
        " ORDER BY vin LIMIT 25"
    )
    prime: dict[str, Any] = {"tier": Tier.PRIME, "tax_rate_bp": None, "terms_months": [60]}
    subvented = [
        await desk.quote(row["vehicle_id"], programme_id=f"{LAKESHORE}-subvented", **prime) for row in rebated
    ]
    subvented = [quote for quote in subvented if quote["eligible"]]
    given_up = [quote for quote in subvented if quote.get("rebate_given_up_cents")]
    assert {quote["rebate_given_up_cents"] for quote in given_up} == {1_250_00}
    car = given_up[0]["vehicle_id"]
    usual = await desk.quote(car, programme_id=LAKESHORE, **prime)
    assert usual["rebate_cents"] == given_up[0]["rebate_cents"] + 1_250_00
    assert usual["rate_bp"] > given_up[0]["rate_bp"] + 345

    strict = StateLimit(state="OH", markup_max_bp=50.0, source="a test", source_date=TODAY)
    async with connect_as_owner(stocked.database_owner_url) as database, database.transaction():
        await store_version(database, LIMITS, Edition("strict", TOMORROW, is_sample=True), [strict])
    cut = await desk.quote(car, day=TOMORROW, programme_id=LAKESHORE, **prime)
    assert usual["rate_bp"] - cut["rate_bp"] == float(desk.deal.standard_markup_bp) - 50
    assert cut["payment_cents"] < usual["payment_cents"]

    await move_on(stocked, desk)
    later = TOMORROW + dt.timedelta(days=1)
    async with connect_as_owner(stocked.database_owner_url) as database:
        lax = msgspec.structs.replace(strict, markup_max_bp=None)
        async with database.transaction():
            await store_version(database, LIMITS, Edition("lax", later, is_sample=True), [lax])
            await store_version(database, REBATES, Edition("none", TOMORROW, is_sample=True), [NO_REBATE])
        after = await desk.quote(car, day=later, programme_id=LAKESHORE, **prime)
        # Without a rebate to give up, the subvented rate is the lender's only one.
        assert (after["eligible"], after["binding"]) == (False, "rate")
        verified = await verify_pencils(database)
    assert (verified.differences, verified.equal) == ([], len(rebated) + 3)


async def test_a_dearer_transfer_is_another_pencil(stocked: Settings, desk: Desk) -> None:
    """A car of another store is worth less by what its transfer costs more, and by the floorplan of the days
    that it takes longer; nothing else of the quote moves, and the one before it still comes out.
    """
    cars = dict(
        await desk.pool.fetch(
            "SELECT vehicle_id::text, floorplan_day_cents FROM vehicles WHERE store_id = 'northgate'"
            " AND status = 'available' AND floorplan_day_cents > 0 ORDER BY vin LIMIT 25"
        )
    )
    quotes = [await desk.quote(car) for car in cars]
    lent = (quote for quote in quotes if "programme_id" in quote)
    before = max(lent, key=lambda one: one["value"]["npv_cents"])
    async with connect_as_owner(stocked.database_owner_url) as database:
        await database.execute(
            "UPDATE store_transfers SET cost_cents = cost_cents + 10000, days = days + 4"
            " WHERE from_store = 'northgate'"
        )
        after = await desk.quote(before["vehicle_id"])
        verified = await verify_pencils(database)
    fell = before["value"]["npv_cents"] - after["value"]["npv_cents"]
    assert fell == 10_000 + 4 * cars[before["vehicle_id"]]
    assert fell == before["value"]["parts"]["front_gross"] - after["value"]["parts"]["front_gross"]
    assert (after["payment_cents"], after["rev"]) == (before["payment_cents"], before["rev"])
    assert after["pencil_id"] != before["pencil_id"]
    assert (verified.equal, verified.differences) == (26, [])


async def test_the_same_question_is_one_pencil(desk: Desk) -> None:
    """Asked again, a quote is the pencil of the first time; other terms, or another day, make another."""
    car = (await some_cars(desk.pool, 1))[0]
    first = await desk.quote(car)
    assert (await desk.quote(car))["pencil_id"] == first["pencil_id"]
    others = [
        await desk.quote(car, fees_cents=123_400),
        await desk.quote(car, day=TOMORROW),
        await desk.quote(car, programme_id="no such programme"),
    ]
    assert len({quote["pencil_id"] for quote in [first, *others]}) == 4
    assert await desk.pool.fetchval("SELECT count(*) FROM pencils") == 4


async def test_a_pencil_that_differs_is_told(stocked: Settings, desk: Desk) -> None:
    """verify-pencils counts what is equal, names the field of what is not, and then exits with 1."""
    await desk.quote((await some_cars(desk.pool, 1))[0])
    await desk.pool.execute(
        "INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car,"
        " choice, answer, discount_cents, created_by)"
        " SELECT deal_id, deal_version, vehicle_id, vehicle_rev, $1, versions, inputs, car, choice,"
        " answer || '{\"price_cents\": 1}', discount_cents, created_by FROM pencils",
        str(uuid.uuid4()),
    )
    async with connect_as_owner(stocked.database_owner_url) as database:
        verified = await verify_pencils(database)
    assert verified.equal == 1
    assert [each.what for each in verified.differences] == ["price_cents"]
    run = await asyncio.to_thread(CliRunner().invoke, app, ["verify-pencils"], env=stocked.environment())
    assert run.exit_code == 1
    assert run.stdout == "1 pencils match to the cent, 1 differ\n"
    assert run.stderr.endswith(": price_cents\n")


async def test_the_report_has_the_last_pencil_of_each_deal(stocked: Settings, desk: Desk) -> None:
    """What-ifs on the way do not count; a month has its own deals."""
    away = {"discount_cents": 30_000, "rebate_cents": 5_000, "trade_allowance_cents": 7_000}
    for car in await some_cars(desk.pool, 8):
        last = await desk.quote(car, **away)
    if not last["eligible"]:
        last = await desk.quote((await some_cars(desk.pool, 1))[0], **away)
    async with desk.pool.acquire() as connection:
        (given,) = await given_in(connection, TODAY)
        assert await given_in(connection, TODAY - dt.timedelta(days=40)) == []
    assert given.discount_cents >= 30_000
    # The report counts all that was given away: besides the discount, the rebate and a trade without an ACV.
    assert given.concession_cents == given.discount_cents + 5_000 + 7_000
    assert 0 <= given.markup_bp <= desk.deal.standard_markup_bp
    heads, every, *groups = markup_report([given])
    assert heads.split()[:2] == ["group", "deals"]
    assert every.split()[:2] == ["all", "1"]
    assert every.split()[-1] == f"{given.concession_cents / 100:,.2f}"
    assert [line.split(":")[0] for line in groups] == ["lender", "salesperson", "reason"]
    command = ["report-markup", "--month", f"{TODAY:%Y-%m}"]
    run = await asyncio.to_thread(CliRunner().invoke, app, command, env=stocked.environment())
    assert (run.exit_code, run.stdout.splitlines()) == (0, [heads, every, *groups])


def test_the_report_of_nothing() -> None:
    """A month without quotes has its line of all deals, at zero."""
    assert markup_report([])[1].split()[:3] == ["all", "0", "0.00"]
