"""The vital signs of this process: what an operator asks first."""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from server.observe.probe.loop_watch import MS, LoopWatch

SHOWN_SECONDS: Final = 0.1
"""A loop that is blocked for longer is shown with its stack."""

KIBIBYTE: Final = 1024

Figures = Callable[[], Mapping[str, Any]]
"""Figures of a kind of process, as JSON. They are read in another thread than the loop's."""


class Vitals:
    """Describes one process of the given ``kind``: ``web`` or ``worker``."""

    def __init__(self, kind: str, watch: LoopWatch, figures: Figures) -> None:
        self._kind = kind
        self._watch = watch
        self._figures = figures
        self._started_at = time.time()

    def __call__(self) -> dict[str, Any]:
        """Return the vital signs as JSON: times in milliseconds or seconds since 1970, sizes in bytes."""
        lag = self._watch.lag()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "kind": self._kind,
            "pid": os.getpid(),
            "started_at": self._started_at,
            "now": time.time(),
            "loop": {
                "blocked_ms": round(lag.blocked * MS, 3),
                "stack": self._watch.stack() if lag.blocked > SHOWN_SECONDS else [],
                "lag_p50_ms": round(lag.p50 * MS, 3),
                "lag_p99_ms": round(lag.p99 * MS, 3),
                "lag_max_ms": round(lag.most * MS, 3),
            },
            "rss_bytes": resident_bytes(),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "open_fds": open_files(),
            "fd_limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "threads": threading.active_count(),
            **self._figures(),
        }


def resident_bytes() -> int:
    """Return how much memory this process holds; where the system does not say, the most that it held."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE


def open_files() -> int | None:
    """Return how many descriptors are open; None where the system does not say."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return sum(1 for _ in Path(folder).iterdir())
    return None
