"""Where the time went: the waterfall of a search, up to what this screen drew, which it reports."""

import json
import re

import pytest
from playwright.async_api import WebSocket, expect

from protocol.events import PAINT_STAGES, TRACE_STAGES
from tests.browser.conftest import Arrive
from tests.browser.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DRAWN = re.compile(r"^Draw here × 4")


def reports_of(person: Person) -> list[dict[str, object]]:
    """Collect what a person's page reports from here on."""
    reports: list[dict[str, object]] = []

    def sent(frame: str | bytes) -> None:
        command = json.loads(frame)
        if command["type"] == "painted":
            reports.append(command)

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", sent)

    person.page.on("websocket", opened)
    return reports


async def test_the_searcher_reports_what_was_painted_and_sees_where_the_time_went(arrive: Arrive) -> None:
    """Each stage once, in order of time, from the searcher's page alone; the panel shows every stage to both,
    by the keyboard, moves nothing, and is not there for the customer.
    """
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    told, told_by_manager = reports_of(sales), reports_of(manager)
    path = await sales.open_first_deal()
    await sales.all_valued()
    await manager.open(path)
    await manager.all_valued()
    search_id = await sales.search_id()
    await expect(sales.page.locator(".trace")).to_have_count(1)
    panel = sales.page.get_by_role("group").filter(has=sales.page.get_by_text("Timing", exact=True))

    before = await sales.page.locator(".grid-frame").bounding_box()
    await sales.page.locator(".trace summary").focus()
    await sales.page.keyboard.press("Enter")
    row = panel.get_by_role("row", name=DRAWN)
    await expect(row).to_be_visible()
    assert await sales.page.locator(".grid-frame").bounding_box() == before
    await expect(panel.get_by_role("row")).to_have_count(1 + len(TRACE_STAGES))
    for bar in await panel.locator(".track > span").all():
        box, track = await bar.bounding_box(), await bar.locator("..").bounding_box()
        assert box is not None and track is not None
        assert track["x"] - 1 <= box["x"] and box["x"] + box["width"] <= track["x"] + track["width"] + 3

    assert [each["stage"] for each in told if each["search_id"] == search_id] != []
    assert {each["stage"] for each in told} == set(PAINT_STAGES)
    assert len(told) == len(PAINT_STAGES)
    for each in told:
        assert 0 <= float(str(each["after_ms"])) <= float(str(each["ms"]))
    assert told_by_manager == []

    await manager.open(path)
    await manager.page.get_by_text("Timing", exact=True).click()
    await expect(manager.page.get_by_role("row", name=DRAWN)).to_be_visible()
    assert told_by_manager == []

    await sales.page.keyboard.press("Escape")
    await expect(row).not_to_be_visible()
    await expect(sales.page.locator(".trace summary")).to_be_focused()
    assert sales.complaints == manager.complaints == []
