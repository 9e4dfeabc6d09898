"""How long a process took to start, counted from the moment in which the system made it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

PROCESSOR_TICKS: Final = "SC_CLK_TCK"
START_FIELD: Final = 19
"""The place of the start time in ``/proc/self/stat``, after the name: in ticks since the system began."""


class StartUp:
    """The stages of a start, each with the seconds from the process's begin to the stage's end."""

    def __init__(self, *, age: Callable[[], float] | None = None) -> None:
        self._age = age or age_seconds
        self.seconds: dict[str, float] = {}

    def reached(self, stage: str) -> None:
        """Note that a stage has ended; the first time counts."""
        self.seconds.setdefault(stage, self._age())


def age_seconds() -> float:
    """Return the age of this process; where the system does not say, its processor time.

    A process that the system runs at once uses its processor for nearly all of its start.
    """
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        up = float(Path("/proc/uptime").read_text().split()[0])
        return max(0.0, up - int(fields[START_FIELD]) / os.sysconf(PROCESSOR_TICKS))
    except (OSError, ValueError, IndexError):
        return time.process_time()
