"""Which passwords are too easy to guess: those made of common pieces.

A password is read from left to right as pieces: a common word, a run such as ``4321`` or ``qwert``, a
repetition, or one character. An attacker tries a piece as a whole, so even a long piece counts for little.
"""

from typing import Final

from server.database.people.common_words import COMMON_PASSWORDS, COMMON_WORDS

LEAST_WEIGHT: Final = 8
"""The minimum weight of a password: a character weighs 1, a common word 2, a run or repetition 1."""

WORD_WEIGHT: Final = 2
SHORTEST_RUN: Final = 3
SHORTEST_WORD: Final = 3
RUNS: Final = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl"),
    *("zxcvbnm", "yxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "!@#$%^&*()", "!qaz@wsx#edc$rfv"),
)
_SPELT: Final = tuple(
    str.maketrans("013457@$!|", "o" + one + "easta" + "s" + one + one) for one in ("i", "l")
)
"""Letters that digits and signs replace in words: a 1 is an i or an l."""


def is_easily_guessed(password: str, login: str) -> bool:
    """Return whether ``password`` is a common one, or little more than common words, runs and repetitions."""
    lower = password.lower()
    spelt = [lower.translate(table) for table in _SPELT]
    if any("".join(filter(str.isalnum, text)) in COMMON_PASSWORDS for text in (lower, *spelt)):
        return True
    own = [part for part in _parts(login) if len(part) >= SHORTEST_WORD]
    place = weight = 0
    while place < len(lower) and weight < LEAST_WEIGHT:
        word = max(_word_at(text, place, own) for text in (lower, *spelt))
        other = max(_run_at(lower, place), _repetition_at(lower, place))
        weight += WORD_WEIGHT if word > other else 1
        place += max(word, other, 1)
    return weight < LEAST_WEIGHT


def _parts(login: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in login.lower()).split()


def _word_at(text: str, place: int, own: list[str]) -> int:
    """Return the length of the longest common word, or part of the login, that begins there; 0 for none."""
    lengths = range(_LONGEST_WORD, SHORTEST_WORD - 1, -1)
    common = next((length for length in lengths if text[place : place + length] in COMMON_WORDS), 0)
    return max((common, *(len(part) for part in own if text.startswith(part, place))))


def _run_at(text: str, place: int) -> int:
    """Return the length of the run that begins there, in either direction or of one character; else 0."""
    longest = len(text[place:]) - len(text[place:].lstrip(text[place]))
    for run in RUNS:
        for line in (run, run[::-1]):
            length = SHORTEST_RUN
            while place + length <= len(text) and text[place : place + length] in line:
                length += 1
            longest = max(longest, length - 1)
    return longest if longest >= SHORTEST_RUN else 0


def _repetition_at(text: str, place: int) -> int:
    """Return the length of the repetition that begins there; 0 if it is short."""
    length = SHORTEST_RUN
    while place + length <= len(text) and text[place : place + length] in text[: place + length - 1]:
        length += 1
    return length - 1 if length > SHORTEST_RUN else 0


_LONGEST_WORD: Final = max(map(len, COMMON_WORDS))
