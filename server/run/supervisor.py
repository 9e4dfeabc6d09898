"""Keeps a set of processes running, and stops them together.

Each process has its own session, so Ctrl-C reaches only the supervisor and the shutdown is orderly. On Linux
the kernel kills the processes if the supervisor dies first.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from server.embedded.account import Account
from server.errors import UserError
from server.observe.ending import END_SECONDS
from server.run.procfile import Instance

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0  # a process that ran this long is restarted without a pause
MAX_FALLS_AT_START = 3
GRACE_SECONDS = END_SECONDS + 2.0
"""Longer than a process needs to end itself when something hangs, so that its log names the cause."""

DRAIN_SECONDS = 0.5
READ_BYTES = 64 * 1024
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Write = Callable[[str], None]


class KeepsFalling(UserError):
    """A process keeps ending before the formation is up, so waiting longer would not help."""

    def __init__(self, name: str, ending: str) -> None:
        super().__init__(name, ending)
        self.name, self.ending = name, ending

    def __str__(self) -> str:
        return f"{self.name} keeps failing to start ({self.ending}): see its output above"


class Supervisor:
    """Runs instances until told to stop, under ``account`` if one is given.

    ``write`` takes each line of their output, with its prefix. A process that has not ended ``grace_seconds``
    after its stop signal is killed.
    """

    def __init__(
        self,
        formation: Sequence[Instance],
        environment: Mapping[str, str],
        write: Write,
        *,
        account: Account | None = None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._options = account.spawn_options() if account else {}
        self._grace_seconds = grace_seconds
        self._formation = formation
        self._environment = dict(environment)
        self._write = write
        self._width = max((len(instance.name) for instance in formation), default=0)
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._started = asyncio.Event()
        self._failure: Exception | None = None
        self._before_exec = _die_with_parent()

    async def run(self, started: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the formation until SIGINT, SIGTERM or SIGHUP; a second signal kills at once.

        ``started`` is awaited at the same time; its exception ends the formation and is raised here. Raises
        KeepsFalling if a process does not stay up until then. However this returns, no process of the
        formation is left.
        """
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            async with asyncio.TaskGroup() as group:
                keepers = [group.create_task(self._keep(instance)) for instance in self._formation]
                start = group.create_task(self._watch_start(started))
                await self._stopping.wait()
                start.cancel()
                await self._end(keepers)
        finally:
            self._signal_all(signal.SIGKILL)
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End the formation; when called again, at once."""
        if self._stopping.is_set():
            self._signal_all(signal.SIGKILL)
        self._stopping.set()

    async def _watch_start(self, started: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Stop the formation in an orderly way after a failed start, and keep the reason."""
        try:
            await started()
            self._started.set()
        except Exception as failure:
            self._fail(failure)

    def _fail(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._stopping.set()

    async def _keep(self, instance: Instance) -> None:
        """Run one instance again and again, with growing pauses while it does not stay up."""
        clock = asyncio.get_running_loop().time
        pause, falls = FIRST_PAUSE_SECONDS, 0
        while not self._stopping.is_set():
            begun = clock()
            code = await self._run_once(instance)
            if self._stopping.is_set():
                return
            if clock() - begun >= STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            falls += 1
            if falls == MAX_FALLS_AT_START and not self._started.is_set():
                self._fail(KeepsFalling(instance.name, _ending(code)))
                return
            self._say(instance.name, f"{_ending(code)}; starts again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _run_once(self, instance: Instance) -> int:
        """Run an instance to its end and return its exit code."""
        process = await asyncio.create_subprocess_exec(
            *instance.argv,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=self._before_exec,
            **self._options,
        )
        self._running[instance.name] = process
        if self._stopping.is_set():  # the signal came while it was being started
            _signal_group(process, signal.SIGTERM)
        try:
            async with asyncio.TaskGroup() as group:
                copying = group.create_task(self._copy_output(instance.name, _output(process)))
                code = await process.wait()
                # Its last output is still in the pipe, and its children may keep the pipe open for ever.
                await asyncio.wait([copying], timeout=DRAIN_SECONDS)
                copying.cancel()
                return code
        finally:
            _signal_group(process, signal.SIGKILL)
            del self._running[instance.name]

    async def _copy_output(self, name: str, output: asyncio.StreamReader) -> None:
        rest = b""
        while data := await output.read(READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > READ_BYTES:  # a line without end is cut, not collected
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._say(name, line.decode(errors="replace"))
        if rest:
            self._say(name, rest.decode(errors="replace"))

    async def _end(self, keepers: Sequence[asyncio.Task[None]]) -> None:
        self._signal_all(signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=self._grace_seconds)
        if late:
            self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._running.values():
            _signal_group(process, number)

    def _say(self, name: str, line: str) -> None:
        self._write(f"{name:<{self._width}} | {line}")


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise RuntimeError("started without a pipe for its output")
    return process.stdout


def _ending(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _die_with_parent() -> Callable[[], None] | None:
    """Return a function for the child to call before exec: it asks the kernel to end it with its parent."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # found now: after the fork nothing may be loaded
    parent = os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return before_exec
