"""Measure the screen: frames while 20,000 cars stream in, and 100,000 cars scrolled, sorted and filtered.

In a real Chromium before a real server. Without a GPU it draws in software, on the server's own cores.
The floors are the goals themselves: they are for a machine with a GPU.
"""

import asyncio
import json
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import CDPSession, Page, expect

from protocol.events import SearchValued
from tests.bench.clients.hearing import connected, search
from tests.bench.results.figures import Figure, Report, median, percentile
from tests.bench.searches.memory import MIB, WORKERS
from tests.bench.searches.ranking import measure_ranking
from tests.bench.stage import make_easy, stock
from tests.browser.people import WAIT_MS, Person, open_chromium
from tests.browser.shifts import Shifts
from tests.services import Services, start_web, start_worker

CARS = 120_000
STREAMED, LOADED = 20_000, 100_000
LOGIN = "riverside-manager"
SCROLL_FRAMES, WHEEL_FRAMES, WHEEL_PIXELS = 300, 300, 120
KEYSTROKES = "honda"

STREAMING_FRAME_MS: Final = 33.0
SCROLLING_FRAME_MS: Final = 17.0
LONG_TASK_MS: Final = 100.0
SORT_MS: Final = 100.0

TRACED: Final = ("disabled-by-default-devtools.timeline", "devtools.timeline")
"""The categories of a trace that have every task with its processor time, and where frames begin."""

