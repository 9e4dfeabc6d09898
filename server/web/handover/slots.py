"""The numbered sockets at which the web processes of a machine take connections from each other.

A process holds the lowest free number for its life, so one that replaces another serves the same stores. The
numbers are in a folder that only the processes' account can enter.
"""

import fcntl
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.observe.probe.places import listen_at

MOST: Final = 256
"""The most web processes of one machine that can hand connections over."""

BACKLOG: Final = 2048
"""Connections that may wait to be taken: after a restart, everybody comes back at once."""

_NAME: Final = re.compile(r"handover-(\d+)\.sock")


@dataclass(frozen=True, slots=True)
class Slot:
    """A process's number, and the socket that listens there."""

    number: int
    folder: Path
    listener: socket.socket

    def others(self) -> list[int]:
        """Return the numbers of the other processes, in order. Some of them may have died.

        Raises OSError if the folder cannot be read.
        """
        return [number for number in numbers(self.folder) if number != self.number]

    def path_of(self, number: int) -> Path:
        """Return where the process with a number listens."""
        return _path(self.folder, number)


@contextmanager
def slot_in(folder: Path) -> Iterator[Slot]:
    """Hold the lowest free slot of a folder. Raises OSError if there is none, or the folder is not ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, lock = _lowest_free(folder)
    path = _path(folder, number)
    try:
        listener = listen_at(path)
        listener.listen(BACKLOG)
        try:
            yield Slot(number, folder, listener)
        finally:
            # First the name, so that nobody calls who would not be heard.
            path.unlink(missing_ok=True)
            listener.close()
    finally:
        os.close(lock)


def numbers(folder: Path) -> list[int]:
    """Return the numbers that have a socket in a folder, in order."""
    found = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def _path(folder: Path, number: int) -> Path:
    return folder / f"handover-{number}.sock"


def _lowest_free(folder: Path) -> tuple[int, int]:
    """Return a number, and the descriptor that keeps its lock until it is closed, or the process ends."""
    for number in range(1, MOST + 1):
        lock = os.open(_path(folder, number).with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        except OSError:
            os.close(lock)
            raise
        return number, lock
    raise OSError(f"{MOST} web processes are there already")
