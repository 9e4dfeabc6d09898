"""Windows of all sizes: nothing lies over anything else, and what is shown can be reached."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.deal.quoted import choose_best
from tests.browser.people import WAIT_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BOXES = """() => Object.fromEntries(
  ["stock", "grid", "openings", "offer", "headline", "payment-tabs", "timeline"].map((name) => {
    const {top, bottom, left, right} = document.querySelector(`.${name}`).getBoundingClientRect();
    return [name, {top, bottom, left, right}];
  }))"""
IN_SIGHT = """() => {
  const frame = document.querySelector(".grid").getBoundingClientRect();
  const bottom = Math.min(frame.bottom, innerHeight);
  return [...document.querySelectorAll(".grid-row")]
    .filter((row) => row.getBoundingClientRect().bottom <= bottom).length;
}"""
ASKEW = """() => {
  const left = (one) => Math.round(one.getBoundingClientRect().left);
  const heads = [...document.querySelectorAll(".grid-head > div")].map(left);
  const cells = [...document.querySelector(".grid-row").children].map(left);
  return heads.filter((head, column) => Math.abs(head - cells[column]) > 1);
}"""
# What a scrollbar takes where it has a place of its own.
BESIDE_COLUMNS = """() => {
  const grid = document.querySelector(".grid");
  return grid.clientWidth - parseFloat(getComputedStyle(grid.querySelector(".grid-head")).minWidth);
}"""
SCROLLBAR_PX = 11
SMALL_DESK = {"width": 1280, "height": 800}
CUT = """() => {
  const frame = document.querySelector(".stock").getBoundingClientRect();
  return [...document.querySelectorAll(".filters :is(button, summary, input), .compare-start *")]
    .filter((one) => one.getBoundingClientRect().right > frame.right).map((one) => one.textContent);
}"""
BESIDE = """() => {
  const names = [...document.querySelectorAll(".deal-table tbody a, .row-opener")];
  const frames = [...document.querySelectorAll(".table-frame, .wall-table")];
  return [...names.map((one) => one.closest("td, [role=cell]")), ...frames]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent.slice(0, 40));
}"""
SCROLLS = "document.documentElement.scrollHeight > innerHeight"
LEAST_ROWS = 10
ROW_PX = 30
WINDOWS = [(1440, 560), (1024, 768), (768, 1024), (720, 450)]
"""A low one, tablets, and a desk's at twice its size."""
PHONE = {"width": 390, "height": 844}
THUMB_PX = 44


async def test_nothing_lies_over_the_cars(arrive: Arrive) -> None:
    """On a small desk the usual columns fit beside a scrollbar, and a search says what it scanned on a usual
    one. The list keeps ten rows, each cell under its head, the chosen car has its own place, no page is wider
    than the window, a tablet has ten rows in sight, and a phone has the deal's steps under the thumb.
    """
    sales = await arrive("riverside-sales")
    page = sales.page
    await choose_best(sales)
    scanned = page.locator(".counts .scanned")
    counts = await page.locator(".counts").bounding_box()
    last = await scanned.bounding_box()
    assert counts is not None and last is not None
    assert last["y"] + last["height"] <= counts["y"] + counts["height"] + 1
    await page.set_viewport_size(SMALL_DESK)
    assert await page.evaluate(BESIDE_COLUMNS) >= SCROLLBAR_PX
    for width, height in WINDOWS:
        await page.set_viewport_size({"width": width, "height": height})
        box = await page.evaluate(BOXES)
        stock, offer = box["stock"], box["offer"]
        assert stock["bottom"] <= offer["top"] or stock["right"] <= offer["left"]
        assert box["grid"]["bottom"] <= box["openings"]["top"]
        assert box["openings"]["bottom"] <= stock["bottom"] <= box["timeline"]["top"]
        head, tabs = box["headline"], box["payment-tabs"]
        assert head["bottom"] <= tabs["top"] or head["right"] <= tabs["left"]
        assert box["grid"]["bottom"] - box["grid"]["top"] >= LEAST_ROWS * ROW_PX
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate(ASKEW) == []
        assert await page.evaluate(CUT) == []
        if width >= 1024 and height >= 768:
            assert await page.evaluate(IN_SIGHT) >= LEAST_ROWS
    await page.locator(".offer").get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("Choose a car to see its offer.")).to_be_visible()
    assert not await page.evaluate(SCROLLS), "the page scrolls, and not the window behind it"
    await page.set_viewport_size(PHONE)
    steps = await page.locator(".steps .button").all()
    assert steps
    for step in steps:
        box = await step.bounding_box()
        assert box is not None and box["height"] >= THUMB_PX
        assert PHONE["height"] / 2 < box["y"] <= PHONE["height"] - box["height"]
    assert sales.complaints == []


@pytest.mark.parametrize("path", ["/", "/desk"])
async def test_a_list_fits_its_window(arrive: Arrive, path: str) -> None:
    """A wide table scrolls in its frame, and no word of the head lies over another. Wider, nothing is cut."""
    manager = await arrive("riverside-manager")
    page = manager.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{manager.url}{path}")
    await expect(page.locator(".deal-table tbody a, .section-title").first).to_be_visible(timeout=WAIT_MS)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heads = page.locator(".top :is(h1, .standing, .desk-link, .who)")
    boxes = [await one.bounding_box() for one in await heads.all()]
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert one and other
            beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert beside or below, (one, other)
    for width, height in WINDOWS[1:]:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate(BESIDE) == [], width


async def test_the_shown_cell_is_in_sight(arrive: Arrive) -> None:
    """However many columns the payment grid has, it opens at the cell that the panel is about."""
    sales = await arrive("riverside-sales")
    page = sales.page
    await choose_best(sales)
    await page.get_by_label("Columns every").fill("100")
    await page.keyboard.press("Enter")
    await expect(page.locator(".pencil [role=grid][aria-busy=false]")).to_be_visible()
    last = page.locator(".pencil tbody tr").last.locator("td button:not(.out)").last
    await last.click()
    await expect(page.locator(".pencil td[aria-selected=true]")).to_be_visible(timeout=WAIT_MS)
    await page.get_by_role("tab", name="Cash").click()
    await page.get_by_role("tab", name="Finance").click()
    inside = """cell => {
      const box = (one) => one.getBoundingClientRect(), head = box(cell.parentElement.querySelector("th"));
      const own = box(cell), frame = box(cell.closest(".pencil-frame"));
      return own.left >= head.right - 1 && own.right <= frame.right + 1;
    }"""
    assert await page.locator(".pencil td[aria-selected=true]").evaluate(inside)
    halves = """row => {
      const head = row.querySelector("th").getBoundingClientRect();
      const cells = [...row.querySelectorAll("td")].map((one) => one.getBoundingClientRect());
      return cells.filter(({left, right}) => left < head.right - 1 && right > head.right + 1).length;
    }"""
    assert await page.locator(".pencil tbody tr").first.evaluate(halves) == 0
