"""At the desk: dialogs by keyboard, locked fields, notes, and cars that another deal holds."""

import re

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import choose_best, desk, open_both, state, take
from tests.browser.people import WAIT_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_dialog_by_keyboard(arrive: Arrive) -> None:
    """A dialog opens with its focus inside, asks for a reason, and Escape leaves everything as it was."""
    sales = await arrive("riverside-sales")
    await sales.open_first_deal()
    lost = desk(sales).get_by_role("button", name="Lost", exact=True)
    await lost.focus()
    await sales.page.keyboard.press("Enter")
    dialog = sales.page.get_by_role("dialog", name="Mark lost")
    await expect(dialog).to_be_visible()
    assert await dialog.evaluate("dialog => dialog.contains(document.activeElement)")
    assert await dialog.get_by_role("button", name="Lost", exact=True).is_disabled()
    await sales.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await state(sales, "Working")


async def test_a_locked_field_and_who_is_here(arrive: Arrive) -> None:
    """A manager's lock shuts the field for the salesperson, who sees whose it is; both see each other."""
    sales, manager = await open_both(arrive)
    for person in (sales, manager):
        others = person.page.get_by_role("banner").get_by_role("list", name="Also on this deal")
        await expect(others).to_be_visible(timeout=WAIT_MS)
    await manager.page.get_by_role("button", name="Lock Cash down").click()
    field = sales.page.get_by_label("Cash down", exact=True)
    await expect(field).to_be_disabled(timeout=WAIT_MS)
    await expect(sales.page.locator(".locked-by", has_text="Locked by").first).to_be_visible()
    await manager.page.get_by_role("button", name="Locked Cash down").click()
    await expect(field).to_be_enabled(timeout=WAIT_MS)
    await field.focus()
    await expect(manager.page.locator(".locked-by")).to_contain_text("is here", timeout=WAIT_MS)
    assert sales.complaints == manager.complaints == []


async def test_notes_and_holds(arrive: Arrive) -> None:
    """A note and a hold appear on the other's screen, and go from it."""
    sales, manager = await open_both(arrive)
    await choose_best(sales)
    await sales.page.get_by_label("Note", exact=True).fill("Wife decides on Friday")
    await sales.page.keyboard.press("Enter")
    told = manager.page.get_by_text("Wife decides on Friday")
    await expect(told).to_be_visible(timeout=WAIT_MS)
    await expect(sales.page.get_by_label("Note", exact=True)).to_have_value("", timeout=WAIT_MS)
    await sales.page.get_by_role("button", name="Hold", exact=True).click()
    await expect(sales.page.get_by_text("Held for this deal until")).to_be_visible(timeout=WAIT_MS)
    await expect(manager.page.locator(".claim.ours")).to_be_visible(timeout=WAIT_MS)
    await sales.page.get_by_role("button", name="Release", exact=True).click()
    await expect(manager.page.locator(".claim.ours")).to_have_count(0, timeout=WAIT_MS)
    assert sales.complaints == manager.complaints == []


async def test_a_manager_frees_what_another_deal_holds(arrive: Arrive, workspace: Workspace) -> None:
    """The salesperson can only read who holds the car; the manager ends it, and an approval keeps it."""
    sales, manager = await open_both(arrive)
    for person in (sales, manager):
        await choose_best(person)
    car = await sales.page.locator('.grid-row[aria-rowindex="2"]').get_attribute("id")
    assert car is not None
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "WITH another AS (INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            "  SELECT store_id, customer_id, salesperson_id, structure FROM deals"
            "   WHERE store_id = 'riverside' LIMIT 1 RETURNING deal_id)"
            " INSERT INTO vehicle_claims (vehicle_id, held_by, holder, held_until)"
            " SELECT $1, deal_id, $2, now() + interval '20 minutes' FROM another",
            int(car.removeprefix("car-")),
            {"id": "x", "name": "Dana Cole", "role": "salesperson"},
        )
    for person in (sales, manager):
        await expect(person.page.get_by_text("Held by Dana Cole until")).to_be_visible(timeout=WAIT_MS)
        await expect(person.page.get_by_role("img", name=re.compile("Held by .*Dana Cole"))).to_have_text(
            "■ hold"
        )
    assert await sales.page.get_by_role("button", name="Hold", exact=True).is_disabled()
    await manager.page.get_by_role("button", name="Release", exact=True).click()
    for person in (sales, manager):
        await expect(person.page.get_by_text("Held by Dana Cole")).to_have_count(0, timeout=WAIT_MS)
    await sales.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(manager).locator(".selected-offer")).to_contain_text("×", timeout=WAIT_MS)
    await take(sales, "Submit", "Customer agrees to these terms")
    await state(manager, "Submitted")
    await take(manager, "Approve", "Meets the store's policy")
    await expect(sales.page.get_by_text("This car is reserved by the deal's approval.")).to_be_visible(
        timeout=WAIT_MS
    )
    await expect(sales.page.locator(".claim.ours").first).to_be_visible(timeout=WAIT_MS)
    await expect(sales.page.get_by_role("button", name="Hold", exact=True)).to_have_count(0)
    assert sales.complaints == manager.complaints == []


async def test_an_old_note_does_not_turn_the_page_round(arrive: Arrive, workspace: Workspace) -> None:
    """What an older release stored with controls of direction is shown as it was written."""
    sales = await arrive("riverside-sales")
    await sales.open_first_deal()
    await sales.all_valued()
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
            " SELECT deal_id, last_no + 1, gen_random_uuid(), 'note_added', $2, '{}' FROM deals"
            "  WHERE position(deal_id::text in $1) > 0",
            sales.page.url,
            {
                "id": "n",
                "text": "pay \u202e000,51\u202c now",
                "by": {"id": "a", "name": "\u2066Ann\u2069", "role": "salesperson"},
            },
        )
    told = sales.page.locator(".told.tone-note")
    await expect(told.locator(".what")).to_have_text("pay 000,51 now", timeout=WAIT_MS)
    await expect(told.locator("strong bdi")).to_have_text("Ann")
    assert await told.locator("bdi").count() == 2
    assert sales.complaints == []
