"""One channel in one process: its watchers, and up to which event each has been served. No I/O.

Events come in through ``receive``, in any order of the bells. They go out once and in order with the next
``deliver``; the events since the previous one share a frame, which is made once for each sight. A watcher
that joins is first served from the log up to the session's position (``REPLAYING``) and then live. Nothing is
buffered for it meanwhile, because the log has the events that it lacks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from protocol.records import View
from server.hub.channels.live_deal import LiveDeal
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_event
from server.hub.sockets.traffic import Traffic
from server.hub.sockets.wire import FastLane, frame_of, in_one_frame
from server.log.channel_log import Entry

ALONE: Final = "alone:"
"""How the epochs of sessions begin that are served without the log, each by one process for itself."""


class Phase(Enum):
    """How a watcher is being served."""

    REPLAYING = auto()
    LIVE = auto()
    GONE = auto()


class Verdict(Enum):
    """The result of ``receive``."""

    TAKEN = auto()  # the next event: it goes out with the next ``deliver``
    KNOWN = auto()  # at or below the session's position, or before the session has one
    GAP = auto()  # events before it are missing: read them from the log
    NEW_EPOCH = auto()  # the log began a new epoch: everyone needs a snapshot


class Outlet(Protocol):
    """Where a watcher's messages go. Every method returns at once."""

    @property
    def fast_lane(self) -> FastLane:
        """The fast path, for events while nothing waits and the client keeps up."""

    def send_events(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send logged events after the waiting messages."""

    def send_presence(self, channel: str, message: bytes) -> None:
        """Send who is here, in place of an older message that still waits."""

    def send_resync(self, channel: str) -> None:
        """Drop the channel's messages that were not sent yet, and send a ``resync``."""


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
        """The view of the watcher."""
        return self.sight.view

    def leave(self) -> None:
        """Stop being served."""
        self.phase = Phase.GONE


@dataclass(frozen=True, slots=True)
class Batch:
    """Events as a sight sees them: a finished frame of the first ones, and those that did not fit."""

    messages: Sequence[bytes]
    first: bytes
    others: Sequence[bytes]


def batch_of(entries: Sequence[Entry], sight: Sight) -> Batch:
    """Project and encode events for one sight."""
    messages = [project_event(entry, sight) for entry in entries]
    count = in_one_frame(len(message) for message in messages)
    return Batch(messages, frame_of(messages[:count]), messages[count:])


@dataclass(eq=False, slots=True)
class Session:
    """A watched channel. ``epoch`` is None until the first join has captured the channel's position.

    ``no`` is the last decision that the log is known to have; ``live`` is the deal of the channel. ``paused``
    are watchers whose snapshot lacks what only the log has.
    """

    channel: str
    epoch: str | None = None
    seq: int = 0
    no: int = 0
    watchers: set[Watcher] = field(default_factory=set)
    live: LiveDeal = field(default_factory=LiveDeal)
    traffic: Traffic = field(default_factory=Traffic)
    paused: set[Watcher] = field(default_factory=set)
    _fresh: list[Entry] = field(default_factory=list, init=False)
    _sights: dict[Sight, Sight] = field(default_factory=dict, init=False)

    def watch(self, watcher: Watcher) -> None:
        """Add a watcher. From here on, watchers with equal sights share one ``Sight`` object."""
        watcher.sight = self._sights.setdefault(watcher.sight, watcher.sight)
        self.watchers.add(watcher)

    def open(self, epoch: str, seq: int, no: int = 0) -> bool:
        """Set the channel's position if it is unknown; return whether it was.

        Earlier bells are not remembered: after the first call, read newer events from the log.
        """
        first = self.epoch is None
        if first:
            self.epoch, self.seq = epoch, seq
        if self.epoch == epoch:
            self.no = max(self.no, no)
        return first

    @property
    def is_alone(self) -> bool:
        """Whether the session is served without the log."""
        return self.epoch is not None and self.epoch.startswith(ALONE)

    def receive(self, entry: Entry) -> Verdict:
        """Take ``entry`` for all live watchers if it is the next one; return the verdict."""
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
        # Applied before delivery: a client that answers the event with a command finds it in the deal.
        self.live.heard(entry)
        self._fresh.append(entry)
        return Verdict.TAKEN

    def restart(self, epoch: str, seq: int, no: int = 0) -> None:
        """Go to a new epoch, or past events that the log no longer has: every watcher must join again."""
        self.deliver()
        self.epoch, self.seq, self.no = epoch, seq, no
        self.live.forget()
        self.paused.clear()
        self._resync(tuple(self.watchers))

    def resume(self) -> None:
        """The log is back in the same epoch: let those join again whose snapshot lacks something."""
        paused, self.paused = self.paused, set()
        self._resync(tuple(paused & self.watchers))

    def _resync(self, watchers: Sequence[Watcher]) -> None:
        for watcher in watchers:
            self.watchers.discard(watcher)
            watcher.leave()
            watcher.outlet.send_resync(self.channel)

    def go_live(self, watcher: Watcher) -> bool:
        """Serve ``watcher`` live if it has caught up with the session; return whether it has.

        A watcher may be ahead of the session if the log was read before the bell arrived. Events that it
        already has are skipped.
        """
        if watcher.phase is Phase.REPLAYING and watcher.epoch == self.epoch and watcher.position >= self.seq:
            watcher.phase = Phase.LIVE
        return watcher.phase is Phase.LIVE

    def deliver(self) -> None:
        """Send the events since the last call to every live watcher that lacks them."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, []
        before, last, live = fresh[0].seq - 1, fresh[-1].seq, Phase.LIVE
        made: dict[Sight, Batch] = {}
        sight: Sight | None = None
        served = [one for one in self.watchers if one.phase is live and one.position < last]
        self.traffic.deliveries += len(fresh) * len(served)
        for watcher in served:
            if watcher.position != before:
                # It had read some of the events from the log before the bells arrived.
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
