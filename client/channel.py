"""What a client knows of one channel: a pure state machine that takes messages and returns what to deliver.

It follows the wire protocol. Before the reply to a ``join``, messages of the channel are ignored. A snapshot
replaces the whole state or nothing. A repeated event is dropped. A gap makes the client join again.
"""

from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from client.rows import Rows
from client.wall import WallRows
from protocol.channels import store_of
from protocol.closing import ErrorBody
from protocol.commands import Join, Position
from protocol.deal.agreed import HistoryPage
from protocol.deal_fold import applied
from protocol.events import (
    FIRST_LATE_CHUNK,
    AnyEvent,
    DealSnapshot,
    DealSummary,
    JoinReply,
    Matches,
    Notice,
    Offers,
    Presence,
    Present,
    Resync,
    SearchEnded,
    SearchSnapshot,
    SearchStarted,
    SearchValued,
    SnapshotEnd,
    SnapshotRows,
    ValueFailed,
    VehicleChanged,
)
from protocol.records import View


class Phase(StrEnum):
    """The state of a channel with the server."""

    LOST = "lost"  # not joined, or out of step: the next thing to do is to join
    JOINING = "joining"  # the join is on its way; messages that arrive are from before it
    SNAPSHOT = "snapshot"  # the snapshot's rows are arriving
    LIVE = "live"
    FAILED = "failed"  # refused for good


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """The state was replaced, not changed event by event: read it again. ``position`` is its position."""

    channel: str
    position: Position


ChannelMessage = AnyEvent | SnapshotRows | SnapshotEnd | Presence | Resync
Delivery = AnyEvent | Refreshed | Presence | Notice
"""What the reader of a channel receives."""


