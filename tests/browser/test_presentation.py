"""What a customer sees: on the store's screen, and on a device of their own by a link that can end."""

import re

import pytest
from playwright.async_api import Locator, Page, ViewportSize, expect

from server.paper.qr import qr_rows
from tests.browser.axe import faults
from tests.browser.conftest import Arrive
from tests.browser.deal.at_the_desk import choose_best, desk
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1440, height=900)
INTERNAL = re.compile(
    r"npv|lender|programme|cost_cents|stress|frontier|binding|tier|markup|buy_|reserve|money_factor|acv|"
    r"appraised|floorplan|days_in_stock|score|income",
    re.IGNORECASE,
)
GLOBALS = "Object.getOwnPropertyNames(window).filter((name) => !/^\\d+$/.test(name))"


async def test_a_customer_follows_the_deal_by_a_link(arrive: Arrive) -> None:
    """Salesperson, manager and the customer's telephone: shared, live, liked, and closed when revoked."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    customer = await arrive("")
    path = await sales.open_first_deal()
    await manager.open(path)
    await put_on_the_deal(sales)
    link = await share(sales)
    await open_link(customer, link)
    await follows(sales, manager, customer)
    await likes(sales, manager, customer)
    await nothing_internal(customer)
    assert await customer.page.evaluate("Object.keys({...sessionStorage, ...localStorage})") == [
        "offer-channel"
    ]
    await is_turned_round(manager, path)
    await is_revoked(sales, customer, link)
    assert sales.complaints == manager.complaints == []


async def put_on_the_deal(person: Person) -> None:
    """Choose the best car and make it the deal's."""
    await choose_best(person)
    await person.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(person).locator(".selected-offer")).to_contain_text("×", timeout=WAIT_MS)


async def share(sales: Person) -> str:
    """Make a link, and return it as it is sent."""
    page = sales.page
    await page.get_by_role("button", name="Show to customer").click()
    async with sales.shifts.own():
        await page.get_by_role("button", name="New link").click()
        await expect(page.get_by_role("img", name="QR code of the link")).to_be_visible(timeout=WAIT_MS)
    assert await faults(page, "dialog[open]") == []
    link = await page.get_by_label("Link to send").input_value()
    squares = [
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(qr_rows(link))
        for x, module in enumerate(row)
        if module == "1"
    ]
    assert await page.locator("svg.qr path").get_attribute("d") == "".join(squares)
    return link


async def open_link(customer: Person, link: str) -> None:
    """Open the link on a telephone; its token leaves the address."""
    page = customer.page
    await page.set_viewport_size(PHONE)
    await page.goto(link)
    await live(page)
    assert page.url == f"{customer.url}/offer"
    assert await faults(page) == []


async def follows(sales: Person, manager: Person, customer: Person) -> None:
    """What the store changes appears by itself; what the customer chose stays chosen, and nothing moves."""
    page, asked = customer.page, len(customer.requests)
    dialog = sales.page.get_by_role("dialog")
    async with sales.shifts.own():
        await dialog.get_by_label("Cash", exact=True).check()
        await dialog.get_by_label("Finance", exact=True).check()
        for place, dollars in enumerate(("1,234", "2,345", "9,876"), 1):
            await dialog.get_by_label(f"Cash down {place}").fill(dollars)
            await sales.page.keyboard.press("Enter")
        await expect(page.locator(".cells thead")).to_contain_text("$9,876", timeout=WAIT_MS)
    await expect(page.get_by_role("radio", name="Cash", exact=True)).to_be_visible()
    await live(page)

    cell = page.get_by_role("radio", name=re.compile(r"^\d+ months, \$9,876 down: ")).last
    await cell.evaluate("one => one.scrollIntoView({block: 'center'})")
    await cell.check(force=True)
    place_of_it, paid = (await cell.get_attribute("aria-label") or "").split(": ")
    await expect(page.locator(".like-what b")).to_contain_text(paid.split(" ")[0])
    await expect(page.locator(".difference")).to_contain_text("down")
    await manager.unfold("Fees, tax")
    await manager.type_into("Fees", "1,250")
    await expect(page.locator(".like-what b")).not_to_contain_text(paid.split(" ")[0], timeout=WAIT_MS)
    await live(page)
    await expect(page.get_by_role("radio", name=f"{place_of_it}: ")).to_be_checked()
    assert customer.requests[asked:] == []


