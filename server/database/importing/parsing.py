"""Parses one row of a file to a car, or to the reasons for its rejection. No I/O.

A row is rejected if no price can be computed from it, or if it would show a customer a false figure. A row is
doubtful if it is odd but may be true. Its car is stored, and the row is listed for review.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from protocol import vin as vins
from protocol.texts import without_unseen
from server.database.importing import values
from server.database.importing.columns import ColumnMap
from server.database.importing.flaws import Flaw, FlawKind

T = TypeVar("T")

MIN_CAR_CENTS = 100_00
"""An amount below this is a placeholder (1 dollar is common), not a car's price."""

COST_TO_BOOK_ABSURD = (0.2, 5.0)
"""Outside this range, cost and wholesale book cannot both be right: an extra digit, salvage, a wrong car."""

COST_TO_BOOK_ODD = (0.5, 2.0)
"""Outside this range, the row is listed for review: about 3 in 100 real auction sales are."""

PRICE_TO_COST_ABSURD = (0.2, 10.0)
PRICE_TO_COST_ODD = (0.75, 3.0)

PLACEHOLDER_MILES = 999_999
"""A missing odometer reading is written as nines."""

UNDRIVEN_MILES = 100
"""A used car of an earlier year below this has a placeholder (mostly 1), not few miles. Lenders' limits and
the book depend on miles, so it must not pass for nearly new.
"""

YEARS_AHEAD = 2
"""A date in stock so many years before the model year is a placeholder (0001-01-01, 1900-01-01): taken for
true, it would cost the car decades of floorplan.
"""

ODD_MILES = 350_000
ODD_MILES_A_YEAR = 45_000

ASKING_SHARE, ASKING_MIN_CENTS = 0.12, 1_500_00
"""A derived asking price is 12 %, but at least 1,500 dollars, above the higher of cost and wholesale book,
and ends in 95 dollars.
"""


LONGEST_CELL = 200
"""The most characters of a value: it is shown in a grid cell and sent to all watchers."""


@dataclass(frozen=True, slots=True)
class Car:
    """A car as the file states it: fields are columns of ``vehicles``.

    ``is_new`` and ``stocked_on`` are None if the row does not say: a car that is known keeps its own.
    """

    vin: str
    stock_no: str
    is_new: bool | None
    year: int
    make: str
    model: str
    trim: str
    body: str
    fuel: str
    transmission: str
    color: str
    interior: str
    condition_tenths: int | None
    mileage: int
    price_cents: int
    cost_cents: int | None
    recon_cents: int
    holdback_cents: int
    dealer_cash_cents: int
    invoice_cents: int | None
    msrp_cents: int | None
    wholesale_cents: int | None
    retail_cents: int | None
    stocked_on: dt.date | None


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A car with what is doubtful about it; or no car, with the reasons.

    ``kind_in_condition``: the column of the condition says whether it is new.
    """

    car: Car | None
    flaws: tuple[Flaw, ...]
    kind_in_condition: bool = False


def names_of(cells: Sequence[str], layout: ColumnMap) -> tuple[str, str]:
    """Return the VIN and the stock number of a row as they would be stored, valid or not; empty where it has
    none.
    """
    if len(cells) != len(layout.header):
        return "", ""
    row = _Row(cells, layout)
    return row.text("vin").upper(), row.text("stock_no")


class _Row:
    """The cells of a row by field, and the flaws found so far."""

    def __init__(self, cells: Sequence[str], layout: ColumnMap) -> None:
        spaced = {field: " ".join(cells[place].split()) for field, place in layout.positions.items()}
        self._texts = {field: without_unseen(text) for field, text in spaced.items()}
        self.cleaned = [field for field, text in spaced.items() if text != self._texts[field]]
        self._texts |= layout.constants
        self.has_cost = "cost" in layout.stated
        kind = self.text("condition")
        self.kind_in_condition = values.is_kind(kind) and "is_new" not in layout.stated
        if values.is_kind(kind):
            self._texts["condition"] = ""
            self._texts.setdefault("is_new", kind)
        self.fatal: list[Flaw] = []
        self.doubts: list[Flaw] = []

    def text(self, field: str) -> str:
        return self._texts.get(field, "")

    def required(self, field: str, read: Callable[[str], T], instead: T) -> T:
        """Return the field's value; if there is none, reject the row and return ``instead``."""
        text = self.text(field)
        if not text:
            self.fatal.append(Flaw(FlawKind.MISSING, f"{field} is missing"))
            return instead
        return self._read(field, text, read, instead, self.fatal)

    def optional(self, field: str, read: Callable[[str], T], instead: T) -> T:
        """Return the field's value; an unreadable one is a doubt, and ``instead`` replaces it."""
        text = self.text(field)
        return self._read(field, text, read, instead, self.doubts) if text else instead

    def _read(self, field: str, text: str, read: Callable[[str], T], instead: T, into: list[Flaw]) -> T:
        try:
            return read(text)
        except values.Unreadable as error:
            into.append(Flaw(FlawKind.UNREADABLE, f"{field}: {error}"))
            return instead


