"""The screen by keyboard alone."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Arrive
from tests.browser.deal.at_the_desk import state
from tests.browser.hands import Hands
from tests.browser.people import WAIT_MS, Person
from tests.browser.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FIGURES = ["Payment $", "Total of payments $"]


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


async def test_a_whole_deal_by_keyboard_and_by_ear(arrive: Arrive) -> None:
    """From a new deal to its delivery without a mouse: the focus is seen at every stop and is never lost, and
    who does not see the page hears what matters, once.
    """
    sales, manager = await arrive(""), await arrive("")
    hands, others = Hands(sales.page), Hands(manager.page)
    page = sales.page
    await _sign_in(sales, hands, "riverside-sales")
    name = await page.get_by_role("table", name="Open deals").locator("tbody a").first.inner_text()
    await hands.to("New deal")
    await hands.press("Enter")
    await hands.to("Customer")
    await hands.type(name)
    # Enter takes nobody whom older words found.
    await expect(page.get_by_role("listbox", name="Customers")).to_have_attribute("aria-busy", "false")
    await expect(page.get_by_role("option").first).to_contain_text(name, timeout=WAIT_MS)
    await hands.press("Enter")
    await page.wait_for_url("**/deals/*")
    await sales.all_valued()

    ear = Reader(page)
    await ear.start()
    before = await sales.search_id()
    await hands.to("Cash down")
    await ear.hears("textbox, Cash down")
    await hands.type("2,400")
    await hands.press("Enter")
    await sales.all_valued(after=before)
    await ear.hears("cars, all valued")
    await _goes_through_the_cars(sales, hands, ear)
    await expect(page.get_by_role("button", name="Put this car")).to_be_enabled(timeout=WAIT_MS)
    await hands.to("Put this car on the deal")
    await hands.press("Enter")
    await ear.hears("Riverside sales put", "on the deal at $")
    await _takes(hands, ear, "Submit", FIGURES, "Customer agrees to these terms")
    await ear.hears("Riverside sales submitted the deal: Customer agrees to these terms")

    number = page.url.rsplit("/", 1)[-1]
    await _approves(manager, others, name)
    await ear.hears("Riverside manager approved the deal: Meets the store's policy")
    await others.act(number[:8], name)
    await manager.is_live()
    await _enters_the_callback(manager, others)

    await hands.act("Present to the customer", leaves=True)
    await page.wait_for_url("**/present")
    await expect(page.get_by_role("link", name="Back")).to_be_visible(timeout=WAIT_MS)
    # Chromium itself complains of a page that is left while it connects.
    await expect(page.locator(".present.is-live")).to_be_visible(timeout=WAIT_MS)
    await hands.press("Tab")
    await hands.to("Back")
    await page.keyboard.press("Enter")
    await sales.is_live()
    await hands.press("Tab")
    await ear.start()
    await _takes(hands, ear, "Sign", FIGURES)
    await ear.hears("Riverside sales signed")
    await _takes(hands, ear, "Deliver", ["The customer has the car."])
    await state(sales, "Delivered")
    assert sales.complaints == manager.complaints == []


async def _sign_in(person: Person, hands: Hands, login: str) -> None:
    await person.page.goto(f"{person.url}/login")
    await hands.press("Tab")
    await hands.to("Username")
    await hands.type(login)
    await hands.press("Tab")
    await hands.type("demo")
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_role("heading", name="Deals", exact=True)).to_be_visible()
    await person.page.keyboard.press("Tab")


async def _goes_through_the_cars(sales: Person, hands: Hands, ear: Reader) -> None:
    """By Tab to the first car, by arrows over cells, by a key to another order; the chosen car is told."""
    cells = sales.page.locator(".grid-row[aria-rowindex='2'] [role=gridcell]")
    car, npv, payment = [await cells.nth(i).inner_text() for i in range(3)]
    await hands.to(car)
    await ear.hears("gridcell", car, "column index 1")
    await hands.press("ArrowRight")
    await ear.hears("gridcell", npv, "column index 2")
    await hands.press("s")
    await ear.hears("radio, NPV")
    await hands.press("ArrowDown")
    await ear.hears("Sorted by Payment, least first")
    await hands.press("ArrowUp", "Enter")
    await ear.hears("Sorted by NPV, greatest first")
    await hands.press("Control+Home", "Enter")
    await ear.hears(f"Chosen: {car}, {payment} × ")


async def _takes(hands: Hands, ear: Reader, verb: str, about: list[str], reason: str | None = None) -> None:
    """Takes a step by its dialog, which says what it is about."""
    # Until the deal has its figures, the step is off.
    await expect(hands.page.get_by_role("button", name=verb, exact=True)).to_be_enabled(timeout=WAIT_MS)
    await ear.clear()
    await hands.act(verb)
    await ear.hears("dialog, ", *about)
    if reason:
        await hands.to(reason)
        await hands.press("Space")
    await hands.to(verb)
    await hands.press("Enter")


async def _approves(manager: Person, hands: Hands, customer: str) -> None:
    """On the wall, in the row of the deal."""
    page = manager.page
    # The managers' script comes as late as it can: the wall has no title before.
    await page.route("**/managers-*.js", _once_the_wall_is_open)
    await _sign_in(manager, hands, "riverside-manager")
    await hands.to("Desk")
    await hands.press("Enter")
    await manager.is_live()
    ear = Reader(page)
    await ear.start()
    await hands.press("j", "o")
    await ear.hears(f"{customer}: $", " × ", "NPV $")
    await hands.press("a")
    await ear.hears("button, Approve, You approve: $", "down", "%")
    async with manager.shifts.own():
        await hands.press("Enter")
        await ear.hears(f"Approved: {customer}")


async def _once_the_wall_is_open(script: Route) -> None:
    await script.request.frame.page.wait_for_url("**/desk", wait_until="commit")
    await script.continue_()


async def _enters_the_callback(manager: Person, hands: Hands) -> None:
    """The lender approves as its program has it."""
    await expect(manager.page.get_by_role("button", name="Enter lender callback")).to_be_visible()
    await hands.to("Enter lender callback")
    await hands.press("Enter")
    dialog = manager.page.get_by_role("dialog")
    rate = dialog.locator(".field", has=manager.page.get_by_label("Buy rate, %")).locator(".own")
    await hands.to("Buy rate")
    await expect(rate).to_have_text(re.compile(r"\d%$"), timeout=WAIT_MS)
    await hands.type(re.sub(r"[^\d.]", "", await rate.inner_text()))
    await hands.to("Record")
    await hands.press("Enter")
    await expect(manager.page.locator(".decided")).to_be_visible(timeout=WAIT_MS)
