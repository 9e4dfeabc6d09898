"""A loop in which waiting takes no time: its clock jumps to the next timer, so that a run of minutes is exact
and over at once. Nothing on it may do I/O.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Jumping(selectors.SelectSelector):
    """Waits by moving the clock."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everything waits for something that never comes"
        # A turn without waiting takes a moment too, or whoever waits turn by turn would wait for ever.
        self.now += timeout or 1e-4
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        # The clock moves in whole steps, so a timer that is due is never a rounding error away.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._jumping.now


def run_virtually(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in virtual time; return its result."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()
