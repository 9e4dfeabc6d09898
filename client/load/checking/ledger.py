"""What was heard, once for all clients of one process: the events of a channel, and what is wrong with them.

Thousands of watchers hear the same bytes. The first one's are kept; the others' are compared with them
and forgotten. So a check of every client costs a comparison; the full decoding happens once, at the end.
Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from protocol import codec

MOST_DETAILS: Final = 20
ROWS: Final = frozenset({"matches", "offers", "value_failed", "search_ended", "search_valued"})
"""Events that a newer search makes void: their bytes need not be kept."""

_HEAD: Final = re.compile(
    rb'\{(?:"seq":(?P<first>\d+),)?"type":"(?P<type>[a-z_]+)","channel":"(?P<channel>[^"\\]+)"'
    rb'(?:,"seq":(?P<later>\d+))?[,}]'
)


class Head(NamedTuple):
    """The beginning of a message. ``channel`` is empty if it belongs to none, ``seq`` -1 if it has none."""

    kind: str
    channel: str
    seq: int


def head_of(line: bytes) -> Head:
    """Return the head of a message, of our server without decoding the message. Raises FieldError."""
    found = _HEAD.match(line)
    if found is not None:
        seq = found[1] or found[4]
        if seq is not None or b'"seq":' not in line:
            return Head(found[2].decode(), found[3].decode(), -1 if seq is None else int(seq))
    raw = codec.decode(line)
    if not isinstance(raw, dict):
        raise codec.FieldError("", "expected a JSON object")
    seq, channel = raw.get("seq"), raw.get("channel")
    return Head(
        str(raw.get("type")), channel if isinstance(channel, str) else "", seq if isinstance(seq, int) else -1
    )


@dataclass(slots=True)
class Findings:
    """What is wrong with what clients heard and hold. All counts must be 0.

    ``gaps``: events that did not come. ``duplicates``: that came twice. ``disorder``: that came after a later
    one. ``strays``: that differ from what others heard under the same number. ``unequal``: clients whose
    state differs from a fresh snapshot. ``behind``: clients that had not caught up in the end. ``unchecked``:
    clients that could not be checked.
    """

    gaps: int = 0
    duplicates: int = 0
    disorder: int = 0
    strays: int = 0
    unequal: int = 0
    behind: int = 0
    unchecked: int = 0
    details: list[str] = field(default_factory=list)

    def note(self, kind: str, count: int, detail: str) -> None:
        """Count what is wrong, and say what it is."""
        if count:
            setattr(self, kind, getattr(self, kind) + count)
            if len(self.details) < MOST_DETAILS:
                self.details.append(f"{kind}: {detail}")

    @property
    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "details"}

    @property
    def are_none(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.counts.values())

    def add(self, other: dict[str, Any]) -> None:
        """Add what another process found."""
        for name, count in other["counts"].items():
            setattr(self, name, getattr(self, name) + count)
        self.details.extend(other["details"][: MOST_DETAILS - len(self.details)])

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"counts": self.counts, "details": self.details}


class Book:
    """The events of one channel in one person's view, within one epoch."""

    def __init__(self) -> None:
        self._lines: dict[int, bytes] = {}
        self._sums: dict[int, int] = {}
        self._rows: list[int] = []
        self._last = -1

    def agrees(self, kind: str, seq: int, line: bytes) -> bool:
        """Keep an event, or return whether it is what was heard under this number before."""
        known = self._sums.get(seq)
        if known is None:
            self._keep(kind, seq, line)
            return True
        if known == hash(line):
            return True
        first = self._lines.get(seq)
        # A hub may write the same event in another order of names after a restart.
        return first is not None and codec.decode(first) == codec.decode(line)

    @property
    def last(self) -> int:
        """The highest number that anybody heard; -1 if there is none."""
        return self._last

    def after(self, seq: int) -> Iterator[tuple[int, bytes | None]]:
        """Yield the events after a number, in order; None for one that a newer search made void."""
        for number in sorted(each for each in self._sums if each > seq):
            yield number, self._lines.get(number)

    def _keep(self, kind: str, seq: int, line: bytes) -> None:
        self._sums[seq] = hash(line)
        self._lines[seq] = line
        self._last = max(self._last, seq)
        if kind in ROWS:
            self._rows.append(seq)
        elif kind == "search_started":
            for number in self._rows:
                if number < seq:
                    self._lines.pop(number, None)
            self._rows = [number for number in self._rows if number > seq]


class Ledger:
    """The books of all channels, by (channel, person and view, epoch)."""

    def __init__(self) -> None:
        self.findings = Findings()
        self._books: dict[tuple[str, str, str], Book] = {}
        self._kept: dict[bytes, bytes] = {}

    def book(self, channel: str, sight: str, epoch: str) -> Book:
        """Return the book of a channel as a person sees it."""
        return self._books.setdefault((channel, sight, epoch), Book())

    def keep(self, line: bytes) -> bytes:
        """Return the one copy of these bytes: snapshots of many watchers are the same."""
        return self._kept.setdefault(line, line)
