"""Service processes: detached, recognised by the socket they listen on, ended by signal.

A service outlives the process that started it, so no parent knows its process id. The kernel knows which
process listens on its socket and, unlike a pid file, cannot name the wrong one.
"""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from server.embedded.account import Account, name_of
from server.embedded.errors import DiskFull, ForeignServer, ServiceFailed

POLL_SECONDS = 0.01
MACOS_SOL_LOCAL, MACOS_LOCAL_PEERCRED, MACOS_LOCAL_PEERPID = 0, 1, 2
MACOS_XUCRED = "=IIh2x16I"
NO_SPACE = "No space left on device"
# The shell ends at once, and the service passes to the system's first process.
LAUNCH = '"$@" >&2 & echo $!'


class Peer(NamedTuple):
    """The process at the other end of a Unix socket, in the kernel's word."""

    pid: int
    uid: int


def start(argv: Sequence[str], log: Path, account: Account) -> int:
    """Start a service and return its process id.

    It has its own session, so that Ctrl-C at our terminal does not reach it, and no parent: the process that
    started it may end first, or live on without noticing that it died. Its output goes to ``log``; the log of
    the run before is kept beside it as ``.old``.
    """
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(log.suffix + ".old"))
    output = new_file(log, account)
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            ["/bin/sh", "-c", LAUNCH, "sh", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            cwd=log.parent,
            check=True,
            text=True,
            **account.spawn_options(),
        )
    finally:
        os.close(output)
    return int(done.stdout)


def new_file(path: Path, account: Account) -> int:
    """Return the descriptor of a new, empty file that only ``account`` may read and write.

    It takes the place of what is at ``path``. The folder may be the account's while we are root: a link that
    it put there is never followed.
    """
    path.unlink(missing_ok=True)
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    if account.is_other:
        os.fchown(made, account.uid, account.gid)
    return made


def listener(path: Path) -> int | None:
    """Return the id of the process that listens on the socket at ``path``; None if none does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return None
        return peer_of(probe).pid or None


def own_listener(service: str, path: Path, account: Account) -> int | None:
    """Return the id of the account's process that listens on the socket at ``path``; None if none does.

    Raises ForeignServer if the process is someone else's.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return None
        require_own(service, probe, path, account)
        return peer_of(probe).pid or None


def require_own(service: str, connection: socket.socket, path: Path, account: Account) -> None:
    """See that the account's own process is at the other end of ``connection``.

    Raises ForeignServer.
    """
    uid = peer_of(connection).uid
    if uid != account.uid:
        raise ForeignServer(service, path, name_of(uid))


def peer_of(connection: socket.socket) -> Peer:
    """Return the peer of a connected Unix socket: for a client, the listening process."""
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return Peer(pid, uid)
    size = struct.calcsize(MACOS_XUCRED)
    credentials = connection.getsockopt(MACOS_SOL_LOCAL, MACOS_LOCAL_PEERCRED, size)
    uid = struct.unpack(MACOS_XUCRED, credentials)[1]
    (pid,) = struct.unpack("i", connection.getsockopt(MACOS_SOL_LOCAL, MACOS_LOCAL_PEERPID, 4))
    return Peer(pid, uid)


def wait_ready(name: str, is_ready: Callable[[], bool], pid: int, log: Path, limit_seconds: float) -> None:
    """Wait until a service that was started answers.

    Raises ServiceFailed, or DiskFull if that is why it ended.
    """
    deadline = time.monotonic() + limit_seconds
    while not is_ready():
        if is_gone(pid):
            text = log.read_text(errors="replace")
            if NO_SPACE in text:
                raise DiskFull(log.parent)
            raise ServiceFailed(name, _last_complaint(text) or "it exited without output", log)
        if time.monotonic() > deadline:
            end(pid, [(signal.SIGKILL, 1.0)])
            raise ServiceFailed(name, f"no answer within {limit_seconds:g} s", log)
        time.sleep(POLL_SECONDS)


def _last_complaint(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    complaints = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "rror"))]
    return (complaints or lines or [""])[-1]


def end(pid: int, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End the process: send each signal in turn and give it that many seconds; return once it is gone."""
    for number, patience in signals:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if is_gone(pid):
                return
            time.sleep(POLL_SECONDS)


def is_gone(pid: int) -> bool:
    """Return whether the process runs no more, even if nobody has collected its exit code yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # gone since, or a system without /proc
        return False
    return state in "ZX"