def parse_row(cells: Sequence[str], layout: ColumnMap, today: dt.date) -> ParsedRow:
    """Return the car of one row, or why there is none.

    ``today`` bounds years and dates.
    """
    if len(cells) != len(layout.header):
        text = f"{len(cells)} cells under {len(layout.header)} columns"
        return ParsedRow(None, (Flaw(FlawKind.SHAPE, text),))
    if any("\x00" in cell for cell in cells):
        return ParsedRow(None, (Flaw(FlawKind.SHAPE, "a NUL character"),))
    row = _Row(cells, layout)
    long = [field for field, position in layout.positions.items() if len(cells[position]) > LONGEST_CELL]
    if long:
        text = "{} has {:,} characters, expected at most {}"
        flaws = (text.format(field, len(cells[layout.positions[field]]), LONGEST_CELL) for field in long)
        return ParsedRow(None, tuple(Flaw(FlawKind.LONG, flaw) for flaw in flaws))
    if row.cleaned:
        text = f"invisible characters were removed from {', '.join(row.cleaned)}"
        row.doubts.append(Flaw(FlawKind.UNSEEN, text))
    if any("\ufffd" in cell for cell in cells):
        row.doubts.append(Flaw(FlawKind.TEXT, "characters that are not UTF-8 were replaced"))
    car = _read_car(row, today)
    if not row.fatal:
        _judge_mileage(row, car, today)
        _judge_amounts(row, car)
    if row.fatal:
        return ParsedRow(None, tuple(row.fatal))
    return ParsedRow(car, tuple(row.doubts), row.kind_in_condition)


