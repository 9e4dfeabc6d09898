"""Functions for the computing processes. They import next to nothing: a deadline measures the call."""

import math
import os


def spin() -> None:
    """Compute without an end, as an input did that this pool is for."""
    while True:
        math.sqrt(2.0)


def report() -> tuple[int, list[str]]:
    """Return this process's number and the names in its environment."""
    return os.getpid(), sorted(os.environ)
