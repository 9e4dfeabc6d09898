"""Nothing of a customer, of a person or of money is in the logs: a deal with marked data, and what can go
wrong with it, at the level debug.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect as connect_raw
from websockets.exceptions import ConnectionClosed

from client import Deal
from protocol import codec
from protocol.closing import CommandError
from protocol.deal.customers import CustomerChanges
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.events import SearchEnded
from protocol.records import DealState, Filters, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.current import keep_current
from tests.flow.desk import Both, valued
from tests.flow.searches.searching import poison
from tests.flow.shop import connect, events_until, token_of
from tests.services import start_web, start_worker

pytestmark = pytest.mark.flow

MARK: Final = "zyxquoq"
SECRET: Final = "a secret of 32 characters or more"
ADDRESS: Final = "203.0.113.77"
AMOUNTS: Final = {
    "monthly_income_cents": 839_137,
    "other_debt_cents": 131_719,
    "allowance_cents": 901_931,
    "payoff_cents": 1_335_717,
    "cash_down_cents": 201_373,
    "cash_down_max_cents": 4_100_357,
    "payment_max_cents": 141_913,
}
CUSTOMER: Final = {
    "name": f"{MARK}a Nordwig",
    "phone": "(937) 555-8842",
    "address_line": f"77 {MARK}b Row",
    "city": f"{MARK}c",
    "state": "OH",
    "postal_code": "45424",
    **{name: AMOUNTS[name] for name in ("monthly_income_cents", "other_debt_cents")},
}
TERMS: Final = {
    "trades": [
        {
            "id": "trade-1",
            "year": 2019,
            "make": "Honda",
            "model": "CR-V",
            "mileage": 61_200,
            "lienholder": f"{MARK}d Credit Union",
            **{name: AMOUNTS[name] for name in ("allowance_cents", "payoff_cents")},
        }
    ],
    "terms_months": [60, 72],
    **{name: AMOUNTS[name] for name in ("cash_down_cents", "cash_down_max_cents", "payment_max_cents")},
}


@dataclass(frozen=True)
class House:
    """The store that the deal is worked in, and how to reach it."""

    settings: Settings
    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "x-forwarded-for": ADDRESS}


async def test_the_logs_hold_no_personal_data_and_no_money(stocked: Settings, tmp_path: Path) -> None:
    """They say what happened to which deal, search and connection, and nothing else of them."""
    settings = replace(stocked, demo=False, secret=SECRET, log_level="debug", trusted_proxies=("127.0.0.1",))
    async with start_web(settings, tmp_path) as web:
        house = House(settings, web.url, await token_of(settings, "riverside-sales"))
        async with (
            connect(web.url, house.token) as one,
            connect(web.url, await token_of(settings, "riverside-manager")) as two,
        ):
            channel = await _a_marked_deal(house)
            sales = keep_current(await one.join(channel, View.SALES), settings)
            manager = keep_current(await two.join(channel, View.MANAGER), settings)
            await sales.terms(codec.convert(StructureChanges, TERMS))
            await _bad_requests(house)
            await _bad_frames(house, channel)
            await _a_row_that_postgres_refuses(house, sales)
            await _a_search_that_nobody_can_read(house, sales)
            jobs = await _jobs_that_nobody_can_value(house, sales)
            async with start_worker(settings, tmp_path) as worker:
                await events_until(sales, valued)
                amounts = await _worked(Both(sales, manager, [], settings))
            lines = [*_records(web.output()), *_records(worker.output())]
    await _assert_quiet(settings, lines, amounts)
    deal = channel.removeprefix("deal:")
    _assert_named(lines, "command_degraded", deal=deal, connection_id=str)
    _assert_named(lines, "command_failed", deal=deal, connection_id=str)
    for event in ("job failed", "job given up"):
        _assert_named(lines, event, deal=deal, search_id=jobs, chunk=int)
    _assert_named(lines, "painted", deal=deal, connection_id=str)
    assert any("search_id" in line for line in lines if line["event"] == "painted")


async def _a_marked_deal(house: House) -> str:
    async with httpx.AsyncClient(base_url=house.url, headers=house.headers, timeout=60.0) as http:
        made = await http.post("/api/customers", json=CUSTOMER)
        assert made.status_code == 201, made.text
        begun = await http.post("/api/deals", json={"customer_id": made.json()["id"]})
        assert begun.status_code == 201
    return str(begun.json()["channel"])


async def _bad_requests(house: House) -> None:
    """What a program or a page may send over HTTP that is refused."""
    async with httpx.AsyncClient(base_url=house.url, headers=house.headers, timeout=60.0) as http:
        assert (await http.get("/api/find", params={"q": f"{MARK}a"})).status_code == 200
        assert (await http.get(f"/{MARK}", params={"q": MARK})).status_code == 404
        for body in (f'{{"name": "{MARK}', json.dumps(CUSTOMER | {"state": MARK})):
            made = await http.post(
                "/api/customers", content=body, headers={"content-type": "application/json"}
            )
            assert made.status_code == 422
        form = {"username": f"{MARK}g", "password": f"{MARK}h", "token": MARK}
        assert (await http.post("/login", data=form)).status_code >= 400
        wrong = {"authorization": f"Bearer {MARK}"}
        assert (await http.get("/api/deals", headers=wrong)).status_code == 401


async def _bad_frames(house: House, channel: str) -> None:
    """What a client may send over its socket that is refused; the last one ends the connection."""
    url = house.url.replace("http", "ws") + "/ws"
    async with connect_raw(url, additional_headers=house.headers) as socket:
        await socket.recv()
        seen = {"type": "painted", "channel": channel, "stage": "first_matches", "ms": 3}
        search = {"type": "search", "channel": channel, "op": str(uuid.uuid4())}
        for number, wrong in enumerate(
            (
                {"type": MARK},
                search | {"sort": MARK},
                search | {"filters": {"makes": [MARK], MARK: 1}},
                {"type": "note", "channel": f"deal:{MARK}", "op": str(uuid.uuid4()), "text": MARK},
                seen | {"search_id": MARK},
                seen | {"search_id": str(uuid.uuid4())},
            ),
            1,
        ):
            await socket.send(json.dumps(wrong | {"ref": number}))
            assert json.loads(await socket.recv())["ref"] == number
        await socket.send(f'{{"{MARK}')
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def _a_row_that_postgres_refuses(house: House, deal: Deal) -> None:
    """Postgres quotes what it refuses. Row-level security keeps rows out of details, but triggers and
    conversions quote values.
    """
    renamed = codec.convert(CustomerChanges, {"name": f"{MARK}a Suedwig"})
    async with connect_as_owner(house.settings.database_owner_url) as database:
        await database.execute(
            "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'refused: %', NEW USING DETAIL = NEW::text; END $$"
        )
        await database.execute(
            "CREATE TRIGGER quiet BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION quiet()"
        )
        with pytest.raises(CommandError, match="unavailable"):
            await deal.desk.customer(renamed)
        await database.execute("DROP TRIGGER quiet ON customers")
        await database.execute("DROP FUNCTION quiet()")


async def _a_search_that_nobody_can_read(house: House, deal: Deal) -> None:
    """A decoder quotes what it cannot read."""
    await deal.search(limit=5, filters=Filters(text=f"{MARK}f"))
    ended = await _until_ended(deal)
    redis = Redis.from_url(house.settings.redis_url)
    try:
        await redis.hset(f"{{{deal.channel}}}:search", "sort", MARK)
        with pytest.raises(CommandError, match="went wrong"):
            await deal.cancel(ended.search_id)
    finally:
        await redis.aclose()


async def _jobs_that_nobody_can_value(house: House, deal: Deal) -> str:
    """One with a marked value that is none, and one that lacks a column; return the search."""
    await deal.search(limit=60)
    ended = await _until_ended(deal)
    assert ended.chunks > 1
    jobs, redis = f"{{{deal.channel}}}:jobs", Redis.from_url(house.settings.redis_url)
    changes: tuple[Callable[[dict[str, Any]], Any], ...] = (_misspelt, poison)
    try:
        for chunk, change in enumerate(changes):
            job = codec.decode(await redis.hget(jobs, str(chunk)))
            await redis.hset(jobs, str(chunk), codec.encode(change(job)).decode())
    finally:
        await redis.aclose()
    return ended.search_id


def _misspelt(job: dict[str, Any]) -> dict[str, Any]:
    return job | {"inputs": job["inputs"] | {"tier": MARK}}


async def _until_ended(deal: Deal) -> SearchEnded:
    seen = await events_until(deal, lambda event: isinstance(event, SearchEnded))
    assert isinstance(seen[-1], SearchEnded)
    return seen[-1]


async def _worked(both: Both) -> set[int]:
    """Work the deal up to its approval; return the amounts that it came to."""
    await both.sales.search(limit=40)
    await events_until(both.sales, valued)
    car = next(
        car for car, row in both.sales.rows.items() if row.offer and row.offer["payment_cents"] is not None
    )
    await both.manager.desk.customer(codec.convert(CustomerChanges, {"phone": "(937) 555-8842"}))
    await both.sales.quote(car)
    await both.sales.find(MARK)
    await both.sales.desk.pin(car)
    await both.sales.desk.note(f"{MARK}e is in a hurry")
    await both.sales.desk.select(car)
    await both.agree(lambda deal: deal.selected is not None)
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    await both.manager.desk.act(Action.DECLINE, Reason.GROSS_TOO_LOW)
    await both.agree(lambda deal: deal.state is DealState.DECLINED)
    return set(_amounts(codec.plain(state)))


def _amounts(value: Any, name: str = "") -> Iterator[int]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _amounts(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _amounts(each, name)
    elif isinstance(value, int) and name.endswith("_cents"):
        yield value


def _records(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        record = json.loads(line)
        # Digits of a second may be those of an amount.
        del record["timestamp"]
        yield record


async def _assert_quiet(settings: Settings, lines: list[dict[str, Any]], amounts: set[int]) -> None:
    async with connect_as_owner(settings.database_owner_url) as database:
        people = await database.fetch("SELECT login, name FROM users")
    told = "\n".join(map(json.dumps, lines))
    words = {MARK, "Nordwig", "555-8842", ADDRESS, *(word for row in people for word in row.values())}
    assert not [line for line in told.splitlines() for word in words if word.lower() in line.lower()]
    # A port or a process has five digits.
    found = [
        cents
        for cents in {*amounts, *AMOUNTS.values()}
        if cents >= 100_000
        and (re.search(rf"(?<![\w.]){cents}(?![\w.])", told) or f"{cents / 100:,.2f}" in told)
    ]
    assert not found
    assert len(amounts) > 10


def _assert_named(lines: list[dict[str, Any]], event: str, **ids: Any) -> None:
    """Assert that every record of an event has these ids: a value, or one of a type."""
    found = [line for line in lines if line["event"] == event]
    assert found, event
    for line in found:
        for name, value in ids.items():
            fits = isinstance(line[name], value) if isinstance(value, type) else line[name] == value
            assert fits, line
