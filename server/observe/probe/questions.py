"""What a probe is asked, and the numbers in it."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

MOST_PROFILE_SECONDS: Final = 300.0
MOST_HERTZ: Final = 1000.0
USUAL_HERTZ: Final = 100.0


class BadQuestion(Exception):
    """A question that the probe does not take; its text says what is expected."""


def path_of(target: str) -> str:
    """Return the path of a request target."""
    return urlsplit(target).path


def profile_question(seconds: float, hertz: float) -> str:
    """Return the request target for a profile."""
    return f"/profile?seconds={seconds:g}&hz={hertz:g}"


def profile_of(target: str) -> tuple[float, float]:
    """Return for how many seconds to sample, and how often a second. Raises BadQuestion."""
    asked = parse_qs(urlsplit(target).query, keep_blank_values=True)
    return (
        _number(asked, "seconds", 1.0, MOST_PROFILE_SECONDS),
        _number(asked, "hz", USUAL_HERTZ, MOST_HERTZ),
    )


def _number(asked: dict[str, list[str]], name: str, usual: float, most: float) -> float:
    text = asked.get(name, [str(usual)])[-1]
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    # Not a number compares false.
    if not 0 < number <= most:
        raise BadQuestion(f"{name} must be a number above 0, at most {most:g}, not {text!r}")
    return number
