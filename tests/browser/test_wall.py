"""The desk's wall in a real browser: what waits, for how long, and how it goes away."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import choose_best, desk, state, take
from tests.browser.people import WAIT_MS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_submitted_deal_waits_on_the_wall(arrive: Arrive, workspace: Workspace) -> None:
    """It appears without a reload, is opened from there, and leaves the queue when it is approved."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    await manager.page.get_by_role("link", name="Desk", exact=True).click()
    await manager.is_live()
    queue = manager.page.get_by_role("region", name="Waiting for the desk")
    await expect(queue).to_contain_text("Queue clear.")
    rest = manager.page.get_by_role("region", name="Other live deals").locator("tbody tr")
    await expect(rest.first).to_be_visible(timeout=WAIT_MS)
    asked = len(manager.requests)

    path = await sales.open_first_deal()
    await choose_best(sales)
    await sales.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(sales).locator(".selected-offer")).to_be_visible(timeout=WAIT_MS)
    await take(sales, "Submit", "Customer agrees to these terms")
    row = queue.locator("tbody tr")
    await expect(row).to_have_count(1, timeout=WAIT_MS)
    await expect(row).to_contain_text("Submitted")
    await expect(row).to_contain_text("×")
    first = await row.locator("td").nth(2).inner_text()
    await expect(row.locator("td").nth(2)).not_to_have_text(first, timeout=WAIT_MS)
    assert len(manager.requests) == asked, "the wall asks for nothing: everything is pushed"

    await row.get_by_role("link").click()
    assert manager.page.url == workspace.url + path
    await manager.is_live()
    await take(manager, "Approve", "Meets the store's policy")
    await state(sales, "Approved")
    await manager.page.get_by_role("link", name="Desk", exact=True).click()
    await expect(queue).to_contain_text("Queue clear.", timeout=WAIT_MS)
    await expect(rest.first).to_contain_text("Approved", timeout=WAIT_MS)
    assert sales.complaints == manager.complaints == []


async def test_the_wall_is_for_managers(arrive: Arrive, workspace: Workspace) -> None:
    """A salesperson has no way to it, also not by its address; a manager has, directly."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    await expect(sales.page.get_by_role("link", name="Desk", exact=True)).to_have_count(0)
    await sales.page.goto(f"{workspace.url}/desk")
    await expect(sales.page.get_by_role("heading", name="This page is for managers")).to_be_visible()
    await manager.page.goto(f"{workspace.url}/desk")
    await expect(manager.page.get_by_role("heading", name="Riverside desk")).to_be_visible(timeout=WAIT_MS)
    await workspace.proxy.cut()
    await expect(manager.page.locator(".standing")).not_to_have_text("Live", timeout=WAIT_MS)
    workspace.proxy.mend()
    await manager.is_live()
