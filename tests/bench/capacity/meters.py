"""What each part of a deployment uses: processor time and memory of web, workers, Redis and Postgres."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.clients.audience import resident_kib
from tests.bench.search_scenario import nanoseconds

NANOSECONDS_A_MS: Final = 1_000_000


class Spent(msgspec.Struct, frozen=True):
    """Milliseconds of processor time, by part.

    ``queue`` is the node of Redis that has the queue's slot: it is measured as ``redis``.
    """

    web: float = 0.0
    worker: float = 0.0
    redis: float = 0.0
    queue: float = 0.0
    postgres: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(mine + theirs for mine, theirs in zip(self.parts, other.parts, strict=True)))

    def __sub__(self, other: "Spent") -> "Spent":
        return self + other.times(-1.0)

    @property
    def parts(self) -> tuple[float, float, float, float, float]:
        """The figures, in the order of the fields."""
        return self.web, self.worker, self.redis, self.queue, self.postgres

    def without_noise(self) -> "Spent":
        """Return 0 for a part that used less than at rest."""
        return Spent(*(max(0.0, part) for part in self.parts))

    def times(self, factor: float) -> "Spent":
        """Return each figure multiplied by ``factor``."""
        return Spent(*(part * factor for part in self.parts))


@dataclass(frozen=True, slots=True)
class Meter:
    """Reads the processes of one deployment on this machine.

    ``services`` is the folder of the embedded services, which their command lines name.
    """

    webs: tuple[int, ...]
    workers: tuple[int, ...]
    services: Path

    def read(self) -> Spent:
        """Return the processor time that each part has used since its processes began.

        A child that ended between two readings takes its time along: pools keep theirs.
        """
        children = _children()
        postgres, redis = _servers(self.services)
        return Spent(
            web=_milliseconds(_with_descendants(children, self.webs)),
            worker=_milliseconds(_with_descendants(children, self.workers)),
            redis=_milliseconds(redis),
            postgres=_milliseconds(_with_descendants(children, postgres)),
        )

    def web_kib(self) -> int:
        """Return the memory that the first web process holds of its own, in KiB."""
        return resident_kib(self.webs[0])


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found.setdefault(int(words[1]), []).append(int(process.name))
    return found


def _servers(services: Path) -> tuple[list[int], list[int]]:
    """Return the process ids of Postgres and of Redis that run in a folder."""
    found: dict[str, list[int]] = {"postgres": [], "redis-server": []}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip()
            inside = (process / "cwd").readlink().is_relative_to(services)
        except OSError:
            continue
        if inside and name in found:
            found[name].append(int(process.name))
    return found["postgres"], found["redis-server"]


def _with_descendants(children: dict[int, list[int]], roots: Iterable[int]) -> set[int]:
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def _milliseconds(pids: Iterable[int]) -> float:
    return sum(nanoseconds(pid) for pid in pids) / NANOSECONDS_A_MS
