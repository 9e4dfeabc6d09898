"""The offer panel by keyboard: its tabs, a point of the plot, and a failing car that is fixed and unfixed."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Arrive
from tests.browser.deal.quoted import choose_best
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FADES = """() => {
  window.faded = [];
  addEventListener("animationstart", (event) => window.faded.push(event.animationName));
}"""

TABS = {
    "Pencil": "Roll to a payment",
    "Value": "NPV breakdown",
    "Contract": "Amount financed",
    "Car": "Stock no.",
}


async def test_the_panel_by_keyboard(arrive: Arrive) -> None:
    """The head stays where it is in every tab and for every car, and nothing is wider than the panel; a point
    that is picked shows its structure, and one more key applies it; the tab is the person's own.
    """
    manager = await arrive("riverside-manager")
    await choose_best(manager)
    page, offer = manager.page, manager.page.locator(".offer")
    slots = await _slots(offer)
    first = page.get_by_role("tab", name="Pencil")
    await first.focus()
    for name, said in TABS.items():
        tab = page.get_by_role("tab", name=name, exact=True)
        await expect(tab).to_be_focused()
        await expect(tab).to_have_attribute("aria-selected", "true")
        panel = offer.get_by_role("tabpanel").first
        await expect(panel).to_contain_text(said, timeout=WAIT_MS)
        await expect(panel).to_have_accessible_name(name)
        assert await _slots(offer) == slots, name
        assert await panel.evaluate("one => one.scrollWidth <= one.clientWidth"), name
        await page.keyboard.press("ArrowRight")
    await expect(first).to_be_focused()
    # Another car: its skeleton and its quote stand in the same places.
    for car in (1, 2):
        await page.locator(".grid-row").nth(car).click()
        assert await _slots(offer) == slots
        await expect(offer.locator(".big")).to_contain_text("APR", timeout=WAIT_MS)
        await expect(offer.locator('.headline[aria-busy="false"]')).to_be_visible(timeout=WAIT_MS)
        assert await _slots(offer) == slots
    await _picks_a_point(manager)
    await page.reload()
    await choose_again(manager)
    await expect(page.get_by_role("tab", name="Value")).to_have_attribute("aria-selected", "true")
    assert manager.complaints == []


async def choose_again(person: Person) -> None:
    """Choose the best car of a page that was loaded again by its key: the panel says which it is."""
    await person.all_valued()
    row = person.page.locator(".grid-row").first
    best = person.page.get_by_role("button", name="Best deal B")
    await expect(best).to_contain_text(await row.locator(".cell-payment_cents").inner_text())
    await person.page.keyboard.press("b")
    await expect(row).to_have_attribute("aria-selected", "true")
    await expect(person.page.locator(".offer .big")).to_contain_text("APR", timeout=WAIT_MS)


async def _slots(offer: Locator) -> dict[str, float]:
    """Return where the parts of the panel begin that never move."""
    tops: dict[str, float] = await offer.evaluate(
        """offer => Object.fromEntries([".big", ".choice-bar", ".pick-slot", ".offer-tabs", ".offer-body"]
          .map((name) => [name, offer.querySelector(name).getBoundingClientRect().top]))"""
    )
    return tops


async def _picks_a_point(person: Person) -> None:
    """Go along the best trade-offs by the arrow keys, pick the second one, apply it and undo that."""
    page = person.page
    await page.get_by_role("tab", name="Value").click()
    points = page.get_by_role("listbox", name="Structures by rising payment").get_by_role("option")
    await expect(points.first).to_be_visible(timeout=WAIT_MS)
    await points.first.focus()
    await page.keyboard.press("Home")
    await expect(points.first).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(points.nth(1)).to_be_focused()
    payment = (await points.nth(1).get_attribute("aria-label") or "").split(" ")[0]
    await expect(page.locator(".point-detail")).to_contain_text(payment)
    await page.keyboard.press("Enter")
    await expect(page.locator(".big output")).to_have_text(payment, timeout=WAIT_MS)
    await expect(points.nth(1)).to_have_attribute("aria-selected", "true")
    before = await person.search_id()
    apply = page.get_by_role("button", name="Apply terms")
    await expect(apply).to_be_enabled(timeout=WAIT_MS)
    await apply.focus()
    await page.keyboard.press("Enter")
    await person.all_valued(after=before)
    before = await person.search_id()
    await page.get_by_role("button", name="Undo", exact=True).click()
    await person.all_valued(after=before)


async def test_a_failing_car_says_why_and_is_fixed_by_a_click(arrive: Arrive) -> None:
    """A car that the terms leave out stays in the panel with the reason and its amount; the fix changes the
    deal for everyone, and undoing it gives the deal its terms back. A new figure fades in, unless the person
    wants no motion.
    """
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await choose_best(sales)
    await sales.page.evaluate(FADES)
    await manager.open(path)
    await manager.all_valued()
    page, offer = sales.page, sales.page.locator(".offer")
    car = await offer.locator("h2").inner_text()
    payment = float((await offer.locator(".big output").inner_text()).strip("$").replace(",", ""))
    before = await sales.search_id()
    await sales.type_into("Min", "0")
    await page.get_by_label("Max", exact=True).fill(str(int(payment * 0.8)))
    await sales.all_valued(after=before)
    why = offer.locator(".big.none")
    await expect(why).to_have_text(re.compile(r"^Over target payment by \$[\d,]+(\.\d\d)?$"), timeout=WAIT_MS)
    await expect(offer.locator("h2")).to_have_text(car)
    fix = offer.get_by_role("group", name="Fix it for the deal").get_by_role("button", name="down")
    more = int(re.sub(r"\D", "", await fix.inner_text()))
    highest = manager.page.get_by_label("Max cash down", exact=True)
    most = await highest.input_value()
    before = await sales.search_id()
    assert await page.evaluate("window.faded") == []
    await page.emulate_media(reduced_motion="no-preference")
    await fix.focus()
    await page.keyboard.press("Enter")
    raised = f"{int(most.replace(',', '')) + more:,}"
    await expect(highest).to_have_value(raised, timeout=WAIT_MS)
    await expect(offer.locator(".big")).to_contain_text("APR", timeout=WAIT_MS)
    await sales.all_valued(after=before)
    assert "changed" in await page.evaluate("window.faded")
    await expect(offer.locator(".undo-bar")).to_contain_text(f"+${more:,} down")
    await offer.get_by_role("button", name="Undo", exact=True).click()
    await expect(highest).to_have_value(most, timeout=WAIT_MS)
    await expect(why).to_be_visible(timeout=WAIT_MS)
    assert sales.complaints == manager.complaints == []
