"""The stock on the screen: the best of all cars, any car by its name, and what opens those that are out."""

import re

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.quoted import open_tab
from tests.browser.people import WAIT_MS, Person

IN_PART = """slot => [...slot.children].filter((one) => {
  const [inner, outer] = [one.getBoundingClientRect(), slot.getBoundingClientRect()];
  return inner.top < outer.bottom && inner.bottom > outer.bottom;
}).map((one) => one.textContent)"""

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def matched(person: Person) -> int:
    """Return how many cars match, as the foot of the grid shows it."""
    return number((await person.counts())["Matched"])


def number(text: str) -> int:
    """Return a whole number as people read it."""
    return int(re.sub(r"\D", "", text))


async def only_few_fit(person: Person) -> None:
    """Lower the payment until most cars of the first deal are out of reach."""
    await person.open_first_deal()
    await person.all_valued()
    before = await person.search_id()
    await person.page.locator("#field-payment_max_cents").fill("320")
    await person.page.locator("#field-payment_min_cents").fill("0")
    await person.all_valued(after=before)


async def test_a_new_search_starts_sorted_where_the_pointer_rests_in_the_grid(arrive: Arrive) -> None:
    """The pointer moves in the grid and stays there; the next search begins with its best car anyway."""
    person = await arrive("riverside-manager")
    await person.open_first_deal()
    await person.all_valued()
    page = person.page
    row = await page.locator(".grid-row").nth(2).bounding_box()
    assert row is not None
    await page.mouse.move(row["x"] + 50, row["y"] + 10)
    await page.mouse.move(row["x"] + 70, row["y"] + 14)
    before = await person.search_id()
    await page.locator("#field-cash_down_max_cents").fill("9000")
    await person.all_valued(after=before)
    await expect(page.locator(".pill")).to_have_count(0)
    npvs = [number(text.split(" | ")[1]) for text in await person.best_rows()]
    assert npvs == sorted(npvs, reverse=True)
    assert person.complaints == []


async def test_one_box_finds_a_car_that_does_not_fit_and_opens_it(
    arrive: Arrive, workspace: Workspace
) -> None:
    """By its stock number; the list says why it does not fit, and the panel what would change that."""
    person = await arrive("riverside-sales")
    await only_few_fit(person)
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        car = await owner.fetchrow(
            "SELECT stock_no, vin, year, make, model FROM vehicles WHERE store_id = 'riverside'"
            " AND status = 'available' ORDER BY price_cents DESC LIMIT 1"
        )
    assert car is not None
    page = person.page
    box = page.get_by_label("Find a car by stock number, VIN or words")
    await box.fill(car["stock_no"])
    found = page.get_by_role("listbox", name="Cars of the stock").get_by_role("option")
    await expect(found).to_have_count(1, timeout=WAIT_MS)
    await expect(found).to_contain_text(f"{car['year']} {car['make']} {car['model']}")
    await expect(found).to_contain_text("No structure:")
    await box.press("ArrowDown")
    await box.press("Enter")
    panel = page.get_by_role("complementary", name="Chosen car")
    await expect(panel.get_by_role("heading", level=2)).to_have_text(
        f"{car['year']} {car['make']} {car['model']}"
    )
    await expect(panel).to_contain_text(car["stock_no"])
    await expect(panel).to_contain_text(re.compile("over target payment", re.IGNORECASE))
    await open_tab(person, "Car")
    await expect(panel).to_contain_text(car["vin"])
    await box.fill("no such car")
    await expect(page.get_by_text("No car of the stock has these words.")).to_be_visible()
    await box.press("Escape")
    await expect(page.get_by_role("listbox", name="Cars of the stock")).to_have_count(0)
    assert person.complaints == []


async def test_a_button_opens_the_cars_that_it_says(arrive: Arrive) -> None:
    """More cash, then another term: each is one click, and the next search matches so many cars more; more
    cash may let the customer lease others.
    """
    person = await arrive("riverside-sales")
    await only_few_fit(person)
    openings = person.page.get_by_role("region", name="Cars that don't qualify")
    await person.page.locator('.grid-row[aria-rowindex="2"]').click()
    await expect(person.page.locator(".pencil")).to_be_visible(timeout=WAIT_MS)
    for width in range(1024, 1500, 40):
        await person.page.set_viewport_size({"width": width, "height": 900})
        assert await openings.evaluate(IN_PART) == [], width
    await person.page.set_viewport_size({"width": 1440, "height": 900})
    for kind in ("down", "months"):
        button = openings.get_by_role("button").filter(has_text=kind).first
        await expect(button).to_be_visible()
        opens = number((await button.inner_text()).split("→")[1])
        already, before = await matched(person), await person.search_id()
        await button.click()
        await person.all_valued(after=before)
        assert await matched(person) >= already + opens > already
    assert person.complaints == []


