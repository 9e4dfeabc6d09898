"""The keeper of this process's channels: it checks their logs and repairs what was lost.

Bells get lost, and processes die, even between writing a job and queueing it. Nothing reports such a loss. So
each process checks, and the first to find a loss repairs it. The log ensures that only one does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from server.hub.channels.registry import Registry
from server.log.channel_log import ChannelLog, Pulse
from server.observe.attending import ids_of
from server.observe.background import Background
from server.observe.failing import SERVICE_FAILS
from server.search.paging.searches import SearchService
from server.work.queue import JobQueue

HEARTBEAT_SECONDS: Final = 1.0
QUIET_BEATS: Final = 5
"""A channel on which nothing happens is looked at in one of so many heartbeats. Most open deals are quiet,
and looking at them was most of what many of them asked of Redis (``docs/capacity.md``).
"""

STIRRED_SECONDS: Final = 10.0
"""Longer than a search mostly goes without an event, and than a job may be overdue."""

OVERDUE_MS: Final = 5_000
QUEUING_MS: Final = 10_000
"""Longer than it takes from a chunk's publication until its job is in the queue."""


class Keeper:
    """Fills gaps, takes searches over whose owner is gone, and queues jobs again that were lost.

    ``mended`` counts the repairs: ``gaps``, ``searches``, ``jobs``. ``match_again`` gets channels whose
    repriced cars wait to be matched, ``repeat_search`` of those whose search is for older terms than the deal
    has; both return at once.
    """

    def __init__(
        self,
        log: ChannelLog,
        registry: Registry,
        searches: SearchService,
        queue: JobQueue,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        overdue_ms: int = OVERDUE_MS,
        match_again: Callable[[str], None] = lambda channel: None,
        repeat_search: Callable[[str], None] = lambda channel: None,
    ) -> None:
        self.mended: Counter[str] = Counter()
        self._log = log
        self._registry = registry
        self._searches = searches
        self._queue = queue
        self._heartbeat_seconds = heartbeat_seconds
        self._overdue_ms = overdue_ms
        self._match_again = match_again
        self._repeat_search = repeat_search
        self._adopting: set[str] = set()
        self._beats = 0
        self._background = Background(
            self._beat,
            name="keeper",
            failed="heartbeat_failed",
            outages=SERVICE_FAILS,
            retry_seconds=heartbeat_seconds,
        )
        self._tasks = asyncio.TaskGroup()
        self._logger = structlog.get_logger("keeper")

    def look_now(self) -> None:
        """Ask at once about channels that stirred: someone who joined one saw that something is amiss."""
        self._background.wake()

    async def run(self) -> None:
        """Keep the channels until cancelled, through any outage."""
        async with self._tasks:
            await self._background.run()

    async def _beat(self) -> float:
        if not len(self._registry):
            return self._heartbeat_seconds
        look = await self._queue.look()
        self._searches.pressure.look(look.age_seconds, look.waiting)
        oldest = look.oldest_ms
        # A job that was queued before the oldest one that is still there was lost; else it only waits.
        before = None if oldest is None else oldest - QUEUING_MS
        channels = self._due()
        pulses = await self._log.beat(channels, overdue_ms=self._overdue_ms, lost_before_ms=before)
        for channel, pulse in zip(channels, pulses, strict=True):
            self.mended["gaps"] += self._registry.compare(channel, pulse.epoch, pulse.seq)
            if pulse.lapsed is not None and channel not in self._adopting:
                self._adopting.add(channel)
                self._tasks.create_task(self._take_over(channel), name=f"take over {channel}")
            if pulse.unmatched:
                self._match_again(channel)
            if pulse.outdated:
                self._repeat_search(channel)
            await self._queue_again(channel, pulse)
        return self._heartbeat_seconds

    def _due(self) -> list[str]:
        """Return the channels to look at in this heartbeat."""
        self._beats += 1
        registry = self._registry
        return registry.channels if self._beats % QUIET_BEATS == 0 else registry.stirred(STIRRED_SECONDS)

    async def _queue_again(self, channel: str, pulse: Pulse) -> None:
        if pulse.overdue:
            self._logger.warning("jobs_overdue", **ids_of(channel), jobs=len(pulse.overdue))
            await self._searches.queue_again(pulse.overdue)
            self.mended["jobs"] += len(pulse.overdue)

    async def _take_over(self, channel: str) -> None:
        try:
            self.mended["searches"] += await self._searches.take_over(channel)
        except SERVICE_FAILS as error:
            self._logger.warning("search_not_taken_over", **ids_of(channel), error=error)
        except Exception:
            self._logger.exception("search_not_taken_over", **ids_of(channel))
        finally:
            self._adopting.discard(channel)
