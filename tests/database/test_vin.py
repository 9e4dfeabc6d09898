"""VINs: the check digit by its published examples, and in bulk as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import vin
from server.database.stock.vin import with_check_digits

VINS = st.text(sorted(vin.ALPHABET), min_size=17, max_size=17)


@pytest.mark.parametrize("sound", ["1M8GDM9AXKP042788", "11111111111111111", "5GZCZ43D13S812715"])
def test_published_vins_are_sound(sound: str) -> None:
    """The examples that are in print pass."""
    assert vin.flaw(sound) is None


@pytest.mark.parametrize(
    ("false", "reason"),
    [
        ("1M8GDM9AXKP04278", "16 characters"),
        ("1M8GDM9A1KP042788", "expected X"),
        ("1M8GDM9AXKP04278O", "'O'"),
        ("1M8GDM9AXKP04278\u00c4", "no VIN may contain"),
    ],
)
def test_a_false_vin_is_named(false: str, reason: str) -> None:
    """The reason says what is wrong."""
    assert reason in (vin.flaw(false) or "")


@given(VINS, st.integers(0, 16), st.sampled_from(sorted(vin.ALPHABET)))
def test_one_wrong_digit_is_found(text: str, place: int, other: str) -> None:
    """A single digit that is replaced by another digit never passes, outside the check digit itself."""
    sound = text[:8] + vin.check_digit(text) + text[9:]
    assert vin.flaw(sound) is None
    if place != vin.CHECK_POSITION and sound[place].isdigit() and other.isdigit() and other != sound[place]:
        assert vin.flaw(sound[:place] + other + sound[place + 1 :]) is not None


@given(st.lists(VINS, min_size=1, max_size=5))
def test_bulk_equals_one_by_one(texts: list[str]) -> None:
    """The vectorised check digits are those of the single function."""
    codes = np.frombuffer("".join(texts).encode(), np.uint8).reshape(-1, vin.LENGTH)
    assert with_check_digits(codes) == [text[:8] + vin.check_digit(text) + text[9:] for text in texts]
