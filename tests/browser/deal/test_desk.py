"""Salesperson and desk manager before two real browsers: a deal from its offer to the funded contract."""

import re

import pytest
from playwright.async_api import Locator, expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import buy_rate, choose_best, desk, href, open_both, state, submit, take
from tests.browser.deal.quoted import open_tab
from tests.browser.people import WAIT_MS
from tests.paper.pencils import text_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_deal_from_offer_to_funding(arrive: Arrive, workspace: Workspace) -> None:
    """Each step by one person is on the other's screen without a reload, and opens what comes next."""
    sales, manager = await open_both(arrive)
    assert await desk(sales).get_by_role("button", name="Submit", exact=True).is_disabled()
    await choose_best(sales)
    await sales.page.get_by_role("button", name="Put this car on the deal").click()
    offer = desk(manager).locator(".selected-offer")
    await expect(offer).to_contain_text("×", timeout=WAIT_MS)
    await expect(offer).to_contain_text("NPV")
    await take(sales, "Submit", "Customer agrees to these terms")
    await state(manager, "Submitted")
    await expect(desk(sales).get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    await take(manager, "Approve", "Meets the store's policy")
    for person in (sales, manager):
        await state(person, "Approved")
    assert await desk(sales).get_by_role("button", name="Sign", exact=True).is_disabled()

    await offer.click()
    page = manager.page
    await open_tab(manager, "Contract")
    await page.get_by_role("button", name="Enter lender callback").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Decision").select_option("conditional")
    rate = dialog.locator(".field", has=page.get_by_label("Buy rate, %"))
    await dialog.get_by_label("Buy rate, %").fill("low")
    await dialog.get_by_role("button", name="Record").click()
    await expect(rate.get_by_role("alert")).to_contain_text("Enter a number")
    await expect(dialog.get_by_label("Buy rate, %")).to_be_focused()
    await dialog.get_by_label("Buy rate, %").fill(await buy_rate(manager, workspace))
    await expect(dialog.get_by_role("alert")).to_have_count(0)
    await dialog.get_by_label("Stips, one per line").fill("Proof of income")
    await dialog.get_by_role("button", name="Record").click()
    await expect(dialog).to_have_count(0, timeout=WAIT_MS)
    await expect(page.locator(".decided")).to_contain_text("Approved with stips", timeout=WAIT_MS)
    await take(sales, "Sign")
    await state(manager, "Signed")
    for person in (sales, manager):
        contract = person.page.get_by_role("region", name="Signed contract")
        await expect(contract).to_contain_text("As signed", timeout=WAIT_MS)
        await expect(contract).to_contain_text("APR")
        assert await _explained(contract)
        paper = person.page.get_by_role("link", name="Print", exact=True)
        said = text_of(await (await person.page.request.get(f"{person.url}{await href(paper)}")).body())
        assert "Signed deal" in said and "Estimate" not in said
    signed = await contract.inner_text()
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles v SET price_cents = price_cents * 2 FROM deals d JOIN offers o"
            " ON o.offer_id = d.selected_offer WHERE d.state = 'signed' AND v.vehicle_id = o.vehicle_id"
        )
    await page.reload()
    await manager.is_live()
    assert await contract.inner_text() == signed
    await take(sales, "Deliver")
    await state(manager, "Delivered")
    assert await desk(manager).get_by_role("button", name="Fund", exact=True).is_disabled()
    await page.get_by_label("Proof of income").check()
    await expect(page.locator(".stipulation")).to_contain_text("cleared by", timeout=WAIT_MS)
    await take(manager, "Fund")
    await state(sales, "Funded")
    await page.goto(f"{manager.url}/")
    number = sales.page.url.rsplit("/", 1)[-1]
    await page.get_by_role("searchbox", name="Find a customer or a deal").fill(number)
    await expect(page.get_by_role("list", name="Deals found").locator(".chip")).to_have_text("Funded")
    closed = page.get_by_role("table", name="Closed deals")
    await expect(closed.locator("tr", has=page.locator(f'[href$="{number}"]'))).to_contain_text("Funded")
    assert sales.complaints == manager.complaints == []


