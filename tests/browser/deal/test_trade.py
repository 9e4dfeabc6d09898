"""A trade, as a salesperson enters it and the desk appraises it."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Arrive
from tests.browser.deal.at_the_desk import state, submit
from tests.browser.people import Person

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

SOUND = "1M8GDM9AXKP042788"


def trade(person: Person, name: str) -> Locator:
    """Return the section of a trade."""
    return person.page.locator("section.trade").filter(has=person.page.get_by_role("heading", name=name))


async def remove_all(arrive: Arrive, path: str) -> None:
    """Let the desk take every trade out with which the deal began."""
    person = await arrive("riverside-manager")
    await person.open(path)
    sections = person.page.locator("section.trade")
    if await sections.count():
        await person.unfold("Trade")
    async with person.shifts.own():
        while await sections.count():
            before = await sections.count()
            await sections.first.get_by_role("button", name="Remove").click()
            await expect(sections).to_have_count(before - 1)
    await person.page.goto("about:blank")


async def add(person: Person) -> None:
    """Enter a trade: the form grows by it once the server has it, because this person asked for it."""
    async with person.shifts.own():
        await person.page.get_by_role("button", name="Add a trade").click()
        await expect(person.page.locator("section.trade")).to_have_count(1)


async def fill(section: Locator, **fields: str) -> None:
    """Type into fields of a trade, by their labels with an underscore for each blank."""
    for label, text in fields.items():
        name = {"acv": "Cash value (ACV)", "vin": "VIN"}.get(label, label.replace("_", " "))
        control = section.get_by_label(name, exact=True)
        await control.fill(text)
        await control.blur()


async def test_a_trade_from_its_first_word_to_its_cash_value(arrive: Arrive) -> None:
    """Its equity is said, the offers stay, the desk is asked to appraise it, and the ACV is the desk's."""
    seller = await arrive("riverside-sales")
    path = await seller.open_first_deal()
    await seller.all_valued()
    await remove_all(arrive, path)
    await expect(seller.page.locator("section.trade")).to_have_count(0)
    await seller.type_into("Max", "")
    await seller.type_into("Max cash down", "40000")
    await seller.all_valued()
    await add(seller)
    section = seller.page.locator("section.trade")
    await fill(section, Year="2019", Make="Honda", Model="CR-V")
    section = trade(seller, "2019 Honda CR-V")
    await expect(section).to_be_visible()
    await fill(section, vin=SOUND[:-1])
    await expect(section.get_by_role("alert")).to_have_text("A VIN has 17 characters; this has 16.")
    await fill(section, vin=SOUND.lower(), Mileage="61,200", Allowance="12000", Payoff="13856")
    await expect(section.get_by_text("Negative equity")).to_be_visible()
    await expect(section.locator("output")).to_have_text("-$1,856.00")
    await expect(section.get_by_text("is financed")).to_be_visible()
    await seller.all_valued()
    # A trade that nobody appraised takes nothing from the store: cars have their offers.
    await expect(seller.page.locator(".grid-row").first).to_be_visible()
    await expect(seller.page.get_by_text("below store minimum")).to_have_count(0)
    await expect(section.get_by_text("Not appraised")).to_be_visible()
    await expect(section.get_by_label("Cash value (ACV)")).to_have_count(0)
    await section.get_by_role("button", name="Request appraisal").click()
    await expect(section.get_by_text("Appraisal requested")).to_be_visible()
    await expect(seller.page.get_by_text("Appraise the trade").first).to_be_visible()

    desk = await arrive("riverside-manager")
    await desk.page.goto(f"{desk.url}/desk")
    await expect(desk.page.get_by_role("button", name="Tasks 1 1 due")).to_be_visible()
    await desk.open(path)
    await desk.unfold("’19 CR-V")
    theirs = trade(desk, "2019 Honda CR-V")
    await expect(theirs.get_by_label("VIN", exact=True)).to_have_value(SOUND)
    # All fields of a trade are one place to be in, and it is said once.
    await section.get_by_label("Make", exact=True).focus()
    await expect(desk.page.get_by_text("Riverside sales is here")).to_have_count(1)
    await fill(theirs, acv="11111")
    await expect(theirs.get_by_text("Appraised", exact=True)).to_be_visible()
    await expect(section.get_by_text("Appraised", exact=True)).to_be_visible()
    await expect(section.get_by_text("Appraisal requested")).to_have_count(0)
    # The salesperson edits on, and what they do not see stays.
    await fill(section, Allowance="12500")
    await expect(theirs.get_by_label("Allowance", exact=True)).to_have_value("12,500")
    await expect(theirs.get_by_label("Cash value (ACV)", exact=True)).to_have_value("11,111")
    assert not any("1111100" in frame for frame in seller.frames)
    await expect(section.get_by_role("button", name="Remove")).to_have_count(0)

    async with seller.shifts.own():
        await seller.page.get_by_role("button", name="Add a second trade").click()
        await expect(seller.page.locator("section.trade")).to_have_count(2)
    await fill(seller.page.locator("section.trade").last, Make="Ford", Model="F-150", Allowance="3000")
    # In an open fold nothing moves for what somebody else does: it waits, and what is gone stays until asked.
    new = desk.page.locator(".fold-end").get_by_role("button", name="1 new")
    await new.click()
    await expect(trade(desk, "Ford F-150").get_by_label("Allowance", exact=True)).to_have_value("3,000")
    await expect(seller.page.get_by_text("Equity of both")).to_be_visible()
    await expect(seller.page.get_by_role("button", name="Add a second trade")).to_have_count(0)
    async with seller.shifts.own():
        await trade(seller, "Ford F-150").get_by_role("button", name="Remove").click()
        await expect(seller.page.locator("section.trade")).to_have_count(1)
    await expect(trade(desk, "Ford F-150").get_by_text("Taken out")).to_be_visible()
    await trade(desk, "Ford F-150").get_by_role("button", name="Clear").click()
    await expect(desk.page.locator("section.trade")).to_have_count(1)
    for person in (seller, desk):
        assert person.complaints == []


