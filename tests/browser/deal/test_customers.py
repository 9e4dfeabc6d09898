"""Customers, as a salesperson meets them: a new one, one who comes back, and what is learned of them."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_new_customer_and_a_co_buyer(arrive: Arrive) -> None:
    """They are entered once, the deal begins, its header says what is known, and the desk hears it."""
    seller, watching = await arrive("riverside-sales"), await arrive("riverside-manager")
    page = seller.page
    await seller.see_deals()
    await watching.see_deals()
    await expect(watching.page.get_by_role("table", name="Open deals")).to_be_visible()
    requests = len(watching.requests)
    await page.get_by_role("button", name="New deal").click()
    await page.get_by_label("Customer", exact=True).fill("Zora Quill")
    # The customers of no words or of older ones are still listed: Enter means none of them.
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="New customer").click()
    await expect(page.get_by_label("Phone", exact=True)).to_be_focused()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Zora Quill")
    await expect(page.get_by_label("Credit score")).to_have_count(0)
    await page.get_by_role("button", name="Create and begin a deal").click()
    field = page.locator(".field", has=page.get_by_label("State", exact=True))
    await expect(field.get_by_role("alert")).to_contain_text("Enter the state in which the car will be")
    await expect(page.get_by_label("State", exact=True)).to_be_focused()
    await page.get_by_label("State", exact=True).fill("Ohio")
    await page.get_by_role("button", name="Create and begin a deal").click()
    await expect(field.get_by_role("alert")).to_contain_text("two letters")
    await page.get_by_label("State", exact=True).fill("oh")
    await page.get_by_label("Phone", exact=True).fill("(937)\u202e 555-0144")
    await page.get_by_role("button", name="Create and begin a deal").click()
    refused = page.get_by_text("Must be text without control or invisible characters", exact=True)
    await expect(refused).to_be_visible()
    for label, text in {
        "Phone": "(937) 555-0144",
        "State": "oh",
        "ZIP code": "45424",
        "Monthly income": "6,200",
        "Pays now a month": "612",
        "Months left": "14",
        "Co-buyer's name": "Abel Quill",
    }.items():
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_role("button", name="Create and begin a deal").click()
    await page.wait_for_url("**/deals/*")
    await seller.is_live()
    line = page.get_by_role("button", name="Customer: ")
    await expect(line).to_have_text("$6,200/mo · co-buyer · pays $612 now · (937) 555-0144")

    # The list of deals is live, and moves no row: the manager's page asked for nothing.
    await watching.page.get_by_role("button", name="1 new").click()
    await watching.page.get_by_role("link", name="Zora Quill").click()
    assert [each for each in watching.requests[requests:] if "/assets/" not in each] == []
    await watching.is_live()
    theirs = watching.page.get_by_role("button", name="Customer: ")
    await expect(theirs).to_contain_text("$6,200/mo")
    await theirs.click()
    dialog = watching.page.get_by_role("dialog")
    for label, text in {"Credit score": "712", "Score date": "2026-11-20", "Monthly income": "7000"}.items():
        await dialog.get_by_label(label, exact=True).fill(text)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Must be a score with its source and date")
    await dialog.get_by_label("Score source").select_option("bureau")
    await dialog.get_by_role("button", name="Save").click()
    await expect(theirs).to_have_text(
        "712 bureau Nov 20, 2026 · $7,000/mo · co-buyer · pays $612 now · (937) 555-0144"
    )
    await expect(line).to_have_text("$7,000/mo · co-buyer · pays $612 now · (937) 555-0144")
    await expect(page.locator(".timeline")).to_contain_text("Monthly income")
    assert not any('"score":712' in frame for frame in seller.frames)
    assert seller.complaints == watching.complaints == []


async def test_a_state_without_a_tax_rule(arrive: Arrive) -> None:
    """It is said what the search lacks, in words, and the search begins as soon as that is entered."""
    seller = await arrive("riverside-sales")
    await seller.see_deals()
    page = seller.page
    await page.get_by_role("button", name="New deal").click()
    await page.get_by_role("button", name="New customer").click()
    await page.get_by_label("Name", exact=True).fill("Ida Zwick")
    await page.get_by_label("State", exact=True).fill("ZZ")
    async with seller.shifts.own():
        await page.get_by_role("button", name="Create and begin a deal").click()
        await expect(page.get_by_role("heading", name="The stock could not be searched")).to_be_visible()
    await expect(page.get_by_text("tax_rate_bp")).to_have_count(0)
    await expect(page.locator(".banner.bad")).to_contain_text("“Tax rate”: no tax rule for ZZ")
    await seller.unfold("Fees, tax")
    await page.get_by_label("Tax rate").fill("6.5")
    await page.keyboard.press("Tab")
    await seller.all_valued()
    await expect(page.locator(".grid-row").first).to_be_visible()
    await expect(page.locator(".banner.bad")).to_have_count(0)
    assert seller.complaints == []


async def test_a_customer_is_found_again(arrive: Arrive) -> None:
    """By name, phone or the number of the deal, in one box; what nobody is called is said."""
    seller = await arrive("riverside-sales")
    await seller.see_deals()
    page = seller.page
    first = page.get_by_role("table", name="Open deals").locator("tbody a").first
    name = await first.inner_text()
    number = (await first.get_attribute("href") or "").removeprefix("/deals/")[:8]
    box = page.get_by_role("searchbox", name="Find a customer or a deal")
    found = page.get_by_role("list", name="Deals found")
    for text in (name, name.lower()[:3], number):
        await box.fill(text)
        await expect(found.get_by_role("link", name=name).first).to_be_visible()
    await box.fill("zzqqz")
    nobody = page.get_by_role("search").get_by_text("Nobody and nothing at your store is called that.")
    await expect(nobody).to_be_visible()
    await box.fill(name)
    await page.get_by_role("button", name=f"New deal for {name}").first.click()
    await page.wait_for_url("**/deals/*")
    await seller.is_live()
    await page.go_back()
    await expect(page.get_by_text("No closed deals.")).to_be_visible()
    assert seller.complaints == []
