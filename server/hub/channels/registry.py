"""The channels that this process listens to: one session for each channel, as long as it is watched."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from server.database.decisions.deciding import DealEvent
from server.hub.channels.feed import Feed, Look
from server.hub.channels.live_deal import LiveDeal
from server.hub.channels.samples import Sample
from server.hub.channels.session import Watcher
from server.hub.sockets.loop_turn import LoopTurn
from server.hub.sockets.traffic import Traffic
from server.log.bus import Bus
from server.log.channel_log import ChannelLog, Entry

SEARCH_ENDED: Final = b'{"type":"search_ended",'
VEHICLE_CHANGED: Final = b'{"type":"vehicle_changed",'


class Registry:
    """The feeds of this process. ``tasks`` owns their tasks; all of them deliver with ``turn``."""

    def __init__(
        self,
        log: ChannelLog,
        bus: Bus,
        tasks: asyncio.TaskGroup,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._clock = clock
        self._bus = bus
        self._tasks = tasks
        self.turn = LoopTurn()
        self.traffic = Traffic()
        self._feeds: dict[str, tuple[Feed, asyncio.Task[None]]] = {}
        self._looks: list[tuple[bytes, Look]] = []
        self._presence_heard: Look | None = None
        self._left: Callable[[Watcher, bool], None] | None = None

    def __len__(self) -> int:
        return len(self._feeds)

    def __contains__(self, channel: str) -> bool:
        return channel in self._feeds

    @property
    def channels(self) -> list[str]:
        """The channels that this process watches."""
        return list(self._feeds)

    def stirred(self, seconds: float) -> list[str]:
        """Return the watched channels that somebody joined, or that had an event, within ``seconds``."""
        since = self._clock() - seconds
        return [channel for channel, (feed, _) in self._feeds.items() if feed.stirred_at >= since]

    @property
    def watching(self) -> int:
        """How many joins are served in this process. Any thread may ask."""
        return sum(len(feed.session.watchers) for feed, _ in list(self._feeds.values()))

    def live_deal(self, channel: str) -> LiveDeal | None:
        """Return the live deal of a watched channel; None if nobody watches the channel."""
        return self._feeds[channel][0].session.live if channel in self._feeds else None

    def live_deals(self) -> list[LiveDeal]:
        """Return the live deals of all watched channels."""
        return [feed.session.live for feed, _ in self._feeds.values()]

    def last_no(self, channel: str) -> int:
        """Return the last decision that a watched channel's log is known to have; 0 if none is known."""
        return self._feeds[channel][0].session.no if channel in self._feeds else 0

    def time(self, channel: str, sample: Sample) -> None:
        """Time the messages of a search, if its channel is watched here."""
        if channel in self._feeds:
            self._feeds[channel][0].time(sample)

    def sample_of(self, channel: str, search_id: str) -> Sample | None:
        """Return the sample of a search that began in this process while its channel was watched."""
        sample = self._feeds[channel][0].sample if channel in self._feeds else None
        return sample if sample is not None and sample.search_id == search_id else None

    def tell(self, channel: str, decisions: Sequence[DealEvent]) -> None:
        """Deliver decisions without the log, if the channel is watched."""
        if channel in self._feeds:
            self._feeds[channel][0].tell(decisions)

    def on_search_ended(self, look: Callable[[str], None]) -> None:
        """Call ``look`` with the channel whenever a search of a watched channel has ended."""
        self.on_event(SEARCH_ENDED, lambda channel, _: look(channel))

    def on_event(self, prefix: bytes, look: Look) -> None:
        """Call ``look`` with each event of a watched channel whose JSON begins with ``prefix``, in order and
        once, and the channel.
        """
        self._looks.append((prefix, look))

    def compare(self, channel: str, epoch: str | None, seq: int) -> bool:
        """Make a watched channel read events that it missed; return whether there are any."""
        return channel in self._feeds and self._feeds[channel][0].compare(epoch, seq)

    @contextmanager
    def joining(self, channel: str) -> Iterator[Feed]:
        """Hold the channel's feed during a join; it is closed if nobody watches the channel afterwards."""
        feed = self._open(channel)
        feed.joining += 1
        try:
            yield feed
        finally:
            feed.joining -= 1
            self._close_unwatched(channel)

    def on_presence(self, heard: Look, left: Callable[[Watcher, bool], None]) -> None:
        """Call ``heard`` with each presence bell, and ``left`` with each watcher that leaves."""
        self._presence_heard, self._left = heard, left

    def watchers(self, channel: str) -> list[Watcher]:
        """Return the watchers of a channel in this process."""
        return list(self._feeds[channel][0].session.watchers) if channel in self._feeds else []

    def leave(self, watcher: Watcher, *, for_good: bool = False) -> None:
        """Stop serving ``watcher``, and close the feed if it was the last one."""
        watcher.leave()
        if self._left is not None:
            self._left(watcher, for_good)
        if watcher.channel in self._feeds:
            self._feeds[watcher.channel][0].session.watchers.discard(watcher)
            self._close_unwatched(watcher.channel)

    def _open(self, channel: str) -> Feed:
        if channel not in self._feeds:
            told = self._looks, self._tell_presence
            feed = Feed(channel, self._log, self.turn, *told, traffic=self.traffic, clock=self._clock)
            self._feeds[channel] = feed, self._tasks.create_task(feed.run(), name=f"feed {channel}")
            self._bus.subscribe(channel, feed)
        return self._feeds[channel][0]

    def _tell_presence(self, channel: str, entry: Entry) -> None:
        if self._presence_heard is not None:
            self._presence_heard(channel, entry)

    def _close_unwatched(self, channel: str) -> None:
        feed, task = self._feeds[channel]
        if feed.joining or feed.session.watchers:
            return
        del self._feeds[channel]
        self._bus.unsubscribe(channel)
        task.cancel()
