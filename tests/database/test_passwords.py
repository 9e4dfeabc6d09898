"""Passwords that anybody would guess are refused, and those that a machine makes are not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.database.people.common_words import COMMON_PASSWORDS, COMMON_WORDS
from server.database.people.passwords import is_easily_guessed
from server.database.people.users import SHORTEST_PASSWORD, password_fault

EASY = (
    *(
        "passwordpassword",
        "PasswordPassword",
        "P@ssw0rd1234",
        "Pa$$w0rdPa$$w0rd",
        "password 2026!",
        "!!password!!!!",
    ),
    *("qwertyuiop123", "1qaz2wsx3edc", "abcdefghijklm", "zyxwvutsrqponm", "123456789012", "0987654321qwerty"),
    *("Welcome2Dealer!", "Summer2026Summer", "letmein-letmein", "iloveyou12345", "adminadminadmin"),
    *(
        "xk7xk7xk7xk7xk7",
        "correct-horse-battery-staple",
        "riverside-2026!",
        "sales sales 123",
        "deal architect 1",
    ),
)
HARD = (
    *(
        "correct horse battery",
        "plum tractor violin",
        "tr0ub4dor&3-moss",
        "kX9#vbQ2!mZr",
        "Lake Erie at dusk, 7 pm",
    ),
    *("mein Fahrrad quietscht", "пароль от калитки", "0c4f91d2e7ab"),
)


@pytest.mark.parametrize("password", EASY)
def test_what_everybody_uses(password: str) -> None:
    """Common words with years, signs and digits in them, sequences, and any of it twice."""
    assert is_easily_guessed(password, "riverside-sales")
    assert password_fault(password, "riverside-sales") is not None


@pytest.mark.parametrize("password", HARD)
def test_what_nobody_uses(password: str) -> None:
    """Words of one's own, or characters at random."""
    assert password_fault(password, "riverside-sales") is None


def test_the_list_of_common_passwords() -> None:
    """Each is as long as a password must be at least: shorter ones are refused for that."""
    assert min(map(len, COMMON_PASSWORDS)) >= SHORTEST_PASSWORD
    assert all(is_easily_guessed(one, "ann") for one in COMMON_PASSWORDS)
    assert all(is_easily_guessed(one.title(), "ann") for one in COMMON_PASSWORDS)
    assert all(one == one.lower() for one in COMMON_WORDS | COMMON_PASSWORDS)


@given(word=st.sampled_from(sorted(COMMON_WORDS)), times=st.integers(1, 200), tail=st.integers(0, 9999))
def test_a_word_again_and_again(word: str, times: int, tail: int) -> None:
    """However often a common word is repeated, it is one word; a number behind it is not much more."""
    assert is_easily_guessed(word * times + str(tail), "ann")


@given(st.integers(0, 2**64))
def test_what_a_password_manager_makes(seed: int) -> None:
    """Sixteen characters at random pass."""
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_"
    assert not is_easily_guessed("".join(random.Random(seed).choices(letters, k=16)), "ann")


def test_the_longest_takes_no_time() -> None:
    """The longest password that is allowed is judged at once, also the worst kind."""
    assert is_easily_guessed("ab" * 512, "ann")
    assert not is_easily_guessed("".join(chr(0x4E00 + number) for number in range(1024)), "ann")
