"""Vehicle identification numbers (ISO 3779): alphabet and check digit.

The check digit is mandatory in North America (49 CFR 565.15): each character has a value, each position a
weight, and position 9 holds the weighted sum modulo 11, with X for ten.
"""

from typing import Final

LENGTH: Final = 17
CHECK_POSITION: Final = 8
"""Counted from 0."""
ALPHABET: Final = frozenset("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")
FIRST_YEAR: Final = 1981
"""Older cars have numbers in their makers' own forms."""
WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CHECK_CHARACTERS: Final = "0123456789X"
VALUES: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
) | {str(digit): digit for digit in range(10)}
"""What each character counts for."""


def flaw(vin: str) -> str | None:
    """Return what is wrong with ``vin`` (upper case), or None if it is sound."""
    if len(vin) != LENGTH:
        return f"VIN has {len(vin)} characters, not {LENGTH}"
    foreign = sorted(set(vin) - ALPHABET)
    if foreign:
        return f"VIN contains {', '.join(map(repr, foreign))}, which no VIN may contain"
    expected = check_digit(vin)
    if vin[CHECK_POSITION] != expected:
        return f"VIN check digit is {vin[CHECK_POSITION]}, expected {expected}"
    return None


def check_digit(vin: str) -> str:
    """Return the character that belongs to position 9 of ``vin``, whatever is there."""
    total = sum(weight * VALUES[character] for weight, character in zip(WEIGHTS, vin, strict=True))
    return CHECK_CHARACTERS[total % 11]
