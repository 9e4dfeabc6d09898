"""What every client holds in the end, against somebody who comes new.

A client's state is its own snapshot and the events that it heard after it, folded as any client folds them.
Clients that began with the same snapshot and heard the same events hold the same, so each such state is
computed once.
"""

from collections.abc import Iterable
from typing import Any, Final

from client.channel import Channel
from client.load.checking.ear import Ear
from client.load.checking.ledger import Book, Ledger
from protocol import codec
from protocol.events import JoinReply, Reply, SnapshotEnd, SnapshotRows
from protocol.records import View

State = dict[str, Any]
"""What is compared."""

_UNSEEN: Final = ("trace", "spans", "rejected", "next")
"""Parts of a search that say how it went, not what it found."""


def state_of(channel: Channel) -> State:
    """Return what a client shows, as far as two of them must agree."""
    search = None if channel.search is None else codec.plain(channel.search)
    if search is not None:
        search = {name: value for name, value in search.items() if name not in _UNSEEN}
    deal = None if channel.deal is None else codec.plain(channel.deal)
    if deal is not None:
        deal.pop("presence", None)
    rows = {car: (row.rev, row.value, dict(row.match), row.offer) for car, row in channel.rows.items()}
    return {"deal": deal, "search": search, "rows": rows}


def is_settled(channel: Channel) -> bool:
    """Return whether nothing more is expected of the latest search."""
    search = channel.search
    if search is None:
        return True
    return search.ended is not None and search.valued + search.failed >= search.matched


def folded(snapshot: Iterable[bytes], book: Book, view: str, upto: int) -> Channel:
    """Return the channel of a client that got ``snapshot`` and then each event of ``book`` up to ``upto``.

    Raises ValueError if the snapshot is not whole.
    """
    lines = iter(snapshot)
    (reply,) = codec.decode_messages(next(lines, b"{}"))
    if not isinstance(reply, Reply):
        raise ValueError("expected the reply to a join")
    channel = Channel("", View(view))
    joined = codec.convert(JoinReply, reply.data)
    channel.join(reply.ref)
    channel.joined(joined)
    for line in lines:
        for message in codec.decode_messages(line):
            if isinstance(message, SnapshotRows | SnapshotEnd):
                channel.receive(message)
    if channel.position is None:
        raise ValueError("expected a whole snapshot")
    for seq, event in book.after(joined.seq):
        if seq > upto:
            break
        if event is None:
            channel.skip(seq)
            continue
        (message,) = codec.decode_messages(event)
        if isinstance(message, dict):
            channel.skip(seq)
        else:
            channel.receive(message)  # type: ignore[arg-type]
    return channel


class Check:
    """Compares clients with fresh ones; what differs goes into the ledger's findings."""

    def __init__(self, ledger: Ledger) -> None:
        self.checked = 0
        self._ledger = ledger
        self._states: dict[tuple[Any, ...], State | None] = {}

    def compare(self, ear: Ear, view: str, fresh: Channel, held: Channel | None = None) -> None:
        """Compare what a client holds with a fresh client of the same person and view.

        ``held`` is the state of a client that folded as it heard; else it is folded here.
        """
        findings = self._ledger.findings
        self.checked += 1
        who = f"{ear.who} on {ear.channel}"
        if fresh.position is None or not ear.snapshot:
            findings.note("unchecked", 1, f"{who}: no snapshot")
            return
        if (ear.epoch, ear.position) != (fresh.position.epoch, fresh.position.seq):
            stands = f"at {ear.position}, while the log is at {fresh.position.seq}"
            findings.note("behind", 1, f"{who}: {stands if ear.epoch == fresh.position.epoch else 'epoch'}")
            return
        expected = state_of(fresh)
        state = state_of(held) if held is not None else self._state(ear, view)
        if state is None:
            findings.note("unchecked", 1, f"{who}: its snapshot is not whole")
        elif state != expected:
            findings.note("unequal", 1, f"{who}: {', '.join(difference(state, expected))}")

    def _state(self, ear: Ear, view: str) -> State | None:
        key = (*ear.snapshot, ear.channel, ear.sight, ear.epoch, ear.position)
        if key not in self._states:
            try:
                self._states[key] = state_of(folded(ear.snapshot, ear.book, view, ear.position))
            except (ValueError, codec.FieldError):
                self._states[key] = None
        return self._states[key]


def difference(state: State, expected: State) -> list[str]:
    """Return where two states differ: the names, and a few values."""
    found: list[str] = []
    for part in ("deal", "search"):
        mine, theirs = state[part] or {}, expected[part] or {}
        names = [name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)]
        found += [
            f"{part}.{name} is {str(mine.get(name))[:80]}, expected {str(theirs.get(name))[:80]}"
            for name in sorted(names)
        ]
    mine, theirs = state["rows"], expected["rows"]
    cars = [car for car in mine.keys() | theirs.keys() if mine.get(car) != theirs.get(car)]
    if cars:
        one = min(cars)
        found.append(
            f"{len(cars)} cars, such as {one}: {str(mine.get(one))[:150]} / {str(theirs.get(one))[:150]}"
        )
    return found
