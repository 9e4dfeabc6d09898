"""The log of a channel in Redis: one hash tag per channel, one atomic script per publication.

An epoch contains the replication id of the Redis server, which every script compares. After Redis lost data
or failed over, and after a slot of a cluster has moved, the log and the search state are dropped and a new
epoch begins.
"""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from server.log.channel_log import OVERDUE_PER_BEAT, Entry, Head, LogBounds, Pulse
from server.log.event_json import event_body
from server.log.redis_scripts import Scripts
from server.log.redis_search import RedisSearchLog
from server.log.search_log import Outcome
from server.log.search_replies import pointers

CHANNELS_PER_BEAT = 200
ALWAYS_MS = 2**53
"""Later than any time."""


def parse_bell(payload: bytes) -> Entry:
    """Return the event that a bell carries. ``seq`` 0 without a body announces a new epoch.

    ``seq`` -1 is not an event: the body says who is here.
    """
    epoch, seq, no, body = payload.split(b" ", 3)
    return Entry(epoch.decode(), int(seq), body, int(no))


class RedisLog:
    """``ChannelLog`` over Redis. ``redis`` must return bytes (``decode_responses`` off).

    ``script_seconds`` has the time of each script by name.
    """

    def __init__(self, redis: Redis, bounds: LogBounds | None = None) -> None:
        self._scripts = Scripts(redis, bounds or LogBounds())
        self.searches = RedisSearchLog(self._scripts)
        self.script_seconds = self._scripts.seconds

    async def head(self, channel: str) -> Head:
        """Return the channel's position. If its log is missing or of another run, an epoch begins first."""
        epoch, seq, no = await self._scripts.run("head", channel)
        return Head(epoch.decode(), seq, no)

    async def begin_anew(self, channel: str, epoch: str) -> bool:
        """End ``epoch``, which contains decisions that no longer exist; return whether this call ended it."""
        return bool(await self._scripts.run("begin_anew", channel, epoch))

    async def set_base(self, channel: str, epoch: str, no: int) -> int | None:
        """Record that all snapshots of this epoch contain the decisions up to ``no``. The first call counts.

        Returns the last decision that the epoch accounts for; None if the epoch has ended.
        """
        last: int | None = await self._scripts.run("set_base", channel, epoch, no)
        return last

    async def decide(
        self, channel: str, no: int, *events: dict[str, Any], outdates: bool = False
    ) -> tuple[Outcome, int]:
        """Publish decision ``no`` and those that follow it in one trip; published ones are skipped.

        Returns MISSING if decisions before them are not published, REPEATED if all of them are; and the last
        no, -1 if the epoch has no base yet. ``outdates``: the decisions put the search out of date.
        """
        bodies = [event_body(channel, event) for event in events]
        outcome, last = await self._scripts.run("decide", channel, no, "1" if outdates else "", *bodies)
        return Outcome(outcome.decode()), last

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        """Return up to ``limit`` events after ``after``, in order; None if the log no longer has them."""
        reply = await self._scripts.run("read", channel, epoch, after, limit)
        if reply is None:
            return None
        triples = zip(reply[::3], reply[1::3], reply[2::3], strict=True)
        return [Entry(epoch, seq, body, no) for seq, no, body in triples]

    async def beat(
        self, channels: Sequence[str], *, overdue_ms: int, lost_before_ms: int | None
    ) -> list[Pulse]:
        """Return the answer of each channel, with one trip for every ``CHANNELS_PER_BEAT`` of them.

        A pending chunk is overdue ``overdue_ms`` after its job was queued, if that was before
        ``lost_before_ms`` (None: at any time). Its time then begins again. Repriced cars that have waited
        ``overdue_ms`` to be matched are reported in the same way.
        """
        before = ALWAYS_MS if lost_before_ms is None else lost_before_ms
        pulses: list[Pulse] = []
        for start in range(0, len(channels), CHANNELS_PER_BEAT):
            some = channels[start : start + CHANNELS_PER_BEAT]
            replies = await self._scripts.run_on_all("beat", some, overdue_ms, before, OVERDUE_PER_BEAT)
            pulses += [_pulse(*pair) for pair in zip(some, replies, strict=True)]
        return pulses


def _pulse(channel: str, reply: list[Any] | None) -> Pulse:
    if reply is None:
        return Pulse(None)
    epoch, seq, lapsed, unmatched, outdated, jobs = reply
    overdue = tuple(pointers(channel, jobs))
    return Pulse(epoch.decode(), seq, lapsed.decode() or None, overdue, bool(unmatched), bool(outdated))
