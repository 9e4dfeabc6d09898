"""Text that people write: which characters it may hold, and how to show stored text that holds others.

A bidirectional control is invisible and reorders its neighbours, so a note or a name can show an amount that
nobody wrote. Line separators break a single line, and zero-width characters hide in names. Joiners (U+200C,
U+200D) are allowed: scripts and emoji need them.
"""

import re
from typing import Final

CONTROLS: Final = r"\x00-\x1f\x7f-\x9f"
INVISIBLE: Final = r"\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
"""Members of a character class, in the syntax that Python's expressions and JSON Schema share."""

# PostgreSQL stores no NUL in text: refused here by name rather than there as a fault of ours. Nobody means
# other control characters either, each of which takes six bytes as it is sent.
ONE_LINE: Final = rf"^[^{CONTROLS}{INVISIBLE}]*$(?!\n)"
"""One line of characters that are seen. Its end is looked at twice: Python's ``$`` lets a newline pass."""
LINES: Final = rf"^[^\x00-\x08\x0b-\x1f\x7f-\x9f{INVISIBLE}]*$"
"""The same with newlines and tabs."""

EXPECTED: Final = "Expected text without control or invisible characters"
"""What a text that fits neither is answered."""

_UNSEEN: Final = re.compile(f"[{CONTROLS}{INVISIBLE}]")
_DISORDER: Final = re.compile(f"[{INVISIBLE}]")


def without_unseen(text: str) -> str:
    """Return ``text`` without control characters and invisible ones."""
    return _UNSEEN.sub("", text)


def spelt_out(text: str) -> str:
    r"""Return ``text`` with invisible characters as ``\u202e`` and so on, which is the same to JSON."""
    return _DISORDER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
