"""What may be wrong with a row of a dealer's file."""

from dataclasses import dataclass
from enum import StrEnum


class FlawKind(StrEnum):
    """The kinds of flaws of a row, in the words of the summary."""

    SHAPE = "row does not match the header"
    VIN = "VIN is missing or invalid"
    MISSING = "value is missing"
    UNREADABLE = "value is unreadable"
    LONG = "value is too long"
    YEAR = "model year is out of range"
    MILEAGE = "odometer is a placeholder"
    MILEAGE_ODD = "odometer is unusual"
    AMOUNT = "amount is a placeholder"
    AMOUNT_ABSURD = "amounts contradict each other"
    AMOUNT_ODD = "amounts are unusual"
    DATE = "date is in the future"
    DATE_ODD = "date in stock is before the car was built"
    KIND = "new and certified"
    TEXT = "characters were unreadable"
    UNSEEN = "invisible characters were removed"
    DUPLICATE = "VIN is in the file twice"
    OTHER_STORE = "VIN is in another store's stock"
    STORE = "store is unknown"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a row: its kind, and a sentence with the values."""

    kind: FlawKind
    text: str
