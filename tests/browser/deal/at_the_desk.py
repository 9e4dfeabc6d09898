"""Steps that people take at the desk, by the page."""

import json

from playwright.async_api import Locator, expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.people import WAIT_MS, Person


def desk(person: Person) -> Locator:
    """Return the bar with the deal's offer and steps."""
    return person.page.get_by_role("region", name="Desk")


async def take(person: Person, verb: str, reason: str | None = None) -> None:
    """Take a step by its dialog, as a person does."""
    page = person.page
    await desk(person).get_by_role("button", name=verb, exact=True).click()
    dialog = page.get_by_role("dialog")
    if reason is not None:
        await dialog.get_by_label(reason, exact=True).check()
    await dialog.get_by_role("button", name=verb, exact=True).click()
    await expect(dialog).to_have_count(0, timeout=WAIT_MS)


async def state(person: Person, words: str) -> None:
    """Wait until the chip of the deal says so."""
    await expect(person.page.locator("header .chip")).to_have_text(words, timeout=WAIT_MS)


async def choose_best(person: Person) -> None:
    """Choose the car on top and wait for its quote."""
    await person.all_valued()
    await person.page.locator('.grid-row[aria-rowindex="2"]').click()
    await expect(person.page.locator(".pencil")).to_be_visible(timeout=WAIT_MS)


async def buy_rate(manager: Person, workspace: Workspace) -> str:
    """Return the buy rate, in percent, of the programme of the offer that was selected last."""
    lines = [line for frame in manager.frames for line in frame.split("\n")]
    offer = [json.loads(line) for line in lines if '"type":"offer_selected"' in line][-1]["offer"]
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        found = await owner.fetchval(
            "SELECT buy_rate_bp FROM lender_programmes"
            " WHERE programme_id = $1 AND tier = $2 AND term_months = $3",
            *(offer["programme_id"], offer["tier"], offer["term_months"]),
        )
    return str(found / 100)


async def open_both(arrive: Arrive) -> tuple[Person, Person]:
    """A salesperson with a manager at the same deal."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    await manager.open(await sales.open_first_deal())
    return sales, manager


async def href(link: Locator) -> str:
    """Return where a link leads."""
    return await link.get_attribute("href") or ""


async def submit(sales: Person, manager: Person) -> None:
    """Put the best car on the deal and submit it."""
    await choose_best(sales)
    await sales.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(manager).locator(".selected-offer")).to_be_visible(timeout=WAIT_MS)
    await take(sales, "Submit", "Asking for the desk's advice")
    await state(manager, "Submitted")
