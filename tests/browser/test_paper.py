"""The Print button and the print key, as people use them; and the screen itself, which does not print."""

import re
from io import BytesIO
from urllib.parse import urljoin

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from tests.browser.conftest import Arrive
from tests.browser.deal.quoted import choose_best, open_tab
from tests.browser.people import WAIT_MS, Person
from tests.paper.pencils import text_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def _paper(person: Person, name: str | re.Pattern[str]) -> str:
    """Return what the PDF behind a print link says; the browser's own session reads it."""
    link = person.page.get_by_role("link", name=name)
    await expect(link).to_be_visible(timeout=WAIT_MS)
    assert await link.get_attribute("target") == "_blank"
    address = await link.get_attribute("href")
    assert address is not None
    answer = await person.page.request.get(urljoin(person.page.url, address))
    assert answer.status == 200, await answer.text()
    return text_of(await answer.body())


async def test_the_button_prints_the_payment_on_the_screen(arrive: Arrive) -> None:
    """The proposal of the chosen car has the payment that stands on top, for staff and in customer view."""
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    payment = await sales.page.locator(".big output").inner_text()
    said = await _paper(sales, re.compile("^Print$"))
    assert f"{payment} a month" in said
    assert "Proposal" in said
    assert sales.complaints == []


async def test_a_picked_cell_is_printed(arrive: Arrive) -> None:
    """The paper has the figures on top of the panel, also of a cell that somebody looks at; and a way to pay
    that the car cannot be had in has no paper.
    """
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    page = sales.page
    best = await page.locator(".big output").inner_text()
    await page.locator(".pencil td button:not(.out):not(.here)").first.click()
    await expect(page.locator(".big output")).not_to_have_text(best, timeout=WAIT_MS)
    shown = await page.locator(".big output").inner_text()
    assert f"{shown} a month" in await _paper(sales, re.compile("^Print$"))
    await page.get_by_role("button", name="Put this car on the deal").click()
    await expect(page.get_by_role("button", name="Update price")).to_be_visible(timeout=WAIT_MS)
    await page.get_by_role("button", name="Back to the best offer").click()
    await expect(page.get_by_role("button", name="Put these figures on the deal")).to_be_visible(
        timeout=WAIT_MS
    )
    assert f"{shown} a month" in await _paper(sales, "Print deal")
    await page.get_by_role("tab", name="Cash").click()
    await expect(page.get_by_text("maximum cash does not cover it")).to_be_visible()
    await expect(page.get_by_role("link", name=re.compile("^Print"))).to_have_count(0)


async def test_pinned_cars_print_side_by_side(arrive: Arrive) -> None:
    """Two pinned cars give a comparison."""
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    page = sales.page
    for car in range(2):
        await page.locator(".grid-row").nth(car).click()
        pin = page.locator(".choice-bar").get_by_role("button", name="Pin", exact=True)
        await expect(pin).to_be_enabled(timeout=WAIT_MS)
        await pin.click()
        pinned = page.locator(".choice-bar").get_by_role("button", name="Pinned")
        await expect(pinned).to_be_enabled(timeout=WAIT_MS)
    await open_tab(sales, "Contract")
    said = await _paper(sales, "Print comparison of 2 pinned cars")
    assert "Comparison of 2 cars" in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_screen_does_not_print(arrive: Arrive, scheme: str) -> None:
    """Whatever the view and the theme, the browser's own print of the deal holds no figure at all."""
    manager = await arrive("riverside-manager")
    await choose_best(manager)
    await manager.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    printed = text_of(await manager.page.pdf())
    assert "Print button" in printed
    assert "$" not in printed
    assert len(PdfReader(BytesIO(await manager.page.pdf())).pages) == 1


async def test_the_print_key_opens_the_paper(arrive: Arrive) -> None:
    """Ctrl-P opens the paper in a tab of its own, instead of the browser's dialog."""
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    context = sales.page.context
    async with context.expect_event("request", lambda sent: "/paper.pdf?cars=" in sent.url, timeout=WAIT_MS):
        await sales.page.keyboard.press("Control+p")
