"""The channel's search in Redis: its chunks, their jobs and offers, and the lease of its owner."""

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode, op_taken
from protocol.events import StageSpan
from protocol.jobs import JobPointer
from protocol.records import EndReason
from server.log.event_json import (
    check_job,
    event_body,
    failed_body,
    matches_body,
    offers_body,
    open_body,
    valued_prefix,
)
from server.log.redis_scripts import Scripts
from server.log.search_log import Chunk, Continuation, Lease, Outcome, Progress, SearchState
from server.log.search_replies import outcome_of, pointers, state_of
from server.log.search_traces import SearchTrace, StageTime, records_of
from server.sharing.lanes import Lane

CHUNKS_PER_READ = 4


class RedisSearchLog:
    """``SearchLog`` over Redis."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

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

        Returns REPEATED and the first call's id for a repeated ``op``, SUPERSEDED if the current search is
        not the one that this ``replaces``, OUTDATED if a decision after ``last_no`` is published. Raises
        CommandError (conflict) if ``op`` was used with another ``asked``, the digest of the person and the
        command.
        """
        reply = await self._scripts.run(
            "begin_search",
            channel,
            search_id,
            event_body(channel, event),
            codec.encode(event["filters"]),
            str(event["sort"]),
            limit,
            event["deal_version"],
            codec.encode(event["by"]),
            open_body(channel, {"type": "search_ended"}),
            lease.owner,
            lease.ms,
            replaces or "",
            "" if last_no is None else last_no,
            age_ms,
            asked,
            op=op,
        )
        if reply[0] == b"taken":
            raise op_taken()
        return Outcome(reply[0].decode()), reply[1].decode()

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

        Returns SUPERSEDED for another search. Raises CommandError (conflict) for a used token, or an op of
        another command.
        """
        outcome = await self._scripts.run(
            "continue_search", channel, search_id, token, lease.owner, lease.ms, age_ms, asked, op=op
        )
        if outcome == b"taken":
            raise op_taken()
        if outcome == b"used":
            raise CommandError(ErrorCode.CONFLICT, "These cars were already asked for.", field="token")
        return outcome_of(outcome)

    async def renew_search(self, channel: str, search_id: str, lease: Lease) -> bool:
        """Renew the owner's lease; return whether the search runs and still belongs to this owner."""
        return bool(await self._scripts.run("renew_search", channel, search_id, lease.owner, lease.ms))

    async def adopt_search(self, channel: str, search_id: str, lease: Lease) -> SearchState | None:
        """Take over a running search whose lease has expired, and return it; None if that is not possible."""
        return state_of(await self._scripts.run("adopt_search", channel, search_id, lease.owner, lease.ms))

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

        Returns SUPERSEDED also if the search has ended or has another owner. Raises ValueError if the chunk
        or the job is too large.
        """
        check_job(job)
        prefix = matches_body(channel, search_id, chunk, rows, columns)
        counts = (progress.scanned, progress.matched, progress.chunks)
        behind = (place, codec.encode(rejected), job, lease.owner, lease.ms, str(lane))
        return outcome_of(
            await self._scripts.run("matches", channel, search_id, chunk, prefix, columns, *counts, *behind)
        )

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

        Returns SUPERSEDED also if the search has ended or has another owner. Raises ValueError if the chunk
        is too large.
        """
        prefix = matches_body(channel, search_id, chunk, rows, columns)
        valued, _ = offers_body(channel, search_id, chunk, rows, offers)
        counts = (progress.scanned, progress.matched, progress.chunks)
        behind = (place, codec.encode(rejected), lease.owner, lease.ms, rows, valued, offers)
        return outcome_of(
            await self._scripts.run(
                "valued_matches", channel, search_id, chunk, prefix, columns, *counts, *behind
            )
        )

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
        has the stored counts of the search instead of ``progress``.
        """
        outcome = await self._scripts.run(
            "end_search",
            channel,
            search_id,
            open_body(channel, {"type": "search_ended"}),
            reason.value,
            progress.scanned,
            progress.matched,
            progress.chunks,
            "" if goes_on is None else goes_on.token,
            codec.encode(trace),
            valued_prefix(channel, search_id),
            codec.encode(rejected),
            owner or "",
            "" if goes_on is None else goes_on.place,
            codec.encode(spans),
        )
        return outcome_of(outcome)

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
        """Store a chunk's offers and publish them, once per ``search_id:chunk``.

        The call that brings the pending chunks to zero after the end also publishes ``search_valued``, whose
        trace sums ``timings`` over the chunks of the page, and whose spans tell when they were.
        """
        prefix, cells = offers_body(channel, search_id, chunk, rows, columns)
        stages = [item for each in timings for item in (each.name, each.ms, each.ago_ms)]
        valued = valued_prefix(channel, search_id)
        return outcome_of(
            await self._scripts.run(
                "settle", channel, search_id, chunk, rows, 0, prefix, cells, valued, *stages
            )
        )

    async def value_failed(
        self, channel: str, *, search_id: str, chunk: int, vehicle_id: list[str], message: str
    ) -> Outcome:
        """Give up a chunk: publish ``value_failed``, and the chunk is no longer pending."""
        body, valued = failed_body(channel, search_id, vehicle_id, message), valued_prefix(channel, search_id)
        cars, count = codec.encode(vehicle_id), len(vehicle_id)
        return outcome_of(
            await self._scripts.run("settle", channel, search_id, chunk, 0, count, body, cars, valued)
        )

    async def revalue(
        self, channel: str, *, op: uuid.UUID, vehicle_ids: Sequence[str], asked: str = ""
    ) -> list[JobPointer]:
        """Make the given-up chunks with one of these cars pending again; return pointers to their jobs.

        A repeated ``op`` changes nothing and returns those of its jobs that are still pending. Raises
        CommandError (conflict) for an op of another command.
        """
        reply: list[Any] | bytes = await self._scripts.run(
            "revalue", channel, codec.encode(list(vehicle_ids)), asked, op=op
        )
        if isinstance(reply, bytes):
            raise op_taken()
        return pointers(channel, reply)

    async def search_stands(self, channel: str, search_id: str, no: int) -> None:
        """Record that the search is not to be repeated: the deal's terms after decision ``no`` allow none."""
        await self._scripts.run("search_stands", channel, search_id, no)

    async def pending_job(self, channel: str, search_id: str, chunk: int) -> bytes | None:
        """Return the job of a chunk of the current search that waits for its offers, else None."""
        job: bytes | None = await self._scripts.run("pending_job", channel, search_id, chunk)
        return job

    async def current(self, channel: str) -> SearchState | None:
        """Return the current search, or None."""
        return state_of(await self._scripts.run("search", channel))

    async def painted(
        self, channel: str, search_id: str, span: StageSpan, pushed: Sequence[StageSpan] = ()
    ) -> bool:
        """Add to the trace of the current search what was painted, and which pushes are known by now.

        Return False if another search is current. The first report of each stage counts.
        """
        push = codec.encode(pushed) if pushed else b""
        times = (f"{span.start_ms:.3f}", f"{span.end_ms:.3f}")
        return bool(await self._scripts.run("painted", channel, search_id, str(span.of), *times, push))

    async def traces(self, channel: str) -> list[SearchTrace]:
        """Return the traces of the channel's last searches, the latest one last."""
        return records_of(*await self._scripts.run("traces", channel))

    async def chunks(self, channel: str, search_id: str, *, after: int = -1) -> AsyncIterator[Chunk]:
        """Yield the stored chunks after ``after`` in order, a few per read, while the search is current."""
        while reply := await self._scripts.run("chunks", channel, search_id, after, CHUNKS_PER_READ):
            for number, matches, offers in zip(reply[::3], reply[1::3], reply[2::3], strict=True):
                given_up = offers is not None and offers.startswith(b"[")
                valued = codec.decode(offers) if offers and not given_up else None
                yield Chunk(number, codec.decode(matches), valued, given_up)
                after = number
