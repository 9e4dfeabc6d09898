"""Whether a container is alive: each process answers, and none has been blocked for long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.observe.probe.listener import Probe
from server.observe.probe.places import listen_at, places, probe_folder
from server.run import alive
from tests.services import open_folder

GUARD_SECONDS = 10.0


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder of a container."""
    with open_folder() as made:
        monkeypatch.setenv("DEAL_DATA_DIR", str(made))
        yield made


@contextmanager
def answering(folder: Path, kind: str, blocked_seconds: float) -> Iterator[None]:
    """A process that answers, and whose loop has been blocked for so long."""
    vitals = {"loop": {"blocked_ms": 1000 * blocked_seconds}}
    probe = Probe(kind, folder, vitals=lambda: vitals, metrics=lambda: b"")
    probe.start()
    deadline = time.monotonic() + GUARD_SECONDS
    while kind not in {place.kind for place in places(probe_folder(folder))}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield
    finally:
        probe.close()


def test_no_process_is_not_alive(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has not begun to answer, or has ended."""
    assert alive.main() == 1
    assert "no process answers" in capsys.readouterr().err


def test_processes_that_answer_are_alive(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A loop that is busy for a moment is no reason for a restart."""
    with answering(folder, "web", 0.0), answering(folder, "worker", 3.0):
        assert alive.main() == 0
    assert capsys.readouterr().err == ""


def test_a_loop_that_is_blocked_for_long_is_not_alive(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of several processes is enough, and is named."""
    with answering(folder, "web", 0.0), answering(folder, "worker", 31.0):
        assert alive.main() == 1
    said = capsys.readouterr().err
    assert "worker-" in said
    assert "blocked for 31 s" in said
    assert "web-" not in said


def test_a_process_that_does_not_answer_is_not_alive(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one that was stopped: the system still takes connections for it."""
    monkeypatch.setattr(alive, "ASK_SECONDS", 0.1)
    run = probe_folder(folder)
    run.mkdir()
    with listen_at(run / "worker-1.sock"):
        assert alive.main() == 1
    assert "worker-1" in capsys.readouterr().err
