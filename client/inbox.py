"""The bounded queue between the socket and a reader, with an explicit overflow."""

import asyncio
from collections import deque
from enum import StrEnum

from client.channel import Channel, Delivery, Refreshed

MAX_WAITING_EVENTS = 512


class Overflow(StrEnum):
    """What happens when a reader falls ``MAX_WAITING_EVENTS`` behind."""

    REFRESH = "refresh"
    """The waiting events are dropped, and one ``Refreshed`` replaces them: the state includes them all."""
    PAUSE = "pause"
    """The socket is not read until there is room, for every channel: no event is dropped on this side."""


class Inbox:
    """The events of one channel that its reader has not read yet."""

    def __init__(self, channel: Channel, overflow: Overflow) -> None:
        self._channel = channel
        self._overflow = overflow
        self._waiting: deque[Delivery] = deque()
        self._changed = asyncio.Condition()
        self._end: Exception | None = None
        self._closed = False

    async def put(self, delivery: Delivery) -> None:
        """Add an event; if there is no room, apply the overflow policy."""
        async with self._changed:
            if len(self._waiting) >= MAX_WAITING_EVENTS:
                if self._overflow is Overflow.PAUSE:
                    await self._changed.wait_for(
                        lambda: self._closed or len(self._waiting) < MAX_WAITING_EVENTS
                    )
                elif self._channel.position is not None:
                    self._waiting.clear()
                    delivery = Refreshed(channel=self._channel.name, position=self._channel.position)
            self._waiting.append(delivery)
            self._changed.notify_all()

    async def close(self, end: Exception | None = None) -> None:
        """Let the reader take the waiting events, then end: raise ``end`` if it is given."""
        async with self._changed:
            self._closed, self._end = True, end
            self._changed.notify_all()

    async def take(self) -> Delivery:
        """Return the next event. Raises StopAsyncIteration at the end, or what ended the channel."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._waiting:
                self._changed.notify_all()
                return self._waiting.popleft()
            raise self._end or StopAsyncIteration