async def test_filters_count_all_cars_and_columns_are_remembered(arrive: Arrive) -> None:
    """A value of a menu shows as many cars as it says, without a search; what is chosen is a chip that lifts
    it. Columns are chosen by keyboard, and are there when the page comes back; kept nonsense is ignored.
    """
    person = await arrive("riverside-sales")
    path = await person.open_first_deal()
    await person.all_valued()
    page, before, every = person.page, await person.search_id(), await matched(person)
    await page.locator("summary", has_text="Make").click()
    menu = page.get_by_role("group", name="Make", exact=True)
    await expect(menu).to_contain_text(f"Of all {every:,} cars.")
    lines = menu.locator("label")
    counts = [number(text) for text in await lines.locator(".number").all_inner_texts()]
    assert sum(counts) == every
    await lines.nth(0).click()
    await lines.nth(1).click()
    chosen = counts[0] + counts[1]
    await expect(page.locator(".reach")).to_contain_text(f"{chosen:,} shown")
    assert [number(text) for text in await lines.locator(".number").all_inner_texts()] == counts
    await page.keyboard.press("Escape")
    await page.locator("summary", has_text="Body").click()
    bodies = page.get_by_role("group", name="Body", exact=True).locator(".number")
    await expect(bodies.first).to_be_visible()
    assert sum(number(text) for text in await bodies.all_inner_texts()) == chosen
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Lift: Make").click()
    await expect(page.get_by_role("region", name="Filters")).to_have_text("No filters")
    await expect(page.get_by_role("region", name="Filters")).to_be_focused()
    assert await person.search_id() == before

    heads = person.cars.get_by_role("columnheader")
    usual = ["Vehicle", "NPV", "PMT", "Cash", "Term", "Lender", "Miles", "Age"]
    assert await heads.all_inner_texts() == usual
    await page.locator("summary", has_text="Columns").focus()
    await page.keyboard.press("Enter")
    columns = page.get_by_role("group", name="Columns")
    await columns.get_by_label("Lender", exact=True).focus()
    await page.keyboard.press("Space")
    await expect(columns.get_by_label("Cost", exact=True)).to_have_count(0)
    await expect(columns.get_by_label("Floorplan to date")).to_have_count(0)
    await columns.get_by_label("Days' supply").focus()
    await page.keyboard.press("Space")
    await columns.get_by_role("button", name="Move Miles left").focus()
    for _ in range(4):
        await page.keyboard.press("Enter")
    mine = ["Vehicle", "Miles", "NPV", "PMT", "Cash", "Term", "Age", "Supply"]
    await expect(heads).to_have_text(mine)
    await expect(page.locator(".cell-days_supply").first).to_have_text(re.compile(r"^(\d+|–)$"))
    await page.keyboard.press("Escape")
    await expect(page.locator("summary", has_text="Columns")).to_be_focused()
    await person.open(path)
    await expect(heads).to_have_text(mine)
    await page.evaluate("Object.keys(localStorage).forEach((key) => { localStorage[key] = '{\"v\":1,' })")
    await person.open(path)
    await expect(heads).to_have_text(usual)
    assert person.complaints == []


async def test_pins_are_everybodys_and_cars_are_compared(arrive: Arrive) -> None:
    """A car that one person pins in the grid stands on top for both; two cars are compared where they differ,
    one is put on the deal from there, and unpinned on top.
    """
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await sales.open_first_deal()
    await sales.all_valued()
    await manager.open(path)
    page = sales.page
    kept = ".pins li:not(.none)"
    already = await page.locator(kept).count()
    rows = page.locator(".grid-row.is-offer:not(.is-pinned)")
    first, second = [await rows.nth(i).get_attribute("id") or "" for i in (0, 1)]
    names = [await page.locator(f"#{car} .cell-make").get_attribute("title") or "" for car in (first, second)]
    await page.locator(f"#{first} .cell-make").hover()
    await page.locator(f"#{first} .tool.pin").click()
    for each in (sales, manager):
        await expect(each.page.locator(kept)).to_have_count(already + 1)
    await expect(page.locator(f"#{first} .tool.pin")).to_have_attribute("aria-pressed", "true")

    await page.locator(f"#{second} .cell-npv_cents").click()
    await page.keyboard.press("c")
    await page.locator(kept).last.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare 2 cars")
    heads = dialog.get_by_role("columnheader")
    assert [await heads.nth(i).locator("b").inner_text() for i in (0, 1)] == [names[1], names[0]]
    total = dialog.get_by_role("row", name="Total")
    await expect(total.get_by_role("cell").first).to_have_text(re.compile(r"\$[\d,]+\.\d\d$"))
    miles = dialog.get_by_role("row", name="Miles")
    await expect(miles).to_have_class("differs")
    shown = [number(text) for text in await miles.get_by_role("cell").all_inner_texts()]
    best = miles.get_by_role("cell").nth(shown.index(min(shown)))
    await expect(best).to_contain_text("★")
    await dialog.get_by_role("button", name="Put this car on the deal").first.click()
    await expect(dialog).to_have_count(0)
    for each in (sales, manager):
        await expect(each.page.locator(".pinned.is-own")).to_contain_text(
            re.sub(r"^(\d+) \w+ (\S+).*", r"\1 \2", names[1])
        )
    own = await page.locator(kept).count()
    await page.locator(kept).last.get_by_role("button", name="Unpin").click()
    await expect(manager.page.locator(kept)).to_have_count(own - 1)
    assert sales.complaints == manager.complaints == []
