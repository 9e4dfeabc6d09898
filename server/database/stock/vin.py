"""Vehicle identification numbers (ISO 3779): alphabet, check digit, model year.

The check digit is mandatory in North America (49 CFR 565.15): each character has a value, each position a
weight, and position 9 holds the weighted sum modulo 11, with X for ten.
"""

import numpy as np
import numpy.typing as npt

LENGTH = 17
CHECK_POSITION = 8  # counted from 0
YEAR_POSITION = 9
ALPHABET = frozenset("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")
YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"  # 1980 is A; the code comes round after 30 years
FIRST_YEAR = 1981  # older cars have numbers in their makers' own forms
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK_CHARACTERS = "0123456789X"
_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
) | {str(digit): digit for digit in range(10)}
_VALUE_TABLE = np.array([_VALUES.get(chr(code), 0) for code in range(128)], dtype=np.int64)


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
    total = sum(weight * _VALUES[character] for weight, character in zip(WEIGHTS, vin, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def year_code(year: int) -> str:
    """Return the character of a model year, which it shares with the years 30 before and after."""
    return YEAR_CODES[(year - 1980) % len(YEAR_CODES)]


def with_check_digits(characters: npt.NDArray[np.uint8]) -> list[str]:
    """Return VINs of ASCII codes of shape (n, 17), position 9 overwritten by the check digit."""
    remainder = (_VALUE_TABLE[characters] * np.array(WEIGHTS)).sum(axis=1) % 11
    filled = characters.copy()
    filled[:, CHECK_POSITION] = np.frombuffer(_CHECK_CHARACTERS.encode(), np.uint8)[remainder]
    return [vin.decode() for vin in np.ascontiguousarray(filled).view(f"S{LENGTH}").ravel().tolist()]
