"""The gallery: every part in every state, without an error and without a fault that axe finds."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.axe import faults
from tests.browser.people import Person, open_person
from tests.browser.reader import Reader
from tests.screens.shots import READY, stories
from tests.screens.stage import open_product

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GROUPS = 8
LEAST_STORIES = 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visitor(chromium: Browser) -> AsyncIterator[Person]:
    """Somebody before a product in demo mode, which serves the gallery to everybody."""
    async with open_product() as url, open_person(chromium, url) as person:
        yield person


@pytest.mark.parametrize("group", range(GROUPS))
async def test_every_state_stands(visitor: Person, group: int) -> None:
    """Each story comes to its state, nobody complains, and axe finds no fault, in light and in dark."""
    page = visitor.page
    names = await stories(page, visitor.url)
    assert len(set(names)) == len(names) >= LEAST_STORIES
    found: dict[str, list[str]] = {}
    for name in names[group::GROUPS]:
        visitor.complaints.clear()
        await page.goto(f"{visitor.url}/gallery?story={name}")
        await expect(page.locator(READY)).to_have_count(1)
        if name == "grid-streaming":
            grid = await Reader(page).start(".grid")
            assert "busy" in grid and "row count -1" in grid, "nobody knows yet how many rows there will be"
        if wrong := [*visitor.complaints, *await faults(page)]:
            found[name] = wrong
    assert found == {}
