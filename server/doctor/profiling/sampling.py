"""Samples of a running process: by py-spy from outside, where it is installed and allowed, else from
within.
"""

import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.doctor.profiling.stacks import Profile, read_stacks
from server.errors import UserError
from server.observe.probe.asking import NoAnswer, ask, vitals_of
from server.observe.probe.places import Place, places, probe_folder
from server.observe.probe.questions import profile_question

HERTZ: Final = 100
BUSY_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 15.0


class NotSampled(UserError):
    """A process could not be sampled."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Target:
    """A process to sample. ``place`` is its probe socket, if it has one: a computing process has none."""

    pid: int
    name: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A profile, and how it was taken."""

    target: Target
    profile: Profile
    how: str
    seconds: float


def targets_of(data_dir: Path) -> list[Target]:
    """Return our processes of this machine: those with a socket, and the computing processes under them."""
    found = []
    for place in places(probe_folder(data_dir)):
        found.append(Target(place.pid, f"{place.kind} {place.pid}", place))
        found += [Target(pid, f"computing process {pid} of {place.name}") for pid in _children(place.pid)]
    return [target for target in found if target.place is None or _answers(target.place)]


def target_for(data_dir: Path, pid: int | None) -> Target:
    """Return the process with an id, else the busiest of ours, after a moment's watch. Raises NotSampled."""
    targets = targets_of(data_dir)
    if pid is not None:
        named = [target for target in targets if target.pid == pid]
        return named[0] if named else Target(pid, f"process {pid}")
    if not targets:
        raise NotSampled(
            f"no process of ours answers in {probe_folder(data_dir)}: name one with --pid, or the data"
            " folder of `up` with --data-dir"
        )
    before = {target.pid: _processor_seconds(target) for target in targets}
    time.sleep(BUSY_SECONDS)
    used = {target.pid: _processor_seconds(target) - before[target.pid] for target in targets}
    return max(targets, key=lambda target: used[target.pid])


def sample(target: Target, seconds: float) -> Sampled:
    """Return a profile of a process over some seconds. Raises NotSampled, with the reason of each way."""
    spied, why_not = _py_spy(target.pid, seconds)
    if spied is not None:
        return Sampled(target, spied, f"by py-spy, {HERTZ} times a second", seconds)
    if target.place is None:
        raise NotSampled(f"{target.name} cannot be sampled: {why_not}, and it has no probe socket")
    try:
        text = ask(target.place, profile_question(seconds, HERTZ), seconds + PATIENCE_SECONDS).decode()
        profile = read_stacks(text)
    except (NoAnswer, ValueError) as error:
        raise NotSampled(
            f"{target.name} cannot be sampled: {why_not}; and it does not answer: {error}"
        ) from error
    return Sampled(target, profile, f"from within, {HERTZ} times a second ({why_not})", seconds)


def _py_spy(pid: int, seconds: float) -> tuple[Profile | None, str]:
    """Return the profile that py-spy takes; else None, and why."""
    program = _find_py_spy()
    if program is None:
        return None, "py-spy is not installed"
    with tempfile.TemporaryDirectory(prefix="deal-profile-") as folder:
        written = Path(folder) / "stacks"
        argv = [program, "record", "--format", "raw", "--output", str(written), "--pid", str(pid)]
        argv += ["--duration", str(max(1, math.ceil(seconds))), "--rate", str(HERTZ), "--nolineno"]
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, check=False, timeout=seconds + PATIENCE_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return None, f"py-spy failed ({type(error).__name__})"
        if done.returncode == 0 and written.exists():
            return read_stacks(written.read_text(errors="replace")), ""
    return None, f"py-spy failed ({_reason(done.stderr.splitlines())})"


def _reason(lines: Sequence[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    told = [line for line in said if "rror" in line or "ermission" in line or "No such" in line]
    return (told or said or ["it said nothing"])[0].removeprefix("Error: ")[:120]


def _find_py_spy() -> str | None:
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("py-spy")


def _children(pid: int) -> list[int]:
    """Return the processes under one, whichever of its threads started them; none where the system hides
    them.
    """
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in listed.read_text().split()]
    return found


def _answers(place: Place) -> bool:
    try:
        vitals_of(place)
    except NoAnswer:
        return _is_alive(place.pid)
    return True


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _processor_seconds(target: Target) -> float:
    try:
        words = Path(f"/proc/{target.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        pass
    if target.place is None:
        return 0.0
    try:
        return float(vitals_of(target.place).get("cpu_seconds") or 0.0)
    except NoAnswer:
        return 0.0
