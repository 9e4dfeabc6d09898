"""A pool of computing processes, with turns for waiting calls and a deadline for each."""

import asyncio
import os
import pickle  # - only what our own child wrote is loaded  # nosec B403
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, ParamSpec, TypeVar

import structlog

from server.compute.child import LENGTH_BYTES
from server.sharing.lanes import Lane
from server.sharing.line import Line

P = ParamSpec("P")
R = TypeVar("R")

COMPUTE_SECONDS: Final = 5.0
"""The longest computation of one call; the largest grid of a quote takes about a tenth of it."""

START_SECONDS: Final = 30.0
RESTART_SECONDS: Final = 1.0
STALLED_SECONDS: Final = 5.0
"""A call that waits longer than this for a turn waits for something broken or overloaded."""

_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")


class NoTurnError(Exception):
    """The account, or everyone together, has as many computations waiting as may wait."""


class OverrunError(Exception):
    """A computation did not end in time, or its process was lost; the process has been replaced."""


class _LostError(Exception):
    """The process ended in the middle of a call."""


@dataclass(slots=True, eq=False)
class _Call:
    body: bytes
    outcome: asyncio.Future[Any]
    since: float = field(default_factory=time.monotonic)


class ComputePool:
    """Runs functions in other processes, while ``running``; calls wait until then.

    A function must be defined in a module, and its arguments and result must be picklable.
    """

    def __init__(self, seconds: float = COMPUTE_SECONDS) -> None:
        self._seconds = seconds
        self._line: Line[_Call] = Line()
        self._waiting: dict[_Call, None] = {}
        self._filled = asyncio.Condition()
        self._logger = structlog.get_logger("compute")

    @property
    def waiting(self) -> int:
        """How many calls wait for a process."""
        return len(self._waiting)

    @property
    def has_turns(self) -> bool:
        """Whether who comes now is served soon: nobody has waited for long."""
        oldest = next(iter(self._waiting), None)
        return oldest is None or time.monotonic() - oldest.since < STALLED_SECONDS

    async def run(self, lane: Lane, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``function`` returns; raises what it raises.

        Raises:
            NoTurnError: too many computations of this account wait already.
            OverrunError: it did not end within the pool's deadline, counted from when it began.
        """
        if kwargs:
            raise TypeError("pass arguments by position")
        if not self._line.has_room(lane):
            raise NoTurnError
        call = _Call(pickle.dumps((function, args)), asyncio.get_running_loop().create_future())
        self._line.put(lane, call)
        self._waiting[call] = None
        async with self._filled:
            self._filled.notify()
        result: R = await call.outcome
        return result

    @asynccontextmanager
    async def running(self, processes: int) -> AsyncIterator[None]:
        """Serve calls with so many processes for the length of the context; they end with it."""
        serving = [
            asyncio.create_task(self._serve(), name=f"compute {number}") for number in range(processes)
        ]
        try:
            yield
        finally:
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            try:
                async with _child() as child:
                    await self._serve_with(child)
            except (OSError, TimeoutError, _LostError) as error:
                self._logger.error("compute_process_lost", error=error)
                await asyncio.sleep(RESTART_SECONDS)
            except OverrunError:
                self._logger.error("compute_overrun", seconds=self._seconds)

    async def _serve_with(self, child: Process) -> None:
        while True:
            call = await self._next()
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await _ask(child, call.body)
            except BaseException as error:
                late = isinstance(error, TimeoutError)
                if not call.outcome.done():
                    call.outcome.set_exception(OverrunError())
                if late:
                    raise OverrunError from None
                raise
            _settle(call.outcome, answer)

    async def _next(self) -> _Call:
        """Return the next call that someone still waits for."""
        while True:
            async with self._filled:
                await self._filled.wait_for(lambda: len(self._line))
                call = self._line.take()
            del self._waiting[call]
            if not call.outcome.done():
                return call


def _settle(outcome: asyncio.Future[Any], answer: bytes) -> None:
    """Pass an answer on, unless nobody waits for it any longer."""
    returned, value = pickle.loads(answer)  # noqa: S301 - our own child wrote it  # nosec B301
    if outcome.done():
        return
    if returned:
        outcome.set_result(value)
    else:
        outcome.set_exception(value)


async def _ask(child: Process, call: bytes) -> bytes:
    """Return the answer to a pickled call. Raises _LostError where the process ends before."""
    if child.stdin is None or child.stdout is None:
        raise _LostError
    try:
        child.stdin.write(len(call).to_bytes(LENGTH_BYTES, "big") + call)
        await child.stdin.drain()
        return await _read(child.stdout)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise _LostError from error


async def _read(answers: asyncio.StreamReader) -> bytes:
    length = int.from_bytes(await answers.readexactly(LENGTH_BYTES), "big")
    return await answers.readexactly(length)


@asynccontextmanager
async def _child() -> AsyncIterator[Process]:
    """Start a computing process, ready for its first call; kill it on the way out, whatever it does.

    Raises OSError, _LostError or TimeoutError if it does not come up.
    """
    module = "server.compute.child"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, env=_environment(os.environ)
    )
    try:
        if child.stdout is None:
            raise _LostError
        try:
            async with asyncio.timeout(START_SECONDS):
                await _read(child.stdout)
        except asyncio.IncompleteReadError as error:
            raise _LostError from error
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a computing process may know of the environment: no address, no secret."""
    return {name: value for name, value in environ.items() if name in _INHERITED or name.startswith("PYTHON")}
