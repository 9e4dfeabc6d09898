"""Fixtures of the browser tests: a stocked workspace behind a proxy, and people who look at it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.browser.people import Person, open_chromium, open_person
from tests.browser.proxy import Proxy, open_proxy
from tests.services import Services, Templates, free_port, settings_for, start_together

Arrive = Callable[[str], Awaitable[Person]]
"""``await arrive(login)`` gives somebody who is signed in, at no page yet; without a login, signed out."""

Start = Callable[[Settings], AbstractAsyncContextManager[object]]

STOCK = SeedPlan(vehicles=1_200, customers=20, deals=6, stores=2)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A running workspace. Browsers reach it through ``proxy`` at ``url``; ``settings`` name its services."""

    url: str
    proxy: Proxy
    settings: Settings


@asynccontextmanager
async def open_workspace(
    services: Services, templates: Templates, redis_url: str, start: Start
) -> AsyncIterator[Workspace]:
    """Sample data with the processes that ``start`` starts, behind a proxy."""
    with services.database(templates.of(STOCK)) as database:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        settings = replace(settings_for(database, redis_url, free_port()), allowed_origins=(url,))
        async with start(settings), open_proxy(port, settings.port) as proxy:
            yield Workspace(url, proxy, settings)


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(
    services: Services, templates: Templates, redis_url: str, tmp_path: Path
) -> AsyncIterator[Workspace]:
    """One web process and one worker on sample data, as a person's machine runs them."""

    def start(settings: Settings) -> AbstractAsyncContextManager[object]:
        return start_together(settings, tmp_path)

    async with open_workspace(services, templates, redis_url, start) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser process for all tests: nobody's profile is anybody else's."""
    async with open_chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser, workspace: Workspace) -> AsyncIterator[Arrive]:
    """Let people arrive, each with a browser profile of their own. Nothing moves on their pages by itself."""
    people: list[Person] = []
    async with AsyncExitStack() as stack:

        async def arrive(login: str) -> Person:
            person = await stack.enter_async_context(open_person(chromium, workspace.url))
            await person.shifts.watch()
            people.append(person)
            if login:
                await person.come_back(workspace.settings, login)
            return person

        yield arrive
        moved = [line for person in people for line in await person.shifts.end()]
        assert moved == [], "\n".join(["Nothing moves by itself, but this did:", *moved])
