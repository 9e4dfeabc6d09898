"""Lenders' sheets as people see them: a row's rules, rate or rebate, the first payment by days."""

import datetime as dt
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.deal.quoted import choose_best, last_quote, open_tab
from tests.browser.people import WAIT_MS, Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RULES = ".lender-rules"


async def test_the_rules_of_the_lenders_row_are_the_trades_words(arrive: Arrive) -> None:
    """A manager sees the buy side too; a salesperson does not, and a customer sees no rules."""
    shown = {}
    for login in ("riverside-manager", "riverside-sales"):
        person = await arrive(login)
        await choose_best(person)
        await open_tab(person, "Contract")
        rules = person.page.locator(RULES)
        await rules.locator("summary").click()
        shown[login] = await rules.locator("dt").all_inner_texts()
        assert person.complaints == []
    for names in shown.values():
        assert {"Terms", "Front-end advance", "Total advance", "Amount", "First payment"} <= set(names)
    assert {"Buy rate", "Max markup"} <= set(shown["riverside-manager"])
    assert not {"Buy rate", "Max markup", "Max reserve"} & set(shown["riverside-sales"])


async def test_the_first_payment_is_a_choice_of_days(arrive: Arrive) -> None:
    """45 days move the due date; a date of one's own takes their place, and 30 days take its place."""
    sales = await arrive("riverside-sales")
    await choose_best(sales)
    page, field = sales.page, sales.page.locator("#field-first_payment_days")
    before = last_quote(sales)
    await sales.unfold("Contract")
    await field.select_option("45")
    due = dt.date.fromisoformat(before["first_payment_date"]) + dt.timedelta(days=15)
    await _quoted(sales, first_payment_date=str(due))
    await expect(field).to_have_value("45")

    await field.select_option("date")
    own = page.get_by_label("First payment date")
    await expect(own).to_have_value(str(due))
    later = due - dt.timedelta(days=3)
    await own.fill(str(later))
    await _quoted(sales, first_payment_date=str(later))

    await field.select_option("")
    await _quoted(sales, first_payment_date=before["first_payment_date"])
    await expect(own).to_have_count(0)
    assert sales.complaints == []


async def _quoted(person: Person, **expected: Any) -> None:
    """Wait until the last quote has these values."""
    for _ in range(WAIT_MS // 100):
        quote = last_quote(person)
        if all(quote.get(name) == value for name, value in expected.items()):
            return
        await person.page.wait_for_timeout(100)
    assert {name: last_quote(person).get(name) for name in expected} == expected
