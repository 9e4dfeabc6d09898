"""Planted values, over real processes: whatever is asked, no byte of a view holds what the view hides.

Names are tested for every message in ``tests/hub/sight/test_views.py``. Here it is the values themselves,
wherever they might come out: events, snapshots, replies, refusals, pages, answers over HTTP.
"""

import asyncio
import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.hub.sight.sight import coarse_npv
from server.settings import Settings
from tests.flow.searches.planted import (
    ACV_CENTS,
    COLUMNS,
    EASY,
    LENDER_BUYS_AT,
    NOTE,
    OTHER_CUSTOMER,
    PATHS,
    PRODUCT_COST_CENTS,
    STEPS,
    STIPULATION,
    TERMS,
    TRADE_ACV_CENTS,
    Cast,
    Screen,
    opened,
)
from tests.flow.shop import a_deal_of
from tests.services import Process

pytestmark = pytest.mark.flow


async def desk_at_work(cast: Cast) -> list[str]:
    """Let the manager do all there is to hide; return the cars that were offered."""
    manager = cast.manager
    changes = {**EASY, "trade_acv_cents": ACV_CENTS, "products": [], "products_cost_cents": 0}
    assert (await manager.change("terms", version=manager.version, changes=changes))["ok"]
    traded = [{"id": "traded", "make": "Honda", "allowance_cents": 100_00, "acv_cents": TRADE_ACV_CENTS}]
    sold = {"products": [{"product_id": "gap", "price_cents": 80_000}], "declined_products": ["key"]}
    more = {"trades": traded, **sold}
    assert (await manager.change("terms", version=manager.version, changes=more))["ok"]
    assert (await manager.change("search", filters={}, sort="price", limit=60))["ok"]
    for screen in (manager, *cast.narrow):
        await screen.until(lambda one: one["type"] == "search_valued")
    offered = zip(manager.columns("vehicle_id")[60:], manager.columns("payment_cents"), strict=False)
    cars = [car for car, payment in offered if payment is not None]
    assert len(cars) > 5
    await manager.change("note", text=NOTE)
    await manager.change("lock", field="fees_cents")
    await manager.change("hold", vehicle_id=cars[1])
    await manager.change("pin", vehicle_id=cars[2])
    selected = (await manager.ask("quote", vehicle_id=cars[0], changes={}))["data"]
    decided = await manager.change(
        "lender_decision",
        version=manager.version,
        lender=selected["lender"],
        status="conditional",
        tier="prime",
        rate_bp=LENDER_BUYS_AT,
        advance_max_cents=9_000_000,
        term_months=84,
        stipulations=[STIPULATION],
        expires_at=(dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat(),
    )
    assert decided["ok"], decided
    await manager.change("select", vehicle_id=cars[0])
    return cars


async def everything_is_tried(screen: Screen, cars: list[str]) -> None:
    """Ask for all that can be asked for, most of it in vain; then join anew."""
    car, rolls = cars[0], ("cash_down", "price", "trade_allowance", "term", "rate")
    # Fewer than a connection may send in ten seconds.
    for kind in STEPS[:5]:
        await screen.change(kind, version=1, reason="nothing")
    for kind in STEPS:
        await screen.change(kind, version=screen.version, reason="customer_agrees")
    for each, asked in zip(
        cars,
        ({"discount_cents": 100, "products": []}, {"trades": [{"id": "traded", "acv_cents": 7}]}),
        strict=False,
    ):
        await screen.ask("quote", vehicle_id=each, changes=asked)
    await screen.ask("quote", vehicle_id=car, changes={"rate_bp": 100})
    for vary in rolls:
        await screen.ask("quote", vehicle_id=car, changes={}, roll={"vary": vary, "payment_cents": 31_000})
    await screen.ask("frontier", vehicle_id=car)
    await screen.ask("quote", vehicle_id=car, changes={"price_cents": 1_000_000})
    await screen.change("search", filters={"days_in_stock_min": 30}, sort="-days_in_stock", limit=1)
    for kind in ("hold", "select", "pin", "unpin", "release"):
        await screen.change(kind, vehicle_id=cars[1])
    await screen.change("select", vehicle_id=car, changes={"payment_max_cents": 100})
    await screen.change("request_appraisal", trade_id="traded")
    await screen.ask("products")
    await screen.change("terms", version=1, changes=TERMS[0])
    for changes in TERMS:
        await screen.change("terms", version=screen.version, changes=changes)
    await screen.change("lock", field="fees_cents")
    await screen.ask("focus", field="cash_down_cents")
    await screen.ask("history", limit=200)
    await screen.ask("lender_effect", lender="Group Acceptance (sample)")
    await screen.ask("join", view="sales" if screen.columns("lender") else "customer", since=None)
    assert not any('"rate_limited"' in line for line in screen.heard)


async def over_http(settings: Settings, web: Process, login: str) -> str:
    """Return all that the pages and the answers over HTTP say to somebody."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        account = await find_by_login(owner, login)
        assert account is not None
        cookie = await issue_credential(owner, account.id, CredentialKind.COOKIE, dt.timedelta(hours=1))
    deal = (await a_deal_of(settings)).partition(":")[2]
    async with httpx.AsyncClient(base_url=web.url, cookies={"deal_session": cookie}, timeout=60.0) as browser:
        answers = [await browser.get(path.format(deal=deal)) for path in PATHS]
    return "\n".join(answer.text for answer in answers)


def atoms_of(value: Any) -> Iterator[Any]:
    """Yield every number and text in plain JSON."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from atoms_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from atoms_of(inner)
    else:
        yield value


def atoms(screen: Screen) -> set[Any]:
    return {atom for line in screen.heard for atom in atoms_of(json.loads(line))}


async def hidden_from_sales(settings: Settings, manager: Screen) -> dict[str, set[Any]]:
    """Return what salespeople must never see, by kind: what was planted, and parts of NPVs."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        rows = await owner.fetch(f"SELECT {', '.join(COLUMNS)} FROM vehicles")  # noqa: S608 - names of our own
        accrued = await owner.fetch(
            "SELECT floorplan_day_cents * ((now() AT TIME ZONE 'UTC')::date - stocked_on) AS cents"
            " FROM vehicles"
        )
        bought = await owner.fetch("SELECT DISTINCT buy_rate_bp FROM lender_programmes")
    hidden = {name: {row[name] for row in rows} for name in COLUMNS}
    # With a second trade the sum of both is as telling as either.
    hidden |= {
        "floorplan to date": {row["cents"] for row in accrued if row["cents"] > 0},
        "acv": {ACV_CENTS, TRADE_ACV_CENTS, ACV_CENTS + TRADE_ACV_CENTS},
        "decided rate": {LENDER_BUYS_AT},
    }
    quoted = [json.loads(line).get("data", {}) for line in manager.heard if '"chargebacks_cents"' in line]
    lines = [line for quote in quoted for line in quote.get("products", [])]
    hidden["products"] = {PRODUCT_COST_CENTS} | {
        line[name] for line in lines for name in ("gross_cents", "chargebacks_cents")
    }
    # A standard markup separates what a lender buys at from what a customer pays.
    hidden["buy rates"] = {float(row["buy_rate_bp"]) for row in bought if row["buy_rate_bp"] % 5 != 0}
    values = [
        json.loads(line).get("data", {}).get("value", {}) for line in manager.heard if '"parts"' in line
    ]
    totals = {value.get("npv_cents") for value in values}
    parts = {part for value in values for part in value.get("parts", {}).values() if abs(part) > 100_000}
    hidden["parts"] = parts - totals
    return hidden


async def test_no_view_holds_a_value_that_it_hides(stocked: Settings, tmp_path: Path) -> None:
    """Costs, ACV, buy rates and parts of an NPV never reach a salesperson; a customer is told of no NPV, no
    lender, no note, no limit, nobody's name; who sees all has seen all of it.
    """
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await owner.execute(
            "UPDATE customers SET name = $1 WHERE customer_id ="
            " (SELECT customer_id FROM deals WHERE store_id = 'riverside'"
            " ORDER BY updated_at OFFSET 3 LIMIT 1)",
            OTHER_CUSTOMER,
        )
    async with opened(stocked, tmp_path) as cast:
        cars = await desk_at_work(cast)
        for car in cars[:4]:
            await cast.manager.ask("quote", vehicle_id=car, changes={"discount_cents": 100})
            await cast.manager.ask("frontier", vehicle_id=car)
        await asyncio.gather(*(everything_is_tried(screen, cars) for screen in cast.narrow))
        hidden = await hidden_from_sales(stocked, cast.manager)
        seen = atoms(cast.manager)
        for kind in ("cost_cents", "floorplan to date", "acv", "decided rate", "products", "parts"):
            assert hidden[kind] & seen, f"the manager has not seen {kind}: nothing is proven"
        for screen in cast.narrow:
            found = {kind: values & atoms(screen) for kind, values in hidden.items()}
            assert not any(found.values()), found
        npvs = {npv for npv in cast.manager.columns("npv_cents") if npv is not None}
        lenders = {lender for lender in cast.manager.columns("lender") if lender is not None}
        staff = {"Riverside manager", "Riverside sales", "Jamie Ortiz"}
        # Salespeople see what a deal is worth, to ten dollars.
        assert {coarse_npv(npv) for npv in npvs} & atoms(cast.sales)
        assert not {npv for npv in npvs if npv != coarse_npv(npv)} & atoms(cast.sales)
        assert lenders & atoms(cast.sales)
        for screen in (cast.turned, cast.turned_manager):
            told = [line for line in screen.heard if not line.startswith('{"type":"welcome"')]
            text = "\n".join(told)
            numbers = {atom for line in told for atom in atoms_of(json.loads(line))}
            assert not npvs & numbers
            for secret in (*lenders, *staff, NOTE, STIPULATION, "npv_floor", "ltv_total", "binding"):
                assert secret not in text, secret
        pages = await over_http(stocked, cast.web, "riverside-sales")
        for kind in COLUMNS:
            # Whole numbers: the digits of a time in the metrics may be those of any amount.
            assert not {str(value) for value in hidden[kind]} & {*re.findall(r"[\d.]+", pages)}
        assert NOTE not in pages
        assert OTHER_CUSTOMER not in "\n".join(line for screen in cast.narrow for line in screen.heard)
