"""What waits to be written to one socket: bounded by bytes and by age, in order. No I/O.

Replies and notices belong to no channel. Events count; what is pulled only as the socket drains (snapshot
rows, replay) does not. When events overflow, whole channels are given up, the heaviest first: a ``resync``
takes the place of their queue, never silence.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from protocol import codec
from protocol.events import Resync
from server.hub.sockets.wire import in_one_frame

OUTBOX_BYTES = 1024 * 1024
OUTBOX_AGE_SECONDS = 5.0


class OutboxFull(Exception):
    """More replies wait than may wait, and nothing can be given up: the client does not read."""


@dataclass(frozen=True, slots=True)
class _Item:
    message: bytes
    channel: str | None
    counted: bool
    since: float
    is_presence: bool = False


class Outbox:
    """A queue of messages. Times are seconds of any clock that only goes forward."""

    def __init__(self, max_bytes: int = OUTBOX_BYTES, max_age_seconds: float = OUTBOX_AGE_SECONDS) -> None:
        self._items: deque[_Item] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._max_age = max_age_seconds

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        """How many bytes wait that count."""
        return self._bytes

    def put(self, message: bytes, now: float) -> None:
        """Queue a message that belongs to no channel, such as a reply. Raises OutboxFull."""
        self._append(_Item(message, None, True, now))
        if self._bytes > self._max_bytes and not any(item.counted and item.channel for item in self._items):
            raise OutboxFull

    def put_event(self, channel: str, message: bytes, now: float) -> list[str]:
        """Queue a logged event; returns the channels that had to be given up for it, none of which is queued
        now.

        The caller stops serving these channels and puts their ``resync``.
        """
        self._append(_Item(message, channel, True, now))
        given_up: list[str] = []
        oldest = next(item for item in self._items if item.counted)
        if now - oldest.since > self._max_age:
            late = oldest.channel if oldest.channel is not None else channel
            given_up.append(late)
            self.drop(late)
        while self._bytes > self._max_bytes and (heaviest := self._heaviest()) is not None:
            given_up.append(heaviest)
            self.drop(heaviest)
        return given_up

    def put_presence(self, channel: str, message: bytes, now: float) -> None:
        """Queue who is here: the whole of it, so that an older one that still waits is dropped.

        It stands at the end: the older one may have been queued before the channel was joined anew.
        """
        older = next((item for item in self._items if item.is_presence and item.channel == channel), None)
        if older is not None:
            self._items.remove(older)
            self._bytes -= len(older.message)
        self._append(_Item(message, channel, True, now, is_presence=True))

    def put_pulled(self, channel: str, message: bytes, now: float) -> None:
        """Queue part of a snapshot or replay, which is only made as the socket drains and does not count."""
        self._append(_Item(message, channel, False, now))

    def put_resync(self, channel: str, now: float) -> None:
        """Queue word that the channel must be joined again, in place of what of it was not sent yet."""
        self.drop(channel)
        self._append(_Item(codec.encode(Resync(channel=channel)), None, True, now))

    def drop(self, channel: str) -> None:
        """Drop what of the channel was not taken yet."""
        self._items = deque(item for item in self._items if item.channel != channel)
        self._bytes = _counted(self._items)

    def take(self) -> list[bytes]:
        """Remove and return the messages of the next frame, in order; empty where nothing waits."""
        items = [
            self._items.popleft() for _ in range(in_one_frame(len(item.message) for item in self._items))
        ]
        self._bytes -= _counted(items)
        return [item.message for item in items]

    def _append(self, item: _Item) -> None:
        self._items.append(item)
        if item.counted:
            self._bytes += len(item.message)

    def _heaviest(self) -> str | None:
        weights: dict[str, int] = {}
        for item in self._items:
            if item.channel is not None and item.counted:
                weights[item.channel] = weights.get(item.channel, 0) + len(item.message)
        return max(weights, key=lambda channel: weights[channel]) if weights else None


def _counted(items: Iterable[_Item]) -> int:
    return sum(len(item.message) for item in items if item.counted)
