"""Cash on the screen: the price out the door, a deal that cash pays, and what more cash opens."""

import re

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.quoted import choose_best, dollars, last_quote, open_tab
from tests.browser.people import WAIT_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_cash_tab_shows_the_price_out_the_door(arrive: Arrive) -> None:
    """The tabs are reached by key and by pointer. The desk sees the gross of a cash deal, a salesperson does
    not, and a customer sees the price and its parts alone.
    """
    manager = await arrive("riverside-manager")
    await choose_best(manager)
    page, cash = manager.page, last_quote(manager)["cash"]
    finance, tab = page.get_by_role("tab", name="Finance"), page.get_by_role("tab", name="Cash")
    await expect(finance).to_have_attribute("aria-selected", "true")
    await expect(page.locator(".pencil")).to_be_visible()
    await finance.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(tab).to_be_focused()
    await expect(page.locator(".pencil")).to_have_count(0)
    panel = page.get_by_role("region", name="Cash deal")
    await expect(panel).to_contain_text(dollars(cash["out_the_door_cents"]))
    await expect(panel).to_contain_text(dollars(cash["tax_cents"]))
    await open_tab(manager, "Value")
    await expect(page.locator(".waterfall .total .number")).to_have_text(dollars(cash["value"]["npv_cents"]))
    assert sum(cash["value"]["parts"].values()) == cash["value"]["npv_cents"]
    await open_tab(manager, "Pencil")
    await finance.click()
    await expect(page.locator(".pencil")).to_be_visible()
    assert manager.complaints == []

    sales = await arrive("riverside-sales")
    await choose_best(sales)
    seen = last_quote(sales)["cash"]
    assert "value" not in seen and "covered" in seen
    await sales.page.get_by_role("tab", name="Cash").click()
    await expect(sales.page.get_by_role("region", name="Cash deal")).to_contain_text("maximum cash")
    await open_tab(sales, "Value")
    await expect(sales.page.locator(".offer .hint")).to_contain_text("for the desk alone")
    await expect(sales.page.locator(".waterfall")).to_have_count(0)
    assert sales.complaints == []


async def test_cash_that_pays_the_price_is_a_cash_deal(arrive: Arrive, workspace: Workspace) -> None:
    """No lender takes a car that is paid in full: the panel calls it a cash deal, and opens its tab."""
    sales = await arrive("riverside-sales")
    await sales.open_first_deal()
    await sales.all_valued()
    page, before = sales.page, await sales.search_id()
    await page.locator("#field-cash_down_max_cents").fill("300000")
    await sales.all_valued(after=before)
    before = await sales.search_id()
    await page.locator("#field-cash_down_cents").fill("300000")
    await sales.all_valued(after=before)
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        stock_no = await owner.fetchval(
            "SELECT stock_no FROM vehicles WHERE store_id = 'riverside' AND status = 'available' LIMIT 1"
        )
    box = page.get_by_label("Find a car by stock number, VIN or words")
    await box.fill(stock_no)
    found = page.get_by_role("listbox", name="Cars of the stock").get_by_role("option")
    await expect(found).to_have_count(1, timeout=WAIT_MS)
    sales.frames.clear()
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(page.locator(".offer .big")).to_contain_text("out the door: a cash deal", timeout=WAIT_MS)
    quote = last_quote(sales)
    assert (quote["eligible"], quote["kind"]) == (True, "cash") and quote["cash"]["covered"]
    await expect(page.locator(".offer .big output")).to_have_text(
        dollars(quote["cash"]["out_the_door_cents"])
    )
    await expect(page.get_by_role("tab", name="Cash")).to_have_attribute("aria-selected", "true")
    assert sales.complaints == []


async def test_a_limits_fix_opens_the_cars_that_it_says(arrive: Arrive) -> None:
    """The cash that stands beside a limit, given, makes at least as many cars fit as it promised."""
    manager = await arrive("riverside-manager")
    await manager.open_first_deal()
    await manager.all_valued()
    before = await manager.search_id()
    await manager.page.locator("#field-payment_max_cents").fill("320")
    await manager.page.locator("#field-payment_min_cents").fill("0")
    await manager.all_valued(after=before)
    limit = manager.page.locator(".limit-bars li").filter(has_text="over target payment")
    opening = limit.locator(".opening")
    await expect(opening).to_contain_text("more down opens", timeout=WAIT_MS)
    more, opens = re.findall(r"[\d,]+", await opening.inner_text())
    highest = manager.page.get_by_label("Max cash down", exact=True)
    most = float((await highest.input_value()).replace(",", ""))
    matched = int((await manager.counts())["Matched"].replace(",", ""))

    before = await manager.search_id()
    await highest.fill(str(most + float(more.replace(",", ""))))
    await manager.all_valued(after=before)
    now = int((await manager.counts())["Matched"].replace(",", ""))
    assert now >= matched + int(opens.replace(",", ""))
