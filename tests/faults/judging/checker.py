"""The judge: what viewers wrote down, against what happened. Pure functions over records.

It knows nothing of the server but the promise: every event of a channel once, in order, none missing; what
people decided stands in Postgres and is told once, in that order; what was searched is matched and valued
once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocol.events import FIRST_LATE_CHUNK
from tests.faults.judging.record import Heard, Joined, Key, Loaded, Record

KINDS = ("gaps", "duplicates", "disorder", "strays", "unconverged")


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of ``deal_events``. ``version`` and ``note`` are None where it has none."""

    no: int
    kind: str
    at: str
    op: str
    version: int | None = None
    note: str | None = None


Place = tuple[str, str, int]
"""Channel, epoch, seq."""


@dataclass(slots=True)
class Truth:
    """What happened, from Postgres, from Redis, and as somebody who comes now sees it.

    ``log`` says what stood at a place: kind and time of the event. ``retold`` are places at which two
    different events stood. ``fresh`` is what a new viewer of a channel sees in a view, ``unsettled`` counts
    those channels on which something is still expected, and the editors whose command is still open.
    ``stored`` is what Postgres holds of each deal, ``retellings`` are the events of each deal that pages of
    its history told.
    """

    log: dict[Place, tuple[str, str]] = field(default_factory=dict)
    retold: int = 0
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    fresh: dict[tuple[str, str], Any] = field(default_factory=dict)
    unsettled: int = 0
    stored: dict[str, Any] = field(default_factory=dict)
    retellings: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """What is wrong. All of it must be 0.

    ``gaps``: events or decisions that are missing. ``duplicates``: told twice. ``disorder``: told in another
    order than they happened. ``strays``: not what stands in the log under that number, or nowhere.
    ``unconverged``: screens that differ in the end from a fresh one.
    """

    gaps: int = 0
    duplicates: int = 0
    disorder: int = 0
    strays: int = 0
    unconverged: int = 0
    details: list[str] = field(default_factory=list, compare=False)

    def note(self, kind: str, count: int, what: object) -> None:
        """Count what is wrong, and say what it is."""
        if count:
            setattr(self, kind, getattr(self, kind) + count)
            self.details.append(f"{kind}: {what}")

    def __add__(self, other: "Findings") -> "Findings":
        counts = (getattr(self, name) + getattr(other, name) for name in KINDS)
        return Findings(*counts, [*self.details, *other.details])

    @property
    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {name: getattr(self, name) for name in KINDS}

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return self == Findings()


Screens = Mapping[tuple[str, str, str], Any]
"""What viewers show in the end, by viewer, channel and view."""


def judge(
    records: Sequence[Record],
    truth: Truth,
    screens: Screens,
    acknowledged: Mapping[str, Sequence[str]],
    sessions: Mapping[tuple[str, str], Any] | None = None,
) -> Findings:
    """Return everything that is wrong.

    ``acknowledged`` are, by channel, the ops that were answered well; ``sessions`` are, by web process and
    channel, the deals that the processes hold in memory.
    """
    found = Findings()
    found.note("strays", truth.retold, "numbers of the log that were given twice")
    found.note("unconverged", truth.unsettled, "channels and commands on which something is still expected")
    places = dict(truth.log)
    for record in records:
        for channel in {entry.channel for entry in record.entries}:
            entries = record.of(channel)
            found += check_numbers(entries)
            found += check_places(channel, entries, places)
            found += check_once(entries)
            found += check_searches(entries)
            if channel in truth.decisions:
                found += check_decisions(entries, truth.decisions[channel])
    for channel, ops in acknowledged.items():
        found += check_acknowledged(ops, truth.decisions[channel])
    for channel, told in truth.retellings.items():
        found += check_retold(told, truth.decisions[channel])
    found += check_sessions(sessions or {}, truth.stored)
    return found + check_screens(screens, truth.fresh)


def check_numbers(entries: Iterable[Any]) -> Findings:
    """Check that behind each join every event has the next number."""
    found, epoch, seq, loading = Findings(), None, 0, False
    heard: set[tuple[str | None, int]] = set()
    for entry in entries:
        match entry:
            case Joined():
                loading = not entry.recovered
                goes_back = entry.epoch == epoch and entry.seq < seq
                if goes_back or (entry.recovered and entry.epoch != epoch):
                    found.note("disorder", 1, (f"had {epoch} {seq}", entry))
                elif entry.recovered:
                    found.note("gaps", entry.seq - seq, (f"had {epoch} {seq}", entry))
                epoch, seq = entry.epoch, entry.seq
            case Loaded():
                loading = False
            case Heard():
                if loading:
                    found.note("disorder", 1, ("before the snapshot's end", entry))
                elif entry.seq == seq + 1:
                    seq = entry.seq
                elif entry.seq > seq:
                    # The viewer joins again from where it was.
                    found.note("gaps", entry.seq - seq - 1, (f"behind {seq}", entry))
                elif (epoch, entry.seq) in heard:
                    found.note("duplicates", 1, entry)
                else:
                    found.note("disorder", 1, (f"behind {seq}", entry))
                heard.add((epoch, entry.seq))
    return found


def check_places(channel: str, entries: Iterable[Any], places: dict[Place, tuple[str, str]]) -> Findings:
    """Check that what was heard at a place is what stands there; where nobody knows, all must have heard the
    same, so ``places`` learns."""
    found, epoch = Findings(), ""
    for entry in entries:
        if isinstance(entry, Joined):
            epoch = entry.epoch
        elif isinstance(entry, Heard):
            stood = places.setdefault((channel, epoch, entry.seq), (entry.kind, entry.at))
            found.note("strays", stood != (entry.kind, entry.at), (epoch, entry, stood))
    return found


