"""The desk's wall in real browsers: who waits, answered in its row, by keys and with a thumb."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from server.database.core.pool import connect_as_owner
from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import choose_best, desk, state, take
from tests.browser.people import WAIT_MS, Person, hire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LEAST_TARGET = 44
CALLS = """
  globalThis.asked = 0; globalThis.told = []; globalThis.rung = 0;
  let last = "";
  new MutationObserver(() => {
    const line = document.querySelector(".announcer")?.textContent, said = document.documentElement.dataset;
    if (line && line !== last) said.said = (said.said ?? "") + (last = line) + "|";
  }).observe(document, {subtree: true, childList: true, characterData: true});
  globalThis.Notification = class extends EventTarget {
    static permission = sessionStorage.allowed ?? "default";
    static async requestPermission() {
      globalThis.asked += 1; sessionStorage.allowed = "granted";
      return Notification.permission = "granted";
    }
    constructor(title, {body, tag}) { super(); this.tag = tag; globalThis.told.push(`${title}: ${body}`); }
    close() {}
  };
  const resume = AudioContext.prototype.resume;
  AudioContext.prototype.resume = function () { globalThis.rung += 1; return resume.call(this); };
  Object.defineProperty(document, "visibilityState", {get: () => globalThis.hiding ? "hidden" : "visible"});
"""
"""Counts what the page asks of the browser, which shows none of it here, and keeps what it says."""


async def at_the_wall(arrive: Arrive) -> Person:
    """A manager at the wall, whose browser counts what it is asked."""
    manager = await arrive("riverside-manager")
    await manager.page.add_init_script(CALLS)
    await manager.page.goto(f"{manager.url}/desk")
    await manager.is_live()
    return manager


async def says(person: Person, words: str) -> None:
    """Wait until a screen reader has been told it."""
    await expect(person.page.locator("html")).to_have_attribute("data-said", re.compile(re.escape(words)))


def waiting(person: Person) -> Locator:
    """Return the rows that wait for the desk."""
    return person.page.get_by_role("rowgroup", name="Waiting for the desk").locator(
        ".wall-row[data-deal]:not(.gone)"
    )


def answer(person: Person, name: str) -> Locator:
    """Return a button of the open row."""
    return person.page.locator(".answers").get_by_role("button", name=name)


async def submitted(sales: Person) -> None:
    """Put the best car on the deal and submit it."""
    await choose_best(sales)
    await sales.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(sales).locator(".selected-offer")).to_be_visible(timeout=WAIT_MS)
    await take(sales, "Submit", "Customer agrees to these terms")


async def opened(manager: Person) -> None:
    """Open the row that waits: the bar on a phone grows by its answers once the deal is here."""
    async with manager.shifts.own():
        await waiting(manager).click()
        await expect(answer(manager, "Approve")).to_be_visible(timeout=WAIT_MS)


async def count(page: Page, name: str) -> float:
    """Return one of the counters of ``CALLS``."""
    return float(await page.evaluate(f"Number(globalThis.{name}.length ?? globalThis.{name})"))


async def choose_deals(manager: Person) -> None:
    """Ann's deal is approved, a salesperson works on another: look at those of each, in each state."""
    person, standing = manager.page.get_by_label("Person"), manager.page.get_by_label("State", exact=True)
    rows = manager.page.locator(".wall-row[data-deal]")
    await expect(person).to_contain_text("Riverside sales (1)", timeout=WAIT_MS)
    await person.select_option(label="Ann Salas (1)")
    await expect(rows.locator(".cell-reason")).to_have_text(re.compile("^Approved"))
    await expect(standing).to_contain_text("Working (0)")
    await standing.select_option(label="Working (0)")
    await expect(rows).to_have_count(0)
    await person.select_option(label="Riverside sales (1)")
    await expect(rows.locator(".cell-people .first")).to_have_text("Riverside sales")
    await manager.page.get_by_role("button", name="Show all").click()
    await expect(rows).to_have_count(2)
    await expect(manager.page.get_by_role("searchbox")).to_be_focused()


