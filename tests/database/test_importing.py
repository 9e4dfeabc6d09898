"""Import, the pure part: headers, cells and rows."""

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.database.importing import ImportFailed, parse_mapping, values
from server.database.importing.columns import ColumnMap, find_layout
from server.database.importing.parsing import Flaw, FlawKind, ParsedRow, asking_price_cents, parse_row

TODAY = dt.date(2026, 3, 1)
DEALER = ("VIN", "Stock #", "Year", "Make", "Model", "Odometer", "Asking Price", "Cost", "Date In Stock")
GOOD = ("1M8GDM9AXKP042788", "A1", "2022", "Honda", "Civic", "30,000", "$19,995", "17000", "02/14/2026")
AUCTION = (
    "year", "make", "model", "trim", "body", "transmission", "vin", "state", "condition", "odometer", "color",
    "interior", "seller", "mmr", "sellingprice", "saledate",
)  # fmt: skip


def parsed(**changes: str) -> ParsedRow:
    """Parse the good row with some cells changed, by header."""
    cells = [changes.get(name, cell) for name, cell in zip(DEALER, GOOD, strict=True)]
    return parse_row(cells, find_layout(DEALER, {}), TODAY)


def kinds(flaws: Sequence[Flaw]) -> list[FlawKind]:
    """Return the kinds of flaws."""
    return [flaw.kind for flaw in flaws]


def test_common_dealer_headers_are_detected() -> None:
    """Spelling, case and # make no difference."""
    positions = find_layout(DEALER, {}).positions
    assert {DEALER[at]: name for name, at in positions.items()} == dict(
        zip(
            DEALER,
            ("vin", "stock_no", "year", "make", "model", "mileage", "price", "cost", "stocked_on"),
            strict=True,
        )
    )


def test_auction_headers_are_detected() -> None:
    """What was paid is the cost, the market report is the wholesale book; state and seller are not read."""
    layout = find_layout(AUCTION, {})
    named = {name: AUCTION[at] for name, at in layout.positions.items()}
    assert (named["cost"], named["wholesale"], named["stocked_on"]) == ("sellingprice", "mmr", "saledate")
    assert "price" not in named
    assert layout.unread == ("state", "seller")


def test_a_mapping_overrules_detection() -> None:
    """--map gives a field to another column, and takes a column away."""
    header = (*DEALER, "Our Price")
    layout = find_layout(header, parse_mapping(["Our Price=price", "Asking Price=ignore"]))
    assert layout.positions["price"] == len(DEALER)
    assert "Asking Price" in layout.unread


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        (["Nonsense=price"], "Nonsense"),
        (["Cost=ignore", "Asking Price=ignore"], "no column for price"),
        (["Cost=price", "Asking Price=price"], "two columns"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(mapping: list[str], named: str) -> None:
    """The error names the column or the field."""
    with pytest.raises(ImportFailed, match=named):
        find_layout(DEALER, parse_mapping(mapping))


@pytest.mark.parametrize("option", ["price", "=price", "Price=unknown"])
def test_a_map_option_is_checked(option: str) -> None:
    """column=field, with a known field."""
    with pytest.raises(ImportFailed, match="--map"):
        parse_mapping([option])


def test_a_good_row_is_a_car() -> None:
    """Every cell arrives in its unit, with nothing to say against it."""
    car, flaws = parsed().car, parsed().flaws
    assert flaws == ()
    assert car is not None
    assert (car.vin, car.mileage, car.price_cents, car.cost_cents) == (GOOD[0], 30_000, 19_995_00, 17_000_00)
    assert car.stocked_on == dt.date(2026, 2, 14)


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("VIN", "1M8GDM9A1KP042788", FlawKind.VIN),
        ("VIN", "", FlawKind.MISSING),
        ("Year", "1979", FlawKind.YEAR),
        ("Year", "2029", FlawKind.YEAR),
        ("Make", " ", FlawKind.MISSING),
        ("Odometer", "1", FlawKind.MILEAGE),
        ("Odometer", "999999", FlawKind.MILEAGE),
        ("Odometer", "-5", FlawKind.UNREADABLE),
        ("Asking Price", "1", FlawKind.AMOUNT),
        ("Asking Price", "call us", FlawKind.UNREADABLE),
        ("Asking Price", "$1,999,500", FlawKind.AMOUNT_ABSURD),
        ("Cost", "", FlawKind.MISSING),
        ("Cost", "-17000", FlawKind.UNREADABLE),
        ("Date In Stock", "03/02/2026", FlawKind.DATE),
        ("Model", "Ci\x00vic", FlawKind.SHAPE),
    ],
)
def test_a_false_row_is_rejected_with_its_reason(column: str, cell: str, kind: FlawKind) -> None:
    """No car, and the kind of the first flaw."""
    row = parsed(**{column: cell})
    assert row.car is None
    assert kinds(row.flaws)[0] is kind


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("Odometer", "360000", FlawKind.MILEAGE_ODD),
        ("Asking Price", "$9,000", FlawKind.AMOUNT_ODD),
        ("Date In Stock", "soon", FlawKind.UNREADABLE),
        ("Model", "Civ\ufffdc", FlawKind.TEXT),
    ],
)
def test_an_odd_row_is_stored_and_listed(column: str, cell: str, kind: FlawKind) -> None:
    """A car, and what somebody should look at."""
    row = parsed(**{column: cell})
    assert row.car is not None
    assert kinds(row.flaws) == [kind]


def test_characters_that_nobody_sees_are_taken_out_and_listed() -> None:
    """Such a name would hide, or turn round what stands beside it; the car is stored without them."""
    row = parsed(Make="Hon\u202eda", Model="Civ\u200bic\x1b", VIN=f"\ufeff{GOOD[0]}")
    assert row.car is not None
    assert (row.car.make, row.car.model, row.car.vin) == ("Honda", "Civic", GOOD[0])
    (flaw,) = row.flaws
    assert flaw.kind is FlawKind.UNSEEN
    assert flaw.text.endswith("vin, make, model")


def test_all_reasons_of_a_row_are_told_at_once() -> None:
    """Two false cells, two reasons: nobody has to correct a file twice."""
    assert len(parsed(VIN="X", Cost="").flaws) >= 2


def test_a_row_of_another_shape_is_rejected() -> None:
    """Cells and columns must match in number: values would slip into other fields."""
    row = parse_row(GOOD[:-1], find_layout(DEALER, {}), TODAY)
    assert kinds(row.flaws) == [FlawKind.SHAPE]


def test_an_auction_row_gets_an_asking_price() -> None:
    """12 % above the higher of cost and book, at least 1,500 dollars, ending in 95."""
    cells = (
        "2014", "Honda", "Accord", "LX", "Sedan", "automatic", "1m8gdm9axkp042788", "ca", "43", "44407",
        "red", "black", "somebody", "16700", "17600", "Thu Jan 29 2015 02:00:00 GMT-0800 (PST)",
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
    assert ColumnMap(("a", "b"), {"vin": 1}).unread == ("a",)
