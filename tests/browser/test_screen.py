"""The screen as people use it: a real Chromium before real processes, PostgreSQL and Redis."""

import asyncio
import re
from decimal import Decimal

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Workspace
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_sign_in_with_a_password(arrive: Arrive, workspace: Workspace) -> None:
    """A wrong password is refused in words, the right one leads to the deals, sign-out back to the form."""
    person = await arrive("")
    page = person.page
    await page.goto(workspace.url)
    await page.get_by_label("Username").fill("riverside-manager")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_have_text("Username or password is wrong.")

    await page.get_by_label("Password").fill("demo")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="Deals", exact=True)).to_be_visible()

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_a_new_deal_streams_its_cars(arrive: Arrive) -> None:
    """From the list to a new deal of a customer, whose cars and values arrive by themselves, best first."""
    person = await arrive("riverside-sales")
    await person.begin_deal()
    await person.all_valued()

    assert int((await person.counts())["Matched"].replace(",", "")) > 0
    values = [_dollars(row) for row in await person.best_rows()]
    assert values == sorted(values, reverse=True)
    assert person.complaints == []


async def test_an_edit_appears_at_the_other_and_values_arrive(arrive: Arrive) -> None:
    """What one person types is at the other's at once, and both see the same offers."""
    sales, manager = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await sales.open_first_deal()
    await manager.open(path)
    await sales.all_valued()
    await manager.unfold("Fees, tax")
    await manager.page.get_by_label("Discount", exact=True).focus()

    before = await sales.search_id()
    await sales.type_into("Cash down", "1k")

    await expect(manager.page.get_by_label("Cash down", exact=True)).to_have_value("1,000", timeout=WAIT_MS)
    await expect(manager.page.locator(".timeline li").first).to_contain_text("Cash down")
    await expect(manager.page.get_by_label("Discount", exact=True)).to_be_focused()
    await expect(sales.page.get_by_label("Cash down", exact=True)).to_have_value("1k")
    await sales.all_valued(after=before)
    await manager.all_valued(after=before)
    matched = (await sales.counts())["Matched"]
    assert (await manager.counts())["Matched"] == matched
    rounded, exact = [[_dollars(row) for row in await person.best_rows()] for person in (sales, manager)]
    assert all(npv % 10 == 0 for npv in rounded)
    assert all(abs(one - other) <= 10 for one, other in zip(rounded, exact, strict=True))
    assert sales.complaints == manager.complaints == []


async def test_the_least_payment_sorts_and_hides_nothing(arrive: Arrive) -> None:
    """Cars under the lower end of the target stand after those that reach it; none of them goes."""
    person = await arrive("riverside-sales")
    await person.begin_deal()
    await person.all_valued()
    matched = (await person.counts())["Matched"]
    await person.order_by("PMT")
    await person.order_by("PMT")
    highest = [_payment(row) for row in await person.best_rows()]
    assert highest == sorted(highest, reverse=True)
    least = highest[2]

    before = await person.search_id()
    await person.type_into("Min", str(least))
    await person.page.get_by_label("Min", exact=True).press("Enter")
    await expect(person.page.locator(".timeline li").first).to_contain_text("Target payment min")

    assert await person.search_id() == before
    assert (await person.counts())["Matched"] == matched
    await person.order_by("NPV")
    rows = await person.best_rows()
    reached = [_payment(row) >= least for row in rows]
    assert reached == sorted((payment >= least for payment in highest), reverse=True)
    values = [_dollars(row) for row, reaches in zip(rows, reached, strict=True) if reaches]
    assert values == sorted(values, reverse=True)
    assert person.complaints == []


async def test_a_search_and_its_values_cause_no_request(arrive: Arrive) -> None:
    """After the page has loaded, edits, searches and values go over the socket alone;
    a filter asks nobody.
    """
    person = await arrive("riverside-sales")
    await person.open_first_deal()
    await person.all_valued()
    person.requests.clear()
    frames = len(person.frames)

    first = await person.search_id()
    await person.type_into("Cash down", "1,500")
    await person.all_valued(after=first)
    assert len(person.frames) > frames
    second, frames = await person.search_id(), len(person.frames)
    await person.page.locator("summary", has_text="Price").click()
    await person.page.get_by_label("Price up to").fill("25k")
    await expect(person.page.get_by_role("button", name="Lift: Price ≤ $25,000")).to_be_visible()
    assert await person.search_id() == second
    assert not any("search_started" in frame for frame in person.frames[frames:])
    assert person.requests == []
    assert person.complaints == []


async def test_a_cut_socket_loses_nothing(arrive: Arrive, workspace: Workspace) -> None:
    """Offline is shown, an edit made meanwhile is kept and sent, and the page ends as a fresh one."""
    person, other = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await person.open_first_deal()
    await person.all_valued()
    before = await person.search_id()

    await workspace.proxy.cut()
    await expect(person.page.locator(".standing")).to_have_text("Offline", timeout=WAIT_MS)
    await person.type_into("Cash down", "2,222")
    await expect(person.page.locator(".banner")).to_contain_text("kept here", timeout=WAIT_MS)
    workspace.proxy.mend()

    await person.is_live()
    await expect(person.page.locator(".timeline li").first).to_contain_text("$2,222.00", timeout=WAIT_MS)
    await person.all_valued(after=before)
    await person.unfold("Fees, tax")
    await person.page.get_by_label("Discount", exact=True).focus()
    await other.open(path)
    await other.all_valued()
    mine, theirs = await person.structure(), await other.structure()
    assert mine == {name: value for name, value in theirs.items() if name in mine}
    assert (await person.counts())["Matched"] == (await other.counts())["Matched"]
    assert (await person.counts())["Valued"] == (await other.counts())["Valued"]


