"""The product under axe: names, roles, order of headings, contrast, sizes of targets.

What ``test_gallery`` has as a state of its own is looked at there.
"""

import re

import pytest
from playwright.async_api import expect

from tests.browser.axe import faults
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import choose_best, desk, state, take
from tests.browser.deal.quoted import open_tab
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


class Seen:
    """What axe found, by the screen on which it did."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}
        self.screens: list[str] = []

    async def look(self, person: Person, screen: str, within: str = "html") -> None:
        """Look at a screen, or at a part of it, once it shows nothing that is out of date."""
        self.screens.append(screen)
        await expect(person.page.locator(".offer .stale")).to_have_count(0, timeout=WAIT_MS)

        if found := await faults(person.page, within):
            self.faults[screen] = found

    async def look_by_phone(self, person: Person, screen: str) -> None:
        """Look at a screen in a phone's window."""
        await person.page.set_viewport_size(PHONE)
        await self.look(person, f"{screen}, on a phone")
        await person.page.set_viewport_size(DESKTOP)

    async def look_at_dialog(self, person: Person, screen: str) -> None:
        """Look at the dialog that is opening, and close it."""
        await expect(person.page.get_by_role("dialog")).to_be_visible()
        await self.look(person, screen, "dialog[open]")
        await person.page.keyboard.press("Escape")
        await expect(person.page.get_by_role("dialog")).to_have_count(0)


async def test_no_screen_has_a_fault(arrive: Arrive, workspace: Workspace) -> None:
    """From the sign-in to the wall, with what opens there, wide and narrow."""
    seen = Seen()
    sales, manager = await arrive(""), await arrive("riverside-manager")
    await at_the_door(sales, seen)
    path = await to_a_deal(sales, seen)
    await around_a_car(sales, seen)
    await at_the_desk(sales, manager, path, seen)
    await manager.page.goto(f"{workspace.url}/security")
    await expect(manager.page.locator(".security tbody td").first).to_be_visible(timeout=WAIT_MS)
    await seen.look(manager, "security")
    await seen.look_by_phone(manager, "security")
    assert seen.faults == {}
    assert len(seen.screens) == len(set(seen.screens))


async def at_the_door(sales: Person, seen: Seen) -> None:
    """The sign-in, and the list of deals with what opens there."""
    page = sales.page
    await page.goto(f"{sales.url}/login")
    await page.get_by_label("Username").fill("nobody")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await seen.look(sales, "sign-in, refused")
    await sales.sign_in("riverside-sales")
    await expect(page.locator(".deal-table tbody a").first).to_be_visible(timeout=WAIT_MS)
    await seen.look(sales, "deals")
    await seen.look_by_phone(sales, "deals")
    await page.get_by_role("button", name="New deal").click()
    await expect(page.get_by_role("option").first).to_be_visible()
    await seen.look(sales, "new deal", "main")
    await page.get_by_role("button", name="New customer").click()
    await expect(page.get_by_label("Phone", exact=True)).to_be_visible()
    await seen.look(sales, "new customer", "main")
    await page.reload()
    await expect(page.locator(".deal-table tbody a").first).to_be_visible(timeout=WAIT_MS)


async def to_a_deal(sales: Person, seen: Seen) -> str:
    """A deal with its cars, and with none; return its path."""
    page = sales.page
    await sales.open_first_deal()
    await sales.all_valued()
    await seen.look(sales, "deal, valued")
    await page.locator("#row-filter").fill("no such car")
    await expect(page.get_by_role("heading", name="No car of these holds")).to_be_visible()
    await seen.look(sales, "deal, no car", ".stock")
    await page.locator("#row-filter").fill("")
    await page.get_by_role("button", name="Customer: ").click()
    await seen.look_at_dialog(sales, "customer's facts")
    return page.url.removeprefix(sales.url)


async def around_a_car(sales: Person, seen: Seen) -> None:
    """The chosen car paid in cash, and with all that folds out."""
    page = sales.page
    await choose_best(sales)
    await open_tab(sales, "Cash")
    await seen.look(sales, "car: Cash", ".offer")
    await open_tab(sales, "Finance")
    await open_tab(sales, "Contract")
    await page.locator(".schedule summary").click()
    await page.locator(".itemized summary").click()
    await seen.look(sales, "car: Contract, unfolded", ".offer")
    await open_tab(sales, "Pencil")
    await sales.unfold("F&I products")
    await page.get_by_role("button", name="Menu", exact=True).click()
    await seen.look_at_dialog(sales, "menu of products")
    await seen.look_by_phone(sales, "deal")
    await page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(sales).locator(".selected-offer")).to_contain_text("×", timeout=WAIT_MS)


async def on_the_wall(manager: Person, seen: Seen) -> None:
    """The wall by phone, with its deal open, and as it is countered; and its keys."""
    page = manager.page
    await expect(page.locator(".wall-row[data-deal]").first).to_be_visible(timeout=WAIT_MS)
    await page.keyboard.press("o")
    await expect(page.locator(".open-grid .pencil")).to_be_visible(timeout=WAIT_MS)
    await seen.look_by_phone(manager, "wall, open")
    await page.keyboard.press("c")
    await expect(page.get_by_role("button", name=re.compile("Cancel"))).to_be_visible()
    await seen.look_by_phone(manager, "wall, counter")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await seen.look_at_dialog(manager, "wall, keys")


async def at_the_desk(sales: Person, manager: Person, path: str, seen: Seen) -> None:
    """A submitted deal, with each dialog of the desk, and the wall."""
    await take(sales, "Submit", "Customer agrees to these terms")
    await state(sales, "Submitted")
    await manager.page.goto(f"{manager.url}/desk")
    await on_the_wall(manager, seen)
    await manager.open(path)
    await choose_best(manager)
    await manager.page.locator(".field", has_text="Cash down").first.hover()
    await seen.look(manager, "submitted, before the desk")
    for verb in ("Approve", "Counter"):
        await desk(manager).get_by_role("button", name=verb, exact=True).click()
        await seen.look_at_dialog(manager, f"dialog: {verb}")
    await open_tab(manager, "Contract")
    await manager.page.get_by_role("button", name="Enter lender callback").click()
    await seen.look_at_dialog(manager, "lender's decision")
