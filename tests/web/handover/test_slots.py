"""The numbered sockets of a machine's web processes."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from server.web.handover import slots
from server.web.handover.slots import slot_in
from tests.services import ROOT

DESCRIPTORS = Path("/proc/self/fd")
HOLDER = """
import sys, time
from pathlib import Path
from server.web.handover.slots import slot_in
with slot_in(Path(sys.argv[1])) as slot:
    print(slot.number, flush=True)
    time.sleep(60)
"""


def test_the_lowest_free_number_is_taken(tmp_path: Path) -> None:
    """One that was given back is the next to be taken."""
    with slot_in(tmp_path) as first:
        with slot_in(tmp_path) as second, slot_in(tmp_path) as third:
            assert [first.number, second.number, third.number] == [1, 2, 3]
            assert (first.others(), second.others(), third.others()) == ([2, 3], [1, 3], [1, 2])
        assert first.others() == []
        with slot_in(tmp_path) as again:
            assert again.number == 2


def test_a_process_that_was_killed_is_replaced(tmp_path: Path) -> None:
    """The kernel gives its number back, and its socket is replaced."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "1\n"
        with slot_in(tmp_path) as other:
            assert (other.number, other.others()) == (2, [1])
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            with slot_in(tmp_path) as next_one:
                assert next_one.number == 1


def test_only_its_account_may_come_near(tmp_path: Path) -> None:
    """A folder that is made for it is closed, and so is the socket."""
    folder = tmp_path / "run"
    with slot_in(folder) as slot:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(slot.path_of(1).stat().st_mode) == 0o600


def test_nothing_is_left_open(tmp_path: Path) -> None:
    """Neither the lock nor the socket, nor the socket's name."""
    before = len([*DESCRIPTORS.iterdir()])
    with slot_in(tmp_path):
        assert len([*DESCRIPTORS.iterdir()]) == before + 2
    assert len([*DESCRIPTORS.iterdir()]) == before
    assert slots.numbers(tmp_path) == []


def test_there_is_an_end_to_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the process serves whom it accepts."""
    monkeypatch.setattr(slots, "MOST", 1)
    with (
        slot_in(tmp_path),
        pytest.raises(OSError, match="1 web processes are there already"),
        slot_in(tmp_path),
    ):
        raise AssertionError
