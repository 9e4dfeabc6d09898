"""A virtual screen reader in the page: what somebody hears who does not see it.

The reader of guidepup works on the document's accessibility tree as the ARIA specifications compute it. It is
no substitute for a real reader; it shows names, roles, states and order.
"""

import re

from playwright.async_api import Page

from tests.browser.people import WAIT_MS
from tests.elsewhere.packages import package

MODULE = "lib/esm/index.browser.js"
EXPORTED = re.compile(r"export ?\{([\w$]+) as Virtual,([\w$]+) as virtual\};?")
START = "async (within) => reader.start({container: document.querySelector(within)})"
NEXT = "async () => { await reader.next(); return reader.lastSpokenPhrase(); }"
# `wait_for_function` takes the promise of an answer for the answer: the page itself looks until it is said.
SAID = """async ([words, patience]) => {
  for (const until = performance.now() + patience; performance.now() < until; ) {
    const said = await reader.spokenPhraseLog();
    if (said.some((phrase) => words.every((each) => phrase.includes(each)))) return true;
    await new Promise(requestAnimationFrame);
  }
  return false;
}"""


class Reader:
    """Reads one element of a page, from its first word on."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def start(self, within: str = "body") -> str:
        """Begin at the start of an element; return what is said there."""
        if not await self._page.evaluate("'reader' in window"):
            source = (package("@guidepup/virtual-screen-reader") / MODULE).read_text()
            script, found = EXPORTED.subn(r"window.reader = \2;", source)
            assert found == 1
            # As the browser's own tools do it: the page's policy lets no script in.
            await self._page.evaluate(f"(() => {{ {script}\n }})()")
        await self._page.evaluate(START, within)
        return await self._last()

    async def next(self) -> str:
        """Go on to what follows, and return what is said."""
        said: str = await self._page.evaluate(NEXT)
        return said

    async def clear(self) -> None:
        """Forget what was said so far."""
        await self._page.evaluate("reader.clearSpokenPhraseLog()")

    async def log(self) -> list[str]:
        """Return what was said since, live regions included: it follows the focus of the page's real keys."""
        said: list[str] = await self._page.evaluate("reader.spokenPhraseLog()")
        return said

    async def hears(self, *words: str) -> None:
        """Wait until something is said that holds the words, and forget it."""
        said = await self._page.evaluate(SAID, [list(words), WAIT_MS])
        assert said, f"{words} were not said, but {await self.log()}"
        await self.clear()

    async def read(self, within: str, most: int = 400) -> list[str]:
        """Return all that is said of an element, up to ``most`` phrases."""
        said = [await self.start(within)]
        while len(said) < most:
            said.append(await self.next())
            if said[-1] == said[0]:
                break
        await self.stop()
        return said

    async def stop(self) -> None:
        """Stop reading."""
        await self._page.evaluate("reader.stop()")

    async def _last(self) -> str:
        said: str = await self._page.evaluate("reader.lastSpokenPhrase()")
        return said