async def test_a_conflict_stands_at_its_field(arrive: Arrive, workspace: Workspace) -> None:
    """Two people set one field, one of them offline: the later one sees who and what, and decides."""
    person, other = await arrive("riverside-sales"), await arrive("riverside-manager")
    path = await person.open_first_deal()
    await other.open(path)
    await workspace.proxy.cut()
    await expect(person.page.locator(".standing")).to_have_text("Offline", timeout=WAIT_MS)
    await expect(other.page.locator(".standing")).to_have_text("Offline", timeout=WAIT_MS)
    await person.type_into("Cash down", "700")
    await other.type_into("Cash down", "900")
    for each in (person, other):
        await expect(each.page.locator(".banner")).to_contain_text("kept here", timeout=WAIT_MS)
    workspace.proxy.mend()
    for each in (person, other):
        # As a browser tells its pages; by themselves they may wait as long as this test does.
        await each.page.evaluate("dispatchEvent(new Event('online'))")

    # Who comes back first wins; the other one is asked.
    loser = await _first_to_show([person, other], ".field .trouble")
    winner = other if loser is person else person
    note = loser.page.locator(".field .trouble")
    await expect(note).to_contain_text("set $", timeout=WAIT_MS)
    kept = await loser.page.get_by_label("Cash down", exact=True).input_value()
    await note.get_by_role("button", name="Keep mine").click()

    await expect(winner.page.locator(".timeline li").first).to_contain_text(f"${kept}.00", timeout=WAIT_MS)
    await expect(note).to_have_count(0)


async def test_another_stores_deal_is_not_there(arrive: Arrive) -> None:
    """A deal of another store is answered as one that does not exist, with a way back."""
    sales, stranger = await arrive("riverside-sales"), await arrive("northgate-sales")
    path = await sales.open_first_deal()
    unknown = await stranger.page.goto(f"{stranger.url}{path}")
    assert unknown is not None
    assert (unknown.status, unknown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    no_deal = stranger.page.get_by_role("heading", name="There is no such deal at your store")
    await expect(no_deal).to_be_visible()
    await stranger.page.get_by_role("link", name="All deals").click()
    await expect(stranger.page.get_by_role("heading", name="Deals", exact=True)).to_be_visible()


async def test_what_does_not_fit_is_said_at_the_field(arrive: Arrive) -> None:
    """What is no amount, or is refused, stays as typed with the reason beside it."""
    person = await arrive("riverside-sales")
    await person.open_first_deal()
    page = person.page
    await person.unfold("Fees, tax")
    await person.type_into("Discount", "12x")
    await expect(page.locator(".kind-money .trouble")).to_contain_text("Enter a number")
    await person.type_into("Discount", "0")
    await expect(page.locator(".kind-money .trouble")).to_have_count(0)

    await page.locator("#field-taxable_fees_cents").fill("99,000")
    await expect(page.locator(".field.troubled .trouble")).to_contain_text(
        "Must be at most “Fees”", timeout=WAIT_MS
    )
    await expect(page.locator("#field-taxable_fees_cents")).to_have_value("99,000")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".field.troubled")).to_have_count(0)


async def _first_to_show(people: list[Person], selector: str) -> Person:
    """Return the person on whose page something appears first."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while True:
            for person in people:
                if await person.page.locator(selector).count():
                    return person
            await asyncio.sleep(0.05)


def _dollars(row: str) -> int:
    """Return the NPV of a row in whole dollars, behind the mark of a rank that stress changes."""
    found = re.search(r"\| (?:[▲▼]\d+)?(-?)\$([\d,]+) \|", row)
    assert found, row
    return int(found[1] + found[2].replace(",", ""))


def _payment(row: str) -> Decimal:
    """Return the monthly payment of a row in dollars."""
    found = re.search(r"\| \$([\d,]+\.\d\d) \|", row)
    assert found, row
    return Decimal(found[1].replace(",", ""))


async def test_the_groups_cars_show_their_transfer(arrive: Arrive) -> None:
    """Where the group is searched the grid has the transfer's columns: days and dollars of another store's
    cars.
    """
    person = await arrive("riverside-manager")
    await person.open_first_deal()
    await person.all_valued()
    column = person.cars.get_by_role("columnheader", name="Transfer days", exact=True)
    await expect(column).to_have_count(0)

    before = await person.search_id()
    await person.unfold("Stock")
    await person.page.get_by_label("Search in", exact=True).select_option("group")
    await person.all_valued(after=before)
    for _ in ("own cars first", "the others first"):
        await column.get_by_role("button").click()
    await expect(person.cars.locator(".grid-row", has_text="$225").first).to_be_visible(timeout=WAIT_MS)
    assert person.complaints == []
