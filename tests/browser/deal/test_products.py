"""F&I products on the screen: lines, what each adds, declining, and the menu."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Arrive
from tests.browser.people import Person

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


def line(person: Person, name: str) -> Locator:
    """Return the section of a product."""
    return person.page.get_by_role("region", name=name, exact=True)


async def offered(person: Person) -> None:
    """Let many cars have an offer, and choose the first one."""
    await person.type_into("Max", "")
    await person.type_into("Max cash down", "40000")
    await person.all_valued()
    await person.page.locator(".grid-row").first.click()
    await expect(person.page.get_by_role("heading", name="Payment grid")).to_be_visible()


async def without_products(person: Person) -> None:
    """Take out every product with which the deal began."""
    lines = person.page.locator("section.product")
    while await lines.count():
        before = await lines.count()
        await lines.first.get_by_role("button", name=re.compile("^Remove")).click()
        await expect(lines).to_have_count(before - 1)


async def test_products_are_taken_priced_declined_and_chosen_from_the_menu(arrive: Arrive) -> None:
    """What a line adds is said beside it, "Optional" too; the desk sees what it costs, nobody else does."""
    seller = await arrive("riverside-sales")
    path = await seller.open_first_deal()
    await seller.all_valued()
    await seller.unfold("F&I products")
    await without_products(seller)
    await offered(seller)
    page = seller.page
    await page.get_by_label("Add a product").select_option("gap")
    gap = line(seller, "GAP waiver")
    await expect(gap.get_by_text("Optional", exact=True)).to_be_visible()
    await expect(gap.locator(".adds strong")).to_have_text(re.compile(r"^\+\$\d+\.\d\d/mo$"))
    await expect(page.locator(".products > summary output")).to_have_text("$895.00")
    at_retail = await gap.locator(".adds strong").inner_text()
    await gap.get_by_label("Price").fill("500")
    await gap.get_by_label("Price").blur()
    await expect(page.locator(".products > summary output")).to_have_text("$500.00")
    await expect(gap.locator(".adds strong")).not_to_have_text(at_retail)
    await expect(gap.locator(".adds strong")).to_have_text(re.compile(r"^\+\$\d+\.\d\d/mo$"))

    desk = await arrive("riverside-manager")
    await desk.open(path)
    await desk.all_valued()
    await desk.unfold("F&I products (1)")
    await expect(line(desk, "GAP waiver").get_by_label("Price")).to_have_value("500.00")
    await desk.page.locator(".grid-row").first.click()
    await expect(line(desk, "GAP waiver").get_by_text("Cost $310.00")).to_be_visible()
    assert not any("cost_cents" in frame and "31000" in frame for frame in seller.frames)

    await gap.get_by_role("button", name="Customer declines GAP waiver").click()
    # In an open fold nothing moves for what somebody else does: it waits, and what is gone stays until asked.
    await expect(line(desk, "GAP waiver").get_by_text("Taken out")).to_be_visible()
    await desk.page.locator(".fold-end").get_by_role("button", name="1 new").click()
    await expect(line(desk, "GAP waiver")).to_have_count(0)
    await expect(desk.page.get_by_role("list", name="Declined").get_by_text("GAP waiver")).to_be_visible()
    await expect(desk.page.get_by_text("Declined products", exact=True)).to_be_visible()

    await page.get_by_role("button", name="Menu", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("Every product is optional")).to_be_visible()
    await expect(dialog.locator(".package")).to_have_count(4)
    essential = dialog.get_by_role("region", name="Essential (sample)")
    # The menu is that of the deal without the waiver, which stood there at another price.
    await expect(essential.get_by_text("$895.00")).to_be_visible()
    payment = (await essential.locator(".payment").inner_text()).removesuffix("/mo")
    await essential.get_by_role("button", name="Choose Essential (sample)").click()
    await desk.page.locator(".fold-end").get_by_role("button", name="new").click()
    await expect(line(desk, "Vehicle service contract, 6 years")).to_be_visible()
    await expect(line(seller, "GAP waiver").get_by_label("Price")).to_have_value("895.00")
    await expect(page.locator(".declined li")).not_to_have_count(0)
    # The payment that the menu said is that of the car with the package, if nothing else had to give.
    await page.get_by_role("button", name="Menu", exact=True).click()
    chosen = page.get_by_role("dialog").locator(".package.chosen")
    await expect(chosen.get_by_role("heading", name="Essential (sample)")).to_be_visible()
    await expect(chosen.locator(".payment")).to_have_text(re.compile(r"^\$[\d,]+\.\d\d/mo$"))
    assert payment.startswith("$")
    await page.get_by_role("dialog").get_by_role("button", name="No products").click()
    await expect(page.locator("section.product")).to_have_count(0)
    await expect(page.locator(".products > summary output")).to_have_text("None")
    for person in (seller, desk):
        assert person.complaints == []
