"""Service processes: started apart from us, recognised by the socket they listen on, ended by signal.

A service outlives whoever started it, so no parent knows its process id. Its socket does: the kernel says
which process listens, and unlike a pid file it cannot name a stranger.
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

from server.embedded.account import Account
from server.embedded.errors import DiskFull, ServiceFailed

POLL_SECONDS = 0.01
MACOS_SOL_LOCAL, MACOS_LOCAL_PEERPID = 0, 2
NO_SPACE = "No space left on device"
# The shell ends at once, and the service passes to the system's first process.
LAUNCH = 'log=$1; shift; "$@" >>"$log" 2>&1 & echo $!'


def start(argv: Sequence[str], log: Path, account: Account) -> int:
    """Start a service and return its process id.

    It has a session of its own, so that Ctrl-C at our terminal does not reach it, and is nobody's child:
    whoever started it may end first, or live on without noticing that it died. Its output goes to ``log``;
    the log of the run before is kept beside it as ``.old``.
    """
    if log.exists():
        log.replace(log.with_suffix(log.suffix + ".old"))
    log.touch()
    account.own(log)
    other = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        ["/bin/sh", "-c", LAUNCH, "sh", str(log), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=log.parent,
        check=True,
        text=True,
        **other,
    )
    return int(done.stdout)


def listener(path: Path) -> int | None:
    """Return the id of the process that listens on the socket at ``path``; None where none does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return None
        if sys.platform == "linux":
            size = struct.calcsize("3i")
            pid: int = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
        else:
            pid = struct.unpack("i", probe.getsockopt(MACOS_SOL_LOCAL, MACOS_LOCAL_PEERPID, 4))[0]
        return pid or None


def wait_ready(name: str, is_ready: Callable[[], bool], pid: int, log: Path, limit_seconds: float) -> None:
    """Wait until a service that was started answers.

    Raises ServiceFailed, or DiskFull where that is why it ended.
    """
    deadline = time.monotonic() + limit_seconds
    while not is_ready():
        if is_gone(pid):
            text = log.read_text(errors="replace")
            if NO_SPACE in text:
                raise DiskFull(log.parent)
            raise ServiceFailed(name, _last_complaint(text) or "it ended without a word", log)
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
