"""Cells of a file as values: each function returns the value, or raises Unreadable with the reason."""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

from protocol.records import MAX_CENTS

_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?\Z")
_MILES = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.0*)?\s*(?:mi|miles)?\Z", re.IGNORECASE)
# As JavaScript writes a date; the day is in the writer's time zone.
_JAVASCRIPT = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d{2} \d{4})(?: \d{2}:\d{2}:\d{2}.*)?\Z")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?\Z")
_DATE_FORMATS = ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%d-%b-%Y", "%b %d %Y", "%b %d, %Y")
NEW_WORDS = frozenset({"new", "n", "new vehicle", "brand new", "demo", "demonstrator"})
CERTIFIED_WORDS = frozenset(
    {"certified", "cpo", "certified pre-owned", "certified preowned", "certified used"}
)
USED_WORDS = frozenset({"used", "u", "pre-owned", "preowned", "used vehicle"}) | CERTIFIED_WORDS
YES_WORDS, NO_WORDS = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
MOST_DAYS = 3_650


class Unreadable(ValueError):
    """A cell with an unreadable value."""


def cents(text: str) -> int:
    """Return dollars such as ``$12,995.00`` as cents, rounded half up."""
    match = _AMOUNT.match(text.upper().removeprefix("USD").replace("$", "").strip())
    if match is None:
        raise Unreadable(f"{text!r} is not an amount in dollars")
    amount = Decimal(match[1].replace(",", "") + (match[2] or "")) * 100
    if amount > MAX_CENTS:
        raise Unreadable(f"{text!r} is above the largest amount that can be stored")
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def miles(text: str) -> int:
    """Return an odometer reading such as ``45,210`` or ``45210 mi``."""
    match = _MILES.match(text)
    if match is None:
        raise Unreadable(f"{text!r} is not an odometer reading")
    return int(match[1].replace(",", ""))


def year(text: str) -> int:
    """Return a year of four digits."""
    if not re.fullmatch(r"\d{4}(\.0)?", text, re.ASCII):
        raise Unreadable(f"{text!r} is not a year")
    return int(text[:4])


def date(text: str) -> dt.date:
    """Return the day of an ISO, American or JavaScript date."""
    iso, javascript = _ISO.match(text), _JAVASCRIPT.match(text)
    wanted = iso[1] if iso else javascript[1] if javascript else text
    for form in ("%Y-%m-%d", *_DATE_FORMATS):
        try:
            return dt.datetime.strptime(wanted, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise Unreadable(f"{text!r} is not a date")


def condition_tenths(text: str) -> int:
    """Return a grade in tenths, 10 to 50: auctions write 1 to 5, with a decimal or as 11 to 49."""
    if not re.fullmatch(r"\d{1,2}(\.\d)?", text, re.ASCII):
        raise Unreadable(f"{text!r} is not a condition grade")
    grade = Decimal(text)
    tenths = grade * 10 if grade <= 5 else grade
    if tenths != int(tenths) or not 10 <= tenths <= 50:
        raise Unreadable(f"{text!r} is not a condition grade: expected 1 to 5, or 11 to 49")
    return int(tenths)


def is_new(text: str) -> bool:
    """Return whether a word means a new car."""
    word = text.lower()
    if word in NEW_WORDS:
        return True
    if word in USED_WORDS:
        return False
    raise Unreadable(f"{text!r} is neither new nor used")


def is_kind(text: str) -> bool:
    """Return whether a word says that a car is new or used."""
    return text.lower() in NEW_WORDS | USED_WORDS


def condition_or_kind(text: str) -> object:
    """Return what a condition says: a grade in tenths, or whether the car is new."""
    return is_new(text) if is_kind(text) else condition_tenths(text)


def is_certified(text: str) -> bool:
    """Return whether a word says that a car is certified."""
    word = text.lower()
    if word in YES_WORDS | CERTIFIED_WORDS:
        return True
    if word in NO_WORDS:
        return False
    raise Unreadable(f"{text!r} is neither yes nor no")


def days(text: str) -> int:
    """Return a number of days such as ``42`` or ``42 days``."""
    match = re.fullmatch(r"(\d{1,4})(?:\.0*)?(?:\s*days?)?", text, re.ASCII | re.IGNORECASE)
    if match is None or int(match[1]) > MOST_DAYS:
        raise Unreadable(f"{text!r} is not a number of days")
    return int(match[1])
