"""The parts of the bench.

Each is a module with ``measure(services, folder, repeats)`` that is imported when it runs.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.results.figures import Report
from tests.services import Services


@dataclass(frozen=True, slots=True)
class Part:
    """One part, and what it answers. It takes ``options`` of the command line by name.

    ``most_repeats`` bounds the turns of a part whose turns are long. ``room`` is the folder that it lies in.
    """

    name: str
    answers: str
    most_repeats: int = 30
    options: tuple[str, ...] = ()
    room: str = ""

    @property
    def module(self) -> str:
        """Where it is."""
        return ".".join(filter(None, ("tests.bench", self.room, self.name)))

    async def measure(self, services: Services, folder: Path, repeats: int, given: dict[str, Any]) -> Report:
        """Run it."""
        told = {name: given[name] for name in self.options}
        found = import_module(self.module).measure(services, folder, min(repeats, self.most_repeats), **told)
        report: Report = await found if inspect.isawaitable(found) else found
        return report


PARTS = (
    Part("structures", "how fast structures are valued, against two libraries", most_repeats=7),
    Part("search", "how soon a search shows its first matches, and all values", room="searches"),
    Part("rows", "how fast 20,000 matches reach one client", most_repeats=5, room="searches"),
    Part(
        "previous",
        "what a search costs all processes, against an earlier revision",
        most_repeats=7,
        options=("previous",),
    ),
    Part(
        "whole",
        "how long all values of 2,000 matches take, against 500 of an earlier revision",
        most_repeats=12,
        options=("previous",),
    ),
    Part("bulkhead", "what 200 searches at once of one store cost another store", most_repeats=8),
    Part(
        "memory",
        "what a search of 20,000 matches takes of memory, with twenty watchers",
        most_repeats=3,
        room="searches",
    ),
    Part("page", "what 20,000 matches take of memory in the page", most_repeats=3, room="searches"),
    Part(
        "screen",
        "how smooth the screen is while 20,000 cars stream in and 100,000 are scrolled",
        most_repeats=3,
        room="searches",
    ),
    Part("start", "how soon a web process is ready", most_repeats=15),
    Part("queue", "how soon a job is in a worker's hands, against a blocked XREADGROUP", room="searches"),
    Part(
        "scale",
        "how soon a million cars show their first matches, against 4,000",
        most_repeats=3,
        room="searches",
    ),
    Part(
        "growth",
        "a search, its values and its memory at 4,000 to 4,000,000 cars",
        most_repeats=15,
        room="searches",
    ),
    Part("fanout", "what a delivery and an idle connection cost, against a bare hub", most_repeats=7),
    Part(
        "opening",
        "how soon 100 deals opened at once are valued, against the old design",
        most_repeats=1,
        room="searches",
    ),
    Part(
        "capacity",
        "what a socket, an open deal, a decision and a search cost, by part",
        most_repeats=10,
        room="capacity",
    ),
    Part("peers", "what a delivery costs, against Django Channels and Socket.IO", most_repeats=3),
)


def chosen(words: str) -> Iterator[Part]:
    """Yield the parts named in ``words``, which a comma separates; all parts for no words.

    Raises ValueError for a name that no part has.
    """
    names = [word.strip() for word in words.split(",") if word.strip()]
    known = [part.name for part in PARTS]
    if unknown := set(names) - set(known):
        raise ValueError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    yield from (part for part in PARTS if not names or part.name in names)
