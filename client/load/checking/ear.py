"""How one client hears one channel: every number once, in order, none missing. Pure.

It follows the protocol as a client must, and judges the server at the same time: a gap is a finding, and also
a reason to join again.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from client.load.checking.ledger import Book, Head, Ledger
from protocol.commands import Position


class Stage(Enum):
    """Where a client stands with its channel."""

    OUT = auto()
    """Not joined."""
    JOINING = auto()
    """The join is on its way; what arrives is from before it."""
    LOADING = auto()
    """The snapshot is arriving."""
    LIVE = auto()


@dataclass(slots=True)
class Counts:
    """How often the client came in, and how."""

    recovered: int = 0
    snapshots: int = 0
    resyncs: int = 0
    events: int = 0


class Ear:
    """What a client has heard of its channel. ``who`` names the client in findings."""

    def __init__(self, who: str, channel: str, sight: str, ledger: Ledger) -> None:
        self.who, self.channel, self.sight = who, channel, sight
        self.stage = Stage.OUT
        self.counts = Counts()
        self.epoch = ""
        self.position = -1
        self.live_from = -1
        """The head of the log at the last join: what comes up to it is a replay."""
        self.snapshot: list[bytes] = []
        """The reply and the rows that the state begins with, as they came."""
        self.snapshot_at = -1
        self._ledger = ledger
        self._book = Book()
        self._join_ref = -1
        self._missing: set[int] = set()
        self.losses = 0

    def join(self, ref: int) -> Position | None:
        """Begin to join; return the position to resume from, None for a snapshot."""
        self.stage, self._join_ref = Stage.JOINING, ref
        if self.position < 0 or self.losses > 1:
            return None
        return Position(epoch=self.epoch, seq=self.position)

    @property
    def book(self) -> Book:
        """The events of the channel in this epoch, as the person sees it."""
        return self._book

    @property
    def is_live(self) -> bool:
        """Whether it follows its channel."""
        return self.stage is Stage.LIVE

    def is_join(self, ref: int) -> bool:
        """Return whether a reply is that of the join."""
        return self.stage is Stage.JOINING and ref == self._join_ref

    def joined(self, data: dict[str, Any], line: bytes) -> None:
        """Take the reply to the join."""
        epoch, seq = str(data["epoch"]), int(data["seq"])
        self.live_from = seq
        self._missing.clear()
        if data["recovered"]:
            if epoch != self.epoch or seq < self.position:
                self._wrong("disorder", f"resumed at {epoch} {seq} instead of {self.epoch} {self.position}")
            self.counts.recovered += 1
            self.stage = Stage.LIVE
            return
        self.stage, self.epoch, self.position = Stage.LOADING, epoch, seq
        self.counts.snapshots += 1
        self.snapshot, self.snapshot_at = [self._ledger.keep(line)], seq
        self._book = self._ledger.book(self.channel, self.sight, epoch)

    def refused(self) -> None:
        """Take a refusal of the join."""
        self.stage = Stage.OUT

    def hears(self, head: Head, line: bytes) -> bool:
        """Take a message of the channel; return whether the channel must be joined again."""
        if head.seq >= 0:
            return self._event(head, line)
        if head.kind == "resync":
            self.counts.resyncs += 1
            self.losses += 1
            was_in, self.stage = self.stage in {Stage.LIVE, Stage.LOADING}, Stage.OUT
            return was_in
        if self.stage is Stage.LOADING:
            if head.kind == "snapshot_rows":
                self.snapshot.append(self._ledger.keep(line))
            elif head.kind == "snapshot_end":
                self.snapshot.append(self._ledger.keep(line))
                self.stage = Stage.LIVE
        return False

    def cut(self) -> None:
        """The connection is gone: nothing more is on its way."""
        self.stage = Stage.OUT
        self.losses = 0
        self._missing.clear()

    def _event(self, head: Head, line: bytes) -> bool:
        self.counts.events += 1
        seq = head.seq
        if self.stage in {Stage.OUT, Stage.JOINING}:
            self._late(seq)
            return False
        if self.stage is Stage.LOADING:
            self._wrong("disorder", f"event {seq} came before the end of the snapshot")
            return False
        if seq <= self.position:
            if not self._late(seq):
                self._wrong("duplicates", f"event {seq} came again after {self.position}")
            return False
        if seq > self.position + 1:
            missing = range(self.position + 1, seq)
            self._missing.update(missing)
            self._wrong(
                "gaps", f"{missing.start} to {missing.stop - 1} did not come before {seq}", len(missing)
            )
            self.stage = Stage.OUT
            self.losses += 1
            return True
        self.position, self.losses = seq, 0
        if not self._book.agrees(head.kind, seq, line):
            self._wrong("strays", f"event {seq} ({head.kind}) is not the one that others heard")
        return False

    def _late(self, seq: int) -> bool:
        """Return whether an event is one that was missed before: it came, but in the wrong order."""
        if seq not in self._missing:
            return False
        self._missing.discard(seq)
        self._ledger.findings.gaps -= 1
        self._wrong("disorder", f"event {seq} came after a later one")
        return True

    def _wrong(self, kind: str, detail: str, count: int = 1) -> None:
        self._ledger.findings.note(kind, count, f"{self.who} on {self.channel}: {detail}")
