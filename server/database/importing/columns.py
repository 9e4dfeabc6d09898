"""Which column of a file holds which field: detected from the header, or given by ``--map column=field``."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from typing import Final

from protocol.texts import echoed
from server.errors import UNUSABLE_INPUT, UserError

IGNORED = "ignore"
"""The field name that marks a column to ignore."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "vin": ("vin", "vin number", "vin no", "vehicle identification number"),
    "stock_no": ("stock number", "stock no", "stock", "stock num", "stockno", "stocknumber", "stk number",
                 "stk no", "stk", "stock id", "inventory number"),
    "year": ("year", "model year", "vehicle year", "yr"),
    "make": ("make", "vehicle make", "manufacturer", "brand", "make name"),
    "model": ("model", "vehicle model", "model name"),
    "trim": ("trim", "trim level", "series", "vehicle trim", "series trim", "trim name"),
    "body": ("body", "body style", "body type", "bodystyle", "vehicle type", "body class"),
    "fuel": ("fuel", "fuel type", "fueltype", "engine fuel"),
    "transmission": ("transmission", "trans", "transmission type", "transmission description"),
    "color": ("color", "exterior color", "ext color", "colour", "exterior", "exterior colour", "ext colour",
              "ext color generic"),
    "interior": ("interior", "interior color", "int color", "interior colour", "int colour"),
    # A grade, or in many feeds a word: new, used, certified.
    "condition": ("condition", "vehicle condition", "condition grade", "grade"),
    "is_new": ("new used", "new or used", "type", "stock type", "inventory type", "n u", "new used flag",
               "newused", "new used certified", "sale class"),
    "certified": ("certified", "is certified", "cpo", "certified pre owned"),
    "mileage": ("mileage", "odometer", "miles", "odometer reading", "odo", "current mileage",
                "vehicle mileage", "current miles"),
    "price": ("asking price", "advertised price", "internet price", "web price", "online price",
              "sale price", "price", "list price", "retail price", "selling price", "our price"),
    # One word, as in wholesale auction lists: the price that the dealer paid.
    "cost": ("cost", "vehicle cost", "unit cost", "purchase price", "acquisition cost", "total cost",
             "inventory cost", "purchase cost", "sellingprice"),
    "recon": ("recon", "reconditioning", "recon cost", "reconditioning cost"),
    "holdback": ("holdback",),
    "dealer_cash": ("dealer cash",),
    "invoice": ("invoice", "invoice price", "dealer invoice", "invoice amount"),
    "msrp": ("msrp", "sticker", "sticker price", "msrp price"),
    "wholesale": ("wholesale", "wholesale book", "book wholesale", "mmr", "trade in value",
                  "black book wholesale", "kbb wholesale"),
    "retail": ("retail", "retail book", "book retail", "book value", "kbb retail", "nada retail",
               "jd power retail"),
    "stocked_on": ("date in stock", "in stock date", "stock date", "stocked on", "received", "date received",
                   "inventory date", "received date", "stock in date", "lot date", "entry date",
                   "purchase date", "sale date", "saledate"),
    "days_in_stock": ("days in stock", "age", "days on lot", "days in inventory", "inventory age", "dis"),
}  # fmt: skip
"""Each field and the headers that mean it, the most certain first."""

REQUIRED = ("vin", "year", "make", "model", "mileage")
PRICED = ("price", "cost")
"""A car needs one of them. Without a price one is derived from the cost; without a cost that is unknown."""
SHOWN_NAMES: Final = 40
SHOWN_CHARACTERS: Final = 60


