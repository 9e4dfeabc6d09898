"""Which column of a file holds which field: detected from the header, or given by ``--map column=field``."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from server.errors import UNUSABLE_INPUT, UserError

IGNORED = "ignore"
"""The field name that marks a column to ignore."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "vin": ("vin", "vin number", "vin no", "vehicle identification number"),
    "stock_no": ("stock number", "stock no", "stock", "stock num", "stockno", "stocknumber", "stk number",
                 "stk"),
    "year": ("year", "model year", "vehicle year", "yr"),
    "make": ("make", "vehicle make", "manufacturer", "brand"),
    "model": ("model", "vehicle model", "model name"),
    "trim": ("trim", "trim level", "series", "vehicle trim"),
    "body": ("body", "body style", "body type", "bodystyle", "vehicle type"),
    "fuel": ("fuel", "fuel type", "fueltype"),
    "transmission": ("transmission", "trans", "transmission type"),
    "color": ("color", "exterior color", "ext color", "colour", "exterior"),
    "interior": ("interior", "interior color", "int color"),
    "condition": ("condition", "condition grade", "grade"),
    "is_new": ("new used", "new or used", "type", "stock type", "inventory type", "n u"),
    "mileage": ("mileage", "odometer", "miles", "odometer reading", "odo"),
    "price": ("asking price", "advertised price", "internet price", "price", "list price", "retail price",
              "selling price"),
    # One word, as in wholesale auction lists: the price that the dealer paid.
    "cost": ("cost", "vehicle cost", "unit cost", "purchase price", "acquisition cost", "total cost",
             "sellingprice"),
    "recon": ("recon", "reconditioning", "recon cost", "reconditioning cost"),
    "holdback": ("holdback",),
    "dealer_cash": ("dealer cash",),
    "invoice": ("invoice", "invoice price", "dealer invoice"),
    "msrp": ("msrp", "sticker", "sticker price"),
    "wholesale": ("wholesale", "wholesale book", "book wholesale", "mmr", "trade in value"),
    "retail": ("retail", "retail book", "book retail", "book value"),
    "stocked_on": ("date in stock", "in stock date", "stock date", "stocked on", "received", "date received",
                   "inventory date", "purchase date", "sale date", "saledate"),
}  # fmt: skip
"""Each field and the headers that mean it, the most certain first."""

REQUIRED = ("vin", "year", "make", "model", "mileage", "cost")
SHOWN_NAMES: Final = 40
SHOWN_CHARACTERS: Final = 60


class ImportFailed(UserError):
    """The file cannot be imported at all; nothing was stored."""

    exit_code = UNUSABLE_INPUT


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The positions of the fields, and the header as it is in the file."""

    header: tuple[str, ...]
    positions: Mapping[str, int]

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
                f"--map {option}: expected column=field, with a field of {', '.join((*FIELDS, IGNORED))}"
            )
        mapping[column] = field
    return mapping


def find_layout(header: Sequence[str], mapping: Mapping[str, str]) -> ColumnMap:
    """Return the layout of a file, from ``mapping`` first, then from its header.

    Raises ImportFailed if a mapped column is not there, or a field that every car needs has no column.
    """
    names = tuple(name.strip() for name in header)
    positions: dict[str, int] = {}
    taken: set[int] = set()
    for column, field in mapping.items():
        if column not in names:
            raise ImportFailed(f"the file has no column {column!r}; it has {shown_names(names)}")
        if field in positions:
            raise ImportFailed(f"--map maps two columns to {field}")
        taken.add(names.index(column))
        if field != IGNORED:
            positions[field] = names.index(column)
    plain = [_plain(name) for name in names]
    for field, headers in FIELDS.items():
        found = (plain.index(one) for one in headers if one in plain)
        position = next((one for one in found if one not in taken), None)
        if field not in positions and position is not None:
            positions[field] = position
            taken.add(position)
    missing = [field for field in REQUIRED if field not in positions]
    if missing:
        raise ImportFailed(
            f"line 1: no column for {', '.join(missing)} among {shown_names(names)}:"
            " name it with --map column=field"
        )
    return ColumnMap(names, positions)


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
    """Return a header in lower case, with separate words and ``#`` spelt out."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", name.lower().replace("#", " number ")).split())
