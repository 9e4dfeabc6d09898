"""The exchange of connections between the web processes of a machine."""

import asyncio
import shutil
import socket
from pathlib import Path

import pytest

from server.web.handover import passing
from server.web.handover.passing import Outcome
from server.web.handover.taking import Handover

HEAD = b"GET /ws HTTP/1.1\r\n\r\n"


class Process:
    """A process that takes connections."""

    def __init__(self, folder: Path) -> None:
        self.handover = Handover(folder)
        self.taken: asyncio.Queue[socket.socket] = asyncio.Queue()
        self.handover.open(self._take)

    async def _take(self, connection: socket.socket, _head: bytes) -> None:
        self.taken.put_nowait(connection)


async def test_processes_find_and_serve_each_other(tmp_path: Path) -> None:
    """In both directions; what becomes of connections is counted."""
    first, second = Process(tmp_path), Process(tmp_path)
    assert (first.handover.number, first.handover.others()) == (1, [2])
    for one, other in ((first, second), (second, first)):
        client, ours = socket.socketpair()
        with client, ours:
            number = other.handover.number
            assert number is not None
            assert await one.handover.give(number, ours.fileno(), HEAD) is Outcome.TAKEN
            (await other.taken.get()).close()
    assert first.handover.counts == second.handover.counts == {"given": 1, "taken": 1, "late": 0, "moved": 0}
    assert await first.handover.answers(2)
    second.handover.close()
    assert first.handover.others() == []
    assert not await first.handover.answers(2)
    first.handover.close()
    assert (first.handover.number, first.handover.others()) == (None, [])


async def test_one_that_leaves_takes_and_gives_nothing(tmp_path: Path) -> None:
    """From that moment on."""
    first, second = Process(tmp_path), Process(tmp_path)
    second.handover.close()
    await asyncio.sleep(0)
    assert [task.get_name() for task in asyncio.all_tasks()].count("handover") == 1
    client, ours = socket.socketpair()
    with client, ours:
        assert await first.handover.give(2, ours.fileno(), HEAD) is Outcome.GONE
        assert await second.handover.give(1, ours.fileno(), HEAD) is Outcome.GONE
    assert not any((*first.handover.counts.values(), *second.handover.counts.values()))
    first.handover.close()


async def test_a_late_one_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator sees that a process does not answer."""
    first, second = Process(tmp_path), Process(tmp_path)

    async def offer(*_: object) -> Outcome:
        return Outcome.LATE

    monkeypatch.setattr(passing, "offer", offer)
    assert await first.handover.give(2, 0, HEAD) is Outcome.LATE
    assert first.handover.counts["late"] == 1
    for process in (first, second):
        process.handover.close()


async def test_without_a_folder_it_serves_whom_it_accepts(tmp_path: Path) -> None:
    """A data folder that is not ours must not keep a web process from starting."""
    (tmp_path / "file").write_text("")
    process = Process(tmp_path / "file")
    assert (process.handover.number, process.handover.others()) == (None, [])
    process.handover.close()


async def test_when_its_folder_is_gone_it_serves_whom_it_accepts(tmp_path: Path) -> None:
    """Somebody cleaned up; nobody may lose a connection over that."""
    folder = tmp_path / "run"
    process = Process(folder)
    shutil.rmtree(folder)
    assert process.handover.others() == []
    process.handover.close()


async def test_it_goes_on_after_an_accept_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when all descriptors are in use."""
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, [OSError("too many open files")]

    async def sock_accept(listener: socket.socket) -> tuple[socket.socket, object]:
        if failures:
            raise failures.pop()
        return await accept(listener)

    first = Process(tmp_path)
    await asyncio.sleep(0)  # it accepts by now
    monkeypatch.setattr("server.web.handover.taking.PAUSE_SECONDS", 0)
    monkeypatch.setattr(loop, "sock_accept", sock_accept)
    second = Process(tmp_path)
    client, ours = socket.socketpair()
    with client, ours:
        assert await first.handover.give(2, ours.fileno(), HEAD) is Outcome.TAKEN
        (await second.taken.get()).close()
    assert not failures
    for process in (first, second):
        process.handover.close()
