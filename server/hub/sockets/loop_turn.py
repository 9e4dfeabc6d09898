"""Collects what is sent when a turn of the event loop ends, so that related messages share a write."""

import asyncio
from collections import deque
from collections.abc import Callable


class LoopTurn:
    """Delivers the events of this turn, then writes the outboxes."""

    def __init__(self) -> None:
        self._events: deque[Callable[[], None]] = deque()
        self._writes: deque[Callable[[], None]] = deque()
        self._end: asyncio.Handle | None = None

    def has_events(self, deliver: Callable[[], None]) -> None:
        """Call ``deliver`` when this turn ends, or earlier if the order requires it."""
        self._events.append(deliver)
        self._end_soon()

    def has_words(self, write: Callable[[], None]) -> None:
        """Call ``write`` when this turn ends."""
        self._writes.append(write)
        self._end_soon()

    def deliver(self) -> None:
        """Deliver the events of this turn so far, so that the next queued message follows them."""
        while self._events:
            self._events.popleft()()

    def deliver_at_once(self) -> None:
        """Deliver the events of this turn so far, from a callback that must not fail.

        A failure is reported as at the end of a turn, where the remaining events are delivered.
        """
        try:
            self.deliver()
        except Exception as error:
            context = {"message": "events were not delivered", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _end_soon(self) -> None:
        if self._end is None:
            self._end = asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._end = None
        try:
            self.deliver()
            for _ in range(len(self._writes)):
                self._writes.popleft()()
        finally:
            # If one fails, the others still run in the next turn.
            if self._events or self._writes:
                self._end_soon()
