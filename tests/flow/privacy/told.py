"""A deal into whose every text and personal field somebody writes what can be found again."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from msgspec import UNSET
from msgspec.structs import replace
from redis.asyncio import Redis

from protocol.deal.customers import CustomerChanges
from protocol.deal.structure import StructureChanges
from protocol.deal.trades import TradeChanges
from protocol.deal.workflow import Action, Reason
from server.database.core.pool import connect_as_owner
from server.log.links.connecting import connect_redis
from server.settings import Settings
from server.work.queue import DEAD_KEY
from tests.flow.by_link import Doors, cookie_of
from tests.flow.desk import Both, seen, valued
from tests.flow.shop import EASY, events_until

VIN: Final = "1HGCM82633A004352"
INCOME_CENTS, CO_INCOME_CENTS, DEBT_CENTS = 7_654_321, 1_234_567, 43_219
FACTS: Final = CustomerChanges(
    name="Zqname Zqlast",
    phone="937 555 0199731",
    address_line="Zqstreet 9",
    city="Zqtown",
    state="OH",
    postal_code="45499",
    monthly_income_cents=INCOME_CENTS,
    other_debt_cents=DEBT_CENTS,
    score=713,
    score_source="bureau",
    score_date=dt.date(2026, 1, 17),
    co_name="Zqpartner",
    co_monthly_income_cents=CO_INCOME_CENTS,
)
WORDS: Final = (
    *(
        "zqname",
        "zqlast",
        "zqstreet",
        "zqtown",
        "zqpartner",
        "zqmake",
        "zqmodel",
        "zqbank",
        "zqnote",
        "zqscene",
        "zqsource",
    ),
    *("zqstipulation", "0199731", "45499", VIN.lower(), str(INCOME_CENTS), str(CO_INCOME_CENTS)),
    *(str(INCOME_CENTS + CO_INCOME_CENTS), str(DEBT_CENTS), "203.0.113.77", "zqdevice"),
)
"""What must not be found afterwards, in lower case."""


async def tell(both: Both, url: str) -> None:
    """Work the deal with its customer's data in every field of the store that takes a text."""
    manager, sales = both.manager, both.sales
    await manager.desk.customer(FACTS)
    trade = TradeChanges(
        id="trade-1",
        year=2019,
        make="Zqmake",
        model="Zqmodel",
        vin=VIN,
        lienholder="Zqbank",
        acv_cents=5_000_00,
    )
    await manager.terms(
        replace(EASY, trade_allowance_cents=UNSET, trade_acv_cents=UNSET, payoff_cents=UNSET, trades=[trade])
    )
    await both.caught_up()
    await sales.search(limit=20)
    await asyncio.gather(events_until(sales, valued), events_until(manager, valued))
    await sales.desk.note("Zqnote: their sister works here")
    await sales.scenarios.add("Zqscene")
    await seen(sales, lambda deal: bool(deal.scenarios))
    await sales.scenarios.add("Zqscene two", source=sales.scenarios.named("Zqscene").id)
    await seen(sales, lambda deal: isinstance(deal.scenarios, list) and len(deal.scenarios) == 2)
    await sales.scenarios.change(sales.scenarios.named("Zqscene two"), name="Zqscene three")
    await seen(sales, lambda deal: "Zqscene three" in {each.name for each in deal.scenarios or []})
    await sales.scenarios.use(sales.scenarios.named("Zqscene three"))
    await both.caught_up()
    for car in both.cars[1:4]:
        await manager.quote(car, StructureChanges(cash_down_cents=1_500_00))
    await accept(both, url)
    await both.caught_up()


