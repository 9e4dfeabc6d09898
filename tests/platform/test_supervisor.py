"""The supervisor: fallen processes start again, and at the end none is left."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from server.embedded.process import is_gone
from server.run.procfile import Instance
from server.run.supervisor import KeepsFalling, Supervisor
from server.settings import process_environment
from tests.services import ROOT

GUARD_SECONDS = 60.0
SLEEPER = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER

# A supervisor in a process of its own, for what a signal from outside does to it.
OUTSIDE = f"""
import asyncio, os, sys
from server.run.procfile import Instance
from server.run.supervisor import Supervisor
async def started():
    print("started", flush=True)
codes = {{"mild": {SLEEPER!r}, "deaf": {DEAF!r}}}
formation = [Instance(name, (sys.executable, "-c", code)) for name, code in codes.items()]
asyncio.run(Supervisor(formation, os.environ, lambda line: print(line, flush=True)).run(started))
"""


class Lines:
    """Takes a supervisor's lines, and waits for the one that is expected."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._came = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.all.append(line)
        self._came.set()

    async def until(self, expected: Callable[[list[str]], bool]) -> None:
        """Wait until the lines so far are as expected."""
        async with asyncio.timeout(GUARD_SECONDS):
            while not expected(self.all):
                self._came.clear()
                await self._came.wait()

    def pids(self) -> list[int]:
        """Return the process ids that were printed."""
        return [int(line.rpartition(" ")[2]) for line in self.all if "| pid " in line]


def python(name: str, code: str) -> Instance:
    """Return an instance that runs Python code."""
    return Instance(name, (sys.executable, "-c", code))


async def nothing() -> None:
    """Start-up with nothing to wait for."""


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[None]:
    """Run a supervisor for the length of the context, then end it in good order."""
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as group:
        group.create_task(supervisor.run(nothing))
        try:
            yield
        finally:
            supervisor.stop()


async def test_lines_carry_the_name_of_their_process() -> None:
    """Standard output and standard error alike are prefixed, also a last line without an end."""
    lines = Lines()
    code = "import sys; print('a\\nb'); sys.stdout.flush(); sys.stderr.write('c')"
    async with running(
        Supervisor([python("web.1", code), python("worker.1", SLEEPER)], process_environment(), lines)
    ):
        await lines.until(lambda seen: "web.1    | c" in seen)
    assert [line for line in lines.all if line.startswith("web.1 ")][:3] == [
        "web.1    | a",
        "web.1    | b",
        "web.1    | c",
    ]


async def test_a_fallen_process_starts_again() -> None:
    """A killed process is replaced, the others stay; its end is reported with the reason."""
    lines = Lines()
    formation = [python("web.1", SLEEPER), python("worker.1", SLEEPER)]
    async with running(Supervisor(formation, process_environment(), lines)):
        await lines.until(lambda _seen: len(lines.pids()) == 2)
        first = lines.pids()
        os.kill(first[0], signal.SIGKILL)
        await lines.until(lambda _seen: len(lines.pids()) == 3)
        assert not is_gone(first[1])
    assert any("ended by SIGKILL; starts again in 0.25 s" in line for line in lines.all)
    await asyncio.to_thread(await_gone, *lines.pids())


async def test_pauses_grow() -> None:
    """A process that does not stay up is started again more and more rarely."""
    lines = Lines()
    async with running(Supervisor([python("web.1", "raise SystemExit(3)")], process_environment(), lines)):
        await lines.until(lambda seen: sum("starts again" in line for line in seen) == 3)
    pauses = [line.rpartition("| ")[2] for line in lines.all]
    assert pauses == [f"ended with exit code 3; starts again in {pause} s" for pause in ("0.25", "0.5", "1")]


async def test_who_does_not_listen_is_killed() -> None:
    """A process that ignores the request to end, and what it started itself, is killed after the grace."""
    lines = Lines()
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {DEAF!r}]); {DEAF}"
    async with running(Supervisor([python("web.1", child)], process_environment(), lines, grace_seconds=1.0)):
        await lines.until(lambda _seen: len(lines.pids()) == 2)
    await asyncio.to_thread(await_gone, *lines.pids())


async def test_a_failed_start_ends_the_formation() -> None:
    """What start-up raises is raised again, once no process is left."""
    lines = Lines()

    async def fail() -> None:
        await lines.until(lambda _seen: len(lines.pids()) == 1)
        raise LookupError("no page")

    with pytest.raises(LookupError, match="no page"):
        await Supervisor([python("web.1", SLEEPER)], process_environment(), lines).run(fail)
    await asyncio.to_thread(await_gone, *lines.pids())


async def test_a_process_that_ends_by_itself_while_all_are_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was being started when the signal came, and has ended before anybody could tell it to."""
    start, lines = asyncio.create_subprocess_exec, Lines()
    supervisor = Supervisor([python("web.1", "")], process_environment(), lines)

    async def start_slowly(*words: str, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*words, **options)
        supervisor.stop()
        await process.wait()
        await asyncio.sleep(0.05)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_slowly)
    async with asyncio.timeout(GUARD_SECONDS):
        await supervisor.run(nothing)
    assert lines.all == []


async def test_a_process_that_never_comes_up() -> None:
    """Before the formation is up, the third fall of a process ends it all, instead of being repeated."""
    lines = Lines()

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    formation = [python("web.1", SLEEPER), python("web.2", "raise SystemExit(3)")]
    with pytest.raises(KeepsFalling, match=r"web\.2 keeps failing to start \(ended with exit code 3\)"):
        async with asyncio.timeout(GUARD_SECONDS):
            await Supervisor(formation, process_environment(), lines).run(wait_for_ever)
    await asyncio.to_thread(await_gone, *lines.pids())


def start_outside(log: Path) -> tuple[subprocess.Popen[bytes], dict[str, int]]:
    """Start a supervisor as a process; return it and the process ids of its formation by name."""
    with log.open("wb") as out:
        outside = subprocess.Popen(
            [sys.executable, "-c", OUTSIDE], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + GUARD_SECONDS
    while log.read_text().count("| pid ") < 2:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    lines = [line.split() for line in log.read_text().splitlines() if "| pid " in line]
    return outside, {words[0]: int(words[-1]) for words in lines}


def await_gone(*pids: int) -> None:
    """Wait until none of the processes runs."""
    deadline = time.monotonic() + GUARD_SECONDS
    while not all(is_gone(pid) for pid in pids):
        assert time.monotonic() < deadline, pids
        time.sleep(0.02)


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    """Ctrl-C lets processes finish; a second one ends them at once. Both leave none behind."""
    outside, pids = start_outside(tmp_path / "log")
    outside.send_signal(signal.SIGINT)
    await_gone(pids["mild"])
    outside.send_signal(signal.SIGINT)
    assert outside.wait(GUARD_SECONDS) == 0
    assert is_gone(pids["deaf"])


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends children with their parent")
def test_killed_without_notice(tmp_path: Path) -> None:
    """Even kill -9 of the supervisor leaves no process behind."""
    outside, pids = start_outside(tmp_path / "log")
    outside.kill()
    outside.wait()
    await_gone(*pids.values())
