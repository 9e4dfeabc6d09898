"""Tells a client that its command still runs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from protocol import codec
from protocol.events import Working

WORKING_SECONDS: Final = 3.0
"""How often a client hears that its command still runs. Commands are handled in order, so a page that asks
whether the server is there would wait behind its own search; it gives up after 8 s.
"""


@contextmanager
def still_working(say: Callable[[bytes], None], ref: int) -> Iterator[None]:
    """Say every WORKING_SECONDS that the command ``ref`` is still handled, until the block ends."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def wait() -> None:
        nonlocal timer
        timer = loop.call_later(WORKING_SECONDS, again)

    def again() -> None:
        say(codec.encode(Working(ref=ref)))
        wait()

    wait()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