async def tell_beside(run_sql: Callable[..., Awaitable[object]], deal_id: str, customer: str) -> None:
    """Write what a warehouse stated of the customer, and that their device was held back."""
    await run_sql(
        "INSERT INTO customer_sources (customer_id, source_id, facts, stated_at)"
        " VALUES ($1, 'zqsource', $2, now())",
        *(customer, {"name": "Zqname Zqlast"}),
    )
    await run_sql(
        "INSERT INTO security_events"
        " (at, until, count, kind, store_id, address, connection_id, deal_id, detail)"
        " SELECT now(), now(), 3, kind, store_id, '203.0.113.77', 'zqdevice', deal_id, $2"
        "   FROM deals CROSS JOIN unnest(ARRAY['throttled', 'flooded', 'forbidden', 'offer_opened']) AS kind"
        "  WHERE deal_id = $1",
        *(deal_id, {"link": "1"}),
    )


async def tell_a_lender(both: Both) -> None:
    """Submit the deal; the lender decides, with a stipulation, and the desk counters."""
    offer = await both.submitted()
    await both.lender_approves(offer, stipulations=["Zqstipulation"])
    await both.manager.desk.act(
        Action.COUNTER, Reason.PAYMENT_TOO_LOW, changes=StructureChanges(cash_down_cents=3_000_00)
    )
    await both.caught_up()


async def accept(both: Both, url: str) -> None:
    """Present the first car, and let the customer like it on a device of their own."""
    car = both.cars[0]
    await both.sales.desk.select(car)
    await both.agree(lambda deal: deal.selected is not None)
    await both.sales.presenting.present(vehicle_ids=[car])
    shared = await both.sales.presenting.share()
    doors = Doors((url,), both.sales.channel)
    cookie = cookie_of(await doors.post(shared.path.partition("#")[2], 0))
    async with doors.open(cookie, 0) as page:
        await page.ask("join")
        shown = (await page.shown())["cars"][0]["ways"][0]
        cell = shown["own"]
        assert (await page.like(cell, vehicle_id=car, kind=shown["kind"]))["ok"]
    await seen(both.manager, lambda deal: bool(deal.acceptances))


async def bury_a_job(redis: Redis, deal_id: str) -> None:
    """Give up a job of the deal, and one of another deal."""
    for about in (deal_id, "another"):
        letter = {"job": f'{{"channel":"deal:{about}"}}', "reason": "tried", "body": f"{INCOME_CENTS}"}
        if about == "another":
            letter["body"] = "kept"
        await redis.xadd(DEAD_KEY, letter)  # type: ignore[arg-type]


async def found_in_postgres(owner: asyncpg.Connection, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return each word of ``words`` with the table that has it in any column, or the planner's samples."""
    tables = await owner.fetch(
        "SELECT relname FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm')"
    )
    found: list[tuple[str, str]] = []
    for table in (*(row["relname"] for row in tables), "pg_stats"):
        holding = await owner.fetch(
            "SELECT word FROM unnest($1::text[]) AS word WHERE EXISTS"  # noqa: S608 - names of the schema
            f" (SELECT FROM {table} t WHERE strpos(lower(t::text), word) > 0)",
            list(words),
        )
        found += [(table, row["word"]) for row in holding]
    return found


async def found_in_redis(redis: Redis, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return each key whose name or contents have a word."""
    found = []
    async for key in redis.scan_iter():
        kind = (await redis.type(key)).decode()
        read: dict[str, Any] = {
            "string": redis.get,
            "hash": redis.hgetall,
            "list": lambda name: redis.lrange(name, 0, -1),
            "set": redis.smembers,
            "zset": lambda name: redis.zrange(name, 0, -1),
            "stream": redis.xrange,
        }
        held = repr((key, await read[kind](key))).lower()
        found += [(key.decode(), word) for word in words if word in held]
    return found


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[tuple[asyncpg.Connection, Redis]]:
    """Open the database as its owner, and Redis."""
    redis = connect_redis(settings.redis_url, 1, settings.redis_uid)
    try:
        async with connect_as_owner(settings.database_owner_url) as owner:
            yield owner, redis
    finally:
        await redis.aclose()
