"""A page in a real Chromium stays open while its server is replaced by one of another release."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from playwright.async_api import expect

from server.database.core.pool import connect_as_owner
from tests.browser.deal.at_the_desk import choose_best, desk, take
from tests.browser.people import Person, open_chromium, open_person
from tests.browser.proxy import Proxy, open_proxy
from tests.cluster.proxies.mixed import Reader, until, version_of, well
from tests.cluster.proxies.next_release import build_next_page, make_next_release
from tests.faults.play import running
from tests.faults.servers import Server
from tests.faults.stage import DRAIN_SECONDS, Formation, Stage, open_stage
from tests.services import ROOT, free_port

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]
NEWER = "A newer version is here."
RECORDED = """
SELECT kind, body FROM deal_events
 WHERE deal_id::text = $1 AND kind IN ('deal_flagged', 'note_added') ORDER BY no"""


@dataclass(slots=True)
class House:
    """One address, behind which a web process and a worker of a release serve."""

    stage: Stage
    proxy: Proxy
    url: str
    roots: dict[str, Path]
    release: str = ""
    web: Server | None = None
    worker: Server | None = None

    async def run(self, release: str) -> None:
        """Let processes of a release serve; those of the one before move their people, and end."""
        before = [server for server in (self.web, self.worker) if server is not None]
        data = self.stage.folder / "hosts" / f"{release}-{free_port()}"
        data.mkdir(parents=True)
        own = replace(
            self.stage.settings,
            port=free_port(),
            data_dir=data,
            allowed_origins=(self.url,),
            drain_seconds=DRAIN_SECONDS,
        )
        program = (self.roots[release], "server.run.processes")
        folder = self.stage.folder
        self.web = Server(f"web-{data.name}", "web", own, folder, {}, program=program)
        self.worker = Server(f"worker-{data.name}", "worker", own, folder, {}, program=program)
        await asyncio.gather(self.web.open(), self.worker.open())
        self.release = release
        self.proxy.lead_to(own.port)
        await asyncio.gather(*(server.leave() for server in before))

    async def recorded(self, channel: str) -> list[str]:
        """Return what was noted on a deal, and the reasons of its flags."""
        async with connect_as_owner(self.stage.settings.database_owner_url) as owner:
            rows = await owner.fetch(RECORDED, channel.partition(":")[2])
        return [row["body"]["why" if row["kind"] == "deal_flagged" else "text"] for row in rows]

    async def terms(self, channel: str) -> dict[str, object]:
        """Return the terms of a deal."""
        async with connect_as_owner(self.stage.settings.database_owner_url) as owner:
            found: dict[str, object] = await owner.fetchval(
                "SELECT structure FROM deals WHERE deal_id::text = $1", channel.partition(":")[2]
            )
        return found

    def reader(self, channel: str) -> Reader:
        """Return a manager who comes by a program."""
        assert self.web is not None
        token = self.stage.tokens["riverside-manager"]
        return Reader("a program", [self.web.url], token, {channel: "manager"})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house() -> AsyncIterator[House]:
    """Both releases, with a page of their own each."""
    async with open_stage(formation=Formation(webs=0, workers=0)) as stage:
        root = make_next_release(stage.folder / "next")
        root.chmod(0o755)
        await asyncio.to_thread(build_next_page, root)
        port = free_port()
        async with open_proxy(port, port) as proxy:
            opened = House(stage, proxy, f"http://127.0.0.1:{port}", {"this": ROOT, "next": root})
            try:
                yield opened
            finally:
                await asyncio.gather(*(one.close() for one in (opened.web, opened.worker) if one is not None))


@asynccontextmanager
async def at_work(house: House, channel: str) -> AsyncIterator[Person]:
    """A salesperson at a deal, with all cars valued. Nothing may go wrong on the page."""
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(open_chromium())
        sales = await stack.enter_async_context(open_person(browser, house.url))
        await sales.come_back(house.stage.settings, "riverside-sales")
        await sales.open(f"/deals/{channel.partition(':')[2]}")
        await sales.all_valued()
        yield sales
        assert [line for line in sales.complaints if "WebSocket" not in line] == []


def builds(person: Person) -> list[str]:
    """Return which page the servers had that somebody was connected to, one after another."""
    welcomes = [orjson.loads(frame.split("\n")[0]) for frame in person.frames if '"welcome"' in frame[:40]]
    return [welcome["page_build"] for welcome in welcomes]


async def note(person: Person, text: str) -> None:
    """Write a note; return once the server has it."""
    field = person.page.get_by_label("Note", exact=True)
    await field.fill(text)
    await field.press("Enter")
    await expect(field).to_have_value("")


async def change_cash(house: House, person: Person, channel: str, dollars: int) -> None:
    """Change a term by the page; return once it is stored and all cars have been valued with it."""
    before = await person.search_id()
    field = person.page.get_by_label("Cash down", exact=True)
    await field.fill(f"{dollars:,}")
    await field.press("Tab")
    async with asyncio.timeout(30):
        while (await house.terms(channel))["cash_down_cents"] != dollars * 100:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await person.all_valued(after=before)


async def submit(person: Person) -> None:
    """Put the best car on the deal and submit it."""
    await choose_best(person)
    await person.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(person).locator(".selected-offer")).to_contain_text("×")
    await take(person, "Submit", "Customer agrees to these terms")
    await expect(person.page.locator("header .chip.state-submitted")).to_have_text("Submitted")


async def moved(person: Person, connections: int) -> None:
    """Wait until a page is connected anew, and has everything."""
    await until(lambda: len(builds(person)) > connections)
    await person.is_live()


async def test_an_old_page_works_on_at_the_next_server(house: House) -> None:
    """It loses nothing that was typed, shows what it knows, and offers the newer page, which can do more."""
    (channel,) = house.stage.next_deals(1)
    await house.run("this")
    async with at_work(house, channel) as sales:
        banner = sales.page.locator(".banner.newer")
        await change_cash(house, sales, channel, 1_234)
        await expect(banner).to_have_count(0)
        await sales.page.get_by_label("Note", exact=True).fill("half a no")
        await sales.page.evaluate("window.isTheSame = true")

        await house.run("next")
        await moved(sales, 1)
        assert len(set(builds(sales))) == 2
        await expect(banner).to_contain_text(NEWER)
        await expect(sales.page.get_by_label("Note", exact=True)).to_have_value("half a no")

        reader = house.reader(channel)
        async with running(reader.run()):
            await until(lambda: reader.is_live)
            await well(reader, "note", channel, text="seen by all", mood="glad")
            await well(reader, "flag", channel, why="because")
            await well(
                reader, "terms", channel, version=version_of(reader, channel), changes={"promo": "spring"}
            )
        await expect(sales.page.get_by_text("seen by all").first).to_be_visible()
        await change_cash(house, sales, channel, 1_345)
        await note(sales, "half a note, and the rest")
        assert (await house.terms(channel))["promo"] == "spring", "an edit by the old page loses nothing"
        await submit(sales)
        assert await sales.page.evaluate("window.isTheSame"), "it never loads anew by itself"

        await banner.get_by_role("button", name="Reload").click()
        await moved(sales, 2)
        await expect(banner).to_have_count(0)
        await note(sales, "!by the newer page")
        assert await house.recorded(channel) == [
            *("seen by all", "because", "half a note, and the rest", "!by the newer page"),
        ]


async def test_a_next_page_works_on_at_the_old_server(house: House) -> None:
    """As after going back: what that server does not know is refused and stays in its field."""
    (channel,) = house.stage.next_deals(1)
    await house.run("next")
    async with at_work(house, channel) as sales:
        await note(sales, "!by the newer page")
        await house.run("this")
        await moved(sales, 1)
        await expect(sales.page.locator(".banner.newer")).to_contain_text(NEWER)
        await change_cash(house, sales, channel, 1_456)
        await submit(sales)
        await note(sales, "a note")
        field = sales.page.get_by_label("Note", exact=True)
        await field.fill("!not yet")
        await field.press("Enter")
        await expect(sales.page.locator(".note-input")).to_contain_text("Server upgrade. Try again later.")
        await expect(field).to_have_value("!not yet")
        assert len(builds(sales)) == 2, "the connection stands"
        assert await house.recorded(channel) == ["!by the newer page", "a note"]

        # Once the server is upgraded, the same works.
        await house.run("next")
        await moved(sales, 2)
        await expect(sales.page.locator(".banner.newer")).to_have_count(0)
        await note(sales, "!not yet")
        assert (await house.recorded(channel))[-1] == "!not yet"
