"""The log of a channel in memory: the twin of ``RedisLog``, with the faults of a Redis at hand.

It shares the behaviour suite and the state machine of the tests with the real one. Nothing in it expires.
"""

from collections.abc import Sequence
from typing import Any

from server.log.channel_log import OVERDUE_PER_BEAT, Entry, Head, LogBounds, Pulse
from server.log.event_json import event_body
from server.log.search_log import Outcome
from tests.twin.memory_channels import MemoryChannels, Ring, now_ms
from tests.twin.memory_search_log import MemorySearchLog


class MemoryLog(MemoryChannels):
    """``ChannelLog`` in memory."""

    def __init__(self, bounds: LogBounds | None = None, ring: Ring = lambda channel, entry: None) -> None:
        super().__init__(bounds, ring)
        self.searches = MemorySearchLog(self)

    async def head(self, channel: str) -> Head:
        """Return where the channel stands; a missing log, or one of another run, begins a new epoch first."""
        standing = self.open(channel)
        return Head(standing.epoch, standing.seq, standing.no)

    async def begin_anew(self, channel: str, epoch: str) -> bool:
        """End ``epoch``, which tells of decisions that are no more; returns whether this call did."""
        found = self.standing(channel)
        if found is None or found.epoch != epoch:
            return False
        del self._channels[channel]
        self.open(channel)
        return True

    async def set_base(self, channel: str, epoch: str, no: int) -> int | None:
        """Say that decisions up to ``no`` are in every snapshot of this epoch. The first call counts."""
        standing = self.standing(channel)
        if standing is None or standing.epoch != epoch:
            return None
        standing.no = no if standing.no is None else standing.no
        return standing.no

    async def decide(
        self, channel: str, no: int, *events: dict[str, Any], outdates: bool = False
    ) -> tuple[Outcome, int]:
        """Publish decision ``no`` and those that follow it; those that are known are passed over."""
        bodies, standing = [event_body(channel, event) for event in events], self.open(channel)
        if standing.no is None or no > standing.no + 1:
            return Outcome.MISSING, -1 if standing.no is None else standing.no
        outcome = Outcome.REPEATED
        for place, body in enumerate(bodies, no):
            if place > standing.no:
                standing.no, outcome = place, Outcome.PUBLISHED
                self.append(channel, standing, body, place)
        if outdates and outcome is Outcome.PUBLISHED and standing.search is not None:
            standing.search.outdated_at = now_ms()
        return outcome, standing.no

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        """Return up to ``limit`` events after ``after``, in order; None where they are gone."""
        standing = self.standing(channel)
        if standing is None or standing.epoch != epoch or after > standing.seq:
            return None
        if after < standing.seq - len(standing.events):
            return None
        return [entry for entry in standing.events if entry.seq > after][:limit]

    async def beat(
        self, channels: Sequence[str], *, overdue_ms: int, lost_before_ms: int | None
    ) -> list[Pulse]:
        """Return what each of the channels answers."""
        now = now_ms()
        before = now - overdue_ms if lost_before_ms is None else min(now - overdue_ms, lost_before_ms)
        return [self._pulse(channel, before, now, overdue_ms) for channel in channels]

    def _pulse(self, channel: str, before_ms: int, now: int, overdue_ms: int) -> Pulse:
        standing = self.standing(channel)
        if standing is None:
            return Pulse(None)
        search = standing.search
        if search is None:
            return Pulse(standing.epoch, standing.seq)
        lapsed = search.state.search_id if search.has_lapsed(now) else None
        chunks = search.take_overdue(before_ms, now, OVERDUE_PER_BEAT)
        overdue = tuple(search.pointers(channel, chunks))
        outdated = search.take_outdated(now - overdue_ms, now)
        return Pulse(standing.epoch, standing.seq, lapsed, overdue, outdated=outdated)
