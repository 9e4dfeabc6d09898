"""The gallery: every part in every state, without an error and without a fault that axe finds."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.axe import faults
from tests.browser.people import Person, open_person
from tests.browser.reader import Reader
from tests.screens.shots import READY, stories
from tests.services import Database, Services, free_port, settings_for, start_web

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GROUPS = 8
LEAST_STORIES = 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visitor(
    services: Services, migrated: Database, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Person]:
    """Somebody before a web process in demo mode, which serves the gallery to everybody."""
    folder = tmp_path_factory.mktemp("web")
    with services.database(migrated) as database:
        settings = settings_for(database, services.redis_url, free_port())
        async with start_web(settings, folder) as web, open_person(chromium, web.url) as person:
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
