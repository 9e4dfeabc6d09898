"""The log of a channel: what every event goes through, and the only way to a browser.

A channel has an epoch and a log in which every event has ``seq``, +1 each. Each publication is one atomic
script on the channel's slot: check the epoch, check the idempotency key, take the next ``seq``, append, ring
the doorbell. The implementation over Redis is ``redis_log.RedisLog``; callers know only ``ChannelLog``.
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
"""Of one channel: a beat stays short, and those that are left come with the next one."""


@dataclass(frozen=True, slots=True)
class LogBounds:
    """How much of a channel's log is kept, and for how long after its last event."""

    events: int = LOG_EVENTS
    bytes: int = LOG_BYTES
    seconds: int = LOG_SECONDS


@dataclass(frozen=True, slots=True)
class Head:
    """Where a channel stands.

    ``no`` is the last decision published in this epoch, None where no base is set yet.
    """

    epoch: str
    seq: int
    no: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One logged event.

    ``body`` is its JSON in full, without ``seq``: an object that begins with ``{"type":``. A decision has its
    ``no``; 0 for what nobody decided.
    """

    epoch: str
    seq: int
    body: bytes
    no: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a watched channel answers to a heartbeat.

    ``epoch`` is None where none stands. ``lapsed`` is the search whose owner is gone, ``overdue``
    points to jobs that the queue seems to have lost: they are this process's to hand over now. ``unmatched``:
    repriced cars wait to be matched, and whoever told of them has not done it: they are this process's now.
    ``outdated``: the search waits likewise to be repeated.
    """

    epoch: str | None
    seq: int = 0
    lapsed: str | None = None
    overdue: tuple[JobPointer, ...] = ()
    unmatched: bool = False
    outdated: bool = False


class ChannelLog(Protocol):
    """What may be done with a channel's log; ``searches`` is its part that is about searches.

    ``event`` arguments hold an event's fields with ``type``, without ``channel``, ``seq`` and ``at``: the log
    adds these. Every method raises ``redis.exceptions.RedisError`` where Redis is out of reach.
    """

    @property
    def searches(self) -> SearchLog:
        """The searches of channels: published through the same log."""

    async def head(self, channel: str) -> Head:
        """Return where the channel stands.

        A missing log, or one of another Redis run, begins a new epoch first.
        """

    async def begin_anew(self, channel: str, epoch: str) -> bool:
        """End ``epoch``, which tells of decisions that are no more; returns whether this call did."""

    async def set_base(self, channel: str, epoch: str, no: int) -> int | None:
        """Say that decisions up to ``no`` are in every snapshot of this epoch. The first call counts.

        Returns the last decision that the epoch accounts for, None where the epoch is over. A snapshot
        loaded at an older decision must be loaded again.
        """

    async def decide(
        self, channel: str, no: int, *events: dict[str, Any], outdates: bool = False
    ) -> tuple[Outcome, int]:
        """Publish decision ``no`` and those that follow it in one trip; those that are known are passed over.

        MISSING where decisions before them are not published, REPEATED where all of them are. Also returns
        the last no, -1 where the epoch has no base yet. ``outdates``: the search was for other terms than the
        deal has after them; a beat tells of it until a new one begins, or ``search_stands``.
        """

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        """Return up to ``limit`` events after ``after``, in order.

        None where they are gone, ``after`` lies above the head, or the epoch is over.
        """

    async def beat(
        self, channels: Sequence[str], *, overdue_ms: int, lost_before_ms: int | None
    ) -> list[Pulse]:
        """Return what each of the channels answers, all in one trip.

        A pending chunk is overdue ``overdue_ms`` after its job was handed to the queue, provided that this
        was before ``lost_before_ms`` (None: whenever); its time then begins anew.
        """
