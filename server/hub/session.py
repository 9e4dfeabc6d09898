"""One channel in one process: who watches it, and up to which event each has been served. No I/O.

Every event comes in through ``receive``, in whatever order the bells rang, and goes out in order, once. A
watcher that joins is served from the log up to the session's own position (``REPLAYING``) and only then live;
nothing is buffered for it meanwhile, because what it lacks stands in the log.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from protocol.records import View
from server.hub.live_deal import LiveDeal
from server.hub.sight import Sight
from server.hub.views import project_for_all
from server.push.log import Entry


class Phase(Enum):
    """How a watcher is being served."""

    REPLAYING = auto()
    LIVE = auto()
    GONE = auto()


class Verdict(Enum):
    """What ``receive`` made of an event."""

    DELIVERED = auto()
    KNOWN = auto()  # at or below the session's position, or before the session has one
    GAP = auto()  # events before it are missing: read them from the log
    NEW_EPOCH = auto()  # the log began anew: everybody needs a snapshot


class Outlet(Protocol):
    """Where a watcher's messages go. Both methods return at once."""

    def send_event(self, channel: str, message: bytes) -> None:
        """Send one logged event."""

    def send_presence(self, channel: str, message: bytes) -> None:
        """Send who is here, in place of an older word of it that still waits."""

    def send_resync(self, channel: str) -> None:
        """Drop what of the channel was not sent yet, and say that it must be joined again."""


@dataclass(eq=False, slots=True)
class Watcher:
    """One join of a channel by one connection, served up to and including ``position`` of ``epoch``."""

    channel: str
    sight: Sight
    epoch: str
    position: int
    outlet: Outlet
    phase: Phase = Phase.REPLAYING

    @property
    def view(self) -> View:
        """The view in which it is watched."""
        return self.sight.view

    def leave(self) -> None:
        """Be served no more."""
        self.phase = Phase.GONE


@dataclass(eq=False, slots=True)
class Session:
    """A watched channel. ``epoch`` is None until the first join has captured where the channel stands.

    ``no`` is the last decision that the log is known to have; ``live`` is the deal of the channel.
    """

    channel: str
    epoch: str | None = None
    seq: int = 0
    no: int = 0
    watchers: set[Watcher] = field(default_factory=set)
    live: LiveDeal = field(default_factory=LiveDeal)

    def open(self, epoch: str, seq: int, no: int = 0) -> bool:
        """Take note of where the channel stands; returns whether this was the first word of it.

        Bells that rang before are not remembered: after the first word, ask the log for anything newer.
        """
        first = self.epoch is None
        if first:
            self.epoch, self.seq = epoch, seq
        if self.epoch == epoch:
            self.no = max(self.no, no)
        return first

    def receive(self, entry: Entry) -> Verdict:
        """Deliver ``entry`` to every live watcher if it is the next; else say what is the matter."""
        if self.epoch is None:
            return Verdict.KNOWN
        if entry.epoch != self.epoch:
            return Verdict.NEW_EPOCH
        if entry.seq <= self.seq:
            return Verdict.KNOWN
        if entry.seq > self.seq + 1:
            return Verdict.GAP
        self.seq = entry.seq
        self.no = max(self.no, entry.no)
        # Before anybody hears of it: who answers an event with a command finds the deal as the event left it.
        self.live.heard(entry)
        self._deliver(entry)
        return Verdict.DELIVERED

    def restart(self, epoch: str, seq: int, no: int = 0) -> None:
        """Go over to a new epoch, or past events that are gone: every watcher must join again."""
        self.epoch, self.seq, self.no = epoch, seq, no
        self.live.forget()
        for watcher in tuple(self.watchers):
            self.watchers.discard(watcher)
            watcher.leave()
            watcher.outlet.send_resync(self.channel)

    def go_live(self, watcher: Watcher) -> bool:
        """Serve ``watcher`` live if it has caught up with the session; returns whether it has.

        A watcher may stand beyond the session, where the log was read before the bell rang: what it has is
        skipped.
        """
        if watcher.phase is Phase.REPLAYING and watcher.epoch == self.epoch and watcher.position >= self.seq:
            watcher.phase = Phase.LIVE
        return watcher.phase is Phase.LIVE

    def _deliver(self, entry: Entry) -> None:
        served = [
            watcher
            for watcher in self.watchers
            if watcher.phase is Phase.LIVE and watcher.position < entry.seq
        ]
        messages = project_for_all(entry, (watcher.sight for watcher in served))
        for watcher in served:
            watcher.position = entry.seq
            watcher.outlet.send_event(self.channel, messages[watcher.sight])
