"""A customer is erased: nothing that was told of them is left anywhere, and the audit is as it was."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from protocol.closing import CommandError
from protocol.deal.workflow import Action, Reason
from protocol.records import View
from server.clock import utc_now
from server.database.core.pool import connect_as_owner
from server.database.deals.audit import audit_json
from server.database.deals.history import deal_at, load_history
from server.keep import Keep
from server.privacy.batches import Failed, erase_customers
from server.privacy.erasing import CustomerUnknown, Outcome, RecordChanged, Request, erase_customer
from server.privacy.exporting import export_customer
from server.privacy.obligations import DealsOpen
from server.privacy.retaining import retain
from server.settings import Settings
from server.work.replay import verify_pencils
from tests.flow.deals.test_audit import run_command
from tests.flow.desk import Both, open_both
from tests.flow.privacy.told import (
    WORDS,
    bury_a_job,
    found_in_postgres,
    found_in_redis,
    open_stores,
    tell,
    tell_a_lender,
    tell_beside,
)
from tests.flow.shop import connect, token_of

pytestmark = pytest.mark.flow

KEEP = Keep()
YEARS_LATER = dt.timedelta(days=3 * 366)


class Broken(Exception):
    """The machine stops in the middle."""


async def others(owner: asyncpg.Connection, customer: str) -> list[Any]:
    """Return the rows of everybody else."""
    return [
        *await owner.fetch(
            "SELECT c::text FROM customers c WHERE customer_id::text <> $1 ORDER BY 1", customer
        ),
        *await owner.fetch(
            "SELECT d::text, e::text FROM deals d LEFT JOIN deal_events e USING (deal_id)"
            " WHERE customer_id::text <> $1 ORDER BY d.deal_id, e.no",
            customer,
        ),
    ]


async def figures(owner: asyncpg.Connection, deal_id: str) -> list[Any]:
    """Return what must stay to the cent: events without texts, pencils' answers, offers."""
    return [
        *await owner.fetch(
            "SELECT no, op, kind, user_id, at, body->'version', body->>'reason',"
            "       body->'offer'->'payment_cents',"
            "       body->'agreed', body->'acceptance'->'figures', body->'by'->>'id'"
            "  FROM deal_events WHERE deal_id = $1 ORDER BY no",
            deal_id,
        ),
        *await owner.fetch(
            "SELECT pencil_id, answer, car, choice, versions, created_at FROM pencils"
            " WHERE deal_id = $1 ORDER BY 1",
            deal_id,
        ),
        *await owner.fetch(
            "SELECT offer_id, npv_cents, body FROM offers WHERE deal_id = $1 ORDER BY 1", deal_id
        ),
    ]


@pytest.fixture
async def opened(stocked: Settings, tmp_path: Path) -> AsyncIterator[Both]:
    """A deal with everything told, open at two people's; the desk has countered."""
    async with open_both(stocked, tmp_path) as both:
        await tell(both, f"http://127.0.0.1:{stocked.port}")
        await tell_a_lender(both)
        yield both


async def test_nothing_told_of_a_customer_is_left(opened: Both, stocked: Settings) -> None:
    """Refused while the deal is open or the customer must be told why, hidden while the law asks for the
    records, then erased.
    """
    deal_id, customer = opened.manager.state.id, opened.manager.state.customer.id
    request = Request(customer, "R-17", "ann")
    now = utc_now()
    async with open_stores(stocked) as (owner, redis):
        with pytest.raises(DealsOpen, match=deal_id):
            await erase_customer(owner, redis, request, KEEP, now=now)
        await opened.sales.desk.act(Action.LOSE, Reason.BANKRUPTCY)
        await opened.caught_up()
        with pytest.raises(DealsOpen, match=f"notices of adverse action.*{deal_id}"):
            await erase_customer(owner, redis, request, KEEP, now=now)
        await opened.manager.desk.finish_task(opened.manager.state.tasks[0].id)
        await opened.caught_up()
        await bury_a_job(redis, deal_id)
        await tell_beside(owner.execute, deal_id, customer)
        told = {word for _, word in await found_in_postgres(owner, WORDS)}
        assert told == set(WORDS)
        assert await found_in_redis(redis, WORDS)
        before, rest = await figures(owner, deal_id), await others(owner, customer)
        verified = await verify_pencils(owner)
        assert verified.equal > 3 and not verified.differences
        exported = await export_customer(owner, request)
        assert all(word in json.dumps(exported).lower() for word in WORDS)

        await waits_for_what_is_decided(stocked, owner, redis, request)
        said = await run_command(stocked, "erase-customer", customer, "--request", "R-17", "--yes")
        assert "hidden: a credit application must be kept until" in said
        await hidden(stocked, deal_id)
        await takes_nothing(owner, deal_id)
        assert await found_in_postgres(owner, WORDS), "kept for as long as the law asks"
        assert not await found_in_redis(redis, WORDS)

        def stops(what: str, done: int, total: int) -> None:
            if what == "pencils":
                raise Broken

        later = now + YEARS_LATER
        with pytest.raises(Broken):
            await erase_customer(owner, redis, request, KEEP, now=later, report=stops)
        await hidden(stocked, deal_id)
        assert (await retain(owner, redis, KEEP, now=later, most=10)).customers == 1
        await takes_nothing(owner, deal_id)
        assert await found_in_postgres(owner, WORDS) == []
        assert await found_in_redis(redis, WORDS) == []
        assert await redis.xlen("{value}:dead") == 1

        assert await figures(owner, deal_id) == before
        assert await others(owner, customer) == rest
        again = await verify_pencils(owner)
        assert (again.equal, again.differences) == (verified.equal, [])
        history = await load_history(owner, deal_id)
        assert history is not None
        assert deal_at(history, len(history.events)).state == "lost"
        audit = json.loads(audit_json(history))
        assert audit["customer"]["name"] == "[erased]" and audit["erased_at"]
        assert [event["no"] for event in audit["events"]] == list(range(1, len(audit["events"]) + 1))
        assert not any(word in json.dumps(audit).lower() for word in WORDS)

        result = await erase_customer(owner, redis, request, KEEP, now=later)
        assert result.outcome is Outcome.ALREADY
        await read_only(stocked, deal_id)
        await stays_away(owner, customer)
        await tampered(owner, deal_id)
        unknown = Request("00000000-0000-4000-8000-000000000000", "R-18", "ann")
        results = await erase_customers(owner, redis, [request, unknown], KEEP, now=later)
        errors = [type(each.error) for each in results if isinstance(each, Failed)]
        assert errors == [RecordChanged, CustomerUnknown], "the one behind it had its turn"


