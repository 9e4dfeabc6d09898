"""People before a real Chromium: who they are, what their page asked for and complained about."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    WebSocket,
    async_playwright,
    expect,
)

from protocol.records import Role
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.staff import add_user
from server.settings import Settings
from server.web.access.auth import SESSION_COOKIE, SESSION_LENGTH
from server.web.access.cookies import name_of
from tests.browser.shifts import Shifts
from tools.installation import CHROMIUM_NAMES

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000
NOWHERE = "about:blank"
FIRST_DEAL = """
SELECT '/deals/' || deal_id FROM deals JOIN users USING (store_id)
WHERE user_id = $1::text::uuid AND state NOT IN ('signed', 'lost')
ORDER BY updated_at DESC, deal_id DESC LIMIT 1"""
expect.set_options(timeout=WAIT_MS)


@dataclass
class Person:
    """Somebody at a page of the workspace at ``url``. ``first_deal`` is the path of the list's first deal."""

    page: Page
    url: str
    shifts: Shifts
    first_deal: str = ""
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)

    @property
    def cars(self) -> Locator:
        """The grid of the cars that fit."""
        return self.page.get_by_role("grid", name="Cars and their best offers")

    async def sign_in(self, login: str) -> None:
        """Sign in by the button of the demo."""
        await self.page.goto(f"{self.url}/login")
        await self.page.locator(f'[data-demo="{login}"]').click()
        await expect(self.page.get_by_role("heading", name="Deals", exact=True)).to_be_visible()

    async def come_back(self, settings: Settings, login: str) -> None:
        """Be signed in already, by the cookie of an earlier sign-in."""
        async with connect_as_owner(settings.database_owner_url) as owner:
            user_id = await owner.fetchval("SELECT user_id::text FROM users WHERE login = $1", login)
            token = await issue_credential(owner, user_id, CredentialKind.COOKIE, SESSION_LENGTH)
            self.first_deal = await owner.fetchval(FIRST_DEAL, user_id)
        name = name_of(SESSION_COOKIE, secure=False)
        await self.page.context.add_cookies(
            [{"name": name, "value": token, "url": self.url, "httpOnly": True, "sameSite": "Lax"}]
        )

    async def see_deals(self) -> None:
        """Open the list of deals."""
        await self.page.goto(self.url)
        await expect(self.page.get_by_role("heading", name="Deals", exact=True)).to_be_visible()

    async def begin_deal(self) -> None:
        """Begin another deal for the customer of the first one in the list."""
        if self.page.url == NOWHERE:
            await self.see_deals()
        deals = self.page.get_by_role("table", name="Open deals")
        name = await deals.locator("tbody a").first.inner_text()
        await self.page.get_by_role("button", name="New deal").click()
        await self.page.get_by_label("Customer", exact=True).fill(name)
        await self.page.locator("#customers [id]").first.click()
        await self.page.wait_for_url("**/deals/*")

    async def open_first_deal(self) -> str:
        """Open the first deal of the list and wait until it is live. Return its path.

        Who has just come follows a link to it, and loads no list before.
        """
        if self.page.url == NOWHERE:
            await self.open(self.first_deal)
            return self.first_deal
        await self.page.locator(".deal-table tbody a").first.click()
        await self.page.wait_for_url("**/deals/*")
        await self.is_live()
        return self.page.url.removeprefix(self.url)

    async def open(self, path: str) -> None:
        """Open a deal by its path and wait until it is live."""
        await self.page.goto(f"{self.url}{path}")
        await self.is_live()

    async def is_live(self) -> None:
        """Wait until the page has everything that the server has."""
        await expect(self.page.locator(".standing")).to_have_text("Live", timeout=WAIT_MS)

    async def search_id(self) -> str:
        """Return the id of the search on the screen."""
        return await self.cars.get_attribute("data-search") or ""

    async def all_valued(self, *, after: str = "") -> None:
        """Wait until a search other than ``after`` has ended and every match has its value."""
        await self.is_live()
        grid = self.cars
        newer = re.compile(rf"^(?!{re.escape(after)}$).+")
        await expect(grid).to_have_attribute("data-search", newer, timeout=WAIT_MS)
        await expect(self.page.locator(".progress.running")).to_have_count(0, timeout=WAIT_MS)
        await expect(grid).to_have_attribute("aria-busy", "false", timeout=WAIT_MS)

    async def type_into(self, label: str, text: str) -> None:
        """Type into a field of the structure, as a person does, and stay in it."""
        await self.page.get_by_label(label, exact=True).fill(text)

    async def unfold(self, title: str) -> None:
        """Open a part of the form, unless it is open."""
        head = self.page.locator(".structure details.fold > summary", has_text=title)
        if not await head.locator("..").evaluate("fold => fold.open"):
            await head.click()

    async def order_by(self, column: str) -> None:
        """Click on the head of a column."""
        await self.page.get_by_role("columnheader", name=column, exact=True).get_by_role("button").click()

    async def show_column(self, name: str) -> None:
        """Show a column of the grid that is not shown, by the menu."""
        await self.page.locator("summary", has_text="Columns").click()
        await self.page.get_by_role("group", name="Columns").get_by_label(name, exact=True).check()
        await self.page.keyboard.press("Escape")

    async def counts(self) -> dict[str, str]:
        """Return the progress as the foot of the cars shows it."""
        pairs = await self.page.locator(".counts > div").all_inner_texts()
        return dict(pair.split("\n", 1) for pair in pairs)

    async def structure(self) -> dict[str, str]:
        """Return what stands in the fields of the structure, by the id of the field."""
        fields = await self.page.locator(".structure input, .structure select").evaluate_all(
            "all => all.map(one => [one.id, one.type === 'checkbox' ? String(one.checked) : one.value])"
        )
        return dict(fields)

    async def best_rows(self) -> list[str]:
        """Return the rows in sight, cells separated by bars, in the order of the screen."""
        await self.page.locator(".grid").evaluate("grid => grid.scrollTo({top: 0})")
        rows = self.page.locator(".grid-row")
        texts = await rows.evaluate_all(
            "all => all.map(row => [Number(row.getAttribute('aria-rowindex')),"
            " [...row.children].map(cell => cell.textContent).join(' | ')])"
        )
        return [text for _, text in sorted(texts)][:10]


async def hire(settings: Settings, login: str, name: str) -> None:
    """Add a salesperson to Riverside."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        person = {"name": name, "role": Role.SALESPERSON, "store_id": "riverside"}
        await add_user(owner, login, password="three blue cars", **person)  # type: ignore[arg-type]


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """Run the machine's Chromium, else Playwright's own."""
    found = next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_person(browser: Browser, url: str) -> AsyncIterator[Person]:
    """Give somebody a browser profile of their own."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-US", reduced_motion="reduce"
    )
    try:
        shifts = Shifts(context)
        page = await context.new_page()
        person = Person(page, url, shifts)

        def on_request(request: Request) -> None:
            person.requests.append(f"{request.method} {request.url}")

        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                person.complaints.append(message.text)

        def on_socket(socket: WebSocket) -> None:
            socket.on("framereceived", lambda data: person.frames.append(str(data)))

        page.on("request", on_request)
        page.on("console", on_console)
        page.on("pageerror", lambda error: person.complaints.append(str(error)))
        page.on("websocket", on_socket)
        yield person
    finally:
        await context.close()
