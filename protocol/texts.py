"""Text that people write: which characters it may hold, and how to show stored text that holds others.

A bidirectional control is invisible and reorders its neighbours, so a note or a name can show an amount that
nobody wrote. Line separators break a single line, and zero-width characters hide in names. Joiners (U+200C,
U+200D) are allowed: scripts and emoji need them.
"""

import re
from typing import Final

CONTROLS: Final = r"\x00-\x1f\x7f-\x9f"
INVISIBLE: Final = r"\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
"""Members of a character class, in the syntax that Python's regular expressions and JSON Schema share."""

# PostgreSQL cannot store NUL in text, so it is refused here, with the field's name. Other control characters
# are never intended, and each takes six bytes on the wire.
ONE_LINE: Final = rf"^[^{CONTROLS}{INVISIBLE}]*$(?!\n)"
"""One line of visible characters. Its end is checked twice, because Python's ``$`` accepts a newline."""
LINES: Final = rf"^[^\x00-\x08\x0b-\x1f\x7f-\x9f{INVISIBLE}]*$"
"""The same with newlines and tabs."""

EXPECTED: Final = "Expected text without control or invisible characters"
"""The error text for a value that matches neither."""

ECHO_CHARACTERS: Final = 80
"""How much of a refused input an error shows."""

_UNSEEN: Final = re.compile(f"[{CONTROLS}{INVISIBLE}]")
_DISORDER: Final = re.compile(f"[{INVISIBLE}]")


def without_unseen(text: str) -> str:
    """Return ``text`` without control or invisible characters."""
    return _UNSEEN.sub("", text)


def echoed(text: str) -> str:
    r"""Return refused input as an error may show it: control and invisible characters spelt out as
    ``\u001b``, so that they do not act on a terminal, and cut to ECHO_CHARACTERS.
    """
    # Cut first, because no character becomes shorter.
    safe = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text[: ECHO_CHARACTERS + 1])
    safe = safe.encode("utf-8", "backslashreplace").decode()
    return safe if len(safe) <= ECHO_CHARACTERS else f"{safe[: ECHO_CHARACTERS - 1]}…"


def spelt_out(text: str) -> str:
    r"""Return ``text`` with invisible characters as ``\u202e`` and so on, which is the same to JSON."""
    return _DISORDER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