async def likes(sales: Person, manager: Person, customer: Person) -> None:
    """The customer's choice is seen in the deal at once, by everybody in it, with its figures."""
    page = customer.page
    paid = (await page.locator(".like-what b").inner_text()).split(" ")[0]
    await page.get_by_role("button", name="I like this").click()
    await expect(page.locator(".liked")).to_be_visible(timeout=WAIT_MS)
    await expect(page.locator(".like-note")).to_contain_text("was told at")
    liked = f"likes {await page.locator('.like-what bdi').inner_text()}, {paid}"
    for person in (sales, manager):
        await expect(person.page.locator(".liked-note")).to_contain_text(f"Customer {liked}", timeout=WAIT_MS)
        await expect(person.page.locator(".timeline li").first).to_contain_text(liked)


async def nothing_internal(customer: Person) -> None:
    """Neither frames nor document hold anything internal, and the page keeps nothing beside them.

    The welcome names commands and rights, and no deal.
    """
    page = customer.page
    lines = [line for frame in customer.frames for line in frame.split("\n")]
    told = [line for line in lines if not line.startswith('{"type":"welcome"')]
    assert told
    assert INTERNAL.search("\n".join(told)) is None
    assert INTERNAL.search(await page.content()) is None
    blank = await page.context.new_page()
    await blank.goto(f"{customer.url}/healthz")
    plain = set(await blank.evaluate(GLOBALS))
    await blank.close()
    assert set(await page.evaluate(GLOBALS)) - plain <= {"axe", "__core-js_shared__"}
    kept = await page.evaluate("({...sessionStorage, ...localStorage})")
    # The tab of a salesperson knows which parts of the form were open; a customer's knows the deal's channel.
    assert INTERNAL.search(" ".join(kept.values())) is None
    assert await page.evaluate("document.cookie") == ""


async def is_turned_round(manager: Person, path: str) -> None:
    """One press shows the store's screen the same page, which joins as a customer; Escape is the way back."""
    page = manager.page
    await page.get_by_role("link", name="Present").click()
    await live(page)
    manager.frames.clear()
    await page.reload()
    await live(page)
    await nothing_internal(manager)
    for size in (PHONE, DESKTOP):
        await page.set_viewport_size(size)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await faults(page) == []
    # What the customer chose on the telephone is theirs: the store's screen shows the deal's own figures.
    await page.get_by_role("button", name="I like this").click()
    await expect(page.locator(".liked")).to_be_visible(timeout=WAIT_MS)
    await page.keyboard.press("Escape")
    await page.wait_for_url(f"**{path}")
    await manager.is_live()
    await expect(page.locator(".timeline li").first).to_contain_text("recorded that the customer likes")


async def is_revoked(sales: Person, customer: Person, link: str) -> None:
    """The open page closes at once and keeps no figure; the link opens nothing again."""
    await sales.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    ended = customer.page.get_by_role("heading", name="This link has ended")
    await expect(ended).to_be_visible(timeout=WAIT_MS)
    assert "$" not in await customer.page.locator("body").inner_text()
    assert await faults(customer.page) == []
    # In the address of the same tab, too: there it is another place of the same page.
    await customer.page.goto(link)
    await customer.page.wait_for_url("**/offer")
    await expect(ended).to_be_visible(timeout=WAIT_MS)
    # Chromium itself says so of every answer of 404: the page asked twice.
    assert all("404" in one for one in customer.complaints), customer.complaints


async def live(page: Page) -> None:
    """Wait until the figures are current."""
    status: Locator = page.locator(".present.is-live .present-status")
    await expect(status).to_contain_text("Live", timeout=WAIT_MS)
