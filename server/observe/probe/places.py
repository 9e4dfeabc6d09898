"""Where the processes of one installation answer: a Unix socket each, in a folder closed to others."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 100
"""The longest address of a Unix socket everywhere, less its end."""

_NAME: Final = re.compile(r"(web|worker)-(\d+)\.sock")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A process's socket, by its kind and process id."""

    kind: str
    pid: int
    path: Path

    @property
    def name(self) -> str:
        """What the process is called: ``web-4711``."""
        return f"{self.kind}-{self.pid}"


def probe_folder(data_dir: Path) -> Path:
    """Return the folder of the sockets: where those of the embedded services are, or would be.

    If the data folder's path is too long for a Unix socket, its record ``sockets`` names another one.
    """
    record = data_dir / "sockets"
    try:
        return Path(record.read_text().strip())
    except OSError:
        return data_dir / "run"


def place_of(folder: Path, kind: str, pid: int) -> Place:
    """Return the place of a process."""
    return Place(kind, pid, folder / f"{kind}-{pid}.sock")


def places(folder: Path) -> list[Place]:
    """Return the places in a folder, in order; none if there is no such folder, or it is closed to us."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    found = [(_NAME.fullmatch(name), name) for name in names]
    return sorted(Place(match[1], int(match[2]), folder / name) for match, name in found if match)


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Yield an address of a Unix socket that the system takes, also if its path is too long.

    Raises OSError if there is none.
    """
    text = str(path.resolve())
    if len(os.fsencode(text)) <= MOST_BYTES:
        yield text
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen_at(path: Path) -> socket.socket:
    """Return a socket that listens at a path, which only this user may use. Raises OSError.

    It gets its name once it listens: before, another process that sweeps would take it for a dead one's.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unborn = path.with_suffix(".new")
    unborn.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(unborn) as address:
            listener.bind(address)
        unborn.chmod(0o600)
        listener.listen()
        unborn.replace(path)
    except OSError:
        listener.close()
        raise
    return listener


def sweep(folder: Path) -> None:
    """Remove the sockets on which nobody listens any more. Raises OSError if the folder is not ours."""
    for place in places(folder):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(0)
            try:
                with short_address(place.path) as address:
                    caller.connect(address)
            except ConnectionRefusedError:
                place.path.unlink(missing_ok=True)
            except OSError:
                # Its line is full, or it has just gone.
                continue
