"""A streaming replica of the tests' PostgreSQL, which can be hung, killed and started again."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import asyncpg

from server.embedded import process
from server.embedded.account import service_account
from server.embedded.postgres import APP_ROLE, SETTINGS, STOP_SIGNALS, SUPERUSER, find_binaries
from server.settings import Settings
from tests.services import Services, open_folder

ROLE: Final = "deal_standby"
PORT: Final = 5499
START_SECONDS: Final = 30.0
OPTIONS: Final = SETTINGS | {
    "port": str(PORT),
    "fsync": "off",
    "log_statement": "all",
    "wal_retrieve_retry_interval": "200ms",
}


class Standby:
    """A replica of ``services``. ``database`` is the name of the one that is asked."""

    def __init__(self, services: Services, folder: Path, database: str) -> None:
        self._account = service_account()
        self._binaries = find_binaries(self._account)
        self._primary = Path(services.primary_sockets)
        self._folder, self._database = folder, database
        self._log = folder / "standby.log"
        self._pid = 0

    def url(self, role: str = APP_ROLE) -> str:
        """Return the address of the database on the replica."""
        return f"postgresql://{role}@/{self._database}?host={self._folder}&port={PORT}"

    def copy(self) -> None:
        """Take a base backup, from which the replica starts."""
        data = self._folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        subprocess.run(
            [
                *(self._binaries / "pg_basebackup", "-h", self._primary, "-p", "5432", "-U", ROLE),
                *("-D", data, "-X", "stream", "-c", "fast", "--no-sync", "-R"),
            ],
            check=True,
            **self._account.spawn_options(),
        )

    def start(self) -> None:
        """Start the replica, and wait until it answers."""
        options = OPTIONS | {"unix_socket_directories": str(self._folder)}
        argv = [str(self._binaries / "postgres"), "-D", str(self._folder / "data")]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        self._pid = process.start(argv, self._log, self._account)
        process.wait_ready("standby", self._answers, self._pid, self._log, START_SECONDS)

    def kill(self) -> None:
        """End the replica as a crash would, with all its processes."""
        pids = [self._pid, *_children(self._pid)]
        for pid in pids:
            process.end(pid, [(signal.SIGKILL, 5.0)])
        # A new server would wait for the process of these.
        for left in (*self._folder.glob(".s.PGSQL.*"), self._folder / "data" / "postmaster.pid"):
            left.unlink(missing_ok=True)

    def stop(self) -> None:
        """End the replica where it runs."""
        process.end(self._pid, STOP_SIGNALS)

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Let every process of the replica hang: connections stay open and nothing answers."""
        pids = [self._pid, *_children(self._pid)]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def sent(self) -> str:
        """Return the log of everything that the replica was asked."""
        return self._log.read_text(errors="replace")

    async def ask(self, query: str) -> Any:
        """Return the first value of a query to the replica, as its superuser."""
        database = await asyncpg.connect(self.url(SUPERUSER))
        try:
            return await database.fetchval(query)
        finally:
            await database.close()

    def _answers(self) -> bool:
        asked = [self._binaries / "psql", "-X", "-q", "-c", "SELECT 1", self.url(SUPERUSER)]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0


@contextmanager
def open_standby(services: Services, settings: Settings) -> Iterator[tuple[Standby, Settings]]:
    """Run a replica; give it and the settings with which searches read from it."""
    name = settings.database_url.partition("@/")[2].partition("?")[0]
    services.run_sql(
        # As in production: what was committed is in the log of changes.
        f"ALTER DATABASE {name} SET synchronous_commit = on",
        f"DO $$BEGIN IF to_regrole('{ROLE}') IS NULL THEN"
        f" CREATE ROLE {ROLE} LOGIN REPLICATION; END IF; END$$",
    )
    services.let_replicate(ROLE)
    with open_folder("standby-", in_memory=True) as folder:
        account = service_account()
        if account.is_other:
            os.chown(folder, account.uid, account.gid)
        standby = Standby(services, folder, name)
        standby.copy()
        standby.start()
        try:
            yield standby, replace(settings, database_search_urls=(standby.url(),))
        finally:
            standby.stop()


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
