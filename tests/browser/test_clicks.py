"""The commonest tasks of each role, counted: docs/screen.md says how many clicks and keys each one takes."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Arrive, Workspace
from tests.browser.deal.at_the_desk import desk, state, take
from tests.browser.people import WAIT_MS, hire
from tests.services import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MOST = 4
SUBMIT = "send to the desk"
ROW = re.compile(r"^\| ([^|]+?) \| [^|]+ \| (\d+) \| ", re.MULTILINE)


def documented(role: str) -> dict[str, int]:
    """Return the counts of a role's table by task."""
    tables = (ROOT / "docs" / "screen.md").read_text().split("\n## ")
    table = next(part for part in tables if part.startswith(role))
    return {task: int(count) for task, count in ROW.findall(table)}


@dataclass
class Hand:
    """Clicks, presses and types, and counts each as one."""

    page: Page
    done: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    async def click(self, what: Locator) -> None:
        """Click on something, once it can be."""
        self.done += 1
        await what.click(timeout=WAIT_MS)

    async def press(self, key: str) -> None:
        """Press a key where the focus is."""
        self.done += 1
        await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        """Type over what stands in the field that has the focus."""
        self.done += 1
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.type(text)

    async def task(self, name: str, work: Callable[["Hand"], Awaitable[None]]) -> None:
        """Do a task and note what it took."""
        self.done = 0
        await work(self)
        self.counts[name] = self.done


async def test_a_salespersons_tasks(arrive: Arrive) -> None:
    """None takes more than four, and each takes what the table says."""
    sales = await arrive("riverside-sales")
    page = sales.page
    hand = Hand(page)
    await sales.open_first_deal()
    await sales.all_valued()
    button = page.get_by_role("button")

    async def best(hand: Hand) -> None:
        await hand.click(page.locator('.grid-row[aria-rowindex="2"] .cell-make'))
        await hand.click(button.filter(has_text="Put this car on the deal"))
        await expect(desk(sales).locator(".selected-offer")).to_be_visible(timeout=WAIT_MS)

    async def cash(hand: Hand) -> None:
        before = await sales.search_id()
        await hand.click(page.locator("#field-cash_down_cents"))
        await hand.type("2,100")
        await sales.all_valued(after=before)

    async def term(hand: Hand) -> None:
        before = await sales.search_id()
        await hand.click(page.get_by_role("toolbar", name="Terms").get_by_role("button", name="84"))
        await sales.all_valued(after=before)

    async def compare(hand: Hand) -> None:
        for row in (3, 4):
            await hand.click(page.locator(f'.grid-row[aria-rowindex="{row}"] .cell-npv_cents'))
            await hand.press("c")
        await expect(page.get_by_role("dialog", name="Compare 2 cars")).to_be_visible()

    async def what_if(hand: Hand) -> None:
        await hand.click(button.filter(has_text="Duplicate as scenario"))
        await expect(page.locator(".scenario-table th")).not_to_have_count(0)

    async def fix(hand: Hand) -> None:
        before = await sales.search_id()
        await hand.click(
            page.get_by_role("region", name="Cars that don't qualify").get_by_role("button").first
        )
        await sales.all_valued(after=before)

    async def trade(hand: Hand) -> None:
        await hand.click(button.filter(has_text=re.compile("^Add a (second )?trade$")))
        await hand.click(page.locator("section.trade").last.get_by_label("Allowance", exact=True))
        await hand.type("3,000")
        await expect(page.locator(".timeline")).to_contain_text("trade", ignore_case=True)

    async def link(hand: Hand) -> None:
        await hand.click(button.filter(has_text="Show to customer"))
        await hand.click(page.get_by_role("dialog").get_by_role("button", name="New link"))
        await expect(page.get_by_role("dialog").locator("svg.qr")).to_be_visible(timeout=WAIT_MS)

    async def paper(hand: Hand) -> None:
        async with page.context.expect_page():
            await hand.press("Control+p")

    async def present(hand: Hand) -> None:
        await hand.click(page.get_by_role("link", name="Present", exact=True))
        await page.wait_for_url("**/present")

    async def begin(hand: Hand) -> None:
        name = await page.locator(".deal-table tbody a").first.inner_text()
        await hand.click(button.filter(has_text="New deal").first)
        await expect(page.get_by_label("Customer", exact=True)).to_be_focused()
        await hand.type(name)
        await expect(page.get_by_role("listbox", name="Customers")).to_have_attribute("aria-busy", "false")
        await expect(page.get_by_role("option").first).to_contain_text(name, timeout=WAIT_MS)
        await expect(page.get_by_role("option")).to_have_count(1, timeout=WAIT_MS)
        await hand.press("Enter")
        await page.wait_for_url("**/deals/*")

    await hand.task("best car on the deal", best)
    await hand.task("compare two cars", compare)
    await page.keyboard.press("Escape")
    await hand.task("a what-if beside the deal", what_if)
    await page.keyboard.press("Escape")
    await hand.task("change cash down", cash)
    await hand.task("another term", term)
    await hand.task("why cars don't qualify, and the fix", fix)
    if await page.locator("section.trade").count() < 2:
        await sales.unfold("Trade")
    await hand.task("add a trade", trade)
    await hand.task("a link for the customer's phone", link)
    await page.keyboard.press("Escape")
    await hand.task("print", paper)
    await hand.task("present to the customer", present)
    await page.goto(sales.url)
    await hand.task("new deal, from the list of deals", begin)
    counts = documented("Salesperson")
    assert hand.counts == {task: count for task, count in counts.items() if task != SUBMIT}
    assert max(counts.values()) <= MOST
    assert sales.complaints == []


