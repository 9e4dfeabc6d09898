"""What a Redis of channels holds, in memory, and the ways in which it can fail."""

import copy
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.closing import op_taken
from server.log.channel_log import Entry, LogBounds
from server.log.event_json import valued_prefix
from server.log.search_traces import KEPT_TRACES
from tests.twin.memory_search import MemorySearch

Ring = Callable[[str, Entry], None]
"""Rings the bell of a channel; returns at once."""


@dataclass(slots=True)
class MemoryChannel:
    epoch: str
    seq: int = 0
    no: int | None = None
    events: deque[Entry] = field(default_factory=deque)
    bytes: int = 0
    search: MemorySearch | None = None
    traces: list[dict[str, str]] = field(default_factory=list)
    answers: dict[uuid.UUID, tuple[str, str]] = field(default_factory=dict)

    def keep_trace(self) -> None:
        """Keep the trace of the page that another one follows."""
        if self.search is not None:
            record = self.search.traced()
            self.traces = [*self.traces, record | {"ended": record["ended"] or "superseded"}][
                1 - KEPT_TRACES :
            ]

    def answered(self, op: uuid.UUID, asked: str) -> str | None:
        """Return what an op answered, None where it did nothing. Raises CommandError(conflict)."""
        known = self.answers.get(op)
        if known is None:
            return None
        if known[0] != asked:
            raise op_taken()
        return known[1]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a Redis has written to its disk."""

    channels: dict[str, MemoryChannel]


class MemoryChannels:
    """Channels by name. A Redis that fails comes back as another run: what it kept is not continued."""

    def __init__(self, bounds: LogBounds | None = None, ring: Ring = lambda channel, entry: None) -> None:
        self._bounds = bounds or LogBounds()
        self._ring = ring
        self._run_id = secrets.token_hex(20)
        self._channels: dict[str, MemoryChannel] = {}

    def lose(self) -> None:
        """Fail as a Redis that comes back empty."""
        self.restore(Saved({}))

    def save(self) -> Saved:
        """Return what a Redis would have on its disk now."""
        return Saved(copy.deepcopy(self._channels))

    def restore(self, saved: Saved) -> None:
        """Fail as a Redis that comes back with what it had saved: another run of it."""
        self._run_id = secrets.token_hex(20)
        self._channels = copy.deepcopy(saved.channels)

    def standing(self, channel: str) -> MemoryChannel | None:
        found = self._channels.get(channel)
        return found if found is not None and found.epoch.startswith(self._run_id) else None

    def open(self, channel: str) -> MemoryChannel:
        found = self.standing(channel)
        if found is None:
            found = self._channels[channel] = MemoryChannel(f"{self._run_id}-{secrets.token_hex(8)}")
            self._ring(channel, Entry(found.epoch, 0, b""))
        return found

    def append(self, name: str, channel: MemoryChannel, body: bytes, no: int = 0) -> None:
        channel.seq += 1
        entry = Entry(channel.epoch, channel.seq, body, no)
        channel.events.append(entry)
        channel.bytes += len(body)
        while len(channel.events) > self._bounds.events or (
            channel.bytes > self._bounds.bytes and len(channel.events) > 1
        ):
            channel.bytes -= len(channel.events.popleft().body)
        self._ring(name, entry)

    def search_of(self, channel: str, search_id: str) -> MemorySearch | None:
        standing = self.standing(channel)
        search = None if standing is None else standing.search
        return search if search is not None and search.state.search_id == search_id else None

    def announce_valued(self, channel: str) -> None:
        standing = self.open(channel)
        if standing.search is not None:
            body = standing.search.valued_body(valued_prefix(channel, standing.search.state.search_id))
            if body is not None:
                self.append(channel, standing, body)


def now_ms() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000
