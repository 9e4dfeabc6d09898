"""The messages that wait to be written to one socket, in order, bounded by bytes and age. No I/O.

Replies and notices belong to no channel. Replies and events count towards the bounds; snapshot rows and
replays, which are produced only as the socket drains, do not. When events overflow, whole channels are given
up, those with the most bytes first. A ``resync`` replaces their queued messages.
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
    """The waiting replies exceed the bound, and there is no channel to give up: the client does not read."""


@dataclass(frozen=True, slots=True)
class _Item:
    message: bytes
    channel: str | None
    counted: bool
    since: float
    is_presence: bool = False


class Outbox:
    """A queue of messages. Times are seconds of any monotonic clock."""

    def __init__(self, max_bytes: int = OUTBOX_BYTES, max_age_seconds: float = OUTBOX_AGE_SECONDS) -> None:
        self._items: deque[_Item] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._max_age = max_age_seconds

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        """How many waiting bytes count towards the bound."""
        return self._bytes

    def put(self, message: bytes, now: float) -> None:
        """Queue a message that belongs to no channel, such as a reply. Raises OutboxFull."""
        self._append(_Item(message, None, True, now))
        if self._bytes > self._max_bytes and not any(item.counted and item.channel for item in self._items):
            raise OutboxFull

    def put_event(self, channel: str, message: bytes, now: float) -> list[str]:
        """Queue a logged event; return the channels that had to be given up for it.

        No message of these channels is queued any more. The caller stops serving them and queues their
        ``resync``.
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
        """Queue who is here. The message is complete, so an older one that still waits is dropped.

        It is queued at the end: the older one may have been queued before the channel was joined again.
        """
        older = next((item for item in self._items if item.is_presence and item.channel == channel), None)
        if older is not None:
            self._items.remove(older)
            self._bytes -= len(older.message)
        self._append(_Item(message, channel, True, now, is_presence=True))

    def put_pulled(self, channel: str, message: bytes, now: float) -> None:
        """Queue part of a snapshot or replay. It is produced as the socket drains and does not count."""
        self._append(_Item(message, channel, False, now))

    def put_resync(self, channel: str, now: float) -> None:
        """Queue a ``resync`` of the channel, in place of its messages that were not sent yet."""
        self.drop(channel)
        self._append(_Item(codec.encode(Resync(channel=channel)), None, True, now))

    def drop(self, channel: str) -> None:
        """Drop the channel's messages that were not taken yet."""
        self._items = deque(item for item in self._items if item.channel != channel)
        self._bytes = _counted(self._items)

    def take(self) -> list[bytes]:
        """Remove and return the messages of the next frame, in order; an empty list if nothing waits."""
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
