"""The screen by keyboard alone."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_keyboard_is_enough(arrive: Arrive) -> None:
    """Arrows choose a car, the slash filters, the question mark explains, and roles say so."""
    person = await arrive("riverside-sales")
    await person.open_first_deal()
    await person.all_valued()
    page = person.page
    grid = person.cars
    await grid.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    chosen = page.locator('.grid-row[aria-selected="true"]')
    await expect(chosen).to_have_attribute("aria-rowindex", "3")
    await expect(grid).to_have_attribute("aria-activedescendant", await chosen.get_attribute("id") or "")
    await page.keyboard.press("End")
    last = int(await grid.get_attribute("aria-rowcount") or 0)
    await expect(chosen).to_have_attribute("aria-rowindex", str(last))

    await page.keyboard.press("/")
    await expect(page.get_by_label("Find a car by stock number, VIN or words")).to_be_focused()
    await page.keyboard.type("no such car at all")
    await expect(page.get_by_text("No car of these holds")).to_be_visible()
    await expect(page.get_by_text("No car of the stock has these words.")).to_be_visible()
    # The first closes the list, the second empties the box.
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator(".grid-row").first).to_be_visible()
    await grid.focus()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert person.complaints == []