class Channel:
    """One channel of a client. ``deal``, ``search`` and ``rows`` are the state as of ``position``.

    Without ``has_rows`` it asks for no cars, and ``rows`` stays empty.
    """

    def __init__(self, name: str, view: View, *, has_rows: bool = True) -> None:
        self.name = name
        self.view = view
        self.has_rows = has_rows
        self.phase = Phase.LOST
        self.position: Position | None = None
        self.deal: DealSnapshot | None = None
        self.search: SearchSnapshot | None = None
        self.history = HistoryPage()
        self.rows = Rows()
        self.wall = WallRows()
        self.here: list[Present] = []
        self.error: ErrorBody | None = None
        self.setbacks = 0
        """How often in a row the channel was lost, or its join refused, without an event in between."""
        self._was_joined = False
        self._join_ref = -1
        self._loading: tuple[JoinReply, Rows, WallRows] | None = None
        self._losses = 0

    @property
    def is_wall(self) -> bool:
        """Whether this is a store's wall, not a deal."""
        return store_of(self.name) is not None

    def join(self, ref: int) -> Join:
        """Return the command that brings the channel back in step; everything before its reply is ignored."""
        self.phase = Phase.JOINING
        self._join_ref = ref
        self._loading = None
        # If resuming led to the same gap again, only a snapshot helps.
        since = None if self._losses > 1 else self.position
        return Join(ref=ref, channel=self.name, view=self.view, since=since, rows=self.has_rows)

    def joined(self, reply: JoinReply) -> None:
        """Take the answer to the join: events continue the known state, or a snapshot comes first."""
        self.view = reply.view
        if reply.recovered:
            self.phase = Phase.LIVE
        else:
            self.phase = Phase.SNAPSHOT
            self._loading = (reply, Rows(), WallRows())

    def refused(self, error: ErrorBody) -> None:
        """Take a refusal of the join. It is final, unless a retry may succeed and the channel was joined
        before.
        """
        self.error = error
        self.phase = Phase.LOST if error.code.retry and self._was_joined else Phase.FAILED
        self.setbacks += 1

    def forget(self) -> None:
        """Resume from nothing: the next join brings a snapshot."""
        if self.phase is not Phase.FAILED:
            self.phase = Phase.LOST
        self.position = None
        self._loading = None

    def disconnected(self) -> None:
        """The connection is gone: the state stays, and the channel is joined again on the next one."""
        if self.phase is not Phase.FAILED:
            self.phase = Phase.LOST
        self._loading = None
        self._losses = self.setbacks = 0

    def receive(self, message: ChannelMessage) -> Delivery | None:
        """Take a message of this channel; return what the reader gets. Afterwards ``phase`` may be LOST."""
        match message:
            case Resync():
                if self.phase in {Phase.LIVE, Phase.SNAPSHOT}:
                    self._lose()
            case Presence():
                if self.phase in {Phase.LIVE, Phase.SNAPSHOT}:
                    self.here = message.here
                    return message
            case SnapshotRows():
                if self._loading and message.ref == self._join_ref:
                    _, rows, wall = self._loading
                    (wall if self.is_wall else rows).add(message)
            case SnapshotEnd():
                if self._loading and message.ref == self._join_ref:
                    return self._replace_state(*self._loading)
            case _ if self.skip(message.seq):
                self._apply(message)
                return message
        return None

    def skip(self, seq: int) -> bool:
        """Count an event; return whether it is the next one. A gap loses the channel."""
        if self.phase is not Phase.LIVE or self.position is None or seq <= self.position.seq:
            return False
        if seq > self.position.seq + 1:
            self._lose()
            return False
        self.position = Position(epoch=self.position.epoch, seq=seq)
        self._losses = self.setbacks = 0
        return True

    def moved(self, version: object) -> None:
        """Take the deal's version from an event that this release does not know."""
        if self.deal is not None and isinstance(version, int) and version > self.deal.version:
            self.deal = replace(self.deal, version=version)

    def _lose(self) -> None:
        self.phase = Phase.LOST
        self._losses += 1
        self.setbacks += 1
        self._loading = None

    def _replace_state(self, reply: JoinReply, rows: Rows, wall: WallRows) -> Refreshed:
        deal = (reply.snapshot.deal or None) if reply.snapshot else None
        self.search = (reply.snapshot.search or None) if reply.snapshot else None
        self.history = (reply.snapshot.history or HistoryPage()) if reply.snapshot else HistoryPage()
        self.here = (deal.presence or []) if deal else []
        # From now on, presence is reported separately from the deal.
        self.deal = None if deal is None else replace(deal, presence=UNSET)
        self.rows, self.wall = rows, wall
        self.position = Position(epoch=reply.epoch, seq=reply.seq)
        self._was_joined = True
        self.phase = Phase.LIVE
        self._loading = None
        return Refreshed(channel=self.name, position=self.position)

    def _apply(self, event: AnyEvent) -> None:
        # An event may repeat what a snapshot already held, so each of these is idempotent.
        match event:
            case SearchStarted():
                self._start_search(event)
            case Matches() | Offers() | ValueFailed() | SearchEnded() | SearchValued():
                if self.search is not None and event.search_id == self.search.search_id:
                    self.search = self._advanced(self.search, event)
            case VehicleChanged():
                self.rows.add(event)
            case DealSummary():
                self.wall.add(event)
            case _ if self.deal is not None:
                self.deal = applied(self.deal, event)

    def _start_search(self, event: SearchStarted) -> None:
        if self.search is not None and self.search.search_id == event.search_id:
            return
        self.rows = Rows()
        self.search = SearchSnapshot(
            search_id=event.search_id,
            filters=event.filters,
            sort=event.sort,
            scanned=0,
            matched=0,
            valued=0,
            ended=None,
        )

    def _advanced(self, search: SearchSnapshot, event: AnyEvent) -> SearchSnapshot:
        match event:
            case Matches():
                self.rows.add(event)
                if search.ended is None or event.chunk >= FIRST_LATE_CHUNK:
                    return search
                return replace(search, ended=None, next=None)
            case Offers() | ValueFailed():
                self.rows.add(event)
            case SearchEnded():
                return replace(
                    search,
                    scanned=event.scanned,
                    matched=event.matched,
                    ended=event.reason,
                    next=event.next,
                    rejected=event.rejected,
                    trace=event.trace,
                    spans=event.spans,
                )
            case SearchValued():
                valued = replace(search, valued=event.offers, failed=event.failed)
                return with_values(valued, event)
        return search


def with_values(search: SearchSnapshot, event: SearchValued) -> SearchSnapshot:
    """Return a search with the workers' part of its trace beside its own, if the view shows traces."""
    if isinstance(search.trace, UnsetType) or isinstance(event.trace, UnsetType):
        return search
    workers = [] if isinstance(event.spans, UnsetType) else event.spans
    known = [] if isinstance(search.spans, UnsetType) else search.spans
    names = {span.name for span in workers}
    spans = [span for span in known if span.name not in names] + workers
    return replace(search, trace=search.trace | event.trace, spans=spans)
