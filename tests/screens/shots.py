"""Pictures of the gallery's stories, and a page that shows them beside each other."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, Page

from tests.browser.people import open_chromium

READY: Final = "html[data-story=ready]"
TWO_FRAMES: Final = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True, slots=True)
class Look:
    """A screen on which a story is looked at. Sizes in CSS pixels."""

    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    forced: Literal["active", "none"] = "none"


LOOKS: Final = {
    "light": Look(1440, 900),
    "dark": Look(1440, 900, "dark"),
    "tablet": Look(1024, 768),
    "phone": Look(390, 844),
    "4k": Look(3840, 2160),
    "forced": Look(1440, 900, forced="active"),
}


async def stories(page: Page, url: str) -> list[str]:
    """Return the names of all stories, in the gallery's order."""
    await page.goto(f"{url}/gallery")
    links = page.locator(".gallery a")
    await links.first.wait_for()
    found: list[str] = await links.evaluate_all(
        "all => all.map((one) => new URL(one.href).searchParams.get('story'))"
    )
    return found


async def take_all(url: str, folder: Path, only: str, looks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take the pictures; return the names of the stories, and what their pages complained about."""
    complaints: list[str] = []
    async with open_chromium() as browser:
        page = await browser.new_page()
        names = [name for name in await stories(page, url) if only in name]
        pages = [(name, f"{url}/gallery?story={name}") for name in names]
        for look in looks:
            complaints += await _with(browser, look, pages, folder)
    return names, complaints


async def _with(browser: Browser, name: str, pages: list[tuple[str, str]], folder: Path) -> list[str]:
    """Take all pictures of one look."""
    look = LOOKS[name]
    complaints: list[str] = []
    context = await browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,
        forced_colors=look.forced,
        reduced_motion="reduce",
        locale="en-US",
    )
    try:
        for story, address in pages:
            page = await context.new_page()
            page.on("pageerror", lambda error, story=story: complaints.append(f"{story}, {name}: {error}"))
            await page.goto(address)
            await page.locator(READY).wait_for()
            # What the story did is drawn by then.
            await page.evaluate(TWO_FRAMES)
            await page.screenshot(path=folder / f"{story}-{name}.png")
            await page.close()
    finally:
        await context.close()
    return complaints


def index(names: Sequence[str], looks: Sequence[str]) -> str:
    """Return a page with all pictures."""
    shown = []
    for name in names:
        files = (f"{html.escape(name)}-{look}.png" for look in looks)
        pictures = "".join(f'<a href="{file}"><img src="{file}" alt=""></a> ' for file in files)
        shown.append(f"<h2>{html.escape(name)}</h2><p>{pictures}</p>")
    style = "<style>img { width: 24rem; border: 1px solid #888 }</style>"
    return f"<!doctype html><title>Screens</title>{style}{''.join(shown)}"
