"""The log of a channel: every event passes through it, and there is no other way to a browser.

A channel has an epoch and a log in which every event has ``seq``, +1 each. Each publication is one atomic
script on the channel's slot: it checks the epoch and the idempotency key, takes the next ``seq``, appends and
rings the bell. The implementation over Redis is ``redis_log.RedisLog``; callers know only ``ChannelLog``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from protocol.jobs import JobPointer
from server.log.search_log import Outcome, SearchLog

LOG_EVENTS = 1_000
LOG_BYTES = 4 * 1024 * 1024
LOG_SECONDS = 4 * 60 * 60
OVERDUE_PER_BEAT = 8
"""How many overdue jobs of one channel a beat returns. The others follow with the next beats."""


@dataclass(frozen=True, slots=True)
class LogBounds:
    """How much of a channel's log is kept, and for how long after its last event."""

    events: int = LOG_EVENTS
    bytes: int = LOG_BYTES
    seconds: int = LOG_SECONDS


@dataclass(frozen=True, slots=True)
class Head:
    """The current position of a channel.

    ``no`` is the last decision published in this epoch; None if no base is set yet.
    """

    epoch: str
    seq: int
    no: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One logged event.

    ``body`` is its complete JSON without ``seq``: an object that begins with ``{"type":``. ``no`` is the
    number of a decision; 0 for any other event.
    """

    epoch: str
    seq: int
    body: bytes
    no: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """The answer of a watched channel to a heartbeat.

    ``epoch`` is None if there is none. ``lapsed`` is the search whose owner is gone. ``overdue`` points to
    jobs that the queue seems to have lost: this process must queue them now. ``unmatched``: repriced cars
    have waited too long to be matched, and this process must match them now. ``outdated``: the search has
    waited too long to be repeated, and this process must repeat it now.
    """

    epoch: str | None
    seq: int = 0
    lapsed: str | None = None
    overdue: tuple[JobPointer, ...] = ()
    unmatched: bool = False
    outdated: bool = False


class ChannelLog(Protocol):
    """The operations on a channel's log; ``searches`` are those for searches.

    ``event`` arguments hold an event's fields with ``type``, without ``channel``, ``seq`` and ``at``: the log
    adds these. Every method raises ``redis.exceptions.RedisError`` if Redis is unreachable.
    """

    @property
    def searches(self) -> SearchLog:
        """The searches of channels: published through the same log."""

    async def head(self, channel: str) -> Head:
        """Return the channel's current position.

        If the log is missing or from another Redis run, a new epoch begins first.
        """

    async def begin_anew(self, channel: str, epoch: str) -> bool:
        """End ``epoch``, which contains decisions that no longer exist; return whether this call ended it."""

    async def set_base(self, channel: str, epoch: str, no: int) -> int | None:
        """Record that all snapshots of this epoch contain the decisions up to ``no``. The first call counts.

        Returns the last decision that the epoch accounts for; None if the epoch has ended. A snapshot loaded
        at an older decision must be loaded again.
        """

    async def decide(
        self, channel: str, no: int, *events: dict[str, Any], outdates: bool = False
    ) -> tuple[Outcome, int]:
        """Publish decision ``no`` and those that follow it in one trip; published ones are skipped.

        Returns MISSING if decisions before them are not published, REPEATED if all of them are; and the last
        no, -1 if the epoch has no base yet. ``outdates``: the decisions put the search out of date; beats
        report that until a new search begins or ``search_stands`` is called.
        """

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        """Return up to ``limit`` events after ``after``, in order.

        Returns None if the log no longer has them, ``after`` is above the head, or the epoch has ended.
        """

    async def beat(
        self, channels: Sequence[str], *, overdue_ms: int, lost_before_ms: int | None
    ) -> list[Pulse]:
        """Return the answer of each channel, all in one trip.

        A pending chunk is overdue ``overdue_ms`` after its job was queued, if that was before
        ``lost_before_ms`` (None: at any time). Its time then begins again.
        """
