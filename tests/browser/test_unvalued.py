"""Cars that could not be valued: what the screen says of the best one, and how they are tried again."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from redis.asyncio import Redis

from server.settings import Settings
from tests.browser.conftest import Arrive, Workspace, open_workspace
from tests.browser.people import WAIT_MS
from tests.services import Services, Templates, start_web, start_worker

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

A_CHUNK = "0"


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(
    services: Services, templates: Templates, redis_url: str, tmp_path: Path
) -> AsyncIterator[Workspace]:
    """A workspace whose worker is still to come."""

    def start(settings: Settings) -> AbstractAsyncContextManager[object]:
        return start_web(settings, tmp_path)

    async with open_workspace(services, templates, redis_url, start) as opened:
        yield opened


async def test_the_best_of_the_valued_cars_and_those_that_could_not_be(
    arrive: Arrive, workspace: Workspace, tmp_path: Path
) -> None:
    """Nobody is told that all were valued before they are; a retry in a row, by keys, is for everybody."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await sales.open_first_deal()
    await manager.open(path)
    page, reach = sales.page, sales.page.locator(".reach")
    await expect(reach).to_have_text(re.compile(r"^Best of 0 so far · \d+ cars$"))
    matched = int((await sales.counts())["Matched"])
    jobs = f"{{deal:{path.rpartition('/')[2]}}}:jobs"
    async with Redis.from_url(workspace.settings.redis_url) as redis:
        job = await redis.hget(jobs, A_CHUNK)
        await redis.hset(jobs, A_CHUNK, b"not a job")
        async with start_worker(workspace.settings, tmp_path):
            await expect(page.get_by_role("button", name="Retry all")).to_be_visible(timeout=WAIT_MS)
            await sales.all_valued()
            lost = int(re.sub(r"\D", "", await page.locator(".foot-actions .trouble").inner_text()))
            await expect(reach).to_have_text(f"Best of {matched - lost} valued · {matched} cars")
            assert int((await sales.counts())["Valued"]) == matched - lost
            await redis.hset(jobs, A_CHUNK, job)
            await page.locator(".grid [tabindex='0'][data-column]").focus()
            await page.keyboard.press("Control+End")
            row = page.locator(".grid-row:focus-within")
            await expect(row).to_contain_text("Could not be valued")
            await page.keyboard.press("Shift+Tab")
            await expect(row.get_by_role("button", name="Retry")).to_be_focused()
            await page.keyboard.press("Enter")
            for person in (sales, manager):
                await expect(person.page.get_by_text("could not be valued")).to_have_count(0, timeout=WAIT_MS)
                await person.all_valued()
                assert int((await person.counts())["Valued"]) == matched
            await page.locator(".pill").click()
            await expect(reach).to_have_text(f"Best of {matched:,} (all)")
    await expect(page.locator(".filters select")).to_have_count(0)
    assert sales.complaints == manager.complaints == []