async def test_two_people_in_one_trade(arrive: Arrive) -> None:
    """Each edits another field: both count. Where both were in one field, the later one is asked."""
    seller = await arrive("riverside-sales")
    path = await seller.open_first_deal()
    await seller.all_valued()
    await remove_all(arrive, path)
    await expect(seller.page.locator("section.trade")).to_have_count(0)
    await add(seller)
    mine = seller.page.locator("section.trade")
    await fill(mine, Make="Mazda")
    desk = await arrive("riverside-manager")
    await desk.open(path)
    await desk.unfold("Trade")
    theirs = trade(desk, "Mazda")
    await fill(theirs, acv="9000")
    await fill(mine, Lienholder="Harbor Credit Union")
    await expect(theirs.get_by_label("Lienholder", exact=True)).to_have_value("Harbor Credit Union")
    await expect(theirs.get_by_label("Cash value (ACV)", exact=True)).to_have_value("9,000")
    await theirs.get_by_role("button", name="Lock Allowance").click()
    await expect(mine.get_by_text("Locked by")).to_be_visible()
    await expect(mine.get_by_label("Allowance", exact=True)).to_be_disabled()
    assert seller.complaints == desk.complaints == []


async def test_the_desk_appraises_a_submitted_deal(arrive: Arrive) -> None:
    """The cash value is the one field that a submitted deal leaves open, and only to the desk."""
    seller = await arrive("riverside-sales")
    path = await seller.open_first_deal()
    await seller.all_valued()
    await remove_all(arrive, path)
    await expect(seller.page.locator("section.trade")).to_have_count(0)
    await add(seller)
    desk = await arrive("riverside-manager")
    await desk.open(path)
    await desk.unfold("Trade")
    mine, theirs = seller.page.locator("section.trade").first, desk.page.locator("section.trade").first
    await fill(mine, Make="Mazda", Model="3", Allowance="1000")
    await expect(theirs.get_by_label("Allowance", exact=True)).to_have_value("1,000")
    await seller.all_valued()
    await submit(seller, desk)
    await expect(theirs.get_by_label("Allowance", exact=True)).to_be_disabled()
    await expect(mine.get_by_label("Allowance", exact=True)).to_be_disabled()
    await fill(theirs, acv="1,000")
    await expect(mine.get_by_text("Appraised", exact=True)).to_be_visible()
    await state(desk, "Submitted")
    for person in (seller, desk):
        assert person.complaints == []
