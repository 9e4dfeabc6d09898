"""Stock as dealers send it: a feed's headers and words, values for all rows, cars without a cost."""

import csv
import datetime as dt
from pathlib import Path

import pytest

from server.database.importing import ImportFailed, parse_constants, parse_mapping
from server.database.importing.columns import find_layout
from server.database.importing.flaws import FlawKind
from server.database.importing.parsing import ParsedRow, parse_row

TODAY = dt.date(2026, 3, 1)
FEED = Path(__file__).with_name("feeds") / "riverside_feed.csv"
"""Invented, in the layout that listing services deliver."""

HEADER = ("VIN", "Year", "Make", "Model", "Miles", "Price")
OWN = {"mileage": "Miles", "price": "Price"}
GOOD = ("1M8GDM9AXKP042788", "2022", "Honda", "Civic", "30,000", "$19,995")


def parsed(more: dict[str, str], constants: dict[str, str] | None = None) -> ParsedRow:
    """Parse the good row with further columns."""
    layout = find_layout((*HEADER, *more), {}, constants)
    return parse_row((*GOOD, *more.values()), layout, TODAY)


def test_a_feed_is_read_as_it_comes() -> None:
    """New, used and certified cars, days in stock, colours; no cost; a price that is a word is rejected."""
    with FEED.open(newline="") as file:
        header, *rows = csv.reader(file)
    layout = find_layout(header, {})
    assert layout.unread == ("Dealer ID", "Photo URLs")
    cars = [parse_row(row, layout, TODAY) for row in rows]
    certified, used, new = (each.car for each in cars[:3])
    assert certified is not None
    assert used is not None
    assert new is not None
    assert [car.is_new for car in (certified, used, new)] == [False, False, True]
    assert (certified.stock_no, certified.trim, certified.color) == ("P10442", "EX", "Rallye Red")
    assert (certified.mileage, certified.price_cents) == (30_412, 21_995_00)
    assert certified.stocked_on == TODAY - dt.timedelta(days=18)
    assert certified.cost_cents is used.cost_cents is new.cost_cents is None
    assert new.msrp_cents == 31_895_00
    assert cars[3].car is None
    assert cars[3].flaws[0].kind is FlawKind.UNREADABLE


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Stock #", "stock_no"),
        ("StockNumber", "stock_no"),
        ("Stock Number", "stock_no"),
        ("Odometer", "mileage"),
        ("Internet Price", "price"),
        ("InternetPrice", "price"),
        ("SellingPrice", "price"),
        ("Selling Price", "price"),
        ("sellingprice", "cost"),
        ("Ext Color", "color"),
        ("ExteriorColor", "color"),
        ("Series", "trim"),
        ("Days In Stock", "days_in_stock"),
        ("Age", "days_in_stock"),
        ("Date In Stock", "stocked_on"),
        ("DateInStock", "stocked_on"),
        ("Condition", "condition"),
        ("New/Used", "is_new"),
        ("Type", "is_new"),
        ("Certified", "certified"),
        ("BodyStyle", "body"),
    ],
)
def test_headers_of_listing_services_are_detected(header: str, field: str) -> None:
    """In words, as one word, with a sign."""
    others = tuple(name for name in HEADER if name != OWN.get(field))
    layout = find_layout((*others, header), {})
    assert layout.positions[field] == len(others)


@pytest.mark.parametrize(
    ("word", "new"),
    [("New", True), ("N", True), ("Used", False), ("u", False), ("CPO", False), ("Certified", False)],
)
def test_a_condition_may_be_a_word(word: str, new: bool) -> None:
    """Then it says whether the car is new, and there is no grade; a number stays a grade."""
    row = parsed({"Condition": word})
    assert row.car is not None
    assert (row.car.is_new, row.car.condition_tenths, row.kind_in_condition) == (new, None, True)
    assert row.flaws == ()
    graded = parsed({"Condition": "4.2", "New/Used": word})
    assert graded.car is not None
    assert (graded.car.is_new, graded.car.condition_tenths, graded.kind_in_condition) == (new, 42, False)


def test_a_new_car_is_not_certified() -> None:
    """It is stored as used, and listed."""
    row = parsed({"Type": "New", "Certified": "Yes"})
    assert row.car is not None
    assert row.car.is_new is False
    assert [flaw.kind for flaw in row.flaws] == [FlawKind.KIND]


