"""The gallery: every part in every state, without an error and without a fault that axe finds."""

import pytest
from playwright.async_api import expect

from tests.browser.axe import faults
from tests.browser.conftest import Arrive
from tests.screens.shots import READY, stories

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LEAST_STORIES = 20


async def test_every_state_stands(arrive: Arrive) -> None:
    """Each story comes to its state, nobody complains, and axe finds no fault, in light and in dark."""
    somebody = await arrive("")
    page = somebody.page
    names = await stories(page, somebody.url)
    found: dict[str, list[str]] = {}
    for name in names:
        somebody.complaints.clear()
        await page.goto(f"{somebody.url}/gallery?story={name}")
        await expect(page.locator(READY)).to_have_count(1)
        if wrong := [*somebody.complaints, *await faults(page)]:
            found[name] = wrong
    assert found == {}
    assert len(set(names)) == len(names) >= LEAST_STORIES