async def _explained(contract: Locator) -> bool:
    """Return whether the lines from the price on add up to the amount financed."""
    facts = await contract.locator(".contract .facts > div:not(.part)").all_inner_texts()
    amounts = [fact.split("\n", 1) for fact in facts]
    end = [name for name, _ in amounts].index("Amount financed")
    cents = [round(100 * float(re.sub(r"[$,]", "", text))) for _, text in amounts[: end + 1]]
    return sum(cents[:end]) == cents[end]


async def test_a_counter_shows_what_it_changes(arrive: Arrive) -> None:
    """The manager begins with a cell of the pencil grid, types more cash than the customer's maximum, and
    sees payment and NPV change; the salesperson accepts with one click, and no limit moved.
    """
    sales, manager = await open_both(arrive)
    await submit(sales, manager)
    limits = await sales.structure()
    # Nothing on the page offers an edit that the server would refuse.
    await manager.all_valued()
    openings = manager.page.get_by_role("region", name="Cars that don't qualify")
    await expect(openings).to_contain_text("qualify")
    await expect(openings.get_by_role("button")).to_have_count(0)
    await desk(manager).locator(".selected-offer").click()
    await expect(manager.page.locator(".pencil")).to_be_visible(timeout=WAIT_MS)
    await manager.page.locator(".pencil td button:not(.out):not(.here)").first.click()
    picked = manager.page.locator(".pick-bar")
    await expect(picked).to_be_visible(timeout=WAIT_MS)
    await expect(picked.get_by_role("button", name="Apply terms")).to_have_count(0)
    await expect(manager.page.locator('.headline[aria-busy="false"]')).to_be_visible(timeout=WAIT_MS)
    cell = await manager.page.locator(".pencil td[aria-selected=true]").inner_text()
    await picked.get_by_role("button", name="Counter with this").click()
    dialog = manager.page.get_by_role("dialog")
    await expect(dialog.locator(".agreed")).to_contain_text("Total of payments")
    car = await desk(manager).locator(".selected-offer b").inner_text()
    await expect(dialog.locator(".agreed")).to_contain_text(car)
    # The lender as submitted has the whole width: its name can be read.
    lender = await dialog.locator('[name="counter-lender"]').bounding_box()
    fields = await dialog.locator(".counter-fields").bounding_box()
    assert lender and fields and lender["width"] == fields["width"]
    terms = manager.page.locator(".counter-terms")
    await expect(terms).to_contain_text("Your counter", timeout=WAIT_MS)
    first = await terms.inner_text()
    # It begins with the cell; what changes nothing is no counter.
    begun = [await dialog.locator(f'[name="counter-{name}"]').input_value() for name in ("term", "cash")]
    assert re.sub(r"[$,]", "", cell).startswith("{} months {} down:".format(*begun)), (cell, begun)
    agreed = await dialog.locator(".agreed").inner_text()
    same = re.search(r"Cash down\s+\$([\d,.]+)", agreed), re.search(r"× (\d+)", agreed)
    assert same[0] and same[1]
    await dialog.locator('[name="counter-term"]').select_option(same[1][1])
    await dialog.locator('[name="counter-cash"]').fill(same[0][1])
    await dialog.get_by_label("Not enough cash down").check()
    unchanged = dialog.get_by_text("Change cash, term, discount, rate or lender.")
    await expect(unchanged).to_be_visible(timeout=WAIT_MS)
    await expect(dialog.get_by_role("button", name="Counter", exact=True)).to_be_disabled()
    cash = dialog.locator(".field", has=manager.page.locator('[name="counter-cash"]'))
    await dialog.locator('[name="counter-cash"]').fill("a lot")
    await expect(cash.get_by_role("alert")).to_contain_text("Enter a number")
    await dialog.locator('[name="counter-cash"]').fill("9,000")
    await expect(cash.get_by_role("alert")).to_have_count(0)
    await expect(dialog.get_by_text("Over max")).to_be_visible()
    await expect(terms).not_to_have_text(first, timeout=WAIT_MS)
    await expect(terms).to_contain_text("NPV", timeout=WAIT_MS)
    await dialog.get_by_role("button", name="Counter", exact=True).click()
    await state(sales, "Countered")
    offered = sales.page.get_by_role("region", name="The desk's counter")
    await expect(offered).to_contain_text("$9,000.00", timeout=WAIT_MS)
    await expect(offered).to_contain_text("Over max cash")
    await offered.get_by_role("button", name="Accept").click()
    await state(manager, "Submitted")
    await expect(manager.page.locator(".timeline")).to_contain_text("accepted the counter")
    assert await sales.structure() == limits
    assert sales.complaints == manager.complaints == []


