"""One Redis or Valkey server of these tests, ended by id."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import redis

START_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.02
BUS_OFFSET: Final = 10_000
"""Redis adds this to its port for the cluster's own connections."""

PORTS: Final = range(11_000, 22_000)


def free_ports(count: int) -> list[int]:
    """Return free ports whose cluster ports are free too; neither are ports of outgoing connections."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as own, socket.socket() as bus:
            try:
                own.bind(("127.0.0.1", port))
                bus.bind(("127.0.0.1", port + BUS_OFFSET))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("there are not enough free ports")


class Node:
    """One server process. ``options`` are those of redis.conf; ``secrets`` those of a client of it."""

    def __init__(
        self, program: str, folder: Path, port: int, options: Mapping[str, str], **client: Any
    ) -> None:
        self.program, self.folder, self.port = program, folder, port
        self._options = dict(options)
        self._client = client
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it with what lies in its folder; return once it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *self._words()], stdout=log, stderr=log)
        wait_for(self._answers, f"{self.program} on {self.port}")

    def _words(self) -> list[str]:
        port = {"port": str(self.port)}
        if "tls-cert-file" in self._options:
            port = {"port": "0", "tls-port": str(self.port)}
        options = {"bind": "127.0.0.1", "dir": str(self.folder), "save": "", "appendonly": "no"}
        options |= port | {"repl-diskless-sync": "yes", "repl-diskless-sync-delay": "0"} | self._options
        return [word for name, value in options.items() for word in (f"--{name}", *value.split(" "))]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def client(self) -> redis.Redis:
        """Return a client of this one process."""
        return redis.Redis(port=self.port, host="127.0.0.1", socket_timeout=5, protocol=2, **self._client)

    def ask(self, *words: str | int | bytes) -> Any:
        """Send a command and return the answer."""
        with self.client() as client:
            return client.execute_command(*words)

    def info(self) -> dict[str, Any]:
        """Return what it says of its replication."""
        with self.client() as client:
            return client.info("replication")

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def wait_for(holds: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> None:
    """Return once something holds. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(POLL_SECONDS)