class ImportFailed(UserError):
    """The file cannot be imported at all; nothing was stored."""

    exit_code = UNUSABLE_INPUT


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The positions of the fields, the header as it is in the file, and the values that every row has."""

    header: tuple[str, ...]
    positions: Mapping[str, int]
    constants: Mapping[str, str] = default(default_factory=dict)

    @property
    def stated(self) -> frozenset[str]:
        """The fields that every row has."""
        return frozenset({*self.positions, *self.constants})

    @property
    def unread(self) -> tuple[str, ...]:
        """The columns that are not read."""
        read = set(self.positions.values())
        return tuple(name for position, name in enumerate(self.header) if position not in read)


def parse_mapping(options: Iterable[str]) -> dict[str, str]:
    """Return column to field of ``--map`` options. Raises ImportFailed if one is not ``column=field``."""
    mapping = {}
    for option in options:
        column, equals, field = option.rpartition("=")
        if not equals or not column or field not in {*FIELDS, IGNORED}:
            raise ImportFailed(
                f"--map {echoed(option)}: expected column=field,"
                f" with a field of {', '.join((*FIELDS, IGNORED))}"
            )
        mapping[column] = field
    return mapping


def find_layout(
    header: Sequence[str], mapping: Mapping[str, str], constants: Mapping[str, str] | None = None
) -> ColumnMap:
    """Return the layout of a file, from ``mapping`` first, then from its header. ``constants`` are the fields
    that have one value in all rows.

    A header is compared word by word first, then without spaces, as ``INTERNETPRICE`` for internet price.

    Raises ImportFailed if a mapped column is not there, a field that every car needs has no column, a
    constant has one, or two columns of the same name are read as one.
    """
    fixed = dict(constants or {})
    names = tuple(name.strip() for name in header)
    positions: dict[str, int] = {}
    taken: set[int] = set()
    for column, field in mapping.items():
        if column not in names:
            raise ImportFailed(
                f"line 1: the file has no column {shown(column)!r}; it has {shown_names(names)}"
            )
        if field in positions:
            raise ImportFailed(f"--map maps two columns to {field}")
        taken.add(names.index(column))
        if field != IGNORED:
            positions[field] = names.index(column)
    plain = [_plain(name) for name in names]
    _detect(plain, FIELDS, positions, taken)
    # What is known by its words is not read again by its letters: "sellingprice" is a cost.
    known = {one for headers in FIELDS.values() for one in headers}
    taken |= {position for position, name in enumerate(plain) if name in known}
    joined = {field: tuple(one.replace(" ", "") for one in headers) for field, headers in FIELDS.items()}
    _detect([name.replace(" ", "") for name in plain], joined, positions, taken)
    twice = [field for field, position in positions.items() if names.count(names[position]) > 1]
    if twice:
        raise ImportFailed(
            f"line 1: expected the column {shown(names[positions[twice[0]]])!r} once, found it"
            f" {names.count(names[positions[twice[0]]])} times: nobody knows which one is the {twice[0]}"
        )
    both = [name for name in fixed if name in positions]
    if both:
        column = shown(names[positions[both[0]]])
        raise ImportFailed(
            f"--set {both[0]}: the file has a column for it, {column!r}; leave it out with"
            f" --map {column}={IGNORED}, or leave out --set"
        )
    missing = [name for name in REQUIRED if name not in positions and name not in fixed]
    if not any(name in positions or name in fixed for name in PRICED):
        missing.append(" or ".join(PRICED))
    if missing:
        raise ImportFailed(
            f"line 1: no column for {', '.join(missing)} among {shown_names(names)}:"
            " name it with --map column=field, or give all rows a value with --set field=value"
        )
    return ColumnMap(names, positions, fixed)


def _detect(
    header: Sequence[str],
    fields: Mapping[str, tuple[str, ...]],
    positions: dict[str, int],
    taken: set[int],
) -> None:
    """Add to ``positions`` the fields that the columns of ``header`` mean, of those not ``taken``."""
    for field, headers in fields.items():
        found = (header.index(one) for one in headers if one in header)
        position = next((one for one in found if one not in taken), None)
        if field not in positions and position is not None:
            positions[field] = position
            taken.add(position)


def shown(text: str) -> str:
    """Return a text of a file for the terminal: cut short, without control characters."""
    cut = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return "".join(one if one.isprintable() else "\ufffd" for one in cut)


def shown_names(names: Sequence[str]) -> str:
    """Return the first SHOWN_NAMES column names for the terminal."""
    more = len(names) - SHOWN_NAMES
    listed = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
    return f"{listed} and {more:,} more" if more > 0 else listed


def _plain(name: str) -> str:
    """Return a header in lower case, with separate words, also those of CamelCase, and ``#`` spelt out."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^a-z0-9]+", " ", apart.lower().replace("#", " number ")).split())
