"""SIGTERM and SIGHUP end a command through every ``with`` that it is in."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a stop signal end what is done here. Raises SystemExit: 128 and the signal's number.

    Where no event loop runs, the signal raises at once. Where one does, its tasks are cancelled: an exception
    in the midst of the loop would take the wake-up of whoever waits with it, and that would wait for ever. A
    second signal raises at once in any case.
    """
    told: int | None = None

    def end(number: int, _frame: object) -> None:
        nonlocal told
        loop = _running_loop()
        if loop is None or told is not None:
            sys.exit(128 + number)
        told = number
        loop.call_soon_threadsafe(_cancel_tasks, loop)

    for number in STOP_SIGNALS:
        signal.signal(number, end)
    try:
        yield
    except asyncio.CancelledError:
        if told is None:
            raise
    if told is not None:
        sys.exit(128 + told)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