def test_values_for_all_rows() -> None:
    """They stand for a column that the file lacks, and are read as its cells are."""
    constants = parse_constants(["make=Toyota", "cost=15,000", "is_new=New"])
    layout = find_layout(("VIN", "Year", "Model", "Miles", "Price"), {}, constants)
    row = parse_row((GOOD[0], "2026", "Camry", "12", "$31,000"), layout, TODAY)
    assert row.car is not None
    assert (row.car.make, row.car.cost_cents, row.car.is_new) == ("Toyota", 15_000_00, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["colour=Red"], "expected field=value, with a field of year, make"),
        (["make"], "expected field=value"),
        (["vin=1M8GDM9AXKP042788"], "expected field=value"),
        (["make="], "a value of 1 to 200 visible characters"),
        (["make=Toyota", "make=Honda"], "make has been set to 'Toyota' already"),
        (["year=soon"], "'soon' is not a year"),
        (["price=cheap"], "'cheap' is not an amount in dollars"),
        (["is_new=perhaps"], "neither new nor used"),
    ],
)
def test_a_constant_is_checked(options: list[str], said: str) -> None:
    """Before the file is read; the error names the option."""
    with pytest.raises(ImportFailed, match=said):
        parse_constants(options)


def test_an_option_is_echoed_without_what_steers_a_terminal() -> None:
    """Escaped and cut; a value of unseen characters is refused, not cleaned in silence."""
    for option in ("f\x1b[31muel=diesel", "fuel=\x1b[31mdiesel", "x" * 500):
        for read in (parse_constants, parse_mapping):
            with pytest.raises(ImportFailed) as refused:
                read([option])
            assert "\x1b" not in str(refused.value)
            assert "x" * 81 not in str(refused.value)


def test_headers_of_one_word_are_detected() -> None:
    """In any case, as older systems write them; what auctions call sellingprice stays a cost."""
    header = ("VIN", "STOCKNUMBER", "MODELYEAR", "vehiclemake", "ModelName", "odoMeter", "INTERNETPRICE",
              "EXTCOLOR", "dateinstock", "sellingprice")  # fmt: skip
    layout = find_layout(header, {})
    assert tuple(layout.positions[name] for name in (
        "vin", "stock_no", "year", "make", "model", "mileage", "price", "color", "stocked_on", "cost",
    )) == tuple(range(len(header)))  # fmt: skip
    assert find_layout(("vIn", *HEADER[1:]), {}).positions["vin"] == 0
    auction = find_layout((*HEADER[:5], "cost", "sellingprice", "Price"), {})
    assert auction.positions["price"] == 7
    assert auction.unread == ("sellingprice",)


def test_two_columns_of_one_name_are_refused_if_they_are_read() -> None:
    """Nobody knows which of the two prices is meant; two columns of notes do no harm."""
    with pytest.raises(ImportFailed, match=r"line 1: expected the column 'Price' once, found it 2 times"):
        find_layout((*HEADER, "Price"), {})
    assert find_layout((*HEADER, "Notes", "Notes"), {}).unread == ("Notes", "Notes")


@pytest.mark.parametrize("day", ["0001-01-01", "1/1/1900", "1970-01-01", "2019-12-31"])
def test_a_date_in_stock_before_the_car_was_built_is_a_placeholder(day: str) -> None:
    """The car is listed, and not charged with decades of floorplan; its age in days counts instead."""
    row = parsed({"Date In Stock": day})
    assert row.car is not None
    assert row.car.stocked_on is None
    aged = parsed({"Date In Stock": day, "Age": "12"}).car
    assert aged is not None
    assert aged.stocked_on == TODAY - dt.timedelta(days=12)
    assert [flaw.kind for flaw in row.flaws] == [FlawKind.DATE_ODD]
    kept = parsed({"Date In Stock": "2020-01-01"})
    assert kept.car is not None
    assert (kept.car.stocked_on, kept.flaws) == (dt.date(2020, 1, 1), ())


def test_a_constant_for_a_column_that_is_there_is_refused() -> None:
    """Nobody has to guess which of the two counts."""
    with pytest.raises(ImportFailed, match="the file has a column for it, 'Make'"):
        find_layout(HEADER, {}, {"make": "Toyota"})


def test_without_a_cost_a_price_is_needed() -> None:
    """No price can be derived; a file with neither is refused, and so is a row without its price."""
    with pytest.raises(ImportFailed, match="no column for price"):
        find_layout(("VIN", "Year", "Make", "Model", "Miles"), {})
    row = parse_row((*GOOD[:-1], ""), find_layout(HEADER, {}), TODAY)
    assert row.car is None
    assert row.flaws[0].kind is FlawKind.MISSING
