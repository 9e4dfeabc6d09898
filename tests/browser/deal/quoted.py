"""The quote of a car as the page shows it."""

import json
import re
from typing import Any

from playwright.async_api import Locator, expect

from tests.browser.people import WAIT_MS, Person


async def choose_best(person: Person) -> str:
    """Open the first deal, choose its best car and wait for the quote. Return the deal's path."""
    path = await person.open_first_deal()
    await person.all_valued()
    person.frames.clear()
    await person.page.locator(".grid-row").first.click()
    await expect(person.page.locator(".offer .big")).to_contain_text("APR", timeout=WAIT_MS)
    return path


async def open_tab(person: Person, name: str) -> None:
    """Open a tab of the panel: Pencil, Value, Contract or Car."""
    await person.page.get_by_role("tab", name=name, exact=True).click(timeout=WAIT_MS)


async def payment_in(cell: Locator) -> str:
    """Return the payment in a cell of a payment grid; before it are the cell's term and cash, unseen."""
    text = await cell.text_content(timeout=WAIT_MS) or ""
    found = re.search(r": (\$[\d,.]*\d)", text)
    assert found, text
    return found[1]


def last_quote(person: Person) -> dict[str, Any]:
    """Return the newest quote that reached the page."""
    quotes = [line for line in lines_of(person) if '"grid"' in line]
    quote: dict[str, Any] = json.loads(quotes[-1])["data"]
    return quote


def lines_of(person: Person) -> list[str]:
    """Return the messages that reached the page, in their order."""
    return [line for frame in person.frames for line in frame.split("\n")]


def dollars(cents: int) -> str:
    """Return what an amount looks like on the page."""
    return f"{'-' if cents < 0 else ''}${abs(cents) / 100:,.2f}"
