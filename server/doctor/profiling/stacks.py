"""Collapsed stacks: reading them, the tree that they make, and the functions that cost most. Pure."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_LINE: Final = re.compile(r":\d+$")
_FILE: Final = re.compile(r"^(?P<name>.+?) \((?P<file>[^()<>]*?)\.py(?::\d+)?\)$")

WAITS: Final = (
    "threading.Condition.wait",
    "threading.Event.wait",
    "threading.Thread._wait_for_tstate_lock",
    "selectors.EpollSelector.select",
    "selectors.PollSelector.select",
    "selectors.SelectSelector.select",
    "asyncio.runners.Runner.run",
    "concurrent.futures.thread._worker",
    "queue.Queue.get",
    "socket.socket.accept",
    "socket.accept",
    "multiprocessing.connection.wait",
    "server.observe.ending.Ending._watch",
)
"""Where a thread without work stands. uvloop waits in C: what shows is the line that runs the loop."""

OWN_THREADS: Final = ("probe", "probe answer", "loop watch")
"""Threads that only serve whoever looks."""


@dataclass(slots=True)
class Frame:
    """A function in the tree of stacks, with the samples in it and in what it called."""

    name: str
    samples: int = 0
    children: dict[str, "Frame"] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How many frames lie one upon the other, this one included."""
        return 1 + max((child.depth for child in self.children.values()), default=0)


@dataclass(frozen=True, slots=True)
class Profile:
    """The stacks at work, innermost last, and how many samples found their thread waiting."""

    stacks: Mapping[tuple[str, ...], int]
    waiting: int = 0

    @property
    def samples(self) -> int:
        """How many samples found a thread at work."""
        return sum(self.stacks.values())


@dataclass(frozen=True, slots=True)
class Cost:
    """The share of the samples in a function itself, and with what it called."""

    name: str
    own: float
    total: float


def read_stacks(text: str) -> Profile:
    """Return the profile in collapsed stacks, ``outermost;…;innermost count`` a line. Raises ValueError."""
    stacks: Counter[tuple[str, ...]] = Counter()
    waiting = 0
    for line in text.splitlines():
        if not line.strip():
            continue
        joined, _, count = line.rpartition(" ")
        if not joined or not count.isdigit():
            raise ValueError(f"expected a stack and a count, got {line[:80]!r}")
        stack = tuple(joined.split(";"))
        if stack[0] in OWN_THREADS:
            continue
        if function_of(stack[-1]) in WAITS:
            waiting += int(count)
        else:
            stacks[stack] += int(count)
    return Profile(dict(stacks), waiting)


def function_of(frame: str) -> str:
    """Return a frame's function as ``module.function``, whoever wrote the frame, without its line: all lines
    of a function count together.
    """
    found = _FILE.match(frame)
    if found is not None:
        return f"{found['file'].replace('/', '.')}.{found['name']}"
    return _LINE.sub("", frame)


def tree_of(profile: Profile, root: str = "all") -> Frame:
    """Return the tree of a profile's functions."""
    top = Frame(root)
    for stack, count in profile.stacks.items():
        top.samples += count
        at = top
        for name in map(function_of, stack):
            at = at.children.setdefault(name, Frame(name))
            at.samples += count
    return top


def costs_of(profile: Profile) -> list[Cost]:
    """Return every function with its shares, that which costs most in itself first."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for stack, count in profile.stacks.items():
        names = [function_of(frame) for frame in stack]
        own[names[-1]] += count
        for name in set(names):
            total[name] += count
    whole = max(1, profile.samples)
    return [
        Cost(name, own[name] / whole, total[name] / whole)
        for name in sorted(total, key=lambda name: (-own[name], -total[name], name))
    ]
