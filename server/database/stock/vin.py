"""Vehicle identification numbers in bulk, and their model years. ``protocol.vin`` has the rules of one."""

import numpy as np
import numpy.typing as npt

from protocol.vin import CHECK_CHARACTERS, CHECK_POSITION, LENGTH, VALUES, WEIGHTS

YEAR_POSITION = 9
YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"  # 1980 is A; the code comes round after 30 years
_VALUE_TABLE = np.array([VALUES.get(chr(code), 0) for code in range(128)], dtype=np.int64)


def year_code(year: int) -> str:
    """Return the character of a model year, which it shares with the years 30 before and after."""
    return YEAR_CODES[(year - 1980) % len(YEAR_CODES)]


def with_check_digits(characters: npt.NDArray[np.uint8]) -> list[str]:
    """Return VINs of ASCII codes of shape (n, 17), position 9 overwritten by the check digit."""
    remainder = (_VALUE_TABLE[characters] * np.array(WEIGHTS)).sum(axis=1) % 11
    filled = characters.copy()
    filled[:, CHECK_POSITION] = np.frombuffer(CHECK_CHARACTERS.encode(), np.uint8)[remainder]
    return [vin.decode() for vin in np.ascontiguousarray(filled).view(f"S{LENGTH}").ravel().tolist()]
