"""Our own processes for a test, web and worker: ready on entry, and asserted to have ended well."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from server.run.privileges import without_owner
from server.settings import Settings, process_environment
from tests import nursery

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
"""Guards against what never ends: a machine with other work takes its time. A process bounds its own end."""

OURS = "server.run.processes"
"""What the Procfile runs: ``python -m server`` does the same with an option parser, for half of a start."""


@dataclass(slots=True)
class Process:
    """A process of ours that serves a test. ``url`` is its address where it is a web process."""

    process: asyncio.subprocess.Process | nursery.Copy
    url: str
    log: Path
    is_told: bool = False

    @property
    def pid(self) -> int:
        """Its process id, for a signal."""
        return self.process.pid

    def output(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace")

    def tell_to_end(self) -> None:
        """Tell it to end, once; where it has ended, nobody is told."""
        if not self.is_told and self.process.returncode is None:
            self.is_told = True
            self.process.send_signal(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def start_web(
    settings: Settings, folder: Path, *, port: int | None = None, module: str = OURS, ready: bool = True
) -> AsyncIterator[Process]:
    """Run a web process: ready on entry, or only alive if it is not to be ``ready``; on exit told to end, and asserted to have ended well.

    ``port`` replaces the settings' one, so that two processes of one test can be told apart. ``folder`` takes
    its log. ``module`` is run in the place of ours, as a test needs it.
    """
    port = port or settings.port
    own = settings if port == settings.port else replace(settings, port=port)
    async with _start("web", own, folder, module) as process:
        asked = "/readyz" if ready else "/healthz"
        await _until(process, lambda: answers(own.port, asked))
        yield process


@asynccontextmanager
async def start_worker(settings: Settings, folder: Path) -> AsyncIterator[Process]:
    """Run a worker process: ready on entry; on exit told to end, and asserted to have ended well."""
    async with _start("worker", settings, folder) as process:
        await _until(process, lambda: _says_ready(process))
        yield process


@asynccontextmanager
async def start_together(settings: Settings, folder: Path, *ports: int) -> AsyncIterator[list[Process]]:
    """Run a worker and web processes, one on the settings' port and one on each of ``ports``, and give the
    latter. All start at the same time, and are told to end at the same time.
    """
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(_start("worker", settings, folder))
        webs = [
            await stack.enter_async_context(_start("web", replace(settings, port=port), folder))
            for port in (settings.port, *ports)
        ]
        ready = [_until(web, partial(_serves, web)) for web in webs]
        await asyncio.gather(_until(worker, partial(_says_ready, worker)), *ready)
        yield webs
        for process in (worker, *webs):
            process.tell_to_end()


@asynccontextmanager
async def _start(
    command: str, settings: Settings, folder: Path, module: str = OURS
) -> AsyncIterator[Process]:
    log = folder / f"{command}-{uuid.uuid4().hex}.log"
    log.touch()
    spawned = await _spawn(module, command, settings, log)
    process = Process(spawned, f"http://127.0.0.1:{settings.port}", log)
    try:
        yield process
        process.tell_to_end()
        if process.is_told:
            async with asyncio.timeout(STOP_SECONDS):
                code = await process.process.wait()
            assert code == 0, f"{command} ended with {code}:\n{process.output()}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.process.kill()
        await process.process.wait()


async def _spawn(
    module: str, command: str, settings: Settings, log: Path
) -> asyncio.subprocess.Process | nursery.Copy:
    environment = without_owner(process_environment() | settings.environment())
    if (copies := nursery.current()) is not None:
        return await copies.spawn(module, command, environment, log)
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, command),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


async def _until(process: Process, is_ready: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not await is_ready():
            assert process.process.returncode is None, f"ended before it was ready:\n{process.output()}"
            await asyncio.sleep(0.02)


async def _serves(process: Process) -> bool:
    return await answers(urlsplit(process.url).port or 0, "/readyz")


async def _says_ready(process: Process) -> bool:
    return "worker ready" in process.output()


async def answers(port: int, path: str) -> bool:
    """Return whether a GET of ``path`` is answered with 200."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        return b" 200 " in status
    except OSError:
        return False
    finally:
        writer.close()