async def test_a_managers_tasks(arrive: Arrive, workspace: Workspace) -> None:
    """None takes more than four, and each takes what the table says."""
    await hire(workspace.settings, "ann", "Ann Salas")
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    page = manager.page
    hand = Hand(page)
    path = await sales.open_first_deal()
    await sales.all_valued()
    await sales.page.locator('.grid-row[aria-rowindex="2"] .cell-make').click()
    await sales.page.get_by_role("button", name="Put this car on the deal").click()
    await expect(desk(sales).locator(".selected-offer")).to_be_visible(timeout=WAIT_MS)
    await page.goto(f"{manager.url}/desk")
    await manager.is_live()
    # A deal that was answered keeps its place for a while.
    queue = page.get_by_role("rowgroup", name="Waiting for the desk")
    waiting = queue.locator(".wall-row[data-deal]:not(.gone)")

    def rows(section: str) -> Locator:
        return page.get_by_role("rowgroup", name=section).locator(".wall-row[data-deal]")

    async def submit(hand: Hand) -> None:
        await hand.click(desk(sales).get_by_role("button", name="Submit", exact=True))
        dialog = sales.page.get_by_role("dialog")
        await hand.click(dialog.get_by_label("Customer agrees to these terms"))
        await hand.click(dialog.get_by_role("button", name="Submit", exact=True))
        await state(sales, "Submitted")

    async def who(_hand: Hand) -> None:
        await expect(waiting).to_have_count(1, timeout=WAIT_MS)

    async def find(hand: Hand) -> None:
        stock = re.search(r"\b[NU]\d{7}\b", await waiting.first.inner_text())
        assert stock
        await hand.press("/")
        await hand.type(stock[0])
        await expect(waiting).to_have_count(1)

    async def lock(hand: Hand) -> None:
        await hand.press("l")
        await expect(page.get_by_role("button", name="Lock cash")).to_be_focused(timeout=WAIT_MS)
        async with manager.shifts.own():
            await hand.press("Enter")
            await expect(page.get_by_role("button", name="Locked: cash")).to_be_visible(timeout=WAIT_MS)
            # The payment grid ends at the locked cash.
            await expect(page.locator(".open-grid[aria-busy=false]")).to_be_visible(timeout=WAIT_MS)

    async def assign(hand: Hand) -> None:
        await hand.press("s")
        people = page.get_by_label("Assign to")
        await expect(people).to_be_focused(timeout=WAIT_MS)
        await expect(people).to_contain_text("Ann Salas", timeout=WAIT_MS)
        await hand.press("a")
        await hand.press("Enter")
        await expect(waiting.locator(".cell-people")).to_contain_text("Ann Salas", timeout=WAIT_MS)

    async def answer(hand: Hand, now: str) -> None:
        """Give the answer, which closes the row once the server has taken it."""
        async with manager.shifts.own():
            await hand.press("Enter")
            await state(sales, now)
            await expect(page.locator(".open-deal-panel")).to_have_count(0, timeout=WAIT_MS)

    async def counter(hand: Hand) -> None:
        await hand.press("c")
        cash = page.get_by_label("Cash down, $")
        await expect(cash).to_be_focused(timeout=WAIT_MS)
        await hand.type(str(float(await cash.input_value()) + 500))
        await expect(page.locator(".counter-terms")).to_contain_text("-$", timeout=WAIT_MS)
        await answer(hand, "Countered")

    async def approve(hand: Hand) -> None:
        await hand.press("a")
        await expect(page.locator(".answers").get_by_role("button", name="Approve")).to_be_focused(
            timeout=WAIT_MS
        )
        await answer(hand, "Approved")

    async def reopen(hand: Hand) -> None:
        await hand.click(page.locator(f'a[href="{path}"]').first)
        await hand.click(desk(manager).get_by_role("button", name="Reopen", exact=True))
        dialog = page.get_by_role("dialog")
        await hand.click(dialog.get_by_role("radio").first)
        await hand.click(dialog.get_by_role("button", name="Reopen", exact=True))
        await state(manager, "Working")

    async def finish(hand: Hand) -> None:
        await hand.click(page.get_by_role("button", name="Tasks 1"))
        await hand.click(rows("Tasks"))
        await hand.click(page.get_by_role("button", name="Done").first)
        # The open row keeps its place.
        await expect(rows("Tasks")).to_have_class(re.compile(r"\bgone\b"), timeout=WAIT_MS)

    async def callback(hand: Hand) -> None:
        await hand.click(rows("Answered, with sales"))
        await hand.click(page.get_by_role("button", name="Enter lender callback"))
        rate = page.get_by_label("Buy rate, %")
        await expect(rate).to_be_focused()
        own = page.get_by_role("dialog").locator(".field", has=rate).locator(".own")
        await expect(own).to_have_text(re.compile(r"\d%$"), timeout=WAIT_MS)
        await hand.type(re.sub(r"[^\d.]", "", await own.inner_text()))
        await hand.press("Enter")
        await expect(page.locator(".decided")).to_be_visible(timeout=WAIT_MS)

    async def fund(hand: Hand) -> None:
        await hand.click(page.get_by_role("button", name="Delivered, unfunded 1"))
        await hand.click(rows("Delivered, unfunded"))
        await hand.click(page.get_by_role("button", name="Fund", exact=True))
        await hand.click(page.get_by_role("dialog").get_by_role("button", name="Fund", exact=True))
        await state(sales, "Funded")

    async def decline(hand: Hand) -> None:
        await hand.press("d")
        await expect(page.locator(".declining input").first).to_be_focused(timeout=WAIT_MS)
        # For a reason of credit the store owes the customer a notice: a task.
        await hand.click(page.locator(".declining input[type=checkbox]").first)
        await answer(hand, "Declined")

    seller = Hand(sales.page)
    await seller.task(SUBMIT, submit)
    assert seller.counts[SUBMIT] == documented("Salesperson")[SUBMIT]
    await hand.task("who waits longest", who)
    await hand.task("find a deal by stock number", find)
    await page.keyboard.press("Escape")
    await page.get_by_role("heading", level=1).click()
    await hand.task("counter $500 more down", counter)
    await expect(waiting).to_have_count(0, timeout=WAIT_MS)
    await sales.page.get_by_role("button", name="Accept", exact=True).click()
    await expect(waiting).to_have_count(1, timeout=WAIT_MS)
    await hand.task("decline", decline)
    await hand.task("finish a task", finish)
    await page.goto(manager.url)
    await hand.task("reopen yesterday's deal, from the list of deals", reopen)
    await take(sales, "Submit", "Customer agrees to these terms")
    await page.goto(f"{manager.url}/desk")
    await expect(waiting).to_have_count(1, timeout=WAIT_MS)
    await hand.task("lock cash", lock)
    await page.keyboard.press("Escape")
    await hand.task("assign to another salesperson", assign)
    await hand.task("approve the oldest", approve)
    await page.get_by_role("button", name="Answered, with sales 1").click()
    await hand.task("enter a lender callback", callback)
    await page.keyboard.press("Escape")
    await take(sales, "Sign")
    await take(sales, "Deliver")
    await hand.task("mark funded", fund)
    documented_counts = documented("Desk manager")
    assert hand.counts == documented_counts
    assert max(documented_counts.values()) <= MOST
    assert manager.complaints == sales.complaints == []
