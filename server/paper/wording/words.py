"""How amounts and dates are written for customers."""

import datetime as dt


def dollars(cents: int) -> str:
    """Return an amount as printed: $1,234.50, or -$1,234.50."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def percent(value: float) -> str:
    """Return a percentage with two decimals, as Regulation Z asks for."""
    return f"{value:.2f} %"


def day(date: dt.date) -> str:
    """Return a date as printed: Jan 5, 2027."""
    return f"{date:%b} {date.day}, {date.year}"