async def hidden(settings: Settings, deal_id: str) -> None:
    """Nobody of the store opens the deal."""
    async with connect(
        f"http://127.0.0.1:{settings.port}", await token_of(settings, "riverside-manager")
    ) as manager:
        with pytest.raises(CommandError) as refused:
            await manager.join(f"deal:{deal_id}", View.MANAGER)
    assert refused.value.code == "not_found"


async def waits_for_what_is_decided(
    settings: Settings, owner: asyncpg.Connection, redis: Redis, request: Request
) -> None:
    """Somebody is reopening the deal at that moment: the erasure sees it open."""
    reopened = "UPDATE deals SET state = $2 WHERE customer_id = $1 AND state = $3"
    async with connect_as_owner(settings.database_owner_url) as other:
        async with other.transaction():
            await other.execute(reopened, request.customer_id, "working", "lost")
            erasing = asyncio.create_task(erase_customer(owner, redis, request, KEEP, now=utc_now()))
            await asyncio.sleep(0.1)
        with pytest.raises(DealsOpen):
            await erasing
        await other.execute(reopened, request.customer_id, "lost", "working")


async def takes_nothing(owner: asyncpg.Connection, deal_id: str) -> None:
    """What somebody of the store, or a process that computes a quote, still has in memory is refused."""
    for statement in (
        "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
        " SELECT deal_id, last_no + 1, gen_random_uuid(), 'note_added', '{}', '{}' FROM deals"
        "  WHERE deal_id = $1",
        "INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car,"
        "                     answer, discount_cents, created_by)"
        " SELECT deal_id, deal_version, vehicle_id, vehicle_rev, 'another', versions, inputs, car, answer,"
        "        discount_cents, created_by FROM pencils WHERE deal_id = $1 LIMIT 1",
    ):
        with pytest.raises(asyncpg.CheckViolationError, match="hidden or erased"):
            await owner.execute(statement, deal_id)


async def read_only(settings: Settings, deal_id: str) -> None:
    """A fresh snapshot has nothing of the customer, and nobody changes the deal."""
    async with connect(
        f"http://127.0.0.1:{settings.port}", await token_of(settings, "riverside-manager")
    ) as manager:
        deal = await manager.join(f"deal:{deal_id}", View.MANAGER)
        assert not any(word in repr(deal.state).lower() for word in WORDS)
        assert deal.state.customer.name == "[erased]"
        for doing in (deal.desk.note("they called"), deal.desk.act(Action.REOPEN, Reason.CUSTOMER_RETURNED)):
            with pytest.raises(CommandError) as refused:
                await doing
            assert refused.value.code == "conflict"


async def stays_away(owner: asyncpg.Connection, customer: str) -> None:
    """What a warehouse still has of the customer changes nothing, and nobody begins a deal with them."""
    assert (
        await owner.execute("UPDATE customers SET name = 'Back' WHERE customer_id = $1", customer)
        == "UPDATE 0"
    )
    with pytest.raises(asyncpg.CheckViolationError, match="erased"):
        await owner.execute(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure FROM deals"
            " WHERE customer_id = $1 LIMIT 1",
            customer,
        )


async def tampered(owner: asyncpg.Connection, deal_id: str) -> None:
    """What is left cannot be changed by the owner either, unless a trigger is taken off."""
    change = (
        'UPDATE deal_events SET body = body || \'{"reason": "unresponsive"}\' WHERE deal_id = $1 AND no = 1'
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(change, deal_id)
    await owner.execute("ALTER TABLE deal_events DISABLE TRIGGER USER")
    await owner.execute(change, deal_id)
