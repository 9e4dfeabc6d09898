"""The frame of the deal: what moves on it, who is asked, what opens and closes, and how far the cars are."""

import asyncio

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import desk, open_both, state, submit
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TYPE_AND_CLOSE = """fold => {
  const field = fold.querySelector("#field-taxable_fees_cents");
  field.value = "99,000";
  field.dispatchEvent(new Event("input", {bubbles: true}));
  fold.querySelector("summary").click();
}"""
IN_GRID = "document.activeElement.closest('[role=grid]') !== null"


async def test_nothing_moves_for_what_others_do(arrive: Arrive, workspace: Workspace) -> None:
    """Who is here, locks, counters, prices that changed and a lost connection come and go in places of their
    own, and one step stands out.
    """
    sales, manager = await open_both(arrive)
    await submit(sales, manager)
    await desk(sales).get_by_text("Waiting for the desk.").wait_for()
    await expect(desk(sales).locator(".primary")).to_have_count(0)
    await expect(desk(manager).locator(".primary")).to_have_text("Approve")
    await expect(desk(manager).get_by_text("Asking for the desk's advice")).to_be_visible()
    await sales.all_valued()
    await manager.page.get_by_role("button", name="Lock Cash down").click()
    await expect(sales.page.get_by_text("Locked by Riverside manager")).to_be_attached(timeout=WAIT_MS)
    await manager.page.get_by_label("Note", exact=True).focus()
    await take_counter(manager)
    await state(sales, "Countered")
    counter = sales.page.get_by_role("region", name="The desk's counter")
    await expect(counter.get_by_role("button", name="Accept")).to_be_visible(timeout=WAIT_MS)
    await expect(desk(sales).locator(".steps .primary")).to_have_count(0)
    await workspace.proxy.cut()
    await expect(sales.page.locator(".banner")).to_be_visible(timeout=WAIT_MS)
    workspace.proxy.mend()
    await sales.page.evaluate("dispatchEvent(new Event('online'))")
    await sales.is_live()
    await expect(sales.page.locator(".banner")).to_have_count(0)
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles v SET price_cents = price_cents - 50000 FROM deals d JOIN offers o"
            " ON o.offer_id = d.selected_offer WHERE d.state = 'countered'"
            " AND v.vehicle_id = o.vehicle_id"
        )
    await expect(desk(sales).get_by_role("region", name="Agreed figures changed")).to_be_visible(
        timeout=WAIT_MS
    )
    await expect(counter).to_have_count(0)


async def take_counter(manager: Person) -> None:
    """Counter with more cash."""
    await manager.is_live()
    await desk(manager).get_by_role("button", name="Counter", exact=True).click()
    dialog = manager.page.get_by_role("dialog")
    await dialog.locator('[name="counter-cash"]').fill("9,000")
    await expect(manager.page.locator(".counter-terms")).to_contain_text("Your counter", timeout=WAIT_MS)
    await dialog.get_by_label("Not enough cash down").check()
    await dialog.get_by_role("button", name="Counter", exact=True).click()
    await expect(dialog).to_have_count(0, timeout=WAIT_MS)


async def test_the_form_by_two_people(arrive: Arrive) -> None:
    """Eight fields without scrolling; who types into one that somebody else has just set is asked, or the
    other one is; a fold opens for what is wrong in it and else stays as the person left it.
    """
    sales, manager = await open_both(arrive)
    page = sales.page
    await page.reload()
    await sales.all_valued()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to cars")).to_be_focused()
    await page.keyboard.press("Enter")
    assert await page.evaluate(IN_GRID)
    assert await page.locator(".structure").evaluate("form => form.scrollHeight <= form.clientHeight")

    cash = [person.page.get_by_label("Cash down", exact=True) for person in (sales, manager)]
    await asyncio.gather(cash[0].fill("1,500"), cash[1].fill("1,700"))
    asked = await first_asked([sales, manager])
    note, other = asked.page.locator(".conflict"), "1,700" if asked is sales else "1,500"
    name = "Riverside manager" if asked is sales else "Riverside sales"
    await expect(note).to_contain_text(f"{name} set ${other}.00 at ")
    await expect(note).to_contain_text("That one counts. You typed $1,")
    await note.get_by_role("button", name=f"Use ${other}.00").click()
    for field in cash:
        await expect(field).to_have_value(other, timeout=WAIT_MS)

    most = page.get_by_label("Max cash down", exact=True)
    await most.fill("1,000")
    await page.get_by_role("button", name=f"Raise max to ${other}").click()
    await expect(most).to_have_value(other, timeout=WAIT_MS)
    await expect(page.locator(".field.troubled")).to_have_count(0)

    await sales.unfold("Contract")
    await sales.unfold("Fees, tax")
    # Closed while the answer is on its way: what is wrong opens it.
    async with sales.shifts.own():
        await page.locator(".fold-fees").evaluate(TYPE_AND_CLOSE)
        await expect(page.get_by_text("Must be at most “Fees”")).to_be_visible(timeout=WAIT_MS)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".field.troubled")).to_have_count(0)
    await page.reload()
    await sales.is_live()
    await expect(page.locator(".fold[open]")).to_have_count(1)
    await expect(page.locator(".fold-contract[open]")).to_have_count(1)


async def first_asked(people: list[Person]) -> Person:
    """Return the person who is asked which value to take."""
    waits = {
        asyncio.create_task(person.page.locator(".conflict").wait_for(timeout=WAIT_MS)): person
        for person in people
    }
    done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    return waits[done.pop()]


async def test_escape_closes_what_opened_last(arrive: Arrive) -> None:
    """The activity over a panel that was opened first, each by a key of its own; what is new waits for its
    reader, and the filter leaves the notes.
    """
    sales, manager = await open_both(arrive)
    page = sales.page
    await sales.all_valued()
    trace, activity = page.locator(".trace"), page.get_by_role("region", name="Activity")
    await manager.page.get_by_label("Note", exact=True).fill("first")
    await manager.page.keyboard.press("Enter")
    await expect(activity.get_by_text("first")).to_be_visible(timeout=WAIT_MS)
    await trace.locator("summary").focus()
    await page.keyboard.press("Enter")
    await activity.get_by_role("button", name="Show ").focus()
    await page.keyboard.press("Enter")
    entries = activity.get_by_role("group", name="Entries")
    await expect(entries.locator("li").first).to_contain_text("first")
    before = await entries.locator("li").first.bounding_box()
    await manager.page.get_by_label("Note", exact=True).fill("second")
    await manager.page.keyboard.press("Enter")
    fresh = activity.get_by_role("button", name="Show 1 new")
    await expect(fresh).to_be_visible(timeout=WAIT_MS)
    await expect(entries.get_by_text("second")).to_have_count(0)
    assert await entries.locator("li").first.bounding_box() == before
    await fresh.press("Enter")
    await expect(entries.locator("li").first).to_contain_text("second")
    await activity.get_by_role("button", name="Notes", exact=True).press("Enter")
    await expect(entries.locator("li")).to_have_count(2)
    await page.keyboard.press("Escape")
    await expect(entries).to_have_count(0)
    await expect(trace.locator(".menu-body")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(trace.locator(".menu-body")).to_be_hidden()
    assert sales.complaints == manager.complaints == []
