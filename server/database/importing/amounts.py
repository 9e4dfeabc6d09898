"""Cells of a versioned table as values: each reader returns the value, or raises Unexpected.

Amounts are dollars in the file and cents here, percentages basis points here (or fractions); errors use the
units of the file.
"""

import datetime as dt
import itertools
import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from protocol.money.leasing import MAX_MONEY_FACTOR, MoneyFactor
from protocol.records import MAX_CENTS
from protocol.texts import LINES, ONE_LINE

Read = Callable[[str], Any]

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?\Z", re.ASCII)
_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
LONGEST_TEXT = 200
DAY_OF_ISO = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
LIST_SEPARATOR = ";"
LONGEST_ID = 64


class Unexpected(ValueError):
    """A cell with an invalid value; ``str`` says what was expected."""


def dollars(least: int = 0) -> Read:
    """Return a reader of amounts such as ``12,995.00``, of at least ``least`` cents."""

    def read(text: str) -> int:
        cents = _number(text.removeprefix("$"), "an amount in dollars") * 100
        if cents != int(cents) or not least <= cents <= MAX_CENTS:
            raise Unexpected(
                f"dollars between {Decimal(least) / 100} and {MAX_CENTS // 100:,}, with at most two decimals"
            )
        return int(cents)

    return read


def percent(most: int = 100, *, above_zero: bool = False) -> Read:
    """Return a reader of percentages such as ``7.99``, as basis points with at most two decimals."""

    def read(text: str) -> float:
        bp = _percent(text, most, above_zero=above_zero) * 100
        if bp != round(bp, 2):
            raise Unexpected("a percentage with at most four decimals")
        return float(bp)

    return read


def fraction(text: str) -> float:
    """Return a percentage below 100 as a fraction."""
    found = _percent(text, 100) / 100
    if found >= 1:
        raise Unexpected("a percentage below 100")
    return float(found)


def factor(text: str) -> float:
    """Return a money factor, such as 0.00125."""
    found = _number(text, "a money factor such as 0.00125")
    try:
        return float(MoneyFactor(found))
    except ValueError:
        raise Unexpected(f"a money factor from 0 to {MAX_MONEY_FACTOR} with at most six decimals") from None


def whole(least: int, most: int) -> Read:
    """Return a reader of whole numbers between two, both included."""

    def read(text: str) -> int:
        number = _number(text, f"a whole number between {least} and {most}")
        if number != int(number) or not least <= number <= most:
            raise Unexpected(f"a whole number between {least} and {most}")
        return int(number)

    return read


def yes_or_no(text: str) -> bool:
    """Return whether the cell says yes."""
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise Unexpected("yes or no")


def one_of(words: type[StrEnum]) -> Read:
    """Return a reader of an enumeration's words."""

    def read(text: str) -> StrEnum:
        try:
            return words(text.lower())
        except ValueError:
            raise Unexpected(f"one of {', '.join(words)}") from None

    return read


def matching(pattern: str, expected: str) -> Read:
    """Return a reader of texts that match ``pattern`` whole."""
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise Unexpected(expected)
        return text

    return read


def words(text: str) -> str:
    """Return a text that can be stored."""
    if len(text) > LONGEST_TEXT or "\ufffd" in text or not re.match(LINES, text):
        raise Unexpected(f"UTF-8 text of at most {LONGEST_TEXT} visible characters")
    return text


def several(text: str) -> tuple[str, ...]:
    """Return the texts of a list such as ``proof of income; references``."""
    return tuple(words(part.strip()) for part in text.split(LIST_SEPARATOR) if part.strip())


def identifier(text: str) -> str:
    """Return an id that a deal can name: one line of at most 64 visible characters."""
    if len(text) > LONGEST_ID or not re.match(ONE_LINE, text):
        raise Unexpected(f"at most {LONGEST_ID} visible characters")
    return words(text)


def caps(text: str) -> tuple[tuple[str, int | None], ...]:
    """Return lenders with their caps in cents, such as ``Harbor Bank = 2,500; Lake Credit Union``; None
    without a cap.
    """
    found = []
    for part in several(text):
        lender, equals, cap = part.rpartition("=")
        if equals and not lender.strip():
            raise Unexpected("a lender before each =, such as Harbor Bank = 2,500")
        if equals:
            found.append((words(lender.strip()), dollars(least=1)(cap.strip())))
        else:
            found.append((part, None))
    return tuple(found)


def date(text: str) -> dt.date:
    """Return a day written as ``2026-03-01``: the only unambiguous form."""
    try:
        if DAY_OF_ISO.match(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise Unexpected("a date such as 2026-03-01")


def loss_timing(text: str) -> tuple[tuple[float, float], ...]:
    """Return pairs such as ``0:0 50:75 100:100``: percent of the term, percent of the loss by then."""
    expected = "pairs such as 0:0 50:75 100:100 that never decrease and end at a loss of 100"
    pairs = []
    for pair in text.split():
        term, colon, loss = pair.partition(":")
        if not colon:
            raise Unexpected(expected)
        pairs.append((float(_percent(term, 100) / 100), float(_percent(loss, 100) / 100)))
    rises = all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(pairs))
    if not pairs or not rises or pairs[-1][1] != 1:
        raise Unexpected(expected)
    return tuple(pairs)


def _percent(text: str, most: int, *, above_zero: bool = False) -> Decimal:
    expected = f"a percentage {'above 0' if above_zero else 'from 0'} to {most:,}"
    found = _number(text.removesuffix("%").rstrip(), expected)
    if found > most or (above_zero and found == 0):
        raise Unexpected(expected)
    return found


def _number(text: str, expected: str) -> Decimal:
    if _NUMBER.match(text) is None:
        raise Unexpected(expected)
    return Decimal(text.replace(",", ""))
