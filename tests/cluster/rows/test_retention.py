"""What is old enough goes, and nothing else."""

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from redis.exceptions import ConnectionError as LostConnection

from server.clock import utc_now
from server.commands.privacy.retaining import METRICS, write_metrics
from server.database.core.partitions import unplaced
from server.keep import Keep
from server.privacy.erasing import Outcome, Request, erase_customer
from server.privacy.forgetting import Forgetting
from server.privacy.obligations import must_keep
from server.privacy.retaining import retain, what_is_due
from server.settings import Settings
from tests.flow.privacy.told import open_stores

pytestmark = pytest.mark.flow

KEEP = Keep()
MONTH = dt.timedelta(days=31)
AGED = """
WITH chosen AS (SELECT customer_id FROM deals WHERE store_id = 'riverside'
                 GROUP BY 1 HAVING bool_and(state NOT IN ('signed', 'lost')) LIMIT 1)
UPDATE deals SET state = 'lost' WHERE customer_id IN (SELECT customer_id FROM chosen)
RETURNING customer_id::text
"""


@pytest.fixture
async def owner(stocked: Settings) -> AsyncIterator[asyncpg.Connection]:
    """The database as its owner."""
    async with open_stores(stocked) as (connection, _):
        yield connection


async def aged(owner: asyncpg.Connection, months: int) -> str:
    """Let a customer's deals be lost so long ago; return the customer."""
    customer: str = await owner.fetchval(AGED)
    await owner.execute("ALTER TABLE deals DISABLE TRIGGER USER")
    await owner.execute(
        "UPDATE deals SET updated_at = now() - make_interval(months => $2) WHERE customer_id = $1",
        *(customer, months),
    )
    await owner.execute("ALTER TABLE deals ENABLE TRIGGER USER")
    return customer


async def test_a_customer_whose_deals_were_lost_long_ago_is_erased(
    stocked: Settings, owner: asyncpg.Connection
) -> None:
    """After the period, not before; open deals are never touched."""
    customer = await aged(owner, KEEP.lost - 1)
    async with open_stores(stocked) as (_, redis):
        assert not (await what_is_due(owner, KEEP, utc_now())).customers
        later = utc_now() + 2 * MONTH
        due = await what_is_due(owner, KEEP, later)
        assert [each.customer_id for each in due.customers] == [customer]
        done = await retain(owner, redis, KEEP, now=later, most=10)
        assert (done.customers, done.left) == (1, 0)
        names = await owner.fetch("SELECT customer_id::text, name FROM customers")
        assert {row["customer_id"] for row in names if row["name"] == "[erased]"} == {customer}
        assert (await retain(owner, redis, KEEP, now=later, most=10)).customers == 0


