"""The log of a channel in Redis: one hash tag per channel, one atomic script per publication.

The scripts are in ``scripts/``; ``channel.lua`` stands before each of them and holds what they share. An
epoch contains the run id of the Redis server, compared inside every script: when Redis lost data or failed
over, the log and the search state are dropped and a new epoch begins.
"""

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.records import EndReason, Filters, Sort
from server.push.bodies import body_with_columns, event_body, open_body, valued_prefix
from server.push.log import Chunk, Entry, Head, Outcome, Progress, SearchState

LOG_EVENTS = 1_000
LOG_BYTES = 4 * 1024 * 1024
LOG_SECONDS = 4 * 60 * 60
CHUNKS_PER_READ = 4
SCRIPT_NAMES = (
    "head", "set_base", "decide", "read", "begin_search", "continue_search", "matches", "end_search",
    "settle", "search", "chunks", )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogBounds:
    """How much of a channel's log is kept, and for how long after its last event."""

    events: int = LOG_EVENTS
    bytes: int = LOG_BYTES
    seconds: int = LOG_SECONDS


def bell_name(channel: str) -> str:
    """Return the pub/sub channel on which each event of ``channel`` is announced."""
    return f"{{{channel}}}:bell"


def parse_bell(payload: bytes) -> Entry:
    """Return the event that a bell carries. ``seq`` 0 without a body says that a new epoch began."""
    epoch, seq, body = payload.split(b" ", 2)
    return Entry(epoch.decode(), int(seq), body)


