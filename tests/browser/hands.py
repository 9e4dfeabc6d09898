"""Somebody without a mouse: keys alone, and at every stop it can be seen where the focus is."""

from playwright.async_api import Page, TimeoutError

from tests.browser.people import WAIT_MS

MOST_STOPS = 70
FAULT = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "nothing has the focus";
  const name = `${at.tagName} ${at.className} ${(at.ariaLabel ?? at.textContent).slice(0, 40)}`;
  // The parts of a date have the focus inside it.
  if (!at.matches(":focus-visible, [type=date]:focus-within")) return `${name} does not show the focus`;
  const {top, bottom, left, right, width, height} = at.getBoundingClientRect();
  if (width === 0 || height === 0) return `${name} cannot be seen`;
  if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth) return `${name} is out of sight`;
  const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(at);
  const marked = (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  return marked ? "" : `${name} has no mark`;
}"""
NAME = """() => {
  const at = document.activeElement;
  const labels = [...(at.labels ?? [])].map((each) => each.textContent);
  const named = document.getElementById(at.getAttribute("aria-labelledby") ?? "")?.textContent;
  return (at.ariaLabel ?? named ?? (labels.join(" ") || at.textContent)).replace(/\\s+/g, " ").trim();
}"""


class Hands:
    """Presses keys on a page; after each one the focus is somewhere, and can be seen there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)
            await self._seen(f"after {key}")

    async def type(self, text: str) -> None:
        """Type over what stands in the field."""
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.type(text)
        await self._seen(f"after {text}")

    async def to(self, name: str, key: str = "Tab") -> None:
        """Press a key until what has the focus has a name that begins so."""
        stops = []
        for _ in range(MOST_STOPS):
            stops.append(await self.page.evaluate(NAME))
            if stops[-1].startswith(name):
                return
            await self.press(key)
        raise AssertionError(f"{key} does not lead to {name}, but to {stops}")

    async def act(self, words: str, title: str = "", *, leaves: bool = False) -> None:
        """Take what the palette finds: an action of the page by its name, a deal by its number.

        What ``leaves`` for another document has the focus nowhere at first, as every page that is loaded.
        """
        await self.press("Control+k")
        await self.type(words)
        chosen = self.page.locator(".palette [role=option][aria-selected=true] .palette-title")
        await chosen.filter(has_text=title or words).wait_for(timeout=WAIT_MS)
        await self.page.keyboard.press("Enter")
        if not leaves:
            await self._seen(f"after {words}")

    async def _seen(self, when: str) -> None:
        try:
            await self.page.wait_for_function(f"() => ({FAULT})() === ''", timeout=WAIT_MS)
        except TimeoutError as late:
            raise AssertionError(f"{when}: {await self.page.evaluate(FAULT)}") from late
