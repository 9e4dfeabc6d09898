"""The real PgBouncer, run by the example of docs/operations/deploy with other ports and paths."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg

from server.embedded.account import service_account
from server.embedded.postgres import APP_ROLE, SYSTEM_ROLE
from server.settings import TRANSACTION_POOLER, Settings
from tests.cluster import needs
from tests.services import ROOT, Services, free_port, open_folder

EXAMPLE: Final = ROOT / "docs" / "operations" / "deploy" / "pgbouncer.ini"
PASSWORD: Final = "a password of the tests"
OPERATOR: Final = "deal_operator"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 1.0


class Bouncer:
    """PgBouncer before the database of ``settings``, with ``size`` server connections for each role."""

    def __init__(self, services: Services, settings: Settings, folder: Path, size: int) -> None:
        self.port, self._folder = free_port(), folder
        self._program = needs.binary("pgbouncer")
        self._account = service_account()
        self._name = settings.database_url.partition("@/")[2].partition("?")[0]
        self._configuration = folder / "pgbouncer.ini"
        self._process: subprocess.Popen[bytes] | None = None
        roles = (APP_ROLE, SYSTEM_ROLE, OPERATOR)
        (folder / "userlist.txt").write_text("".join(f'"{role}" "{PASSWORD}"\n' for role in roles))
        own = {
            "deals": f"host={services.primary_sockets} port=5432 dbname={self._name}",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_file": str(folder / "userlist.txt"),
            "default_pool_size": str(size),
            "logfile": str(folder / "pgbouncer.log"),
            "pidfile": str(folder / "pgbouncer.pid"),
        }
        text = EXAMPLE.read_text()
        for name, value in own.items():
            text, found = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
            assert found == 1, f"{EXAMPLE} has no {name}"
        self._configuration.write_text(text)

    def url(self, role: str = APP_ROLE, database: str = "deals") -> str:
        """Return an address through the pooler."""
        return f"postgresql://{role}:{quote(PASSWORD)}@127.0.0.1:{self.port}/{database}"

    def change(self, name: str, value: str) -> None:
        """Change a setting for the next start."""
        text = self._configuration.read_text()
        text, found = re.subn(rf"^{name} =.*$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert found == 1
        self._configuration.write_text(text)

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [self._program, str(self._configuration)],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._account.spawn_options(),
        )
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await self.command("SHOW VERSION")
                except OSError:
                    assert self._process.poll() is None, (self._folder / "pgbouncer.log").read_text()
                    await asyncio.sleep(0.02)
                else:
                    return

    def stop(self) -> None:
        """End it at once, as a restart does; every connection breaks."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # From 1.23 on it waits for its clients.
                self._process.kill()
                self._process.wait()
            self._process = None

    async def command(self, text: str) -> Any:
        """Give the operator's command, such as PAUSE."""
        admin = await asyncpg.connect(
            self.url(OPERATOR, "pgbouncer"), statement_cache_size=0, timeout=START_SECONDS
        )
        try:
            # The console speaks the simple protocol only.
            await admin.execute(text)
        finally:
            admin.terminate()


@contextmanager
def open_bouncer(
    services: Services, settings: Settings, *, size: int = 2
) -> Iterator[tuple[Bouncer, Settings]]:
    """Prepare PgBouncer; give it and the settings of processes that work through it."""
    with open_folder("bouncer-") as folder:
        account = service_account()
        if account.is_other:
            os.chown(folder, account.uid, account.gid)
        bouncer = Bouncer(services, settings, folder, size)
        try:
            yield (
                bouncer,
                replace(
                    settings,
                    pooler=TRANSACTION_POOLER,
                    database_url=bouncer.url(),
                    database_system_url=bouncer.url(SYSTEM_ROLE),
                    database_listen_url=settings.database_url,
                ),
            )
        finally:
            bouncer.stop()
