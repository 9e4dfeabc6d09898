"""The channels that this process listens to: one session for each channel, as long as it is watched."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

from server.database.decisions.deciding import DealEvent
from server.hub.channels.live_deal import LiveDeal
from server.hub.channels.samples import Sample
from server.hub.channels.session import ALONE, Session, Verdict, Watcher
from server.hub.sockets.loop_turn import LoopTurn
from server.hub.sockets.traffic import Traffic
from server.log.bus import Bus
from server.log.channel_log import ChannelLog, Entry, Head
from server.log.event_json import event_body
from server.observe.failing import REDIS_FAILS

EVENTS_PER_READ: Final = 100
SEARCH_ENDED: Final = b'{"type":"search_ended",'
VEHICLE_CHANGED: Final = b'{"type":"vehicle_changed",'
Look = Callable[[str, Entry], None]
RETRY_SECONDS: Final = 0.5


class Feed:
    """Feeds a session: takes events from the bus, and reads from the log what the bus missed."""

    def __init__(
        self,
        channel: str,
        log: ChannelLog,
        turn: LoopTurn,
        heard: Sequence[tuple[bytes, Look]],
        presence_heard: Look,
        *,
        traffic: Traffic,
        clock: Callable[[], float],
    ) -> None:
        self.session = Session(channel, traffic=traffic)
        self._traffic = traffic
        self._turn = turn
        self._presence_heard = presence_heard
        self._looks = heard
        self.joining = 0
        self._clock = clock
        self.stirred_at = clock()
        self._log = log
        self._behind = asyncio.Event()
        self.sample: Sample | None = None
        self._timing: Sample | None = None

    def time(self, sample: Sample) -> None:
        """Time the messages of a search, in place of those of an older one."""
        self.sample = self._timing = sample

    def heard(self, entry: Entry) -> None:
        """Deliver an event, or read the missing events before it."""
        if entry.seq < 0:
            self._presence_heard(self.session.channel, entry)
        elif self._receive(entry) in {Verdict.GAP, Verdict.NEW_EPOCH}:
            self._behind.set()

    def confirmed(self) -> None:
        """Read what was published while the subscription was not active."""
        self._behind.set()

    def compare(self, epoch: str | None, seq: int) -> bool:
        """Read the log if the session is behind its position or in another epoch; return whether it is."""
        session = self.session
        if session.epoch is None or (session.epoch == epoch and session.seq >= seq and not session.paused):
            return False
        self._behind.set()
        return session.epoch != epoch or session.seq < seq

    async def capture(self, head: Head) -> bool:
        """Take the position that a join found; return whether the session is in the same epoch.

        Raises RedisError.
        """
        self.stirred_at = self._clock()
        if self.session.open(head.epoch, head.seq, head.no or 0):
            self._behind.set()
        elif self.session.epoch != head.epoch:
            await self._catch_up()
        return self.session.epoch == head.epoch

    def stand(self, no: int) -> Head:
        """Return the position for a join while the log is away, of a snapshot with decision ``no``.

        A session that has read the log keeps its epoch: nothing new is in it. Another one gets an epoch of
        its own, which ends when the log is back.
        """
        session = self.session
        if session.epoch is None:
            session.open(_alone(), 0, no)
        return Head(session.epoch or "", session.seq, session.no)

    def tell(self, decisions: Sequence[DealEvent]) -> None:
        """Deliver decisions that the log cannot take now to those who watch here.

        The log numbers events, so none can be added to its epoch: everyone starts from a snapshot in an epoch
        of this session's own, and later decisions are its events.
        """
        session = self.session
        if session.epoch is None or not decisions or decisions[-1].no <= session.no:
            return
        if not session.is_alone or decisions[0].no > session.no + 1:
            session.restart(_alone(), 0, decisions[-1].no)
            return
        for decided in decisions:
            if decided.no == session.no + 1:
                body = event_body(session.channel, decided.fields)
                self._receive(Entry(session.epoch, session.seq + 1, body, decided.no))

    async def run(self) -> None:
        """Close gaps until cancelled; retry while Redis is unreachable."""
        while True:
            await self._behind.wait()
            self._behind.clear()
            try:
                await self._catch_up()
            except REDIS_FAILS:
                # The bus logs the outage. The missing events are read when Redis answers again.
                self._behind.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _catch_up(self) -> None:
        session = self.session
        if session.epoch is None:
            return
        # Read after the bell that woke this task, so it includes what that bell announced.
        head = await self._log.head(session.channel)
        while session.epoch == head.epoch and session.seq < head.seq:
            entries = await self._log.read(session.channel, head.epoch, session.seq, EVENTS_PER_READ)
            if not entries:
                head = await self._log.head(session.channel)
                session.restart(head.epoch, head.seq, head.no or 0)
                return
            self._traffic.fills += 1
            self._traffic.filled += len(entries)
            for entry in entries:
                self._receive(entry)
        if session.epoch != head.epoch:
            session.restart(head.epoch, head.seq, head.no or 0)
        session.resume()

    def _receive(self, entry: Entry) -> Verdict:
        verdict = self.session.receive(entry)
        if verdict is Verdict.TAKEN:
            self.stirred_at = self._clock()
            self._traffic.took(entry.body)
            self._turn.has_events(self.session.deliver)
            for prefix, look in self._looks:
                if entry.body.startswith(prefix):
                    look(self.session.channel, entry)
            if self._timing is not None:
                self._sample(self._timing, entry.body)
        elif verdict is Verdict.KNOWN:
            self._traffic.duplicates += 1
        return verdict

    def _sample(self, sample: Sample, body: bytes) -> None:
        found = sample.awaits(body)
        if found is not None:
            # Behind the session's delivery, which was put before it.
            self._turn.has_events(partial(sample.written, found[0], time.perf_counter(), found[1]))
            if sample.is_complete:
                self._timing = None


def _alone() -> str:
    return ALONE + secrets.token_hex(8)


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
