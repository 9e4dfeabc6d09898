"""The nursery outlives whoever asks it for a copy, and a copy that has ended is sent nothing."""

import asyncio
import json
import os
import signal
import socket
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from server.settings import process_environment
from tests import nursery
from tests.services import Services

pytestmark = pytest.mark.flow

MODULE = "server.run.processes"
NOTHING = "nothing"
"""What the module does not know: it says so, and ends with 1."""

GUARD_SECONDS = 60.0


@pytest.fixture
def copies(services: Services) -> nursery.Nursery:
    """The nursery of this run."""
    assert services is not None
    found = nursery.current()
    assert found is not None
    return found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where a copy writes."""
    path = tmp_path / "copy.log"
    path.touch()
    return path


async def test_it_goes_on_when_whoever_asked_is_gone(copies: nursery.Nursery, log: Path) -> None:
    """A process that is killed while it starts may be gone before it has asked, amid that, or right after."""
    spawned = await copies.spawn(MODULE, NOTHING, process_environment(), log)
    async with asyncio.timeout(GUARD_SECONDS):
        assert await spawned.wait() == 1
    wanted = nursery.Wanted(MODULE, NOTHING, process_environment(), str(log), str(copies._path))
    whole = json.dumps(asdict(wanted)).encode() + b"\n"
    for said in (b"", whole[:100], whole):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(copies._path))
            asking.sendall(said)
    again = await copies.spawn(MODULE, NOTHING, process_environment(), log)
    async with asyncio.timeout(GUARD_SECONDS):
        assert await again.wait() == 1
    assert b"usage" in await asyncio.to_thread(log.read_bytes)


async def test_a_copy_that_has_ended_is_sent_nothing(copies: nursery.Nursery, log: Path) -> None:
    """Also where nobody has heard of its end yet."""
    copy = await copies.spawn(MODULE, NOTHING, process_environment(), log)
    deadline = time.monotonic() + GUARD_SECONDS
    while is_there(copy.pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)  # noqa: ASYNC251 - the loop must not hear of it
    assert copy.returncode is None
    copy.send_signal(signal.SIGTERM)
    async with asyncio.timeout(GUARD_SECONDS):
        assert await copy.wait() == 1


def is_there(pid: int) -> bool:
    """Return whether there is such a process, if only as one whose end nobody has asked for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
