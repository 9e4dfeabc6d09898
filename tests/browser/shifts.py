"""What moves on a page by itself: the layout shifts that the browser sees, from its first frame to its end.

What a person's own click or key moves does not count: neither what the browser leaves out, which is half a
second long, nor what the frames right after an input of any kind draw, however late they come.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import BrowserContext, ConsoleMessage

MARK = "layout shift "
WATCH = """(() => {
  // The browser's own viewer of papers is not ours.
  if (document.contentType !== "text/html") return;
  const MARK = "layout shift ", FRAMES = 4;
  const frame = requestAnimationFrame.bind(window), say = console.debug.bind(console);
  const name = (node) => {
    const one = node instanceof Element ? node : node?.parentElement;
    if (!one) return "what is gone";
    return [one.tagName.toLowerCase(), ...one.classList].join(".") + ` "${one.textContent.slice(0, 30)}"`;
  };
  const place = ({x, y, width, height}) => [x, y, width, height].map(Math.round).join(" ");
  const told = ({node, previousRect, currentRect}) =>
    `${name(node)} from ${place(previousRect)} to ${place(currentRect)}`;
  // When inputs came, and when the frames after the last of them were drawn.
  const spans = [];
  let left = 0;
  const drawn = (at) => {
    left -= 1;
    if (left > 0) frame(drawn);
    else spans.at(-1).to = at;
  };
  const acted = () => {
    if (left === 0) {
      spans.push({from: performance.now(), to: Infinity});
      frame(drawn);
    }
    left = FRAMES;
  };
  const isOwn = ({hadRecentInput, startTime}) =>
    hadRecentInput || spans.some(({from, to}) => startTime >= from && startTime <= to);
  // Another figure at the right edge of a box that stays begins elsewhere: that is no movement.
  const edge = ({right, y, height}) => [right, y, height].map(Math.round).join(" ");
  const isFigure = ({previousRect: from, currentRect: to}) => edge(from) === edge(to);
  const take = (entries) => {
    for (const one of entries) {
      const moved = one.sources.filter((each) => !isFigure(each));
      if (isOwn(one) || (one.sources.length > 0 && moved.length === 0)) continue;
      say(MARK + one.value.toFixed(5) + ": " + moved.map(told).join(", "));
    }
  };
  for (const kind of ["input", "change", "click", "keydown", "pointerdown"])
    addEventListener(kind, acted, {capture: true, passive: true});
  const seen = new PerformanceObserver((list) => take(list.getEntries()));
  seen.observe({type: "layout-shift", buffered: true});
  const flush = () => take(seen.takeRecords());
  addEventListener("pagehide", flush);
  // Two frames later everything that was laid out has been reported; a page that is hidden draws none.
  const later = setTimeout.bind(window);
  addEventListener("shifts-wanted", () => {
    const tell = () => {
      flush();
      dispatchEvent(new Event("shifts-told"));
    };
    frame(() => frame(tell));
    later(tell, 5000);
  });
})()"""
END = """() => new Promise((done) => {
  addEventListener("shifts-told", () => done(), {once: true});
  dispatchEvent(new Event("shifts-wanted"));
  // A paper in the browser's own viewer has nobody who answers.
  setTimeout(done, 6000);
})"""


class Shifts:
    """Collects what moves by itself on the pages of a browser's profile."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._found: list[str] = []
        context.on("console", self._heard)

    async def watch(self) -> None:
        """Watch every page that is opened from now on."""
        await self._context.add_init_script(WATCH)

    @asynccontextmanager
    async def own(self) -> AsyncIterator[None]:
        """Leave out what moves meanwhile: it answers what this person did, however long the server takes."""
        await self._flush()
        before = len(self._found)
        yield
        await self._flush()
        del self._found[before:]

    async def end(self) -> list[str]:
        """Return every shift until now, with what moved from where to where."""
        await self._flush()
        return self._found

    async def _flush(self) -> None:
        for page in self._context.pages:
            if page.url.startswith("http") and ".pdf" not in page.url:
                await page.evaluate(END)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.text.startswith(MARK) and not (message.page and ".pdf" in message.page.url):
            path = message.page.url.split("/", 3)[-1] if message.page else ""
            self._found.append(f"/{path}: {message.text.removeprefix(MARK)}")
