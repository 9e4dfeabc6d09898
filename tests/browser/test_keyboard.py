"""The screen by keyboard alone."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_keyboard_is_enough(arrive: Arrive) -> None:
    """Arrows move through the cells, Enter chooses, a key sorts, and the focus stays on its car; the slash
    filters, the question mark explains, and roles say so.
    """
    person = await arrive("riverside-sales")
    await person.open_first_deal()
    await person.all_valued()
    page, grid = person.page, person.cars
    at = page.locator(".grid :focus")
    row = page.locator(".grid-row:focus-within")
    rows = int(await grid.get_attribute("aria-rowcount") or 0)
    assert rows > 1
    assert await page.locator(".grid [tabindex='0'][data-column]").count() == 1
    await page.locator(".grid [tabindex='0'][data-column]").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        await page.keyboard.press(key)
    await expect(row).to_have_attribute("aria-rowindex", "3")
    await expect(at).to_have_attribute("aria-colindex", "3")
    await expect(page.locator('.grid-row[aria-selected="true"]')).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(row).to_have_attribute("aria-selected", "true")
    car = await row.get_attribute("id") or ""

    await page.keyboard.press("s")
    sort = page.get_by_role("group", name="Sort")
    await expect(sort.get_by_label("NPV")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(grid.get_by_role("columnheader", name="PMT")).to_have_attribute("aria-sort", "ascending")
    await page.keyboard.press("Enter")
    await expect(sort).not_to_be_visible()
    await expect(row).to_have_attribute("id", car)
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("End")
    await expect(at).to_have_text("Age")
    await page.keyboard.press("Enter")
    head = grid.get_by_role("columnheader", name="Age")
    await expect(head).to_have_attribute("aria-sort", "descending")
    await expect(at).to_have_text("Age")
    await page.keyboard.press("ArrowDown")
    moving = await row.get_attribute("id") or ""
    await grid.get_by_role("columnheader", name="Age").get_by_role("button").evaluate("head => head.click()")
    await expect(head).to_have_attribute("aria-sort", "ascending")
    await expect(row).to_have_attribute("id", moving)
    await page.keyboard.press("Control+End")
    await expect(row).to_have_attribute("aria-rowindex", str(rows))
    await page.keyboard.press("PageUp")
    await page.keyboard.press("Home")
    await expect(at).to_have_attribute("aria-colindex", "1")
    await page.locator(".grid").evaluate("grid => grid.scrollTo({top: 0})")
    await expect(page.locator(".grid-row[aria-rowindex='2']")).to_be_visible()
    await expect(at).to_have_attribute("aria-colindex", "1")
    said = page.locator(".grid-frame [role=status]")
    await expect(said).to_have_text(f"{rows - 1} cars, all valued")

    await page.keyboard.press("/")
    await expect(page.get_by_label("Find a car by stock number, VIN or words")).to_be_focused()
    await page.keyboard.type("no such car at all")
    await expect(page.get_by_text("No car of these holds")).to_be_visible()
    await expect(page.get_by_text("No car of the stock has these words.")).to_be_visible()
    # The first closes the list, the second empties the box.
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator(".grid-row").first).to_be_visible()
    await page.locator(".grid [tabindex='0'][data-column]").focus()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert person.complaints == []
