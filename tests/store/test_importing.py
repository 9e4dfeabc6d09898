"""Import, the pure part: headers, cells and rows."""

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.store.importing import ImportFailed, parse_mapping, values
from server.store.importing.columns import Layout, find_layout
from server.store.importing.parsing import Flaw, FlawKind, ParsedRow, asking_price_cents, parse_row

TODAY = dt.date(2026, 3, 1)
DEALER = ("VIN", "Stock #", "Year", "Make", "Model", "Odometer", "Asking Price", "Cost", "Date In Stock")
GOOD = ("1M8GDM9AXKP042788", "A1", "2022", "Honda", "Civic", "30,000", "$19,995", "17000", "02/14/2026")
AUCTION = (
    "year", "make", "model", "trim", "body", "transmission", "vin", "state", "condition", "odometer", "color",
    "interior", "seller", "mmr", "sellingprice", "saledate",
)  # fmt: skip


def parsed(**changes: str) -> ParsedRow:
    """Parse the good row with some cells changed, by header."""
    cells = (
        "2014", "Honda", "Accord", "LX", "Sedan", "automatic", "1m8gdm9axkp042788", "ca", "43", "44407", "red",
        "black", "somebody", "16700", "17600", "Thu Jan 29 2015 02:00:00 GMT-0800 (PST)",
    )  # fmt: skip
    car = parse_row(cells, find_layout(AUCTION, {}), TODAY).car
    assert car is not None
    assert (car.cost_cents, car.wholesale_cents, car.price_cents) == (17_600_00, 16_700_00, 19_795_00)
    assert (car.condition_tenths, car.stocked_on) == (43, dt.date(2015, 1, 29))


@given(st.integers(100_00, 500_000_00), st.none() | st.integers(100_00, 500_000_00))
def test_a_derived_price_lies_above_cost_and_book(cost: int, book: int | None) -> None:
    """It covers both, in whole hundreds less five dollars."""
    price = asking_price_cents(cost, book)
    assert price >= max(cost, book or 0) + 1_400_00
    assert (price + 5_00) % 100_00 == 0


@given(st.lists(st.text(max_size=30), min_size=len(DEALER), max_size=len(DEALER)))
def test_no_row_breaks_the_import(cells: list[str]) -> None:
    """Whatever the cells hold: a car, or at least one reason."""
    row = parse_row(cells, find_layout(DEALER, {}), TODAY)
    assert row.car is not None or row.flaws


@given(st.integers(0, 10_000_000_00))
def test_amounts_read_back(cents: int) -> None:
    """An amount written with commas and a dollar sign is the same amount."""
    assert values.cents(f"${cents / 100:,.2f}") == cents


@pytest.mark.parametrize(
    ("text", "tenths"), [("1", 10), ("5", 50), ("3.5", 35), ("11", 11), ("49", 49), ("2.0", 20)]
)
def test_condition_grades_of_both_scales(text: str, tenths: int) -> None:
    """1 to 5 and 11 to 49 are the same scale."""
    assert values.condition_tenths(text) == tenths


@pytest.mark.parametrize("text", ["0", "6", "10.5", "60", "good"])
def test_other_grades_are_unreadable(text: str) -> None:
    """A grade outside both scales is none."""
    with pytest.raises(values.Unreadable):
        values.condition_tenths(text)


@pytest.mark.parametrize(
    "text",
    [
        "2014-12-17",
        "12/17/2014",
        "2014-12-17T10:00:00Z",
        "Wed Dec 17 2014 12:30:00 GMT-0800 (PST)",
        "17-Dec-2014",
    ],
)
def test_dates_in_every_form(text: str) -> None:
    """ISO, American and JavaScript dates name the day where they were written."""
    assert values.date(text) == dt.date(2014, 12, 17)


def test_a_layout_knows_what_it_does_not_read() -> None:
    """Columns without a field are named in the summary."""
    assert Layout(("a", "b"), {"vin": 1}).unread == ("a",)
