"""Versioned tables on a real PostgreSQL: imported whole or not at all, dated, and read back as they were."""

import asyncio
import datetime as dt
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from protocol.money.lending import StateLimit, TaxRule
from protocol.records import Tier
from server.database.core.pool import open_pool, prepare_connection
from server.database.core.scope import StoreScopes
from server.database.deals.deals import list_deals, load_deal
from server.database.editions.leases import load_leases
from server.database.editions.rates import (
    NotInForce,
    load_limits,
    load_rates,
    load_rebates,
    load_risk,
    load_taxes,
)
from server.database.editions.versions import editions_in_force
from server.database.editions.writing import RATES, Edition, store_version
from server.database.importing import RULES, STATE_LIMITS, TableRejected, import_table
from server.database.sample import leases, lenders, limits, rebates, taxes
from server.database.sample.seed import VERSION, SeedPlan
from server.settings import Settings
from tests.services import ROOT, Database

pytestmark = pytest.mark.flow

HEADER = "jurisdiction,state,rate_percent,credit_cap\n"
OHIO = 'Ohio,OH,5.75,"10,000"\n'
DAY = dt.date(2026, 7, 1)
NEXT_YEAR = dt.date(dt.datetime.now(dt.UTC).year + 1, 1, 1)


@pytest.fixture
def sample() -> SeedPlan:
    """Enough cars to read rates and taxes with."""
    return SeedPlan(vehicles=300, customers=40, deals=6)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to a seeded database."""
    connection = await asyncpg.connect(database.owner_url)
    await prepare_connection(connection)
    yield connection
    await connection.close()


def rules_file(folder: Path, *rows: str) -> Path:
    """Write a tax table."""
    path = folder / "rules.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


async def counts(owner: asyncpg.Connection) -> tuple[int, int]:
    """Return how many tax tables and rules there are."""
    return await owner.fetchval("SELECT count(*) FROM tax_tables"), await owner.fetchval(
        "SELECT count(*) FROM tax_rules"
    )


async def test_a_seed_holds_every_table(owner: asyncpg.Connection) -> None:
    """Rates, risk, taxes, rebates, limits and leases read back as the sample states them; all are marked."""
    year = dt.datetime.now(dt.UTC).year
    assert set((await load_rates(owner, VERSION)).programmes) == set(lenders.sample_programmes(year))
    assert set((await load_risk(owner, VERSION)).curves) == set(lenders.CURVES)
    assert set((await load_taxes(owner, VERSION)).rules) == set(taxes.RULES)
    assert set(await load_rebates(owner, VERSION)) == set(rebates.sample_rebates(year))
    assert set((await load_limits(owner, VERSION)).limits) == set(limits.LIMITS)
    assert set((await load_leases(owner, VERSION)).programmes) == set(leases.sample_leases(year))
    heads = ("rate_sheets", "risk_models", "tax_tables", "rebate_sheets", "limit_tables", "lease_sheets")
    for head in heads:
        assert await owner.fetchval(f"SELECT bool_and(is_sample) FROM {head}")  # noqa: S608 - names above


async def test_the_sample_taxes_every_sample_customer(owner: asyncpg.Connection) -> None:
    """Several states, each with a rule: no sample deal is refused for want of one."""
    states = {row["state"] for row in await owner.fetch("SELECT DISTINCT state FROM customers")}
    assert len(states) > 1
    assert states <= {rule.state for rule in taxes.RULES}


async def test_an_imported_table_is_in_force_from_its_day(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """The version reads back; before its day the older one stays in force."""
    edition = Edition("2027", NEXT_YEAR, is_sample=False)
    assert await import_table(database.owner_url, rules_file(tmp_path, OHIO), RULES, edition) == 1
    assert (await load_taxes(owner, "2027")).rules == (
        TaxRule(jurisdiction="Ohio", state="OH", rate_bp=575.0, credit_cap_cents=10_000_00),
    )
    for day, version in ((NEXT_YEAR - dt.timedelta(days=1), VERSION), (NEXT_YEAR, "2027")):
        in_force = await editions_in_force(owner, day)
        assert (in_force.tax, in_force.rebates, in_force.limits) == (version, VERSION, VERSION)


async def test_a_wrong_file_stores_nothing(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """One wrong row among good ones, a version that is there, a day that is taken: all told, none stored."""
    before = await counts(owner)
    path = rules_file(tmp_path, OHIO, "Indiana,IN,seven,\n")
    taken = Edition(VERSION, dt.date(dt.datetime.now(dt.UTC).year, 1, 1), is_sample=True)
    with pytest.raises(TableRejected) as caught:
        await import_table(database.owner_url, path, RULES, taken)
    assert {fault.column for fault in caught.value.faults} == {
        "--version",
        "--effective-from",
        "rate_percent",
    }
    assert await counts(owner) == before


@pytest.mark.parametrize(
    "edition",
    [
        ("", DAY, "--version"),
        ("a\x1b[2J", DAY, "--version"),
        ("v" * 65, DAY, "--version"),
        (" spaced", DAY, "--version"),
        ("old", dt.date.min, "--effective-from"),
        ("late", dt.date.max, "--effective-from"),
    ],
)
async def test_a_version_that_no_screen_could_name_is_refused(
    database: Database, owner: asyncpg.Connection, tmp_path: Path, edition: tuple[str, dt.date, str]
) -> None:
    """Its name stands in every pencil; its first day is one that a contract may have."""
    version, day, column = edition
    before = await counts(owner)
    with pytest.raises(TableRejected) as caught:
        await import_table(
            database.owner_url, rules_file(tmp_path, OHIO), RULES, Edition(version, day, is_sample=False)
        )
    (fault,) = caught.value.faults
    assert fault.column == column
    assert "\x1b" not in str(fault)
    assert await counts(owner) == before


async def test_rows_that_make_no_table_together_store_nothing(
    owner: asyncpg.Connection, database: Database, tmp_path: Path
) -> None:
    """What the check of the whole table finds is a fault like any other."""
    before = await counts(owner)

    def refuse(rules: Sequence[TaxRule]) -> None:
        raise ValueError(f"{rules[0].jurisdiction}: cannot be computed with")

    with pytest.raises(TableRejected, match="Ohio: cannot be computed with"):
        await import_table(
            database.owner_url, rules_file(tmp_path, OHIO), RULES, Edition("t9", DAY, is_sample=False), refuse
        )
    assert await counts(owner) == before


async def test_two_imports_of_one_version_do_not_mix(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Of two at the same moment one is stored, and the other is told that its version is there."""
    path, edition = rules_file(tmp_path, OHIO), Edition("twin", DAY, is_sample=False)
    results = await asyncio.gather(
        *(import_table(database.owner_url, path, RULES, edition) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["TableRejected", "int"]
    assert await owner.fetchval("SELECT count(*) FROM tax_rules WHERE tax_version = 'twin'") == 1


async def test_unknown_versions_are_named(owner: asyncpg.Connection) -> None:
    """Asking for a table that is not there says which."""
    with pytest.raises(NotInForce, match="no tax table t9"):
        await load_taxes(owner, "t9")
    with pytest.raises(NotInForce, match="no rebate sheet b9"):
        await load_rebates(owner, "b9")
    with pytest.raises(NotInForce, match="no table of state limits l9"):
        await load_limits(owner, "l9")


async def test_state_limits_are_imported_and_in_force_from_their_day(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """With their source; the table before stays as it was."""
    path = tmp_path / "limits.csv"
    path.write_text(
        "state,rate_max_percent,doc_fee_max,source,source_date\nOH,25,250,Statute,2026-01-02\n",
        encoding="utf-8",
    )
    edition = Edition("2027", NEXT_YEAR, is_sample=False)
    assert await import_table(database.owner_url, path, STATE_LIMITS, edition) == 1
    assert (await load_limits(owner, "2027")).limits == (
        StateLimit(
            state="OH",
            rate_max_bp=2_500.0,
            doc_fee_max_cents=250_00,
            source="Statute",
            source_date=dt.date(2026, 1, 2),
        ),
    )
    assert (await editions_in_force(owner, NEXT_YEAR)).limits == "2027"
    assert set((await load_limits(owner, VERSION)).limits) == set(limits.LIMITS)


async def test_overlapping_rows_are_stored_in_the_order_of_the_file(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Two rows of one programme, tier and term; the sheet has both, the first of the file first."""
    rows = [row for row in lenders.sample_programmes(2026) if row.programme_id == "meridian-bank-used"]
    large, usual = (
        row
        for row in sorted(rows, key=lambda row: row.buy_rate_bp)
        if row.tier is Tier.PRIME and row.term_months == 72
    )
    async with owner.transaction():
        await store_version(owner, RATES, Edition("two", NEXT_YEAR, is_sample=True), [large, usual])
    assert (await load_rates(owner, "two")).programmes == (large, usual)


async def test_a_deal_brings_what_the_money_needs(owner: asyncpg.Connection, settings: Settings) -> None:
    """Seller's authority, store's product share and state cap, customer's address and eligibilities."""
    deal_id = (await list_deals(owner, "riverside", None, 1))[0][0].id
    await owner.execute("UPDATE stores SET markup_cap_bp = 125.5 WHERE store_id = 'riverside'")
    await owner.execute("UPDATE customers SET rebate_eligibility = '{military}'")
    async with await open_pool(settings) as pool, StoreScopes(pool).of("riverside").acquire() as app:
        deal = await load_deal(app, deal_id)
    assert deal is not None
    assert (deal.discount_authority_cents, deal.product_cost_share_bp, deal.markup_cap_bp) == (
        500_00,
        4_500.0,
        125.5,
    )
    assert deal.customer.eligibilities == ("military",)
    assert deal.customer.postal_code


def test_the_command_stores_or_tells_every_fault(database: Database, redis_url: str, tmp_path: Path) -> None:
    """A good file is one line on standard output; a bad one a line for each fault, and exit code 2."""
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "DATABASE_OWNER_URL": database.owner_url,
        "REDIS_URL": redis_url,
    }

    def run(path: Path, version: str, day: str) -> subprocess.CompletedProcess[str]:
        words = ("import-tax", str(path), "--version", version, "--effective-from", day)
        return subprocess.run(
            [sys.executable, "-m", "server", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    good = run(rules_file(tmp_path, OHIO), "t1", "2026-07-01")
    assert (good.returncode, good.stdout) == (0, "tax table t1: 1 rows, in force from 2026-07-01\n"), good
    bad = run(rules_file(tmp_path, OHIO, "Indiana,IN,seven,\n", "Kentucky,ky,6,\n"), "t2", "2026-08-01")
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 3, bad.stderr
    assert "line 3, rate_percent: expected a percentage from 0 to 100, found 'seven'" in bad.stderr
    assert "line 4, state: expected a state as two capital letters, such as OH, found 'ky'" in bad.stderr
