"""Ctrl-K on every page, by the keyboard alone; and the lists behind it, which ask over the socket."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Arrive
from tests.browser.deal.at_the_desk import choose_best
from tests.browser.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_everything_is_found_by_the_keyboard(arrive: Arrive) -> None:
    """A deal by its customer, a car by its stock number, an action by its name, a new deal by a name; Escape
    closes what opened last; no request leaves the page.
    """
    sales = await arrive("riverside-sales")
    await sales.see_deals()
    page = sales.page
    first = page.get_by_role("table", name="Open deals").locator("tbody a").first
    name = await first.inner_text()
    asked = len(sales.requests)

    await _look_up(sales, name)
    await _take(sales, "Deals", name)
    await page.wait_for_url("**/deals/*")
    await choose_best(sales)
    other = sales.page.locator(".grid-row").nth(3)
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")
    await expect(_palette(sales)).to_have_count(0)

    await page.get_by_role("button", name="Make").or_(page.locator("summary", has_text="Make")).first.click()
    menu = page.locator("details.choice[open]")
    await expect(menu).to_have_count(1)
    await page.keyboard.press("Control+k")
    await expect(_palette(sales)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(_palette(sales)).to_have_count(0)
    await expect(menu).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)

    await other.click()
    stock = re.search(r"\bU\d{7}\b", await page.locator(".offer").inner_text())
    assert stock is not None
    heading = await page.locator(".offer h2").first.inner_text()
    await page.locator(".grid-row").first.click()
    await _look_up(sales, stock[0])
    await _take(sales, "Cars", stock[0])
    await expect(page.locator(".offer h2").first).to_have_text(heading)

    await _look_up(sales, "submit")
    await expect(_option(sales, "Submit")).to_contain_text("Put a car on the deal first.")
    await page.keyboard.press("Enter")
    await expect(_palette(sales)).to_be_visible()
    await page.keyboard.press("Escape")
    await _look_up(sales, "keys of this")
    await page.keyboard.press("Enter")
    keys = page.get_by_role("dialog", name="Keys")
    await expect(keys).to_contain_text("Find deals, customers, cars and actions")
    await page.keyboard.press("Escape")

    await _look_up(sales, "new deal")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Customer for the new deal")).to_be_focused()
    before = page.url
    await page.keyboard.type(name.split()[0])
    await _is_answered(sales)
    await expect(_palette(sales).get_by_role("option").first).to_contain_text(name.split()[0])
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: "/deals/" in url and url != before)
    await sales.is_live()

    await page.keyboard.press("Control+k")
    await expect(_palette(sales).get_by_role("option").first).to_contain_text(name)
    await page.keyboard.press("Escape")
    await _look_up(sales, "show to")
    await expect(_option(sales, "Show to customer")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Show to customer")).to_be_visible()
    await page.keyboard.press("Escape")
    assert len(sales.requests) == asked
    assert sales.complaints == []


async def test_enter_takes_nobody_whom_older_words_found(arrive: Arrive) -> None:
    """Who types on and presses Enter at once begins no deal for the customer before."""
    sales = await arrive("riverside-sales")
    await sales.see_deals()
    page = sales.page
    await page.clock.install()
    await _look_up(sales, "new deal")
    await page.keyboard.press("Enter")
    box = page.get_by_role("combobox", name="Customer for the new deal")
    names: list[str] = []
    for letter in "cdghjmpstw":
        await box.fill(letter)
        await _is_answered(sales)
        names += await _palette(sales).locator(".palette-title").all_inner_texts()
        if len(set(names)) > 1:
            break
    one, other = list(dict.fromkeys(names))[:2]
    await box.fill(one)
    await _is_answered(sales)
    await expect(_option(sales, one)).to_be_visible()

    # The pause after which the words are asked for does not end.
    await page.clock.pause_at(await page.evaluate("Date.now()") / 1000 + 1)
    await box.fill(other)
    await page.keyboard.press("Enter")
    await expect(_palette(sales).get_by_role("listbox")).to_have_attribute("aria-busy", "true")
    assert "/deals/" not in page.url
    await page.clock.resume()
    await _is_answered(sales)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/deals/*")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(other)


def _palette(person: Person) -> Locator:
    return person.page.locator(".palette")


def _option(person: Person, text: str) -> Locator:
    return _palette(person).get_by_role("option").filter(has_text=text).first


async def _look_up(person: Person, words: str) -> None:
    await person.page.keyboard.press("Control+k")
    await expect(_palette(person).get_by_role("combobox")).to_be_focused()
    await person.page.keyboard.type(words)


async def _is_answered(person: Person) -> None:
    """Wait for the answer to all that was typed: what was found before it is not taken."""
    await expect(_palette(person).get_by_role("listbox")).to_have_attribute("aria-busy", "false")


async def _take(person: Person, group: str, text: str) -> None:
    """Take the first entry of a group by the arrow keys."""
    await _is_answered(person)
    await expect(_palette(person).locator(".palette-group", has_text=group)).to_be_visible()
    wanted = _option(person, text)
    for _ in range(30):
        if await wanted.get_attribute("aria-selected") == "true":
            break
        await person.page.keyboard.press("ArrowDown")
    await person.page.keyboard.press("Enter")
    await expect(_palette(person)).to_have_count(0)
