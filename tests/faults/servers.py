"""The processes of a stage: ours, that come back when they die, and a Redis whose data can be put back."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import redis

from server.embedded.redis_server import find_program
from server.run.privileges import without_owner
from server.settings import Settings, process_environment
from tests.services import ROOT, free_port

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02
COMMAND: Final = "tests.faults.crashing"


class Server:
    """A web or worker process that somebody starts again whenever it dies.

    ``program`` is the folder of a checkout and the module in it that is run.
    """

    def __init__(
        self,
        name: str,
        command: str,
        settings: Settings,
        folder: Path,
        extra: Mapping[str, str],
        *,
        program: tuple[Path, str] = (ROOT, COMMAND),
    ) -> None:
        self.name, self.command, self.settings = name, command, settings
        self._root, self._module = program
        self.deaths = 0
        self._environment = without_owner(process_environment() | settings.environment() | dict(extra))
        self._log = folder / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address of its sockets, where it is a web process."""
        return f"ws://127.0.0.1:{self.settings.port}/ws"

    @property
    def pid(self) -> int:
        """The process id of the one that runs now."""
        assert self._process is not None
        return self._process.pid

    async def open(self) -> None:
        """Start it and whoever keeps it; return once it is ready."""
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        await self.wait_ready()

    async def wait_ready(self) -> None:
        """Return once it is ready. Raises TimeoutError with what it wrote."""
        ready = asyncio.create_task(self._ready.wait())
        done, _ = await asyncio.wait({ready}, timeout=START_SECONDS)
        if not done:
            ready.cancel()
            raise TimeoutError(f"{self.name} is not ready:\n{self._log.read_text(errors='replace')[-4000:]}")

    async def kill(self) -> None:
        """End it as a crash would, and wait until another one serves."""
        deaths = self.deaths
        os.kill(self.pid, signal.SIGKILL)
        while self.deaths == deaths:  # noqa: ASYNC110 - the keeper counts it
            await asyncio.sleep(POLL_SECONDS)
        await self.wait_ready()

    async def restart(self) -> None:
        """Tell it to end, as an upgrade does, and wait until another one serves."""
        deaths = self.deaths
        os.kill(self.pid, signal.SIGTERM)
        while self.deaths == deaths:  # noqa: ASYNC110 - the keeper counts it
            await asyncio.sleep(POLL_SECONDS)
        await self.wait_ready()

    def freeze(self) -> None:
        """Let it hang: its connections stay, nothing moves."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def leave(self) -> None:
        """Tell it to end, as an upgrade does, and start no other; return once it has ended."""
        assert self._keeping is not None and self._process is not None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        self._process.send_signal(signal.SIGTERM)
        await self._process.wait()

    async def close(self) -> None:
        """End it for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _keep(self) -> None:
        while True:
            with self._log.open("ab") as out:
                # Before it starts: what it writes may be there before we look.
                started = out.tell()
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", self._module, self.command),
                    cwd=self._root,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            ended = asyncio.create_task(self._process.wait())
            while not ended.done() and not await self._is_ready(started):  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(POLL_SECONDS)
            if not ended.done():
                self._ready.set()
            await ended
            self._ready.clear()
            self.deaths += 1

    async def _is_ready(self, since: int) -> bool:
        if self.command == "worker":
            with self._log.open("rb") as log:
                log.seek(since)
                return b"worker ready" in log.read()
        return await answers(self.settings.port, "/readyz")


async def answers(port: int, path: str) -> bool:
    """Return whether a GET of ``path`` is answered with 200 within a second."""
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False


class RedisServer:
    """A Redis of the stage's own: killed, started with its data, without them, with older ones, or replaced
    by its replica.
    """

    def __init__(self, folder: Path, name: str = "redis") -> None:
        self._folder = folder
        self._name = name
        self._port = free_port()
        self._socket = folder / f"{name}.sock"
        self._dump = folder / "dump.rdb"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start it with what lies in its folder; return once it answers."""
        # People come by the socket; the port is for a replica.
        options = {"port": str(self._port), "bind": "127.0.0.1", "unixsocket": str(self._socket)}
        options |= {
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
        }
        options |= {"repl-diskless-sync": "yes", "repl-diskless-sync-delay": "0"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        with (self._folder / f"{self._name}.log").open("ab") as log:
            self._process = subprocess.Popen([find_program().path, *words], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    def client(self) -> redis.Redis:
        """Return a client that gives bytes."""
        return redis.Redis.from_url(self.url)

    def save(self, name: str = "dump.rdb") -> Path:
        """Write the data to a file and return it."""
        with self.client() as client:
            client.save()
        kept = self._folder / name
        if kept != self._dump:
            shutil.copy(self._dump, kept)
        return kept

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self, data: Path | None) -> None:
        """Kill it and start it with the data of a file, or with none."""
        self.kill()
        if data is None:
            self._dump.unlink(missing_ok=True)
        elif data != self._dump:
            shutil.copy(data, self._dump)
        self.start()

    def replicate(self) -> "RedisServer":
        """Start a replica of it in a folder of its own; return once it has all data."""
        folder = self._folder / "replica"
        folder.mkdir(exist_ok=True)
        replica = RedisServer(folder, "replica")
        replica.start()
        try:
            with replica.client() as client:
                client.replicaof("127.0.0.1", self._port)
                deadline = time.monotonic() + START_SECONDS
                while client.info("replication")["master_link_status"] != "up":
                    if time.monotonic() > deadline:
                        raise TimeoutError("the replica does not get the data")
                    time.sleep(POLL_SECONDS)
        except BaseException:
            replica.kill()
            raise
        return replica

    def cut_off(self) -> None:
        """Let it follow nobody any more: it keeps what it has, and may be written to."""
        with self.client() as client:
            client.replicaof("NO", "ONE")

    def give_way(self, replica: "RedisServer") -> None:
        """Kill it and let another one take its place: whoever comes by the socket finds that one."""
        self.kill()
        replica._socket.replace(self._socket)
        self._process, self._port = replica._process, replica._port

    def freeze(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