RECORD: Final = """() => {
  const recording = {frames: [], tasks: [], last: 0, on: true};
  new PerformanceObserver((list) => {
    if (recording.on) for (const entry of list.getEntries()) recording.tasks.push(entry.duration);
  }).observe({type: "longtask"});
  const frame = (now) => {
    if (recording.last) recording.frames.push(now - recording.last);
    recording.last = now;
    if (recording.on) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  globalThis.recording = recording;
}"""
VALUED: Final = """(before) => new Promise((done) => {
  const look = () => {
    const grid = document.querySelector(".grid");
    const over = grid.ariaBusy === "false" && grid.ariaRowCount !== "-1" && grid.dataset.search !== before;
    if (over) done();
    else requestAnimationFrame(look);
  };
  look();
})"""
"""Waits in the page: the questions of a test from outside take time of its frames."""
STOP: Final = """() => {
  recording.on = false;
  return {frames: recording.frames, tasks: recording.tasks};
}"""
SCROLL: Final = """([frames, pixels]) => new Promise((done) => {
  const grid = document.querySelector(".grid");
  grid.scrollTop = 0;
  const step = pixels || (grid.scrollHeight - grid.clientHeight) / frames;
  let [top, left] = [0, frames];
  const next = () => {
    grid.scrollTop = top += step;
    if (left-- > 0) requestAnimationFrame(next);
    else done();
  };
  requestAnimationFrame(next);
})"""
ACT: Final = """([selector, text]) => new Promise((done) => {
  const element = document.querySelector(selector);
  const began = performance.now();
  if (text === null) element.click();
  else {
    element.value = text;
    element.dispatchEvent(new InputEvent("input", {bubbles: true}));
  }
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""


@dataclass(frozen=True, slots=True)
class Recording:
    """The times between frames, the tasks of 50 ms and more, and the processor time of each task of the page
    and of all tasks from one frame to the next.

    In milliseconds. On a machine that others use too a task takes long because it waits for a core: only its
    processor time is the page's.
    """

    frames: list[float]
    tasks: list[float]
    spent: list[float]
    per_frame: list[float]

    def __add__(self, more: "Recording") -> "Recording":
        return Recording(
            self.frames + more.frames,
            self.tasks + more.tasks,
            self.spent + more.spent,
            self.per_frame + more.per_frame,
        )

    @property
    def heaviest(self) -> float:
        """The most processor time of a task."""
        return max(self.spent, default=0.0)

    def told(self, what: str) -> str:
        """Say it in two lines."""
        shares = ", ".join(f"p{share} {percentile(self.frames, share / 100):.1f}" for share in (50, 95, 99))
        longest = max(self.tasks, default=0.0)
        tasks = f"{len(self.tasks)} tasks of 50 ms and more, the longest {longest:.0f}"
        each = sum(self.spent) / max(1, len(self.frames))
        often = percentile(self.per_frame, 0.95)
        heavy = sum(spent >= LONG_TASK_MS / 2 for spent in self.spent)
        return (
            f"{what}: {len(self.frames)} frames, ms: {shares}; {tasks}\n"
            f"    processor time of the page's thread: {each:.1f} a frame, p95 {often:.1f},"
            f" the heaviest task {self.heaviest:.0f}, {heavy} of 50 and more"
        )


@asynccontextmanager
async def recorded(page: Page) -> AsyncIterator[Recording]:
    """Record the page; what is yielded is filled at the end."""
    browser = page.context.browser
    assert browser is not None
    recording = Recording([], [], [], [])
    await browser.start_tracing(page=page, categories=list(TRACED))
    await page.evaluate(RECORD)
    try:
        yield recording
    finally:
        told = await page.evaluate(STOP)
        recording.frames.extend(told["frames"])
        recording.tasks.extend(told["tasks"])
        spent, per_frame = _spent(json.loads(await browser.stop_tracing())["traceEvents"])
        recording.spent.extend(spent)
        recording.per_frame.extend(per_frame)


def _spent(events: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Return the processor time of each task of the threads that run pages, and its sum for each frame."""
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    ours = [event for event in events if (event["pid"], event["tid"]) in pages]
    tasks = [event for event in ours if event["name"] == "RunTask" and "tdur" in event]
    assert tasks, "the trace has no task of the page"
    # The recorder asks for every frame: the task that calls it draws one.
    calls = sorted(event["ts"] for event in ours if event["name"] == "FireAnimationFrame")
    frames = [0.0]
    for task in sorted(tasks, key=lambda task: task["ts"]):
        frames[-1] += task["tdur"] / 1_000
        if bisect_left(calls, task["ts"]) < bisect_left(calls, task["ts"] + task["dur"]):
            frames.append(0.0)
    return [task["tdur"] / 1_000 for task in tasks], frames[:-1]


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure the ranking by itself in Node, then the page."""
    stage = await stock(services, folder, CARS, stores=1)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await running.enter_async_context(start_worker(stage.settings, folder))
        workspace = await running.enter_async_context(connected(web.url, stage))
        deal = await workspace.join(stage.channel)
        browser = await running.enter_async_context(open_chromium())
        # Without the listeners of a test: they copy every frame out of the browser.
        page = await browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        person = Person(page, web.url.replace("ws://", "http://"), Shifts(page.context))
        await person.sign_in(LOGIN)
        await person.open(f"/deals/{stage.channel.removeprefix('deal:')}")
        devtools = await page.context.new_cdp_session(page)
        streaming = Recording([], [], [], [])
        for _ in range(repeats):
            before = await person.search_id()
            async with recorded(page) as each:
                valued = asyncio.create_task(page.evaluate(VALUED, before))
                await search(deal, STREAMED, SearchValued)
                await valued
            streaming = streaming + each
        streamed = await _heap(devtools)
        loaded = await _load(person)
        whole, wheel = [
            await _scrolled(page, *way) for way in ((SCROLL_FRAMES, 0), (WHEEL_FRAMES, WHEEL_PIXELS))
        ]
        async with recorded(page) as sorting:
            sorts, keys = await _sorted(page, repeats), await _typed(page)
        heap = await _heap(devtools)
    figures = [
        _figure(
            f"p95 frame, {STREAMED:,} cars streaming in",
            percentile(streaming.frames, 0.95),
            STREAMING_FRAME_MS,
        ),
        _figure(
            f"p95 processor time a frame, {STREAMED:,} cars streaming in",
            percentile(streaming.per_frame, 0.95),
            STREAMING_FRAME_MS,
        ),
        _figure(f"heaviest task, {STREAMED:,} cars streaming in", streaming.heaviest, LONG_TASK_MS),
        _figure(
            f"p95 frame, {loaded:,} cars scrolled by the wheel",
            percentile(wheel.frames, 0.95),
            SCROLLING_FRAME_MS,
        ),
        _figure(
            f"p95 processor time a frame, {loaded:,} cars scrolled by the wheel",
            percentile(wheel.per_frame, 0.95),
            SCROLLING_FRAME_MS,
        ),
        _figure(
            f"p95 frame, {loaded:,} cars scrolled to the end in 5 s",
            percentile(whole.frames, 0.95),
            SCROLLING_FRAME_MS,
        ),
        _figure(
            f"heaviest task, {loaded:,} cars scrolled", max(whole.heaviest, wheel.heaviest), LONG_TASK_MS
        ),
        _figure(f"{loaded:,} cars sorted by a click, to the next frame", median(sorts), SORT_MS),
        _figure(f"heaviest task, {loaded:,} cars sorted and filtered", sorting.heaviest, LONG_TASK_MS),
        *measure_ranking(),
    ]
    return figures, [
        streaming.told(f"{STREAMED:,} cars streaming in"),
        wheel.told(f"{loaded:,} cars, {WHEEL_PIXELS} pixels a frame"),
        whole.told(f"{loaded:,} cars, top to bottom in {SCROLL_FRAMES} frames"),
        f"Sorts, ms to the next frame: {', '.join(f'{one:.0f}' for one in sorts)}",
        f"Keys of a filter, ms to the next frame: {', '.join(f'{one:.0f}' for one in keys)}",
        f"Heap, MiB: {streamed / MIB:.1f} with {STREAMED:,} cars, {heap / MIB:.1f} with {loaded:,}",
    ]


def _figure(name: str, ours: float, goal: float) -> Figure:
    return Figure(name, "ms", ours, goal, f"the goal: {goal:.0f} ms on a machine with a GPU", 1.0)


async def _load(person: Person) -> int:
    """Load pages of the search until there are LOADED cars, or no more. Return how many there are."""
    more = person.page.get_by_role("button", name="Load more cars")
    while (rows := await _rows(person.page)) < LOADED and await more.count():
        await more.click()
        await expect(more).to_have_count(0, timeout=WAIT_MS)
        await expect(person.cars).to_have_attribute("aria-rowcount", "-1", timeout=WAIT_MS)
        await person.all_valued()
        assert await _rows(person.page) > rows
    return rows


async def _rows(page: Page) -> int:
    return int((await page.locator(".counts .matched dd").inner_text()).replace(",", ""))


async def _scrolled(page: Page, frames: int, pixels: int) -> Recording:
    async with recorded(page) as recording:
        await page.evaluate(SCROLL, [frames, pixels])
    return recording


async def _sorted(page: Page, repeats: int) -> list[float]:
    """Sort by numbers and by texts, in both directions."""
    heads = [f".grid-head [data-column='{column}']" for column in (0, 1, 2, 6)]
    return [await page.evaluate(ACT, [head, None]) for head in heads * (1 + repeats // 2)]


async def _typed(page: Page) -> list[float]:
    """Type a word, key by key, and take it back."""
    texts = [KEYSTROKES[:end] for end in range(1, len(KEYSTROKES) + 1)]
    return [await page.evaluate(ACT, ["#row-filter", text]) for text in (*texts, "")]


async def _heap(devtools: CDPSession) -> int:
    await devtools.send("HeapProfiler.collectGarbage")
    return int((await devtools.send("Runtime.getHeapUsage"))["usedSize"])
