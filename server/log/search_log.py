"""The search in a channel's log: the current search with its chunks, their jobs and offers, and its lease.

Each publication is one atomic script, as for all other events of the log. The implementation over Redis is
``redis_search.RedisSearchLog``; callers know only ``SearchLog``.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from protocol.events import StageSpan
from protocol.jobs import JobPointer
from protocol.records import Actor, EndReason, Filters, Sort
from server.log.search_traces import SearchTrace, StageTime
from server.sharing.lanes import Lane


class Outcome(StrEnum):
    """The outcome of a publication."""

    PUBLISHED = "published"
    REPEATED = "repeated"  # the idempotency key was already there: nothing was changed
    SUPERSEDED = (
        "superseded"  # a newer search, or none, is the channel's current one, or another owner runs it
    )
    MISSING = "missing"  # decisions before this one are not published yet
    OUTDATED = "outdated"  # a later decision of the deal is published: nothing was changed


@dataclass(frozen=True, slots=True)
class Lease:
    """The owner of a search, and how long after the last renewal no other may take over; 0 releases it."""

    owner: str
    ms: int


@dataclass(frozen=True, slots=True)
class Continuation:
    """How an ended search continues: clients present ``token``; ``place`` is not sent to them."""

    token: str
    place: str


@dataclass(frozen=True, slots=True)
class SearchState:
    """The channel's latest search, without its rows.

    ``place`` is where it continues, as its owner wrote it: after the rows that ``scanned``, ``rejected`` and
    the chunks count. ``trace`` and ``spans`` have what is known of the last page; ``age_ms`` is the time
    since its command arrived. ``base`` is the number of matches of its earlier pages. ``lapsed``: it runs,
    and its owner's lease has expired.
    """

    search_id: str
    filters: Filters
    sort: Sort
    limit: int
    deal_version: int
    by: Actor
    scanned: int = 0
    matched: int = 0
    chunks: int = 0
    pending: int = 0
    valued: int = 0
    failed: int = 0
    ended: EndReason | None = None
    next: str | None = None
    rejected: list[dict[str, Any]] = field(default_factory=list)
    trace: dict[str, float] = field(default_factory=dict)
    spans: list[StageSpan] = field(default_factory=list)
    # A reading of the clock, not part of what is stored.
    age_ms: float = field(default=0.0, compare=False)
    base: int = 0
    place: str | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of one chunk: complete columns of matches, and of offers once a worker has published them.

    ``failed``: the valuation was given up.
    """

    number: int
    matches: dict[str, list[Any]]
    offers: dict[str, list[Any]] | None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Cumulative counts of a search."""

    scanned: int
    matched: int
    chunks: int


class SearchLog(Protocol):
    """The operations on a channel's search. Arguments and errors as in ``ChannelLog``."""

    async def begin_search(
        self,
        channel: str,
        *,
        op: uuid.UUID,
        search_id: str,
        limit: int,
        event: dict[str, Any],
        lease: Lease,
        replaces: str | None = None,
        last_no: int | None = None,
        asked: str = "",
        age_ms: float = 0.0,
    ) -> tuple[Outcome, str]:
        """Make ``search_id`` the current search and publish ``search_started``.

        An older search that still runs is ended in the same step: ``search_ended`` with reason ``superseded``
        precedes ``search_started``. Its stored data is dropped, and its later publications are SUPERSEDED.
        Returns REPEATED and the first call's id for a repeated ``op``; SUPERSEDED if the current search is
        not the one that this ``replaces``; OUTDATED if a decision after ``last_no``, the last one that the
        searched deal accounts for, is published. Raises CommandError (conflict) if ``op`` was used with
        another ``asked``, the digest of the person and the command. ``age_ms`` is how long ago that command
        arrived: the spans of the search count from there. The trace of the older search is kept.
        """

    async def continue_search(
        self,
        channel: str,
        *,
        op: uuid.UUID,
        search_id: str,
        token: str,
        lease: Lease,
        asked: str = "",
        age_ms: float = 0.0,
    ) -> Outcome:
        """Use the token of the current search, which has ended, for ``more``: the search runs again.

        Returns SUPERSEDED for another search. Raises CommandError (conflict) for a used token, or for an op
        of another command, as ``begin_search`` does. The trace of the page before is kept, and a new one
        begins.
        """

    async def renew_search(self, channel: str, search_id: str, lease: Lease) -> bool:
        """Renew the owner's lease; return whether the search runs and still belongs to this owner."""

    async def adopt_search(self, channel: str, search_id: str, lease: Lease) -> SearchState | None:
        """Take over a running search whose lease has expired, and return it; None if that is not possible."""

    async def matches(
        self,
        channel: str,
        *,
        search_id: str,
        chunk: int,
        rows: int,
        columns: bytes,
        progress: Progress,
        rejected: list[dict[str, Any]],
        place: str,
        job: bytes,
        lane: Lane,
        lease: Lease,
    ) -> Outcome:
        """Store a chunk and its job, mark it pending, publish ``matches``, and renew the lease.

        ``columns`` are JSON: they are large, and whoever made chunks of a message's size has encoded them.
        If the job is queued from the log later, it takes the turns of ``lane``. Another owner would continue
        after the chunk from ``progress``, ``rejected`` and ``place``. Returns SUPERSEDED also if the search
        has ended or has another owner. Raises ValueError if the chunk or the job is too large.
        """

    async def valued_matches(
        self,
        channel: str,
        *,
        search_id: str,
        chunk: int,
        rows: int,
        columns: bytes,
        offers: bytes,
        progress: Progress,
        rejected: list[dict[str, Any]],
        place: str,
        lease: Lease,
    ) -> Outcome:
        """Store a chunk with its offers, publish ``matches`` and ``offers``, and renew the lease.

        As ``matches`` followed by ``offers``, in one step; the chunk is never pending.
        """

    async def end_search(
        self,
        channel: str,
        *,
        search_id: str,
        reason: EndReason,
        progress: Progress,
        goes_on: Continuation | None,
        rejected: list[dict[str, Any]],
        trace: dict[str, float],
        spans: Sequence[StageSpan] = (),
        owner: str | None = None,
    ) -> Outcome:
        """Publish ``search_ended``, followed by ``search_valued`` if nothing is pending.

        Returns SUPERSEDED if ``owner`` is given and the search has another one. Without an owner, the event
        has the stored counts of the search instead of ``progress``. ``trace`` and ``spans`` are of the page.
        """

    async def offers(
        self,
        channel: str,
        *,
        search_id: str,
        chunk: int,
        rows: int,
        columns: dict[str, Any] | bytes,
        timings: Sequence[StageTime] = (),
    ) -> Outcome:
        """Store a chunk's offers and publish them, once per ``search_id:chunk``. Columns may be JSON already.

        The call that brings the pending chunks to zero after the end also publishes ``search_valued``, whose
        trace sums ``timings`` over the chunks of the page, and whose spans tell when they were. Chunks that
        came late are not among them.
        """

    async def value_failed(
        self, channel: str, *, search_id: str, chunk: int, vehicle_id: list[str], message: str
    ) -> Outcome:
        """Give up a chunk: publish ``value_failed``, and the chunk is no longer pending."""

    async def revalue(
        self, channel: str, *, op: uuid.UUID, vehicle_ids: Sequence[str], asked: str = ""
    ) -> list[JobPointer]:
        """Make the given-up chunks with one of these cars pending again, and return pointers to their jobs.

        ``search_valued`` is published again once they are settled. A repeated ``op`` changes nothing and
        returns those of its jobs that are still pending. Raises CommandError (conflict) for an op of another
        command, as ``begin_search`` does.
        """

    async def search_stands(self, channel: str, search_id: str, no: int) -> None:
        """Record that the search is not to be repeated: the deal's terms after decision ``no`` allow none.

        If a later decision is published, nothing is recorded: that one may allow a search again.
        """

    async def pending_job(self, channel: str, search_id: str, chunk: int) -> bytes | None:
        """Return the job of a chunk of the current search that waits for its offers, else None."""

    async def current(self, channel: str) -> SearchState | None:
        """Return the current search, or None."""

    async def painted(
        self, channel: str, search_id: str, span: StageSpan, pushed: Sequence[StageSpan] = ()
    ) -> bool:
        """Add to the trace of the current search what was painted, and which pushes are known by now.

        ``span.of`` is the stage. Return False if another search is current. The first report of each stage
        counts; of the pushes, the last one.
        """

    async def traces(self, channel: str) -> list[SearchTrace]:
        """Return the traces of the channel's last searches, the latest one last; none without a log."""

    def chunks(self, channel: str, search_id: str, *, after: int = -1) -> AsyncIterator[Chunk]:
        """Yield the stored chunks of a search after chunk ``after``, in order.

        They are read a few at a time, so that the whole result is never in memory.
        """
