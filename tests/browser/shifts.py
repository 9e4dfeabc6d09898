"""What moves on a page by itself: the layout shifts that the browser sees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page

WATCH = """(outside) => {
  const name = (node) => {
    const one = node instanceof Element ? node : node?.parentElement;
    return one ? [one.tagName.toLowerCase(), ...one.classList].join(".") : "what is gone";
  };
  const place = ({x, y, width, height}) => [x, y, width, height].map(Math.round).join(" ");
  window.shifts = [];
  const told = ({node, previousRect, currentRect}) =>
    `${name(node)} from ${place(previousRect)} to ${place(currentRect)}`;
  const counts = ({node}) => {
    const one = node instanceof Element ? node : node?.parentElement;
    return !(outside && one?.closest(outside));
  };
  const take = (entries) => {
    for (const one of entries) {
      const moved = one.sources.filter(counts);
      if (moved.length === 0 && one.sources.length > 0) continue;
      const words = `${one.value.toFixed(4)}: ${moved.map(told).join(", ")}`;
      window.shifts.push({own: one.hadRecentInput, words});
    }
  };
  window.shiftsWatched = new PerformanceObserver((list) => take(list.getEntries()));
  window.shiftsWatched.observe({type: "layout-shift"});
  window.shiftsTaken = () => take(window.shiftsWatched.takeRecords());
}"""
# Two frames later everything that was laid out has been reported.
END = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.shiftsTaken();
  window.shiftsWatched.disconnect();
  done(window.shifts);
})))"""


@asynccontextmanager
async def layout_shift(page: Page, *, own: bool = False, outside: str = "") -> AsyncIterator[list[str]]:
    """Watch a page; at the end the list has every shift of its layout, with what moved from where to where.

    Without ``own``, what moves within half a second of this person's own click or key does not count. What
    is in an element of the selector ``outside`` does not count either.
    """
    found: list[str] = []
    await page.evaluate(WATCH, outside)
    yield found
    shifts = await page.evaluate(END)
    found += [each["words"] for each in shifts if own or not each["own"]]
