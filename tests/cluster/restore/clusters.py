"""PostgreSQL clusters of a test's own, which archive their log as an administrator's would."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.embedded.account import Account, service_account
from server.embedded.postgres import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    PREPARE,
    PREPARE_SYSTEM,
    SUPERUSER,
    SYSTEM_ROLE,
    find_binaries,
)

READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster in ``folder``, whose log goes to ``archive``. Its only address is a socket.

    Its programs are those in ``binaries``; without it, the wheel's. ``port`` is part of the socket's name.
    """

    folder: Path
    archive: Path
    account: Account
    binaries: Path | None = None
    port: int = 5432

    @property
    def sockets(self) -> Path:
        """Where it listens."""
        return self.folder.parent

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return an address of the cluster."""
        return f"postgresql://{role}@/{database}?host={self.sockets}&port={self.port}"

    def program(self, name: str, *words: str) -> str:
        """Run a program of PostgreSQL as the cluster's account; return what it prints. It must succeed."""
        done = subprocess.run(
            [str((self.binaries or find_binaries(self.account)) / name), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=120,
            **self.account.spawn_options(),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run statements as the superuser; return the values."""
        words = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text)
        return self.program("psql", *words, self.url(SUPERUSER, database)).strip()

    @contextmanager
    def running(self, more: str = "-c listen_addresses=") -> Iterator[None]:
        """Run the cluster with ``more`` options; it accepts connections on entry, also to write."""
        log = str(self.sockets / "postgres.log")
        options = f"-c unix_socket_directories={self.sockets} -c port={self.port} -c fsync=off {more}"
        start = ("-D", str(self.folder), "-l", log, "-w", "-t", str(READY_SECONDS), "-o", options)
        self.program("pg_ctl", "start", *start)
        try:
            deadline = time.monotonic() + READY_SECONDS
            while self.sql("SELECT pg_is_in_recovery()") == "t":
                assert time.monotonic() < deadline, Path(log).read_text()
                time.sleep(0.1)
            yield
        finally:
            self.program("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast", "-w")


def make_cluster(folder: Path, binaries: Path | None = None, port: int = 5432) -> Cluster:
    """Make a cluster with our roles and an empty database, which archives its log."""
    account = service_account()
    for part in (folder, folder / "archive"):
        part.mkdir()
        os.chown(part, account.uid, account.gid)
    cluster = Cluster(folder / "data", folder / "archive", account, binaries, port)
    cluster.program("initdb", "-D", str(cluster.folder), "-U", SUPERUSER, "--auth=trust", "--no-sync")
    settings = [
        "archive_mode = on",
        f"archive_command = 'test ! -f {cluster.archive}/%f && cp %p {cluster.archive}/%f'",
    ]
    append(cluster, "postgresql.auto.conf", settings)
    with cluster.running():
        for statement in (PREPARE + PREPARE_SYSTEM).splitlines():
            cluster.sql(statement)
    return cluster


def append(cluster: Cluster, name: str, lines: list[str]) -> None:
    """Add lines to a file of the cluster, as its account."""
    text = "\n".join(lines)
    subprocess.run(
        ["/bin/sh", "-c", 'printf "%s\\n" "$2" >>"$1"', "sh", str(cluster.folder / name), text],
        check=True,
        **cluster.account.spawn_options(),
    )


__all__ = ["APP_ROLE", "OWNER_ROLE", "SYSTEM_ROLE", "Cluster", "append", "make_cluster"]
