"""Feeds the session of one channel: events as they are heard, and from the log what was missed."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from server.database.decisions.deciding import DealEvent
from server.hub.channels.samples import Sample
from server.hub.channels.session import ALONE, Session, Verdict
from server.hub.sockets.loop_turn import LoopTurn
from server.hub.sockets.traffic import Traffic
from server.log.channel_log import ChannelLog, Entry, Head
from server.log.event_json import event_body
from server.observe.failing import REDIS_FAILS

EVENTS_PER_READ: Final = 100
RETRY_SECONDS: Final = 0.5
Look = Callable[[str, Entry], None]


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
