"""The chosen car's quote as people use it: grid, contract, value, frontier, roll and the customer's view."""

import json
import re

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.quoted import choose_best, dollars, last_quote, lines_of, open_tab, payment_in
from tests.browser.people import WAIT_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_chosen_car_is_quoted_to_the_cent(arrive: Arrive) -> None:
    """The panel shows the offer's payment with its APR and contract, and the value's parts sum to the NPV."""
    manager = await arrive("riverside-manager")
    await choose_best(manager)
    quote = last_quote(manager)
    offer = manager.page.locator(".offer")

    payment = f"${quote['payment_cents'] / 100:,.2f}"
    await expect(offer.locator(".big output")).to_have_text(payment)
    await expect(manager.page.locator('.grid-row[aria-selected="true"] .cell-payment_cents')).to_have_text(
        payment
    )
    await expect(offer.locator(".big")).to_contain_text("APR")
    await open_tab(manager, "Contract")
    await expect(offer.get_by_role("term").filter(has_text="Total of payments")).to_be_visible()
    await offer.locator(".schedule summary").click()
    await expect(offer.locator(".schedule tbody tr")).to_have_count(quote["term_months"])
    assert sum(quote["value"]["parts"].values()) == quote["value"]["npv_cents"]
    await open_tab(manager, "Value")
    await expect(offer.locator(".waterfall .total .number")).to_have_text(
        dollars(quote["value"]["npv_cents"])
    )
    assert manager.complaints == []


async def test_a_cell_shows_its_structure_and_the_way_back(arrive: Arrive) -> None:
    """Arrows move through the grid, Enter shows the cell's structure, and the best one comes back."""
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    page = sales.page
    best = await page.locator(".big output").inner_text()
    other = page.locator(".pencil td button:not(.out):not(.here)").last
    shown = await payment_in(other)
    columns = await page.locator(".pencil thead th").all_inner_texts()
    await other.focus()
    await page.keyboard.press("Enter")

    await expect(page.locator(".big output")).to_have_text(shown, timeout=WAIT_MS)
    assert await page.locator(".pencil thead th").all_inner_texts() == columns
    await expect(page.locator(".pencil td button.here")).to_contain_text(shown)
    await page.get_by_role("button", name="Back to the best offer").click()
    await expect(page.locator(".big output")).to_have_text(best, timeout=WAIT_MS)
    await open_tab(sales, "Value")
    await expect(page.locator(".value-facts")).to_be_visible()
    assert await page.locator(".waterfall").count() == 0
    assert "parts" not in last_quote(sales)["value"]
    assert sales.complaints == []


async def test_the_payment_grid_of_one_lender(arrive: Arrive) -> None:
    """Payments fall along rows and down columns; columns go over the customer's maximum in the store's steps
    and in other ones; another lender fills the whole grid; the best of each cell is tagged where it differs.
    """
    manager = await arrive("riverside-manager")
    await choose_best(manager)
    page, pencil = manager.page, manager.page.locator(".pencil")
    offered = last_quote(manager)
    own = offered["grid"]
    assert own["programme_id"] == offered["programme_id"]
    for line in [*own["payment_cents"], *zip(*own["payment_cents"], strict=True)]:
        shown = [cents for cents in line if cents is not None]
        assert shown == sorted(shown, reverse=True)
    assert {name for row in own["lender"] for name in row if name} == {offered["lender"]}
    here = pencil.locator("td button.here")
    await expect(here).to_contain_text(dollars(offered["payment_cents"]))
    await expect(here.locator(".total")).to_have_text(
        f"${(offered['total_of_payments_cents'] + 50) // 100:,}"
    )
    await expect(pencil.get_by_text("over max").first).to_be_attached()
    await expect(pencil.get_by_text("not chosen").first).to_be_visible()
    await expect(pencil.get_by_text(re.compile(r"[+-]\$[\d,]+ vs \d+")).first).to_be_visible()
    assert {cash % 50_000 for cash in own["cash_down_cents"]} <= {0, offered["cash_down_cents"] % 50_000}

    await page.get_by_label("Columns every").fill("1,000")
    await page.get_by_label("Columns every").press("Enter")
    await expect(pencil.locator("[role=grid][aria-busy=false]")).to_be_visible()
    other = next(each for each in own["lenders"] if each["programme_id"] != own["programme_id"])
    await page.get_by_label("Grid of lender").select_option(other["programme_id"])
    await expect(page.get_by_label("Grid of lender")).to_have_value(other["programme_id"], timeout=WAIT_MS)
    await expect(pencil.locator("[role=grid][aria-busy=false]")).to_be_visible()
    turned = last_quote(manager)
    assert (turned["lender"], turned["grid"]["step_cents"]) == (offered["lender"], 100_000)
    assert {name for row in turned["grid"]["lender"] for name in row if name} <= {other["lender"]}
    await page.get_by_label("Grid of lender").select_option("best per cell")
    await expect(pencil.locator("[role=grid][aria-busy=false]")).to_be_visible()
    best = last_quote(manager)
    assert best["grid"]["programme_id"] is None
    different = sum(
        name is not None and (name != best["lender"] or cut != best["discount_cents"])
        for names, cuts in zip(best["grid"]["lender"], best["grid"]["discount_cents"], strict=True)
        for name, cut in zip(names, cuts, strict=True)
    )
    await expect(pencil.locator("td button:has(.tag)")).to_have_count(different)
    assert manager.complaints == []