class RedisLog:
    """``ChannelLog`` over Redis. ``redis`` must give bytes (``decode_responses`` off)."""

    def __init__(self, redis: Redis, bounds: LogBounds | None = None) -> None:
        self._bounds = bounds or LogBounds()
        source = files("server.push").joinpath("scripts")
        shared = source.joinpath("channel.lua").read_text()
        self._scripts: dict[str, AsyncScript] = {
            name: redis.register_script(shared + source.joinpath(f"{name}.lua").read_text())
            for name in SCRIPT_NAMES
        }

    async def _run(
        self, name: str, channel: str, *args: str | bytes | float, op: uuid.UUID | None = None
    ) -> Any:
        tag = f"{{{channel}}}"
        keys = [f"{tag}:{part}" for part in ("meta", "log", "sizes", "search", "matches", "offers")]
        if op is not None:
            keys.append(f"{tag}:op:{op}")
        bounds = self._bounds
        shared = (
            bell_name(channel),
            secrets.token_hex(8),
            bounds.events,
            bounds.bytes,
            bounds.seconds * 1000,
        )
        task = asyncio.current_task()
        cancelled_before = 0 if task is None else task.cancelling()
        try:
            return await self._scripts[name](keys=keys, args=[*shared, *args])
        finally:
            # redis-py waits by wait_for, which on Python 3.11 swallows a cancellation that comes with the
            # answer: the task would go on, and whoever cancelled it would wait for ever.
            if task is not None and task.cancelling() > cancelled_before:
                raise asyncio.CancelledError

    async def head(self, channel: str) -> Head:
        """Return where the channel stands; a missing log, or one of another run, begins a new epoch first."""
        epoch, seq, no = await self._run("head", channel)
        return Head(epoch.decode(), seq, no)

    async def set_base(self, channel: str, epoch: str, no: int) -> int | None:
        """Say that decisions up to ``no`` are in every snapshot of this epoch. The first call counts.

        Returns the last decision that the epoch accounts for, None where the epoch is over.
        """
        last: int | None = await self._run("set_base", channel, epoch, no)
        return last

    async def decide(self, channel: str, no: int, event: dict[str, Any]) -> tuple[Outcome, int]:
        """Publish decision ``no``: accepted after ``no - 1``, REPEATED below, MISSING above.

        Also returns the last no, -1 where the epoch has no base yet.
        """
        outcome, last = await self._run("decide", channel, no, event_body(channel, event))
        return Outcome(outcome.decode()), last

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        """Return up to ``limit`` events after ``after``, in order; None where they are gone."""
        reply = await self._run("read", channel, epoch, after, limit)
        if reply is None:
            return None
        return [Entry(epoch, seq, body) for seq, body in zip(reply[::2], reply[1::2], strict=True)]

    async def begin_search(
        self, channel: str, *, op: uuid.UUID, search_id: str, limit: int, event: dict[str, Any]
    ) -> tuple[Outcome, str]:
        """Make ``search_id`` the current search and publish ``search_started``.

        An older search that still runs is ended in the same step: ``search_ended`` with reason ``superseded``
        stands before ``search_started``. Returns REPEATED and the first call's id where ``op`` is known.
        """
        reply = await self._run(
            "begin_search",
            channel,
            search_id,
            event_body(channel, event),
            codec.encode(event["filters"]),
            str(event["sort"]),
            limit,
            event["deal_version"],
            open_body(channel, {"type": "search_ended"}),
            op=op,
        )
        return Outcome(reply[0].decode()), reply[1].decode()

    async def continue_search(self, channel: str, *, op: uuid.UUID, search_id: str, token: str) -> Outcome:
        """Take the token of the ended current search for ``more``: the search runs again.

        Returns SUPERSEDED for another search. Raises CommandError (conflict) for a used token.
        """
        outcome = await self._run("continue_search", channel, search_id, token, op=op)
        if outcome == b"used":
            raise CommandError(ErrorCode.CONFLICT, "These cars were already asked for.", field="token")
        return Outcome(outcome.decode())

    async def matches(
        self,
        channel: str,
        *,
        search_id: str,
        chunk: int,
        rows: int,
        columns: dict[str, Any],
        progress: Progress,
    ) -> Outcome:
        """Store a chunk, mark it pending and publish ``matches``.

        SUPERSEDED also where the search has ended.
        """
        event = {"type": "matches", "search_id": search_id, "chunk": chunk, "rows": rows}
        prefix, cells = body_with_columns(channel, event, columns)
        counts = (progress.scanned, progress.matched, progress.chunks)
        return _outcome(await self._run("matches", channel, search_id, chunk, prefix, cells, *counts))

    async def end_search(
        self,
        channel: str,
        *,
        search_id: str,
        reason: EndReason,
        progress: Progress,
        next_token: str | None,
        rejected: list[dict[str, Any]],
        trace: dict[str, float],
    ) -> Outcome:
        """Publish ``search_ended``, and ``search_valued`` behind it where nothing is pending."""
        event = {
            "type": "search_ended",
            "search_id": search_id,
            "reason": reason,
            "scanned": progress.scanned,
            "matched": progress.matched,
            "chunks": progress.chunks,
            "next": next_token,
            "rejected": rejected,
            "trace": trace,
        }
        outcome = await self._run(
            "end_search",
            channel,
            search_id,
            event_body(channel, event),
            reason.value,
            progress.scanned,
            progress.matched,
            progress.chunks,
            next_token or "",
            codec.encode(trace),
            valued_prefix(channel, search_id),
            codec.encode(rejected),
        )
        return _outcome(outcome)

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
        """Store a chunk's offers and publish them, once per ``search_id:chunk``.

        The one that brings pending to zero after the end also publishes ``search_valued``, whose trace sums
        ``timings`` over the chunks.
        """
        event = {"type": "offers", "search_id": search_id, "chunk": chunk, "rows": rows}
        prefix, cells = body_with_columns(channel, event, columns)
        stages = [item for pair in timings.items() for item in pair]
        valued = valued_prefix(channel, search_id)
        return _outcome(
            await self._run("settle", channel, search_id, chunk, rows, 0, prefix, cells, valued, *stages)
        )

    async def value_failed(
        self, channel: str, *, search_id: str, chunk: int, vehicle_id: list[str], message: str
    ) -> Outcome:
        """Give a chunk up: publish ``value_failed`` and count the chunk as no longer pending."""
        event = {"type": "value_failed", "search_id": search_id, "vehicle_id": vehicle_id, "message": message}
        body, valued = event_body(channel, event), valued_prefix(channel, search_id)
        return _outcome(
            await self._run("settle", channel, search_id, chunk, 0, len(vehicle_id), body, b"", valued)
        )

    async def search(self, channel: str) -> SearchState | None:
        """Return the current search, or None."""
        reply = await self._run("search", channel)
        if reply is None:
            return None
        fields = {name.decode(): value.decode() for name, value in zip(reply[::2], reply[1::2], strict=True)}
        counts = ("limit", "deal_version", "scanned", "matched", "chunks", "pending", "valued", "failed")
        return SearchState(
            search_id=fields["search_id"],
            filters=codec.decode_as(Filters, fields["filters"]),
            sort=Sort(fields["sort"]),
            ended=EndReason(fields["ended"]) if fields["ended"] else None,
            next=fields["next"] or None,
            rejected=codec.decode(fields["rejected"]),
            trace=codec.decode(fields["trace"]),
            **{name: int(fields[name]) for name in counts},
        )

    async def is_current(self, channel: str, search_id: str) -> bool:
        """Return whether this search is the channel's current one, running or ended."""
        state = await self.search(channel)
        return state is not None and state.search_id == search_id

    async def chunks(self, channel: str, search_id: str) -> AsyncIterator[Chunk]:
        """Yield the stored chunks of a search in order, a few at a time, while it is current."""
        after = -1
        while reply := await self._run("chunks", channel, search_id, after, CHUNKS_PER_READ):
            for number, matches, offers in zip(reply[::3], reply[1::3], reply[2::3], strict=True):
                yield Chunk(
                    number, codec.decode(matches), codec.decode(offers) if offers else None, offers == b""
                )
                after = number


def _outcome(reply: bytes) -> Outcome:
    return Outcome(reply.decode())
