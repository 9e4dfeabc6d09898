"""The end of a process: each part must close within a time limit, and so must the whole.

A part that waits for a hanging service is cut off, and the log names it. If a task or a thread still blocks
the process after that, a watchdog logs its name and ends the process.
"""

import asyncio
import contextlib
import faulthandler
import os
import queue
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

CLOSE_SECONDS: Final = 1.0
"""How long one part of a process may take to close."""

CUT_SECONDS: Final = 0.5
"""How long a part may take once it is cut off."""

END_SECONDS: Final = 12.0
"""How long a process may take to end after its drain time. A supervisor that kills it should wait longer."""

LAST_WORD_SECONDS: Final = 1.0
NAMES: Final = 20

log = structlog.get_logger("ending")


class Ending:
    """Watches over the end of one process, which may take ``seconds`` from ``begin`` on.

    ``end_now`` ends the process with the given exit code. Make it before anything else may hang.
    """

    def __init__(self, process: str, seconds: float, end_now: Callable[[int], None] = os._exit) -> None:
        self._process = process
        self._seconds = seconds
        self._end_now = end_now
        self._begun = False
        self._open: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        # Its put may be interrupted by itself, as happens in a signal handler.
        self._orders: queue.SimpleQueue[float] = queue.SimpleQueue()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def begin(self) -> None:
        """Start the clock; called again, it changes nothing. A signal handler may call it."""
        if not self._begun:
            self._begun = True
            self.allow(self._seconds)

    def allow(self, seconds: float) -> None:
        """Give the process so many seconds from now, in place of what it had."""
        self._begun = True
        self._orders.put(seconds)
        if self._end_now is os._exit:
            # Code that never lets another thread run stops the watchdog, too, but not this.
            with contextlib.suppress(ValueError, OSError):  # no standard error to write to
                faulthandler.dump_traceback_later(seconds + 2 * LAST_WORD_SECONDS, exit=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Name ``what`` as closing for as long as the context lasts."""
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._open.append(what)
        try:
            yield
        finally:
            self._open.remove(what)

    async def close(
        self, what: str, closing: Callable[[], Awaitable[Any]], seconds: float = CLOSE_SECONDS
    ) -> None:
        """Close one part, or cut it off after ``seconds`` and say so. What ``closing`` raises is raised."""
        with self.step(what):
            task = asyncio.ensure_future(closing())
            _, late = await asyncio.wait({task}, timeout=seconds)
            if late:
                log.warning("cut off", what=what, seconds=seconds)
                task.cancel()
                await asyncio.wait({task}, timeout=CUT_SECONDS)
            elif not task.cancelled():
                task.result()

    @asynccontextmanager
    async def background(self) -> AsyncIterator[asyncio.TaskGroup]:
        """Own tasks that live as long as the context; on the way out, cancel them until they are gone."""

        class Stop(Exception):
            """Ends the group."""

        pressing: asyncio.Task[None] | None = None
        try:
            async with _Tasks() as tasks:
                yield tasks
                pressing = asyncio.create_task(self._press(tasks.alive), name="press")
                raise Stop
        except* Stop:
            pass
        finally:
            if pressing is not None:
                pressing.cancel()

    async def _press(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Cancel again those who were cancelled, and then wait for a service on their way out."""
        with self.step("background tasks"):
            while True:
                await asyncio.sleep(CLOSE_SECONDS)
                log.warning("cut off", what=_names(tasks), seconds=CLOSE_SECONDS)
                for task in list(tasks):
                    task.cancel()

    def _watch(self) -> None:
        seconds = self._orders.get()
        with contextlib.suppress(queue.Empty):
            while True:
                seconds = self._orders.get(timeout=seconds)
        # The reader of our log may hang as well.
        speaker = threading.Thread(target=self._complain, args=(seconds,), name="last word", daemon=True)
        speaker.start()
        speaker.join(LAST_WORD_SECONDS)
        self._end_now(1)

    def _complain(self, seconds: float) -> None:
        log.error(
            "did not end in time",
            process=self._process,
            seconds=seconds,
            parts=list(self._open),
            tasks=[] if self._loop is None else _names(_tasks_of(self._loop)),
            threads=_busy_threads(),
        )


class _Tasks(asyncio.TaskGroup):
    """A group that knows which of its tasks are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: set[asyncio.Task[Any]] = set()

    def create_task(self, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        task = super().create_task(*args, **kwargs)
        self.alive.add(task)
        task.add_done_callback(self.alive.discard)
        return task


def _tasks_of(loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[Any]]:
    try:
        return asyncio.all_tasks(loop)
    except RuntimeError:  # they change too fast to be listed
        return set()


def _names(tasks: set[asyncio.Task[Any]]) -> list[str]:
    return sorted(task.get_name() for task in list(tasks))[:NAMES]


def _busy_threads() -> list[str]:
    """Return the threads that hold a process up, each with the function it is in."""
    frames = sys._current_frames()
    busy = []
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if not thread.daemon and frame is not None:
            code = frame.f_code
            busy.append(f"{thread.name} in {Path(code.co_filename).stem}.{code.co_qualname}")
    return busy[:NAMES]