async def test_nobody_counts_as_erased_before_redis_has_forgotten(
    stocked: Settings, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis goes away at the end of a run: the next run does it again."""
    customer = await aged(owner, KEEP.lost + 1)
    digest = "SELECT digest FROM erasures WHERE customer_id = $1"

    async def fails(_: Forgetting) -> int:
        raise LostConnection("away")

    async with open_stores(stocked) as (_, redis):
        with monkeypatch.context() as away, pytest.raises(LostConnection):
            away.setattr(Forgetting, "finish", fails)
            await retain(owner, redis, KEEP, now=utc_now(), most=10)
        assert await owner.fetchval(digest, customer) is None
        assert (await retain(owner, redis, KEEP, now=utc_now(), most=10)).customers == 1
        assert await owner.fetchval(digest, customer) is not None


async def test_one_who_cannot_be_erased_keeps_nobody_from_it(
    stocked: Settings, owner: asyncpg.Connection
) -> None:
    """A pencil cannot be read: the other customer is erased, everything else is done, and the run says so."""
    bad, good = await aged(owner, KEEP.lost + 2), await aged(owner, KEEP.lost + 1)
    await owner.execute(
        "INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car,"
        "                     answer, discount_cents, created_by)"
        " SELECT deal_id, 0, (SELECT min(vehicle_id) FROM vehicles), 1, 'bad', '{}', '{}', '{}', '{}', 0,"
        "        salesperson_id FROM deals WHERE customer_id = $1 LIMIT 1",
        bad,
    )
    async with open_stores(stocked) as (_, redis):
        done = await retain(owner, redis, KEEP, now=utc_now(), most=10)
    assert (done.customers, [each.customer_id for each in done.failed]) == (1, [bad])
    assert await owner.fetchval("SELECT erased_at FROM customers WHERE customer_id = $1", good)
    async with open_stores(stocked) as (_, redis):
        again = await retain(owner, redis, KEEP, now=utc_now(), most=10)
    assert (again.customers, len(again.failed)) == (0, 1)


async def test_one_who_was_brought_back_is_erased(stocked: Settings, owner: asyncpg.Connection) -> None:
    """The request was noted as done while the customer was not there."""
    request = Request(await aged(owner, KEEP.lost), "R-1", "ann", store_id="riverside")
    await owner.execute(
        "INSERT INTO erasures (customer_id, store_id, request, asked_by, digest, erased_at)"
        " VALUES ($1, 'riverside', 'R-1', 'ann', sha256(''), now())",
        request.customer_id,
    )
    async with open_stores(stocked) as (_, redis):
        for outcome in (Outcome.ERASED, Outcome.ALREADY):
            result = await erase_customer(owner, redis, request, KEEP, now=utc_now())
            assert result.outcome is outcome


async def test_what_was_signed_is_kept_without_a_contract_document(owner: asyncpg.Connection) -> None:
    """An offer without a stored quote is signed without one."""
    customer = await aged(owner, KEEP.contracts - 1)
    assert await must_keep(owner, customer, KEEP, utc_now()) is None
    await owner.execute(
        "UPDATE deals SET state = 'signed', fulfilment = 'funded', contract = NULL WHERE customer_id = $1",
        customer,
    )
    kept = await must_keep(owner, customer, KEEP, utc_now())
    assert kept is not None and kept.reason == "a signed contract"


async def test_links_and_months_of_security_events_go(stocked: Settings, owner: asyncpg.Connection) -> None:
    """Links that ended long ago, but for accepted ones; whole months of events, and what no month has."""
    deal = await owner.fetchval("SELECT deal_id FROM deals LIMIT 1")
    links = [uuid.uuid4() for _ in range(3)]
    for link, ended in zip(links, (5, 5, 1), strict=True):
        await owner.execute(
            "INSERT INTO deal_links (link_id, deal_id, token_hash, made_by, made_at, expires_at)"
            " VALUES ($1, $2, sha256(uuid_send($1::uuid)), '{}', $3, $3::timestamptz + interval '1 hour')",
            *(link, deal, utc_now() - ended * MONTH),
        )
    await owner.execute(
        "INSERT INTO deal_acceptances (acceptance_id, deal_id, link_id, body)"
        " VALUES (gen_random_uuid(), $1, $2, '{}')",
        *(deal, links[1]),
    )
    old = utc_now() - (KEEP.security + 3) * MONTH
    for at in (old, utc_now()):
        await owner.execute(
            "INSERT INTO security_events (at, until, count, kind) VALUES ($1, $1, 1, 'signed_in')", at
        )
    before = await owner.fetchval("SELECT count(*) FROM security_events")
    async with open_stores(stocked) as (_, redis):
        done = await retain(owner, redis, KEEP, now=utc_now(), most=1)
    assert (done.links, done.security_events) == (1, 1)
    left = {row["link_id"] for row in await owner.fetch("SELECT link_id FROM deal_links")}
    assert left == set(links[1:])
    assert await owner.fetchval("SELECT count(*) FROM security_events") == before - 1


async def test_a_run_writes_its_metrics(stocked: Settings, owner: asyncpg.Connection, tmp_path: Path) -> None:
    """Each that is documented, for the textfile collector."""
    async with open_stores(stocked) as (_, redis):
        done = await retain(owner, redis, KEEP, now=utc_now(), most=1)
    path = tmp_path / "retain.prom"
    write_metrics(path, done, await unplaced(owner))
    found = re.findall(r"^(deal_\w+) ([\d.e+]+)$", path.read_text(), flags=re.MULTILINE)
    assert {name for name, _ in found} == set(METRICS)
    assert float(dict(found)["deal_months_ahead"]) == 3
