"""The searches in a channel's log: its current search with its chunks, their jobs and offers, and its lease.

Each publication is one atomic script, as for every other event of the log. The implementation over Redis is
``redis_search.RedisSearchLog``; callers know only ``SearchLog``.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from protocol.jobs import JobPointer
from protocol.records import Actor, EndReason, Filters, Sort
from server.sharing.lanes import Lane


class Outcome(StrEnum):
    """What became of a publication."""

    PUBLISHED = "published"
    REPEATED = "repeated"  # the idempotency key was there: nothing was changed
    SUPERSEDED = (
        "superseded"  # a newer search, or none, is the channel's current one, or another owner runs it
    )
    MISSING = "missing"  # decisions before this one are not published yet


@dataclass(frozen=True, slots=True)
class Lease:
    """Who runs a search, and for how long nobody else may after the last word of it; 0 gives it up."""

    owner: str
    ms: int


@dataclass(frozen=True, slots=True)
class Continuation:
    """How an ended search goes on: by a ``token`` that clients show, from a ``place`` they are not told."""

    token: str
    place: str


@dataclass(frozen=True, slots=True)
class SearchState:
    """The channel's latest search, without its rows.

    ``place`` is where it goes on, as its owner wrote it: behind what ``scanned``, ``rejected`` and the chunks
    count. ``base`` are the matches of its earlier pages. ``lapsed``: it runs, and its owner let the lease run
    out.
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
    base: int = 0
    place: str | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of one chunk: matches, and the offers where a worker has sent them. Full columns."""

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
    """What hub, search and workers may do with a channel's search. Arguments and errors as ``ChannelLog``."""

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
        asked: str = "",
    ) -> tuple[Outcome, str]:
        """Make ``search_id`` the current search and publish ``search_started``.

        An older search that still runs is ended in the same step: ``search_ended`` with reason ``superseded``
        stands before ``search_started``. What it had stored is dropped, and its later publications are
        SUPERSEDED. Returns REPEATED where ``op`` is known, with the id of the op's first call; SUPERSEDED
        where the current search is not the one that this ``replaces``. Raises CommandError (conflict) where
        ``op`` was given with another ``asked``, a digest of who asks for what.
        """

    async def continue_search(
        self, channel: str, *, op: uuid.UUID, search_id: str, token: str, lease: Lease, asked: str = ""
    ) -> Outcome:
        """Take the token of the ended current search for ``more``: the search runs again.

        Returns SUPERSEDED for another search. Raises CommandError (conflict) for a used token, or for an op
        of another command, as ``begin_search``.
        """

    async def renew_search(self, channel: str, search_id: str, lease: Lease) -> bool:
        """Begin the owner's lease anew; returns whether the search runs and is still this owner's."""

    async def adopt_search(self, channel: str, search_id: str, lease: Lease) -> SearchState | None:
        """Take over a running search whose lease is over, and return it; None where somebody else has it."""

    async def matches(
        self,
        channel: str,
        *,
        search_id: str,
        chunk: int,
        rows: int,
        columns: dict[str, Any],
        progress: Progress,
        rejected: list[dict[str, Any]],
        place: str,
        job: bytes,
        lane: Lane,
        lease: Lease,
    ) -> Outcome:
        """Store a chunk and its job, mark it pending and publish ``matches``; the lease begins anew.

        The job waits in the turns of ``lane`` whenever it is queued from the log.
        ``progress``, ``rejected`` and ``place`` are where another owner would go on behind it. SUPERSEDED
        also where the search has ended or another owner has it. Raises ValueError for what is too large.
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
        owner: str | None = None,
    ) -> Outcome:
        """Publish ``search_ended``, and ``search_valued`` behind it where nothing is pending.

        SUPERSEDED where ``owner`` is given and another one has the search; without one, what is counted is
        what the search has published.
        """

    async def offers(
        self,
        channel: str,
        *,
        search_id: str,
        chunk: int,
        rows: int,
        columns: dict[str, Any],
        timings: dict[str, float],
    ) -> Outcome:
        """Store a chunk's offers and publish them, once per ``search_id:chunk``; the one that brings pending
        to zero after the end also publishes ``search_valued``, whose trace sums ``timings`` over the
        chunks."""

    async def value_failed(
        self, channel: str, *, search_id: str, chunk: int, vehicle_id: list[str], message: str
    ) -> Outcome:
        """Give a chunk up: publish ``value_failed`` and count the chunk as no longer pending."""

    async def revalue(
        self, channel: str, *, op: uuid.UUID, vehicle_ids: Sequence[str], asked: str = ""
    ) -> list[JobPointer]:
        """Make the given-up chunks with one of these cars pending again, and return pointers to their jobs.

        ``search_valued`` follows anew once they are settled. A repeated ``op`` changes nothing and returns
        those of its jobs that are still pending. Raises CommandError (conflict) for an op of another command,
        as ``begin_search``.
        """

    async def search_stands(self, channel: str, search_id: str) -> None:
        """Let a search be: nothing can be searched with the terms that the deal has now."""

    async def pending_job(self, channel: str, search_id: str, chunk: int) -> bytes | None:
        """Return the job of a chunk of the channel's current search that waits for its offers, else None."""

    async def current(self, channel: str) -> SearchState | None:
        """Return the current search, or None."""

    def chunks(self, channel: str, search_id: str, *, after: int = -1) -> AsyncIterator[Chunk]:
        """Yield the stored chunks of a search behind one of them, in order.

        They are read a few at a time: the whole result is never in memory.
        """
