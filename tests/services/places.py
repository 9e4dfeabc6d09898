"""Places of this machine that a test may use: folders and ports."""

import os
import shutil
import socket
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
ROOM_BYTES = 4 * 1024**3
KEPT_CLAIMS = 64
_CLAIMS = deque[socket.socket]()


@contextmanager
def open_folder(prefix: str = "deal-", *, in_memory: bool = False) -> Iterator[Path]:
    """Make a folder that the services' account may pass through, with a path short enough for sockets.

    ``in_memory`` asks for memory, where there is room: a copy of a database is some 300 files.
    """
    memory = MEMORY if in_memory and _has_room(MEMORY) else None
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    try:
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM_BYTES
    except OSError:
        return False


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses, and that no other run of tests is given.

    Until a server listens there, nothing else would keep it: our servers share their ports. The same number
    of UDP stands for the claim, for as long as this process lives or the claim is among its latest.
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        if len(_CLAIMS) == KEPT_CLAIMS:
            _CLAIMS.popleft().close()
        _CLAIMS.append(claim)
        return port
