"""The channel's search in memory: the twin of ``RedisSearchLog``."""

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.events import StageSpan
from protocol.jobs import JobPointer
from protocol.records import Actor, EndReason, Filters, Sort
from server.log.event_json import (
    check_job,
    ended_body,
    event_body,
    failed_body,
    matches_body,
    offers_body,
)
from server.log.search_log import Chunk, Continuation, Lease, Outcome, Progress, SearchState
from server.log.search_traces import SearchTrace, StageTime, record_of
from server.sharing.lanes import Lane
from tests.twin.memory_channels import MemoryChannels, now_ms
from tests.twin.memory_search import MemorySearch


class MemorySearchLog:
    """``SearchLog`` in memory."""

    def __init__(self, channels: MemoryChannels) -> None:
        self._channels = channels

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
        """Make ``search_id`` the current search and publish ``search_started``."""
        body, standing = event_body(channel, event), self._channels.open(channel)
        first = standing.answered(op, asked)
        if first is not None:
            return Outcome.REPEATED, first
        older = None if standing.search is None else standing.search.state
        if replaces is not None and (older is None or older.search_id != replaces):
            return Outcome.SUPERSEDED, "" if older is None else older.search_id
        if last_no is not None and standing.no is not None and standing.no > last_no:
            return Outcome.OUTDATED, "" if older is None else older.search_id
        if older is not None and older.ended is None:
            superseded = ended_body(
                channel,
                older.search_id,
                EndReason.SUPERSEDED,
                Progress(older.scanned, older.matched, older.chunks),
                next_token=None,
                rejected=older.rejected,
                trace=older.trace,
            )
            self._channels.append(channel, standing, superseded)
        state = SearchState(
            search_id=search_id,
            filters=codec.decode_as(Filters, codec.encode(event["filters"])),
            sort=Sort(event["sort"]),
            limit=limit,
            deal_version=event["deal_version"],
            by=codec.decode_as(Actor, codec.encode(event["by"])),
        )
        standing.keep_trace()
        standing.search = MemorySearch(state, lease.owner, now_ms() + lease.ms)
        standing.search.began(age_ms)
        standing.answers[op] = asked, search_id
        self._channels.append(channel, standing, body)
        return Outcome.PUBLISHED, search_id

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
        """Take the token of the ended current search for ``more``: the search runs again."""
        standing = self._channels.open(channel)
        if standing.answered(op, asked) is not None:
            return Outcome.REPEATED
        search = self._channels.search_of(channel, search_id)
        if search is None:
            return Outcome.SUPERSEDED
        if search.state.ended is None or search.state.next != token:
            raise CommandError(ErrorCode.CONFLICT, "These cars were already asked for.", field="token")
        standing.keep_trace()
        search.change(ended=None, next=None, base=search.state.matched)
        search.began(age_ms)
        search.announced = False
        search.take_lease(lease, now_ms())
        standing.answers[op] = asked, search_id
        return Outcome.PUBLISHED

    async def renew_search(self, channel: str, search_id: str, lease: Lease) -> bool:
        """Begin the owner's lease anew; returns whether the search runs and is still this owner's."""
        search = self._channels.search_of(channel, search_id)
        if search is None or not search.is_running_by(lease.owner):
            return False
        search.take_lease(lease, now_ms())
        return True

    async def adopt_search(self, channel: str, search_id: str, lease: Lease) -> SearchState | None:
        """Take over a running search whose lease is over, and return it; None where somebody else has it."""
        search = self._channels.search_of(channel, search_id)
        if search is None or not search.has_lapsed(now_ms()):
            return None
        search.take_lease(lease, now_ms())
        return search.seen(now_ms())

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
        """Store a chunk and its job, mark it pending and publish ``matches``; the lease begins anew."""
        check_job(job)
        prefix = matches_body(channel, search_id, chunk, rows, columns)
        standing, search = self._channels.open(channel), self._channels.search_of(channel, search_id)
        if search is None or not search.is_running_by(lease.owner):
            return Outcome.SUPERSEDED
        if chunk in search.matches:
            return Outcome.REPEATED
        search.add_chunk(
            chunk,
            columns,
            job,
            now_ms(),
            scanned=progress.scanned,
            matched=progress.matched,
            chunks=progress.chunks,
            place=place,
            rejected=codec.decode(codec.encode(rejected)),
        )
        search.lane = lane
        search.take_lease(lease, now_ms())
        self._channels.append(channel, standing, prefix + columns + b"}")
        return Outcome.PUBLISHED

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
        """Store a chunk with its offers, publish both; the lease begins anew."""
        prefix = matches_body(channel, search_id, chunk, rows, columns)
        valued, _ = offers_body(channel, search_id, chunk, rows, offers)
        standing, search = self._channels.open(channel), self._channels.search_of(channel, search_id)
        if search is None or not search.is_running_by(lease.owner):
            return Outcome.SUPERSEDED
        if chunk in search.matches:
            return Outcome.REPEATED
        search.matches[chunk], search.offers[chunk] = columns, offers
        search.change(
            valued=search.state.valued + rows,
            scanned=progress.scanned,
            matched=progress.matched,
            chunks=progress.chunks,
            place=place,
            rejected=codec.decode(codec.encode(rejected)),
        )
        search.take_lease(lease, now_ms())
        self._channels.append(channel, standing, prefix + columns + b"}")
        self._channels.append(channel, standing, valued + offers + b"}")
        return Outcome.PUBLISHED

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
        """Publish ``search_ended``, and ``search_valued`` behind it where nothing is pending."""
        standing, search = self._channels.open(channel), self._channels.search_of(channel, search_id)
        if search is None or (owner is not None and search.owner != owner):
            return Outcome.SUPERSEDED
        if search.state.ended is not None:
            return Outcome.REPEATED
        if owner is None:
            # Counted before: the owner may have published more since.
            state = search.state
            progress, rejected = Progress(state.scanned, state.matched, state.chunks), state.rejected
        body = ended_body(
            channel,
            search_id,
            reason,
            progress,
            next_token=None if goes_on is None else goes_on.token,
            rejected=rejected,
            trace=trace,
            spans=spans,
        )
        search.end(
            reason,
            scanned=progress.scanned,
            matched=progress.matched,
            chunks=progress.chunks,
            next=None if goes_on is None else goes_on.token,
            place=search.state.place if goes_on is None else goes_on.place,
            rejected=codec.decode(codec.encode(rejected)),
        )
        search.told |= {"trace": codec.encode(trace).decode(), "spans": codec.encode(spans).decode()}
        self._channels.append(channel, standing, body)
        self._channels.announce_valued(channel)
        return Outcome.PUBLISHED

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
        """Store a chunk's offers and publish them, once per ``search_id:chunk``."""
        prefix, cells = offers_body(channel, search_id, chunk, rows, columns)
        standing, search = self._channels.open(channel), self._channels.search_of(channel, search_id)
        if search is None or chunk not in search.matches:
            return Outcome.SUPERSEDED
        if search.is_settled(chunk):
            return Outcome.REPEATED
        search.settle(chunk, cells, rows, timings)
        self._channels.append(channel, standing, prefix + cells + b"}")
        self._channels.announce_valued(channel)
        return Outcome.PUBLISHED

    async def value_failed(
        self, channel: str, *, search_id: str, chunk: int, vehicle_id: list[str], message: str
    ) -> Outcome:
        """Give a chunk up: publish ``value_failed`` and count the chunk as no longer pending."""
        body = failed_body(channel, search_id, vehicle_id, message)
        standing, search = self._channels.open(channel), self._channels.search_of(channel, search_id)
        if search is None or chunk not in search.matches:
            return Outcome.SUPERSEDED
        if search.is_settled(chunk):
            return Outcome.REPEATED
        search.give_up(chunk, vehicle_id)
        self._channels.append(channel, standing, body)
        self._channels.announce_valued(channel)
        return Outcome.PUBLISHED

    async def revalue(
        self, channel: str, *, op: uuid.UUID, vehicle_ids: Sequence[str], asked: str = ""
    ) -> list[JobPointer]:
        """Make the given-up chunks with one of these cars pending again; return pointers to their jobs."""
        standing = self._channels.open(channel)
        search = standing.search
        search_id = "" if search is None else search.state.search_id
        answer = standing.answered(op, asked)
        if answer is not None:
            first, *chunks = answer.split(" ")
            known = [int(chunk) for chunk in chunks] if first == search_id else []
        else:
            known = [] if search is None else search.revive(set(vehicle_ids), now_ms())
            standing.answers[op] = asked, " ".join([search_id, *map(str, known)])
        if search is None:
            return []
        return search.pointers(channel, [chunk for chunk in known if chunk in search.due])

    async def search_stands(self, channel: str, search_id: str, no: int) -> None:
        """Let a search be: nothing can be searched with the deal's terms after decision ``no``, the last."""
        search, standing = self._channels.search_of(channel, search_id), self._channels.standing(channel)
        if search is not None and standing is not None and (standing.no or 0) <= no:
            search.outdated_at = None

    async def pending_job(self, channel: str, search_id: str, chunk: int) -> bytes | None:
        """Return the job of a chunk of the channel's current search that waits for its offers, else None."""
        search = self._channels.search_of(channel, search_id)
        return None if search is None or chunk not in search.due else search.jobs[chunk]

    async def current(self, channel: str) -> SearchState | None:
        """Return the current search, or None."""
        standing = self._channels.standing(channel)
        return None if standing is None or standing.search is None else standing.search.seen(now_ms())

    async def painted(
        self, channel: str, search_id: str, span: StageSpan, pushed: Sequence[StageSpan] = ()
    ) -> bool:
        """Add to the trace of the current search what was painted."""
        search = self._channels.search_of(channel, search_id)
        if search is None:
            return False
        search.told.setdefault(f"paint:{span.of}", f"{span.start_ms:.3f} {span.end_ms:.3f}")
        if pushed:
            search.told["push"] = codec.encode(pushed).decode()
        return True

    async def traces(self, channel: str) -> list[SearchTrace]:
        """Return the traces of the channel's last searches, the latest one last."""
        standing = self._channels.standing(channel)
        if standing is None:
            return []
        latest = [] if standing.search is None else [standing.search.traced()]
        return [record_of(fields) for fields in (*standing.traces, *latest)]

    async def chunks(self, channel: str, search_id: str, *, after: int = -1) -> AsyncIterator[Chunk]:
        """Yield the stored chunks behind one of them in order, while the search is current."""
        while search := self._channels.search_of(channel, search_id):
            later = [number for number in sorted(search.matches) if number > after]
            if not later:
                return
            after = later[0]
            yield search.chunk(after)