async def test_two_managers_answer_a_deal_in_its_row(arrive: Arrive, workspace: Workspace) -> None:
    """It appears at both with one call each, is countered, assigned and approved by keys, and leaves the
    other's queue. Both can look at the deals of one person, or in one state.

    Nothing is loaded and nothing moves at the other manager, whose row is open meanwhile.
    """
    sales, one, other = await arrive("riverside-sales"), await at_the_wall(arrive), await at_the_wall(arrive)
    await expect(one.page.locator(".place").first).to_contain_text("Queue clear.")
    await other.page.locator(".alert-menu summary").click()
    assert await count(other.page, "asked") == 0
    await other.page.get_by_role("button", name="Turn on alerts").click()
    await expect(other.page.locator(".alert-menu summary")).to_have_text("Alerts on")
    await other.page.keyboard.press("Escape")
    for section in ("Working", "Answered"):
        await other.page.get_by_role("button", name=section).click()
    await other.page.evaluate("globalThis.hiding = true")
    requests = len(other.requests)
    await hire(workspace.settings, "ann", "Ann Salas")

    await sales.open_first_deal()
    await submitted(sales)
    for manager in (one, other):
        await expect(waiting(manager)).to_have_count(1, timeout=WAIT_MS)
        await expect(manager.page).to_have_title("(1) Desk · Deal Architect")
        await expect(waiting(manager).locator(".who-dot")).to_contain_text("Riverside sales has it open")
        await says(manager, "New submit: ")
    # Once to try it out, and once for the submit.
    assert [await count(other.page, name) for name in ("asked", "told", "rung")] == [1, 1, 2]
    assert [await count(one.page, name) for name in ("asked", "told", "rung")] == [0, 0, 0]
    wait = waiting(one).locator(".cell-wait .first")
    before = await wait.inner_text()
    await expect(wait).not_to_have_text(before, timeout=WAIT_MS)

    await other.page.keyboard.press("o")
    await expect(other.page.locator(".open-grid .pencil")).to_be_visible(timeout=WAIT_MS)
    rows = '"snapshot_rows","channel":"deal:'
    assert not any(rows in frame for frame in other.frames), "an open row needs no list of cars"
    await one.page.keyboard.press("c")
    cash = one.page.get_by_label("Cash down, $")
    await expect(cash).to_be_focused(timeout=WAIT_MS)
    await expect(answer(one, "Send counter")).to_be_disabled()
    await cash.fill(str(float(await cash.input_value()) + 500))
    await expect(one.page.locator(".counter-terms")).to_contain_text("-$", timeout=WAIT_MS)
    await expect(one.page.locator(".answers select")).to_have_value("cash_too_low")
    async with one.shifts.own():
        await one.page.keyboard.press("Enter")
        await expect(waiting(one)).to_have_count(0, timeout=WAIT_MS)
    # At the other manager it is open: it keeps its place, and says what became of it.
    gone = other.page.locator(".wall-section.waiting .wall-row.gone .cell-reason")
    await expect(gone).to_contain_text("Countered", timeout=WAIT_MS)
    await expect(answer(other, "Approve")).to_have_count(0)
    await other.page.keyboard.press("Escape")
    await expect(waiting(other)).to_have_count(0)
    frames = len(other.frames)

    await sales.page.get_by_role("button", name="Accept", exact=True).click()
    await expect(waiting(one)).to_have_count(1, timeout=WAIT_MS)
    await one.page.keyboard.press("s")
    await expect(answer(one, "Assign")).to_be_disabled(timeout=WAIT_MS)
    words = "Now with Riverside sales. Choose who takes it."
    await expect(one.page.locator(".answer-words")).to_contain_text(words)
    await expect(one.page.get_by_label("Assign to")).to_be_focused()
    await one.page.get_by_label("Assign to").select_option("Ann Salas")
    await one.page.keyboard.press("Enter")
    for manager in (one, other):
        await expect(waiting(manager).locator(".cell-people .first")).to_have_text("Ann Salas")
    await says(one, "Assigned to Ann Salas: ")
    await expect(sales.page.locator(".seller")).to_have_text("Salesperson Ann Salas")
    await expect(sales.page.locator(".timeline")).to_contain_text("assigned the deal to")
    await expect(answer(one, "Approve")).to_be_visible()
    await one.page.keyboard.press("a")
    await expect(one.page.locator(".approving")).to_contain_text(re.compile(r"You approve: \$[\d,.]+ × \d+"))
    await expect(answer(one, "Approve")).to_be_focused()
    async with one.shifts.own():
        await one.page.keyboard.press("Enter")
        await state(sales, "Approved")
        await expect(one.page.locator(".open-row")).to_have_count(0)
    deal = sales.page.url.rsplit("/", 1)[-1]
    assert not any(f'"channel":"deal:{deal}"' in frame for frame in other.frames[frames:]), "it was closed"
    for manager in (one, other):
        await expect(waiting(manager)).to_have_count(0, timeout=WAIT_MS)
        await expect(manager.page).to_have_title("Desk · Deal Architect")
    assert await count(other.page, "told") == 2
    # Whose answer it was sees it gone. The other sees what became of it, until they come back to the page.
    await expect(one.page.locator(".wall-row.gone")).to_have_count(0)
    await expect(gone).to_contain_text("Approved")
    await other.page.evaluate("hiding = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(gone).to_have_count(0)
    await sales.see_deals()
    await sales.begin_deal()
    await choose_deals(other)
    # Chromium itself complains of a page that is cut while it connects.
    assert sales.complaints == one.complaints == []
    await workspace.proxy.cut()
    await expect(other.page.locator(".standing")).not_to_have_text("Live", timeout=WAIT_MS)
    workspace.proxy.mend()
    await other.is_live()
    assert await count(other.page, "told") == 2, "what is read again is not new"
    assert len(other.requests) == requests, "everything came over the socket"
    await other.page.locator(".alert-menu summary").click()
    await other.page.get_by_label("Never").check()
    await expect(other.page.locator(".alert-menu")).to_contain_text("No sound and no notification.")
    await other.page.reload()
    await expect(other.page.locator(".alert-menu summary")).to_have_text("Alerts off", timeout=WAIT_MS)
    assert await count(other.page, "asked") == 0


async def test_a_manager_answers_with_a_thumb(arrive: Arrive, workspace: Workspace) -> None:
    """On a phone each deal is a card, with buttons to hit at the bottom; what changed meanwhile is said."""
    sales, manager = await arrive("riverside-sales"), await at_the_wall(arrive)
    page = manager.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await sales.open_first_deal()
    await submitted(sales)
    await opened(manager)
    for name in ("Lock", "Decline", "Counter", "Approve"):
        button = answer(manager, name)
        box = await button.bounding_box()
        assert box and box["height"] >= LEAST_TARGET and box["y"] > 844 / 2, name
    await answer(manager, "Lock").click()
    async with manager.shifts.own():
        await answer(manager, "Lock cash").click()
        await expect(answer(manager, "Locked: cash")).to_be_visible(timeout=WAIT_MS)
    await answer(manager, "Done").click()
    await answer(manager, "Approve").click()
    await expect(answer(manager, "Approve")).to_be_enabled()
    async with connect_as_owner(workspace.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE vehicles v SET price_cents = price_cents - 50000 FROM deals d JOIN offers o"
            " ON o.offer_id = d.selected_offer WHERE d.state = 'submitted' AND v.vehicle_id = o.vehicle_id"
        )
    words = page.locator(".answer-words")
    await expect(words).to_contain_text("The car's price has changed", timeout=WAIT_MS)
    await expect(words).to_contain_text("→")
    await expect(answer(manager, "Approve")).to_have_count(0)
    # What opened last closes first: the answer, then the row.
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator(".open-row")).to_have_count(0)
    await expect(waiting(manager)).to_have_count(0, timeout=WAIT_MS)
    await page.get_by_role("button", name="Working").click()
    await page.get_by_label("Find a deal by customer, stock number or deal").fill(
        sales.page.url.rpartition("/")[2]
    )
    row = page.locator(".wall-row[data-deal]")
    await expect(row).to_have_count(1)
    await page.get_by_role("button", name="Working").click()
    await desk(sales).get_by_role("button", name="Submit", exact=True).click()
    dialog = sales.page.get_by_role("dialog")
    await dialog.get_by_label("Customer agrees to these terms").check()
    await dialog.get_by_role("button", name="Submit", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The figures changed", timeout=WAIT_MS)
    await dialog.get_by_role("button", name="Submit", exact=True).click()
    await opened(manager)
    await answer(manager, "Approve").click()
    async with manager.shifts.own():
        await answer(manager, "Approve").click()
        await state(sales, "Approved")
        await expect(page.locator(".open-row")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert sales.complaints == manager.complaints == []


async def test_the_wall_is_for_managers(arrive: Arrive, workspace: Workspace) -> None:
    """A salesperson has no way to it, also not by its address; a manager has, directly."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    await expect(sales.page.get_by_role("link", name="Desk", exact=True)).to_have_count(0)
    await sales.page.goto(f"{workspace.url}/desk")
    await expect(sales.page.get_by_role("heading", name="This page is for managers")).to_be_visible()
    await manager.page.goto(f"{workspace.url}/desk")
    await expect(manager.page.get_by_role("heading", name="Riverside desk")).to_be_visible(timeout=WAIT_MS)
