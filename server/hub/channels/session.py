"""One channel in one process: who watches it, and up to which event each has been served. No I/O.

Every event comes in through ``receive``, in whatever order the bells rang, and goes out in order, once, with
the next ``deliver``: what came since the last one shares a frame, which is made once for each sight. A
watcher that joins is served from the log up to the session's own position (``REPLAYING``) and only then live;
nothing is buffered for it meanwhile, because what it lacks stands in the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from protocol.records import View
from server.hub.channels.live_deal import LiveDeal
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_event
from server.hub.sockets.wire import FastLane, frame_of, in_one_frame
from server.log.channel_log import Entry


class Phase(Enum):
    """How a watcher is being served."""

    REPLAYING = auto()
    LIVE = auto()
    GONE = auto()


class Verdict(Enum):
    """What ``receive`` made of an event."""

    TAKEN = auto()  # the next one: it goes out with the next ``deliver``
    KNOWN = auto()  # at or below the session's position, or before the session has one
    GAP = auto()  # events before it are missing: read them from the log
    NEW_EPOCH = auto()  # the log began anew: everybody needs a snapshot


class Outlet(Protocol):
    """Where a watcher's messages go. Every method returns at once."""

    @property
    def fast_lane(self) -> FastLane:
        """The short way, for events while nothing waits and the client keeps up."""

    def send_events(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send logged events behind what waits."""

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
    fast_lane: FastLane = field(init=False)

    def __post_init__(self) -> None:
        self.fast_lane = self.outlet.fast_lane

    @property
    def view(self) -> View:
        """The view in which it is watched."""
        return self.sight.view

    def leave(self) -> None:
        """Be served no more."""
        self.phase = Phase.GONE


@dataclass(frozen=True, slots=True)
class Batch:
    """Events as a sight sees them: a finished frame of the first, and the others that it has no room for."""

    messages: Sequence[bytes]
    first: bytes
    others: Sequence[bytes]


def batch_of(entries: Sequence[Entry], sight: Sight) -> Batch:
    """Project and encode events, once for all who see the same."""
    messages = [project_event(entry, sight) for entry in entries]
    count = in_one_frame(len(message) for message in messages)
    return Batch(messages, frame_of(messages[:count]), messages[count:])


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
    _fresh: list[Entry] = field(default_factory=list, init=False)
    _sights: dict[Sight, Sight] = field(default_factory=dict, init=False)

    def watch(self, watcher: Watcher) -> None:
        """Take a watcher. Who sees the same has the same ``Sight`` object from here on."""
        watcher.sight = self._sights.setdefault(watcher.sight, watcher.sight)
        self.watchers.add(watcher)

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
        """Take ``entry`` for every live watcher if it is the next; else say what is the matter."""
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
        self._fresh.append(entry)
        return Verdict.TAKEN

    def restart(self, epoch: str, seq: int, no: int = 0) -> None:
        """Go over to a new epoch, or past events that are gone: every watcher must join again."""
        self.deliver()
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

    def deliver(self) -> None:
        """Send what was taken since the last time to every live watcher that lacks it."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, []
        before, last, live = fresh[0].seq - 1, fresh[-1].seq, Phase.LIVE
        made: dict[Sight, Batch] = {}
        sight: Sight | None = None
        for watcher in [one for one in self.watchers if one.phase is live and one.position < last]:
            if watcher.position != before:
                # It read on in the log before the bells rang.
                batch = batch_of([entry for entry in fresh if entry.seq > watcher.position], watcher.sight)
                sight = None
            elif watcher.sight is not sight:
                sight = watcher.sight
                if sight not in made:
                    made[sight] = batch_of(fresh, sight)
                batch = made[sight]
            watcher.position, lane = last, watcher.fast_lane
            if lane.is_shut or lane.is_closing():
                watcher.outlet.send_events(self.channel, batch.messages)
                continue
            lane.write(batch.first)
            if batch.others:
                watcher.outlet.send_events(self.channel, batch.others)
