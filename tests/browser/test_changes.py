"""What changes about the service, or about who somebody is, on a screen that is open."""

import re

import pytest
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from server.database.people.staff import set_score_edges
from tests.browser.conftest import Arrive, Workspace
from tests.browser.people import WAIT_MS
from tests.services import Services

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_an_open_screen_goes_over_to_scores(arrive: Arrive, workspace: Workspace) -> None:
    """A store begins to keep its NPVs from its salespeople: what an open screen had of them is gone."""
    person = await arrive("riverside-sales")
    await person.open_first_deal()
    await person.all_valued()
    await person.page.locator(".grid-row").first.click()
    await expect(person.page.locator(".offer")).to_contain_text("NPV")
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await set_score_edges(owner, "riverside", (0, 100_000, 200_000, 400_000))
    await expect(person.cars.get_by_role("columnheader", name="Score")).to_be_visible(timeout=WAIT_MS)
    await person.is_live()
    await person.all_valued()
    await person.page.locator(".grid-row").first.click()
    await expect(person.page.locator(".offer")).to_contain_text(re.compile(r"Score\s*[1-5] of 5"))
    document = await person.page.locator("#app").evaluate("app => app.innerHTML")
    assert "NPV" not in document
    assert person.complaints == []


async def test_what_is_away_is_told_and_told_to_be_back(
    arrive: Arrive, workspace: Workspace, services: Services
) -> None:
    """The screen says that the database is away, for as long as it is, and goes on by itself."""
    person = await arrive("riverside-sales")
    await person.open_first_deal()
    name = workspace.settings.database_url.partition("?")[0].rpartition("/")[2]
    services.run_sql(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'deal%'",
    )
    banner = person.page.locator(".banner", has_text="The database is not responding")
    await expect(banner).to_be_visible(timeout=WAIT_MS)
    services.run_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await expect(banner).to_be_hidden(timeout=WAIT_MS)
    await person.is_live()
    assert person.complaints == []
