"""Scenarios side by side, before two real browsers: live for both, and one of them the deal's."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.axe import faults
from tests.browser.conftest import Arrive
from tests.browser.deal.at_the_desk import choose_best, open_both
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def scenarios(person: Person) -> Locator:
    """Return the scenarios of the deal on a person's screen."""
    return person.page.get_by_role("region", name="Scenarios")


def line(person: Person, name: str) -> Locator:
    """Return a line of the table: its head and the cells of the deal and its scenarios."""
    return (
        scenarios(person)
        .get_by_role("row")
        .filter(has=person.page.get_by_role("rowheader", name=name, exact=True))
    )


async def top_of_cars(person: Person) -> float:
    """Return how far down the list of cars begins."""
    box = await person.cars.bounding_box()
    assert box is not None
    return box["y"]


async def test_scenarios_are_live_for_both_and_one_becomes_the_deals(arrive: Arrive) -> None:
    """One person adds and changes by the keyboard, the other sees it live; then it is the deal for both."""
    sales, manager = await open_both(arrive)
    page = sales.page
    await choose_best(sales)
    await page.get_by_role("button", name="Put this car on the deal").click()
    await expect(manager.page.locator(".selected-offer")).to_contain_text("×", timeout=WAIT_MS)
    loaded, stands = len(manager.requests), await top_of_cars(manager)

    # One click, and its name is typed at once.
    await scenarios(sales).get_by_role("button", name="Duplicate as scenario").click()
    await expect(page.get_by_label("Name of Scenario B")).to_be_focused(timeout=WAIT_MS)
    await page.keyboard.type("Sixty months")
    await page.keyboard.press("Enter")
    chips = manager.page.locator(".scenario-chips")
    await expect(chips).to_contain_text("Sixty months", timeout=WAIT_MS)
    assert await top_of_cars(manager) == stands
    payment = line(sales, "Payment").get_by_role("cell")
    # It is priced by itself, after it was named.
    own = await payment.nth(0).inner_text()
    await expect(payment.nth(1)).to_have_text(own, use_inner_text=True, timeout=WAIT_MS)

    # Other cash and another term, without the mouse; what differs from the deal is said, not only coloured.
    await page.get_by_label(re.compile("^Cash down of Sixty months")).fill("3,333")
    await page.keyboard.press("Tab")
    await expect(line(sales, "Cash down").get_by_role("cell").nth(1).locator("input")).to_have_value(
        "3,333.00"
    )
    await page.get_by_label(re.compile("^Term of Sixty months")).select_option("60")
    await expect(payment.nth(1)).to_contain_text("× 60", timeout=WAIT_MS)
    await expect(payment.nth(1)).to_contain_text("differs from the deal")
    # The other person opens them by a key, and sets what this one is typing into: theirs counts, and is kept.
    await manager.page.keyboard.press("w")
    cash = [p.get_by_label(re.compile("^Cash down of Sixty months")) for p in (page, manager.page)]
    paid = (await payment.nth(1).inner_text()).split()[0]
    await cash[0].fill("1,900")
    await cash[1].fill("2,900")
    await manager.page.keyboard.press("Enter")
    await expect(payment.nth(1)).not_to_contain_text(paid, timeout=WAIT_MS)
    await page.keyboard.press("Enter")
    told = line(sales, "Notes").get_by_role("alert")
    await expect(told).to_contain_text("Meanwhile set to 2,900.00: that counts. Enter replaces it.")
    await page.keyboard.press("Tab")
    for field in cash:
        await expect(field).to_have_value(re.compile(r"^2,900(\.00)?$"))
    await expect(payment.nth(1)).to_contain_text("×", timeout=WAIT_MS)
    priced = (await payment.nth(1).inner_text()).split()[0]
    await expect(chips).to_contain_text(priced, timeout=WAIT_MS)

    # The other person changes one too: first a name that is taken, in words.
    await expect(line(manager, "Payment")).to_contain_text(priced)
    await scenarios(manager).get_by_role("button", name="Duplicate (Sixty months)").click()
    copy = manager.page.get_by_label("Name of Scenario B")
    await expect(copy).to_be_focused(timeout=WAIT_MS)
    await copy.fill("sixty MONTHS")
    await copy.press("Enter")
    await expect(line(manager, "Notes").get_by_role("alert")).to_contain_text("already has a scenario named")
    await manager.page.get_by_label(re.compile("^Discount of Scenario B")).fill("100")
    await manager.page.keyboard.press("Enter")
    await expect(line(sales, "Payment").get_by_role("cell").nth(2)).not_to_contain_text(
        priced, timeout=WAIT_MS
    )
    assert await faults(page, ".scenarios") == []

    # One click makes it the deal, for both; the deal then goes another way, and no scenario is it.
    await scenarios(sales).get_by_role("button", name="Make it the deal (Sixty months)").click()
    for person in (sales, manager):
        await expect(line(person, "Actions")).to_contain_text("On the deal", timeout=WAIT_MS)
        await expect(person.page.locator(".selected-offer")).to_contain_text(f"{priced} × 60")
        await expect(line(person, "Payment").get_by_role("cell").nth(0)).to_contain_text(priced)
        await expect(person.page.locator(".timeline")).to_contain_text(
            "made “Sixty months” the deal's scenario"
        )
    assert (await sales.structure())["field-cash_down_cents"] == "2,900"
    await sales.type_into("Max cash down", "9,000")
    for person in (sales, manager):
        await expect(line(person, "Actions")).not_to_contain_text("On the deal", timeout=WAIT_MS)
    await scenarios(manager).get_by_role("button", name="Remove Scenario B").click()
    await expect(scenarios(manager).get_by_role("columnheader")).to_have_count(2, timeout=WAIT_MS)
    await expect(scenarios(manager).get_by_role("button", name=re.compile("^Scenarios"))).to_be_focused()

    assert len(manager.requests) == loaded
    assert sales.complaints == manager.complaints == []