async def test_a_price_that_changes_asks_for_consent(arrive: Arrive, workspace: Workspace) -> None:
    """A submitted deal whose car is repriced is working again, on every screen with old and new figures and
    the cause; it is submitted with the new ones after they were seen.
    """
    sales, manager = await open_both(arrive)
    await submit(sales, manager)
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles v SET price_cents = price_cents - 50000 FROM deals d JOIN offers o"
            " ON o.offer_id = d.selected_offer WHERE d.state = 'submitted' AND v.vehicle_id = o.vehicle_id"
        )
    for person in (sales, manager):
        await state(person, "Working")
        fallen = person.page.get_by_role("region", name="Agreed figures changed")
        await expect(fallen).to_contain_text("The car's price has changed", timeout=WAIT_MS)
        await expect(fallen).to_contain_text("→")
        await expect(person.page.locator(".timeline")).to_contain_text("agreed figures changed: submit again")
    await desk(sales).get_by_role("button", name="Submit", exact=True).click()
    dialog = sales.page.get_by_role("dialog")
    await dialog.get_by_label("Customer agrees to these terms").check()
    await dialog.get_by_role("button", name="Submit", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The figures changed", timeout=WAIT_MS)
    await expect(dialog.locator(".agreed")).to_contain_text("New figures")
    await dialog.get_by_role("button", name="Submit", exact=True).click()
    await expect(dialog).to_have_count(0, timeout=WAIT_MS)
    await state(manager, "Submitted")
    await expect(sales.page.get_by_role("region", name="Agreed figures changed")).to_have_count(0)
    assert sales.complaints == manager.complaints == []


async def test_a_deal_tells_its_story(arrive: Arrive, workspace: Workspace) -> None:
    """Who opens it sees what was done, by whom and why, and older events page by page; a reload keeps it."""
    sales, manager = await open_both(arrive)
    await submit(sales, manager)
    await take(manager, "Decline", "Gross too low")
    await state(sales, "Declined")
    path = sales.page.url.removeprefix(sales.url)
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
            " SELECT deal_id, last_no + n, gen_random_uuid(), 'vehicle_released', $2, '{}'"
            "   FROM deals, generate_series(1, 60) AS n WHERE position(deal_id::text in $1) > 0",
            path,
            {"vehicle_id": "1", "by": {"id": "a", "name": "Ann", "role": "salesperson"}},
        )
    late = await arrive("riverside-manager")
    await late.open(path)
    timeline = late.page.locator(".timeline")
    await timeline.get_by_role("button", name="Show 50").click(timeout=WAIT_MS)
    await expect(timeline.locator(".entries li")).to_have_count(50, timeout=WAIT_MS)
    await expect(timeline.get_by_text("declined the deal")).to_have_count(0)
    await timeline.get_by_role("button", name="Older").click()
    told = timeline.get_by_text("declined the deal")
    await expect(told).to_be_visible(timeout=WAIT_MS)
    await expect(timeline).to_contain_text("Gross too low")
    await expect(timeline).to_contain_text("submitted the deal")
    await expect(timeline.get_by_role("button", name="Older")).to_have_count(0)
    await late.page.goto(f"{late.url}/desk")
    await late.page.get_by_role("button", name="Answered, with sales").click()
    reason = late.page.locator(".cell-reason").get_by_text("Gross too low")
    await expect(reason).to_be_visible(timeout=WAIT_MS)
    assert sales.complaints == manager.complaints == late.complaints == []
