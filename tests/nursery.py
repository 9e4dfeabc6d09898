"""Web and worker processes, and the computing ones of the web's, as copies of one that has imported all.

An import is most of a start, and the tests start some hundreds of each.

Each has the environment, the output and the end of a process of its own; copies share what they have imported
and the seed of their hashes. Commands, faults and privileges are tested with processes that start as ``up``
starts them.
"""

import asyncio
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME = "tests.nursery"
COMPUTING = "server.compute.child"
MOST_BYTES = 65_536


class Copy:
    """A process that the nursery made; a computing one is asked by ``stdin`` and answers by ``stdout``."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.returncode: int | None = None
        self._writer = writer
        self._ending = asyncio.create_task(self._end(reader), name=f"end of {pid}")

    async def wait(self) -> int:
        """Return its exit code once it has ended: the negative signal if one ended it."""
        return await asyncio.shield(self._ending)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            # It may have ended just now, and nobody here has heard of it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a crash would."""
        self.send_signal(signal.SIGKILL)

    async def _end(self, reader: asyncio.StreamReader) -> int:
        self.returncode = int(await reader.readline())
        for writer in (self._writer, self.stdin):
            if writer is not None:
                writer.close()
        await self._writer.wait_closed()
        return self.returncode


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a copy is to run: ``nursery`` is the path by which it asks for copies of its own."""

    module: str
    command: str
    environment: dict[str, str]
    log: str
    nursery: str


async def _ask(path: Path | str, wanted: Wanted, ends: tuple[int, ...] = ()) -> Copy:
    """Ask for a copy, which gets ``ends`` as its standard input and output."""
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(str(path))
    socket.send_fds(asking, [json.dumps(asdict(wanted)).encode() + b"\n"], ends)
    asking.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=asking)
    return Copy(int(await reader.readline()), reader, writer)


def _compute_in_copies(wanted: Wanted) -> None:
    """Let the computing processes of this process be copies, too."""
    start = asyncio.create_subprocess_exec

    async def copy_or_start(*words: str, env: dict[str, str], **streams: Any) -> Process | Copy:
        if words[1:] != ("-m", COMPUTING):
            return await start(*words, env=env, **streams)
        ours, theirs = socket.socketpair()
        with theirs:
            about = replace(wanted, module=COMPUTING, command="", environment=env)
            copy = await _ask(wanted.nursery, about, (theirs.fileno(),))
        ours.setblocking(False)
        copy.stdout, copy.stdin = await asyncio.open_connection(sock=ours)
        return copy

    asyncio.create_subprocess_exec = copy_or_start  # type: ignore[assignment]


class Nursery:
    """Makes processes of ours, by a process of its own that starts when the first is wanted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "nursery.sock"
        self._process: subprocess.Popen[bytes] | None = None

    async def spawn(self, module: str, command: str, environment: dict[str, str], log: Path) -> Copy:
        """Run ``module`` with an argument; what it writes goes to the end of ``log``."""
        self._start()
        return await _ask(self._path, Wanted(module, command, environment, str(log), str(self._path)))

    def _start(self) -> None:
        if self._process is None:
            words = [sys.executable, "-m", NAME, str(self._path)]
            self._process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self._process.stdout is not None
            assert self._process.stdout.readline(), "the nursery does not start"

    def close(self) -> None:
        """End it; it lives no longer than the pipe to it."""
        if self._process is not None:
            self._process.communicate()


_open: list[Nursery] = []


def current() -> Nursery | None:
    """Return the nursery of this run of tests, if there is one."""
    return _open[-1] if _open else None


@contextmanager
def open_nursery(folder: Path) -> Iterator[None]:
    """Let the processes of this run be copies, for the length of the context."""
    nursery = Nursery(folder)
    _open.append(nursery)
    try:
        yield
    finally:
        _open.remove(nursery)
        nursery.close()


class Parent:
    """The process that is copied."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> str | None:
        """Make copies until nobody wants more. In a copy, return the module that it is to run."""
        print("ready", flush=True)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    if (module := self._accept()) is not None:
                        return module
                elif isinstance(key.fileobj, int):
                    self._tell_end(key.fileobj)
                else:
                    return None

    def _accept(self) -> str | None:
        caller, _ = self._listener.accept()
        said, ends, _, _ = socket.recv_fds(caller, MOST_BYTES, 1)
        while not said.endswith(b"\n") and (more := caller.recv(MOST_BYTES)):
            said += more
        if not said.endswith(b"\n"):  # whoever asked was killed meanwhile
            caller.close()
            for end in ends:
                os.close(end)
            return None
        wanted = Wanted(**json.loads(said))
        if (pid := os.fork()) == 0:
            self._let_go()
            caller.close()
            _become(wanted, ends)
            return wanted.module
        for end in ends:
            os.close(end)
        # Whoever asked may be gone, here and when the copy ends.
        with contextlib.suppress(OSError):
            caller.sendall(b"%d\n" % pid)
        end = os.pidfd_open(pid)
        self._children[end] = pid, caller
        self._selector.register(end, selectors.EVENT_READ)
        return None

    def _tell_end(self, end: int) -> None:
        self._selector.unregister(end)
        os.close(end)
        pid, caller = self._children.pop(end)
        _, status = os.waitpid(pid, 0)
        with caller, contextlib.suppress(OSError):
            caller.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _let_go(self) -> None:
        self._selector.close()
        self._listener.close()
        for end, (_, caller) in self._children.items():
            os.close(end)
            caller.close()


def _become(wanted: Wanted, ends: list[int]) -> None:
    os.environ.clear()
    os.environ.update(wanted.environment)
    sys.argv = [wanted.module, wanted.command]
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(wanted.log, os.O_WRONLY | os.O_APPEND)
    os.dup2(ends[0] if ends else nothing, 0)
    os.dup2(ends[0] if ends else log, 1)
    os.dup2(log, 2)
    for end in (nothing, log, *ends):
        os.close(end)
    if wanted.module != COMPUTING:
        _compute_in_copies(wanted)


def main() -> None:
    """Import what web and worker need, and serve copies of this process."""
    from server.run.processes import import_web  # noqa: PLC0415

    import_web()
    import server.finance.quoting  # noqa: PLC0415
    import server.work.serving  # noqa: F401, PLC0415

    # Else the first collection of each copy would write to, and so copy, all that it shares.
    gc.freeze()
    # Ctrl-C reaches the whole group of processes; the tests end this one with its input.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    module = Parent(sys.argv[1]).serve()
    signal.signal(signal.SIGINT, before)
    if module is not None:
        importlib.import_module(module).main()


if __name__ == "__main__":
    main()
