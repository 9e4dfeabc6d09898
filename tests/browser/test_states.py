"""What a page says of its connection: a server that hangs, a tab that slept, a session's end, a newer page.

The pages' clocks are turned on by hand, so that nobody waits for the seconds of a silence.
"""

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HIDE = """hidden => {
  const state = hidden ? 'hidden' : 'visible';
  Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => state});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


async def test_a_server_that_hangs_and_a_tab_that_slept(arrive: Arrive, workspace: Workspace) -> None:
    """Within 8 s of silence the page says so, keeps edits and stops decisions, and nothing moves. A tab that
    wakes asks at once, and is current or says within 2 s that it is not.
    """
    sales = await arrive("riverside-sales")
    page = sales.page
    await page.clock.install()
    await sales.open_first_deal()
    await sales.all_valued()
    standing = page.locator(".standing")
    asked = len(sales.requests)

    await _stop_the_clock(sales)
    workspace.proxy.swallow()
    await page.clock.run_for(6_000)
    await expect(standing).to_have_text("Checking…")
    await sales.type_into("Cash down", "1,234")
    await page.clock.run_for(2_100)
    await expect(standing).to_have_text("No answer for 8 s")
    await page.clock.run_for(3_000)
    await expect(standing).to_have_text("No answer for 11 s")
    await expect(page.locator(".banner")).to_contain_text("1 edit is not saved yet")
    await expect(page.locator(".field.saving")).to_have_count(1)
    await expect(page.locator(".needs-answer .not-now").first).to_contain_text("Wait until it answers")
    await expect(page.get_by_role("region", name="Desk").get_by_role("button").first).to_be_disabled()
    await expect(page.locator("[role=status]", has_text="No answer from the server")).to_have_count(1)
    workspace.proxy.mend()
    await _until_live(sales)
    await expect(page.locator(".timeline li").first).to_contain_text("$1,234.00")
    await expect(page.locator(".not-now, .banner")).to_have_count(0)

    await _stop_the_clock(sales)
    await _sleep_in_another_tab(sales)
    await page.evaluate(HIDE, False)
    await expect(standing).to_have_text("Live")
    # What was on its way arrives while the page sleeps.
    workspace.proxy.swallow()
    await _sleep_in_another_tab(sales)
    await page.evaluate(HIDE, False)
    await expect(standing).to_have_text("Checking…")
    await page.clock.run_for(2_000)
    await expect(standing).to_contain_text("Not current: last update")
    workspace.proxy.mend()
    await _until_live(sales)
    assert len(sales.requests) == asked


async def _stop_the_clock(person: Person) -> None:
    """Let the page's time pass by hand alone, from a moment at which it has just heard the server."""
    # So far ahead that the page thinks it has slept, and asks at once.
    await person.page.clock.pause_at(await person.page.evaluate("Date.now()") / 1000 + 60)
    await person.is_live()


async def _sleep_in_another_tab(person: Person) -> None:
    await person.page.evaluate(HIDE, True)
    await person.page.clock.run_for(15_000)


async def _until_live(person: Person) -> None:
    """Let the page try again, as it does by itself, until it is live."""
    await person.page.clock.run_for(16_000)
    await person.page.clock.resume()
    await person.is_live()


async def test_a_session_that_ends_keeps_the_edits(arrive: Arrive, workspace: Workspace) -> None:
    """A server with a newer page is a hint, and reloads nothing. Signed out while offline: a dialog says so,
    and after a new sign-in the deal is back and the edit is sent.
    """
    sales = await arrive("riverside-sales")
    await sales.see_deals()
    page = sales.page
    await page.evaluate("document.getElementById('app').dataset.build = 'older'; window.kept = true")
    path = await sales.open_first_deal()
    newer = page.locator(".banner", has_text="A newer version is here.")
    await expect(newer.get_by_role("button", name="Reload")).to_be_visible()
    await sales.all_valued()

    await workspace.proxy.cut()
    await expect(page.locator(".standing")).to_have_text("Offline")
    await sales.type_into("Cash down", "2,345")
    await expect(page.locator(".banner.warn")).to_contain_text("1 edit is not saved yet")
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute("UPDATE credentials SET revoked_at = now() WHERE kind = 'cookie'")
    workspace.proxy.mend()
    await page.evaluate("dispatchEvent(new Event('online'))")
    ended = page.get_by_role("alertdialog", name="You were signed out")
    await expect(ended).to_contain_text("1 edit is not saved yet")
    await page.keyboard.press("Escape")
    await expect(ended).to_be_visible()
    assert await page.evaluate("window.kept")

    await ended.get_by_role("link", name="Sign in again").click()
    await page.locator('[data-demo="riverside-sales"]').click()
    await page.wait_for_url(f"**{path}")
    await sales.is_live()
    await expect(page.locator(".timeline li").first).to_contain_text("$2,345.00")
    await expect(newer).to_have_count(0)
    assert await page.evaluate("Object.keys(sessionStorage)") == []