async def test_a_frontier_point_shows_its_structure(arrive: Arrive) -> None:
    """A point of the plot that is chosen is quoted: its payment is the one that stands on top."""
    manager = await arrive("riverside-manager")
    await choose_best(manager)
    await open_tab(manager, "Value")
    point = manager.page.locator("svg.frontier circle").first
    await expect(point).to_be_visible(timeout=WAIT_MS)
    payment = (await point.get_attribute("aria-label") or "").split(" ")[0]
    await point.focus()
    await manager.page.keyboard.press("Enter")
    await expect(manager.page.locator(".big output")).to_have_text(payment, timeout=WAIT_MS)
    assert manager.complaints == []


async def test_offers_that_turn_over_are_flagged(arrive: Arrive, workspace: Workspace) -> None:
    """The foot counts them and leads to one; its flag says in words where it stands by value and under
    stress. A customer's screen has neither.
    """
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute("UPDATE customers SET score = 560")
    manager = await arrive("riverside-manager")
    await manager.open_first_deal()
    await manager.all_valued()
    page = manager.page
    before = await manager.search_id()
    await page.locator("#field-tier").select_option("subprime")
    await manager.all_valued(after=before)
    await page.get_by_role("button", name=re.compile("rank changes? under stress")).click()
    search_id = await manager.search_id()
    offers = [json.loads(line) for line in lines_of(manager) if '"stress_npv_cents"' in line]
    columns = [offer["columns"] for offer in offers if offer.get("search_id") == search_id]
    worth = [
        (npv, stress)
        for each in columns
        for npv, stress in zip(each["npv_cents"], each["stress_npv_cents"], strict=True)
        if npv is not None
    ]
    flag = page.locator(".grid-row.selected .turn")
    told = await flag.get_attribute("aria-label") or ""
    assert re.fullmatch(r"\d+(st|nd|rd|th) of [\d,]+, \d+(st|nd|rd|th) under stress", told)
    place, count, stressed = (int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", told))
    assert count == len(worth)
    assert sorted((npv for npv, _ in worth), reverse=True)[place - 1] in {
        npv for npv, stress in worth if 1 + sum(other > stress for _, other in worth) == stressed
    }
    assert manager.complaints == []


async def test_a_held_contract_shows_its_cash(arrive: Arrive) -> None:
    """A bar for each month of the expected cash and, in words, when it is back; only managers have it."""
    manager, sales = await arrive("riverside-manager"), await arrive("riverside-sales")
    await choose_best(manager)
    value = last_quote(manager)["value"]
    chart = manager.page.locator("svg.monthly")
    await open_tab(manager, "Value")
    if "monthly_cash_cents" in value:
        months = value["monthly_cash_cents"]
        await expect(chart.locator("title")).to_have_count(len(months["collected"]))
        net = sum(months["collected"]) + sum(months["recovered"]) - sum(months["servicing"])
        assert (await chart.get_attribute("aria-label") or "").startswith(f"${(net + 50) // 100:,} expected")
    else:
        assert "reserve" in value["parts"]
        await expect(chart).to_have_count(0)
    await choose_best(sales)
    await open_tab(sales, "Value")
    await expect(sales.page.locator(".value-facts")).to_be_visible()
    assert "monthly_cash_cents" not in last_quote(sales)["value"]
    await expect(sales.page.locator("svg.monthly")).to_have_count(0)
    assert manager.complaints == []


async def test_a_pick_becomes_the_deals(arrive: Arrive) -> None:
    """A structure that is used for the deal changes it for everyone, and the stock is searched again."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await choose_best(sales)
    await manager.open(path)
    await manager.all_valued()
    before = await sales.search_id()
    cell = sales.page.locator(".pencil td button:not(.out):not(.here)").last
    term = (await cell.text_content() or "").split(" ")[0]
    await cell.click()
    async with sales.shifts.own():
        await sales.page.get_by_role("button", name="Apply terms").click()
        await sales.all_valued(after=before)
    pressed = manager.page.locator('.toggles button[aria-pressed="true"]')
    await expect(pressed).to_have_text([term], timeout=WAIT_MS)
    assert sales.complaints == []


async def test_a_roll_reaches_its_payment(arrive: Arrive) -> None:
    """A lower payment is reached by more cash: the amount is found, shown and quoted."""
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    page = sales.page
    wanted = last_quote(sales)["payment_cents"] // 100 - 10
    await page.get_by_label("Desired payment").fill(str(wanted))
    await page.get_by_role("button", name="Find", exact=True).click()
    rolled = page.locator(".roll .hint")
    await expect(rolled).to_contain_text("Cash down", timeout=WAIT_MS)
    gives = await rolled.locator("b").inner_text()
    await rolled.get_by_role("button", name="Show").click()
    await expect(page.locator(".big output")).to_have_text(gives, timeout=WAIT_MS)
    # Found cash is in steps of $50, so the payment is at most a step's lower.
    assert wanted - 2 < float(gives.strip("$").replace(",", "")) <= wanted
    assert sales.complaints == []