def check_once(entries: Iterable[Any]) -> Findings:
    """Check that what may be told only once is told at one place."""
    found, epoch = Findings(), ""
    told: dict[tuple[str, Key], tuple[str, int]] = {}
    for entry in entries:
        if isinstance(entry, Joined):
            epoch = entry.epoch
        elif isinstance(entry, Heard) and entry.key:
            place = told.setdefault((entry.kind, entry.key), (epoch, entry.seq))
            found.note("duplicates", place != (epoch, entry.seq), (epoch, entry, place))
    return found


def check_searches(entries: Iterable[Any]) -> Findings:
    """Check that chunks come in their order, and none behind its offers."""
    found = Findings()
    last: dict[str, int] = {}
    offered: set[Key] = set()
    for entry in entries:
        if not isinstance(entry, Heard):
            continue
        if entry.kind == "offers":
            offered.add(entry.key)
        elif entry.kind == "matches":
            search_id, chunk = entry.key
            found.note("disorder", entry.key in offered, ("behind its offers", entry))
            if chunk < FIRST_LATE_CHUNK:
                found.note("disorder", chunk < last.get(search_id, -1), (last.get(search_id), entry))
                last[search_id] = chunk
    return found


def check_decisions(entries: Iterable[Any], decisions: Sequence[Decision]) -> Findings:
    """Check that decisions are told in the order in which they were made, once, with none left out."""
    found = Findings()
    places = {(decision.kind, decision.at): place for place, decision in enumerate(decisions)}
    kinds = {decision.kind for decision in decisions}
    last: int | None = None
    seen: set[int] = set()
    shown = Joined("", "", 0, False)
    for entry in entries:
        if isinstance(entry, Joined) and not entry.recovered:
            # A snapshot may hold what the events behind it tell once more: those go by version and id.
            last, shown, seen = None, entry, set()
        elif isinstance(entry, Heard) and entry.kind in kinds | {"deal_changed", "note_added"}:
            place = places.get((entry.kind, entry.at))
            if place is None:
                found.note("strays", 1, ("never decided", entry))
                continue
            if place in seen:
                found.note("duplicates", 1, decisions[place])
            elif last is None:
                found.note("gaps", _left_out(decisions[:place], shown), (shown, decisions[place]))
            elif place < last:
                found.note("disorder", 1, (decisions[last], decisions[place]))
            else:
                found.note("gaps", place - last - 1, (decisions[last], decisions[place]))
            seen.add(place)
            last = max(place, -1 if last is None else last)
    return found


def _left_out(before: Iterable[Decision], shown: Joined) -> int:
    """Return how many decisions before the first event of a join are not in its snapshot either."""
    left_out = 0
    for decision in before:
        if decision.version is not None and shown.version is not None:
            left_out += decision.version > shown.version
        elif decision.note is not None and shown.notes is not None and len(shown.notes) < 200:
            left_out += decision.note not in shown.notes
    return left_out


def check_acknowledged(ops: Iterable[str], decisions: Sequence[Decision]) -> Findings:
    """Check that each command that was answered well is one decision."""
    found, made = Findings(), Counter(decision.op for decision in decisions)
    for op in ops:
        found.note("gaps", made[op] == 0, ("answered, and not decided", op))
        found.note("duplicates", made[op] > 1, ("decided twice", op))
    return found


def check_retold(told: Iterable[Mapping[str, Any]], decisions: Sequence[Decision]) -> Findings:
    """Check that pages of a deal's history tell what was decided, each event under its own number."""
    found = Findings()
    made = {decision.no: (decision.kind, decision.at) for decision in decisions}
    for event in told:
        is_right = made.get(event["no"]) == (event["type"], event["at"])
        found.note("strays", not is_right, ("told by history", event, made.get(event["no"])))
    return found


def check_screens(screens: Screens, fresh: Mapping[tuple[str, str], Any]) -> Findings:
    """Check that in the end everybody sees what somebody sees who comes now."""
    found = Findings()
    for (viewer, channel, view), shown in screens.items():
        is_right = shown is not None and shown == fresh.get((channel, view))
        found.note(
            "unconverged",
            not is_right,
            (viewer, channel, view, _difference(shown, fresh.get((channel, view)))),
        )
    return found


def check_sessions(sessions: Mapping[tuple[str, str], Any], stored: Mapping[str, Any]) -> Findings:
    """Check that the deal that each web process holds in memory is the one that Postgres holds."""
    found = Findings()
    for (process, channel), held in sessions.items():
        truth = stored.get(channel)
        shown = None if held is None or truth is None else {name: held.get(name) for name in truth}
        is_right = shown is not None and shown == truth
        found.note("unconverged", not is_right, (f"held by {process}", channel, _difference(shown, truth)))
    return found


def _difference(shown: Any, fresh: Any) -> object:
    """Return the parts of a screen that differ, as far as one can tell."""
    if not isinstance(shown, dict) or not isinstance(fresh, dict):
        return type(shown), type(fresh)
    names = [name for name in shown.keys() | fresh.keys() if shown.get(name) != fresh.get(name)]
    return {name: (str(shown.get(name))[:200], str(fresh.get(name))[:200]) for name in sorted(names)}
