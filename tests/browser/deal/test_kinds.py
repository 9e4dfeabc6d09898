"""A cash deal and a lease on the screen: from the tab of a car to a submitted deal."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.deal.quoted import open_tab, payment_in
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RICH = "300000"


async def _rich(person: Person) -> None:
    """Open the first deal, of a customer whose cash pays for any car."""
    await person.open_first_deal()
    await person.all_valued()
    before = await person.search_id()
    await person.page.locator("#field-cash_down_max_cents").fill(RICH)
    await person.all_valued(after=before)


async def _in_cash(person: Person) -> None:
    """Make the deal a cash deal from the cash tab of its best car."""
    page = person.page
    await page.locator(".grid-row").first.click()
    await page.get_by_role("tab", name="Cash").click(timeout=WAIT_MS)
    before = await person.search_id()
    await page.get_by_role("button", name="Make it a cash deal").click()
    await person.all_valued(after=before)


async def test_a_cash_deal_from_its_tab_to_the_desk(arrive: Arrive) -> None:
    """Every offer is cash then; the car is put on the deal and submitted with its price out the door, which
    the desk lowers by a discount, and approves.
    """
    sales = await arrive("riverside-sales")
    await _rich(sales)
    await _in_cash(sales)
    page = sales.page
    await expect(page.locator("#field-kind")).to_have_value("cash")
    rows = page.locator(".grid-row")
    await expect(rows.first.locator(".cell-term_months")).to_have_text("cash")
    await expect(rows.first.locator(".cell-npv_cents")).to_have_text("–")
    await sales.show_column("Price")
    for _ in ("cheapest first", "dearest first"):
        await sales.order_by("Price")
    await rows.first.click()
    big = page.locator(".offer .big")
    await expect(big).to_contain_text("out the door", timeout=WAIT_MS)
    total = await big.locator("output").inner_text()
    await page.get_by_role("button", name="Put this car on the deal for cash").click(timeout=WAIT_MS)
    await expect(page.locator(".selected-offer .pay")).to_have_text(f"{total} cash", timeout=WAIT_MS)
    assert "NPV" not in await page.locator(".selected-offer").inner_text()

    await page.get_by_role("button", name="Submit", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("region", name="You submit")).to_contain_text(f"Out the door{total}")
    await expect(dialog).not_to_contain_text("Payment")
    await dialog.get_by_label("Customer agrees").check()
    await dialog.get_by_role("button", name="Submit").click()
    await expect(page.locator(".state-submitted").first).to_be_visible(timeout=WAIT_MS)

    manager = await arrive("riverside-manager")
    await manager.open(page.url.removeprefix(sales.url))
    desk = manager.page
    await desk.get_by_role("button", name="Counter", exact=True).click()
    form = desk.get_by_role("dialog")
    await expect(form.locator('[name="counter-cash"]')).to_have_count(0)
    await form.locator('[name="counter-discount"]').fill("500")
    terms = form.locator(".counter-terms")
    await expect(terms).to_contain_text("cash", timeout=WAIT_MS)
    change = re.compile(r"Change in the price out the door\s*-\$5\d\d\.")
    await expect(terms).to_contain_text(change, timeout=WAIT_MS)
    await form.get_by_label("A better program is available").check()
    await form.get_by_role("button", name="Counter").click()
    bar = page.get_by_role("region", name="The desk's counter")
    await expect(bar).to_contain_text("Out the door", timeout=WAIT_MS)
    await bar.get_by_role("button", name="Accept").click()
    await expect(page.locator(".state-submitted").first).to_be_visible(timeout=WAIT_MS)
    await desk.get_by_role("button", name="Approve", exact=True).click(timeout=WAIT_MS)
    await form.get_by_label("Meets the store's policy").check()
    await form.get_by_role("button", name="Approve").click()
    await expect(desk.locator(".state-approved").first).to_be_visible(timeout=WAIT_MS)
    # No lender is to be asked: nothing stands in the way of signing.
    await expect(page.get_by_role("button", name="Sign", exact=True)).to_be_enabled(timeout=WAIT_MS)
    assert sales.complaints == manager.complaints == []


async def test_a_cash_deal_is_financed_again(arrive: Arrive) -> None:
    """The finance tab of a car turns the deal back, and its offers are payments again."""
    sales = await arrive("riverside-sales")
    await _rich(sales)
    await _in_cash(sales)
    page = sales.page
    await page.locator(".grid-row").first.click()
    await page.get_by_role("tab", name="Finance").click(timeout=WAIT_MS)
    await expect(page.locator(".pencil")).to_be_visible(timeout=WAIT_MS)
    before = await sales.search_id()
    await page.get_by_role("button", name="Make it a financed deal").click()
    await sales.all_valued(after=before)
    await expect(page.locator(".grid-row").first.locator(".cell-payment_cents")).to_have_text(
        re.compile(r"^\$[\d,]+\.\d\d$")
    )
    assert sales.complaints == []


async def test_a_payment_of_a_cash_deal_is_shown_as_it_stands_in_the_grid(arrive: Arrive) -> None:
    """A cell of the Finance tab is a financed structure, though the deal is paid in cash."""
    manager = await arrive("riverside-manager")
    await _rich(manager)
    await _in_cash(manager)
    page = manager.page
    await page.locator(".grid-row").first.click()
    await page.get_by_role("tab", name="Finance").click(timeout=WAIT_MS)
    cell = page.locator(".pencil button:not(.out):not(.here)[data-cell]").first
    payment = await payment_in(cell)
    await cell.click()
    await expect(page.locator(".pick-bar")).to_be_visible(timeout=WAIT_MS)
    await expect(page.locator(".pencil button.here")).to_contain_text(payment, timeout=WAIT_MS)
    await expect(page.get_by_role("tab", name="Finance")).to_have_attribute("aria-selected", "true")


async def test_a_lease_from_its_tab_to_the_desk(arrive: Arrive) -> None:
    """The lease stands beside the financed payment; a cell of its grid shows another one; its offer is put on
    the deal and submitted.
    """
    sales = await arrive("riverside-sales")
    await sales.open_first_deal()
    await sales.all_valued()
    page, before = sales.page, await sales.search_id()
    await page.locator("#field-payment_max_cents").fill("2000")
    await sales.all_valued(after=before)
    before = await sales.search_id()
    await page.locator("#field-kind").select_option("lease")
    await sales.all_valued(after=before)
    first = page.locator(".grid-row").first
    await expect(first.locator(".cell-term_months")).to_have_text(re.compile(r"^\d\d lease$"))
    await expect(first.locator(".cell-npv_cents")).to_have_text("–")
    await first.click()
    big = page.locator(".offer .big")
    await expect(big).to_contain_text("miles a year", timeout=WAIT_MS)
    await expect(page.get_by_role("tab", name="Lease")).to_have_attribute("aria-selected", "true")
    payment = await big.locator("output").inner_text()
    panel = page.get_by_role("region", name="Lease", exact=True)
    for said in ("Residual", "Due at signing", "Effective monthly cost", "Money factor", "Adjusted cap cost"):
        await expect(panel).to_contain_text(said)
    await expect(page.locator(".waterfall")).to_have_count(0)
    cells = page.locator(".lease-grid td button:not(.out):not(.here)")
    shown = await payment_in(cells.first)
    await cells.first.click()
    await expect(big.locator("output")).to_have_text(shown, timeout=WAIT_MS)
    await page.get_by_role("button", name="Back to the best offer").click()
    await expect(big.locator("output")).to_have_text(payment, timeout=WAIT_MS)
    await page.get_by_role("tab", name="Finance").click()
    await expect(page.locator(".pencil:not(.lease-grid)")).to_be_visible()
    await page.get_by_role("tab", name="Lease").click()
    await page.get_by_role("button", name="Put this lease on the deal").click(timeout=WAIT_MS)
    await expect(page.locator(".selected-offer .pay")).to_have_text(
        re.compile(rf"^{re.escape(payment)} × \d\d lease$"), timeout=WAIT_MS
    )
    await page.get_by_role("button", name="Submit", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("region", name="You submit")).to_contain_text("lease")
    await dialog.get_by_label("Customer agrees").check()
    await dialog.get_by_role("button", name="Submit").click()
    await expect(page.locator(".state-submitted").first).to_be_visible(timeout=WAIT_MS)
    assert sales.complaints == []


async def test_a_customer_sees_a_lease_as_on_paper(arrive: Arrive) -> None:
    """Payment, residual, miles and what is due at signing; neither money factor, lender nor limit."""
    manager = await arrive("riverside-manager")
    await manager.open_first_deal()
    await manager.all_valued()
    page, before = manager.page, await manager.search_id()
    await page.locator("#field-kind").select_option("lease")
    await manager.all_valued(after=before)
    await page.locator(".grid-row").first.click()
    await open_tab(manager, "Value")
    await expect(page.locator(".waterfall")).to_contain_text("Reserve", timeout=WAIT_MS)
    await expect(page.locator(".offer")).to_contain_text("No credit model")
    await page.get_by_role("button", name="Put this lease on the deal").click()
    await expect(page.locator(".selected-offer")).to_contain_text("lease", timeout=WAIT_MS)
    manager.frames.clear()
    await page.get_by_role("link", name="Present").click()
    shown = page.locator(".present.is-live")
    await expect(shown.locator(".paid-facts")).to_contain_text("Miles a year", timeout=WAIT_MS)
    await expect(shown.locator(".details")).to_contain_text("Due at signing")
    await expect(shown).not_to_contain_text("Money factor")
    said = "".join(manager.frames)
    for hidden in ("money_factor", "buy_factor", "lease_value_cents", "lease_lender", '"binding"'):
        assert hidden not in said, hidden
    assert manager.complaints == []
