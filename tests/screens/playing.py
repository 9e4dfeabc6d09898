"""The demo's people walk through their pages once, and what their sockets say is recorded."""

import datetime as dt
from typing import Final

from playwright.async_api import Page, expect

from tests.browser.people import open_chromium
from tests.screens.recording import Message, Recorder

SALES_DEALS: Final = ("Tomas Alvarez", "Grace Kimura", "Leo Fontaine", "Ines Carvalho", "Samuel Adeyemi")
MANAGER_DEALS: Final = ("Samuel Adeyemi", "Tomas Alvarez", "Marcus Bell")
TABS: Final = ("Value", "Contract", "Car", "Pencil", "Lease", "Cash", "Finance")
SETTLE_MS: Final = 1_500


async def record(url: str) -> dict[str, Message]:
    """Return the recordings of the salesperson and the manager by name."""
    recorded: dict[str, Message] = {}
    async with open_chromium() as browser:
        for name, login, customers in (
            ("sales", "riverside-sales", SALES_DEALS),
            ("manager", "riverside-manager", MANAGER_DEALS),
        ):
            context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
            page = await context.new_page()
            recorder = Recorder()
            await page.goto(f"{url}/login")
            await page.locator(f'[data-demo="{login}"]').click()
            recorder.listen(page)
            await page.reload()
            paths = [
                await walk(page, url, customer, cars=2 if customer == customers[0] else 1)
                for customer in customers
            ]
            if name == "manager":
                await page.goto(f"{url}/desk")
                await live(page)
            user = await page.locator("#app").evaluate("({dataset}) => ({...dataset})")
            recorded[name] = recorder.finished(now(), paths[0], _user(user))
            await context.close()
    return recorded


async def walk(page: Page, url: str, customer: str, *, cars: int) -> str:
    """Open a customer's deal, choose its first cars, and look at every tab. Return the deal's path."""
    await page.goto(url)
    await page.locator(".deal-table tbody a", has_text=customer).first.click()
    await live(page)
    await valued(page)
    # The second time the list is loaded, not searched for: that is what a recording can show by itself.
    await page.reload()
    await live(page)
    await valued(page)
    # The desk's counter lies over the cars until it is put away.
    await page.keyboard.press("Escape")
    for row in range(cars):
        await page.locator(".grid-row").nth(row).click()
        await expect(page.get_by_role("tab").first).to_be_visible()
        for name in TABS:
            tab = page.get_by_role("tab", name=name, exact=True)
            if await tab.count():
                await tab.click()
                await page.wait_for_timeout(SETTLE_MS / 3)
    return page.url.removeprefix(url)


async def live(page: Page) -> None:
    """Wait until a page is live and has said what it says at first."""
    await expect(page.locator(".standing")).to_have_text("Live")
    await page.wait_for_timeout(SETTLE_MS)


async def valued(page: Page) -> None:
    """Wait until every car of the list has its value."""
    await expect(page.locator(".grid-row").first).to_be_visible()
    await expect(page.locator(".progress.running")).to_have_count(0)
    await expect(page.locator(".grid")).to_have_attribute("aria-busy", "false")


def now() -> str:
    """Return the time of the recording."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _user(data: dict[str, str]) -> dict[str, str]:
    """Return who is signed in, as `page.ts` gives it."""
    return {
        "id": data["userId"],
        "name": data["userName"],
        "role": data["userRole"],
        "store_id": data["storeId"],
    }
