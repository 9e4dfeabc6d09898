"""Measure the memory of the page that shows 20,000 matches, in Chromium; the floor is the same page with 500.

The page keeps every row, because it orders and filters them itself. It draws only those in sight.
"""

from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import CDPSession

from client import Deal
from protocol.events import SearchValued
from tests.bench.clients.hearing import connected, search
from tests.bench.results.figures import Figure, Report
from tests.bench.searches.memory import CARS, FEW, MATCHES, MIB, WORKERS
from tests.bench.stage import make_easy, stock
from tests.browser.people import Person, open_chromium, open_person
from tests.services import Services, start_web, start_worker

LOGIN = "riverside-manager"


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure the page's heap after garbage collection, and how many nodes its document has."""
    stage = await stock(services, folder, CARS)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        url = web.url.replace("ws://", "http://")
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await running.enter_async_context(start_worker(stage.settings, folder))
        workspace = await running.enter_async_context(connected(web.url, stage))
        deal = await workspace.join(stage.channel)
        browser = await running.enter_async_context(open_chromium())
        person = await running.enter_async_context(open_person(browser, url))
        await person.sign_in(LOGIN)
        await person.open(f"/deals/{stage.channel.removeprefix('deal:')}")
        devtools = await person.page.context.new_cdp_session(person.page)
        few, few_nodes = await _after(deal, person, devtools, FEW, repeats)
        many, many_nodes = await _after(deal, person, devtools, MATCHES, repeats)
    figure = Figure(
        f"heap of the page with {MATCHES:,} matches",
        "MiB",
        many / MIB,
        few / MIB,
        f"the same page with {FEW} matches",
    )
    per_row = (many - few) / (MATCHES - FEW)
    return [figure], [
        f"Page: {per_row:.0f} bytes a match; nodes of the document: {few_nodes} and {many_nodes}"
    ]


async def _after(
    deal: Deal, person: Person, devtools: CDPSession, matches: int, repeats: int
) -> tuple[int, int]:
    """Return the bytes of the page's heap and its nodes after so many searches of ``matches``."""
    for _ in range(repeats):
        before = await person.search_id()
        await search(deal, matches, SearchValued)
        await person.all_valued(after=before)
    await devtools.send("HeapProfiler.collectGarbage")
    heap = await devtools.send("Runtime.getHeapUsage")
    counters = await devtools.send("Memory.getDOMCounters")
    return int(heap["usedSize"]), int(counters["nodes"])