def asking_price_cents(cost_cents: int, wholesale_cents: int | None) -> int:
    """Return the asking price of a car whose file states none; see ASKING_SHARE."""
    base = max(cost_cents, wholesale_cents or 0)
    wanted = base + max(round(base * ASKING_SHARE), ASKING_MIN_CENTS)
    return -(-wanted // 100_00) * 100_00 - 5_00


def _read_car(row: _Row, today: dt.date) -> Car:
    vin = row.required("vin", str.upper, "")
    flaw = vins.flaw(vin) if vin else None
    if flaw:
        row.fatal.append(Flaw(FlawKind.VIN, flaw))
    year = row.required("year", values.year, today.year)
    if not vins.FIRST_YEAR <= year <= today.year + 2:
        row.fatal.append(
            Flaw(FlawKind.YEAR, f"model year {year} is not between {vins.FIRST_YEAR} and {today.year + 2}")
        )
    days = row.optional("days_in_stock", values.days, None)
    aged = None if days is None else today - dt.timedelta(days=days)
    stocked_on = row.optional("stocked_on", values.date, aged)
    if stocked_on is not None and stocked_on > today:
        row.fatal.append(Flaw(FlawKind.DATE, f"date in stock {stocked_on} is in the future"))
    elif stocked_on is not None and stocked_on.year < year - YEARS_AHEAD:
        text = f"date in stock {stocked_on} is before a {year} car was built, and is not read"
        row.doubts.append(Flaw(FlawKind.DATE_ODD, text))
        stocked_on = aged
    cost = row.required("cost", values.cents, 0) if row.has_cost else None
    wholesale = row.optional("wholesale", values.cents, None)
    if row.text("price") or cost is None:
        price = row.required("price", values.cents, 0)
    else:
        price = asking_price_cents(cost, wholesale)
    is_new = row.optional("is_new", values.is_new, None)
    if row.optional("certified", values.is_certified, False):
        if is_new:
            row.doubts.append(Flaw(FlawKind.KIND, "a new car that is certified: stored as used"))
        is_new = False
    return Car(
        vin=vin,
        stock_no=row.text("stock_no") or vin[-8:],
        is_new=is_new,
        year=year,
        make=row.required("make", str, ""),
        model=row.required("model", str, ""),
        trim=row.text("trim"),
        body=row.text("body"),
        fuel=row.text("fuel"),
        transmission=row.text("transmission"),
        color=row.text("color"),
        interior=row.text("interior"),
        condition_tenths=row.optional("condition", values.condition_tenths, None),
        mileage=row.required("mileage", values.miles, 0),
        price_cents=price,
        cost_cents=cost,
        recon_cents=row.optional("recon", values.cents, 0),
        holdback_cents=row.optional("holdback", values.cents, 0),
        dealer_cash_cents=row.optional("dealer_cash", values.cents, 0),
        invoice_cents=row.optional("invoice", values.cents, None),
        msrp_cents=row.optional("msrp", values.cents, None),
        wholesale_cents=wholesale,
        retail_cents=row.optional("retail", values.cents, None),
        stocked_on=stocked_on,
    )


def _judge_mileage(row: _Row, car: Car, today: dt.date) -> None:
    stocked_in = min(car.stocked_on or today, today).year
    years = max(stocked_in - car.year + 1, 1)
    if car.mileage >= PLACEHOLDER_MILES:
        row.fatal.append(Flaw(FlawKind.MILEAGE, f"odometer {car.mileage:,} is a placeholder"))
    elif not car.is_new and car.mileage < UNDRIVEN_MILES and car.year < stocked_in:
        row.fatal.append(
            Flaw(FlawKind.MILEAGE, f"odometer {car.mileage} on a used {car.year} car is a placeholder")
        )
    elif car.mileage > ODD_MILES or car.mileage > ODD_MILES_A_YEAR * years:
        row.doubts.append(Flaw(FlawKind.MILEAGE_ODD, f"odometer {car.mileage:,} on a {car.year} car"))
    elif not car.is_new and car.mileage < UNDRIVEN_MILES:
        row.doubts.append(Flaw(FlawKind.MILEAGE_ODD, f"odometer {car.mileage} on a used car"))


def _judge_amounts(row: _Row, car: Car) -> None:
    for name, amount in (("cost", car.cost_cents), ("price", car.price_cents)):
        if amount is not None and amount < MIN_CAR_CENTS:
            row.fatal.append(Flaw(FlawKind.AMOUNT, f"{name} {_dollars(amount)} is too low for a car"))
    if row.fatal or car.cost_cents is None:
        return
    if car.wholesale_cents is not None:
        _judge_ratio(
            row,
            ("cost", car.cost_cents),
            ("wholesale book", car.wholesale_cents),
            COST_TO_BOOK_ABSURD,
            COST_TO_BOOK_ODD,
        )
    if row.text("price"):  # a derived price is no evidence about the row
        _judge_ratio(
            row, ("price", car.price_cents), ("cost", car.cost_cents), PRICE_TO_COST_ABSURD, PRICE_TO_COST_ODD
        )


def _judge_ratio(
    row: _Row,
    one: tuple[str, int],
    other: tuple[str, int],
    absurd: tuple[float, float],
    odd: tuple[float, float],
) -> None:
    text = f"{one[0]} {_dollars(one[1])} against {other[0]} {_dollars(other[1])}"
    if not absurd[0] * other[1] <= one[1] <= absurd[1] * other[1]:
        row.fatal.append(Flaw(FlawKind.AMOUNT_ABSURD, text))
    elif not odd[0] * other[1] <= one[1] <= odd[1] * other[1]:
        row.doubts.append(Flaw(FlawKind.AMOUNT_ODD, text))


def _dollars(amount: int) -> str:
    return f"{amount / 100:,.2f}".removesuffix(".00")
