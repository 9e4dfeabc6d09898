"""What the threads of this process are in: one stack, or samples of all of them."""

import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import Final

MOST_FRAMES: Final = 80
MOST_STACKS: Final = 20_000
"""How many different stacks one profile keeps; the others are summed under one name."""

OTHERS: Final = "(other stacks)"


def frames_of(frame: FrameType) -> list[str]:
    """Return a stack, outermost first: ``module.function:line``."""
    found: list[str] = []
    at: FrameType | None = frame
    while at is not None and len(found) < MOST_FRAMES:
        module = at.f_globals.get("__name__", "?")
        found.append(f"{module}.{at.f_code.co_qualname}:{at.f_lineno}")
        at = at.f_back
    return found[::-1]


def profile(seconds: float, hertz: float) -> Counter[str]:
    """Sample every thread but the caller's for so long; return collapsed stacks and how often each was seen.

    A stack is ``thread;outermost;…;innermost``. What a thread does in C shows as the Python line that called
    it; a thread that waits shows, too.
    """
    own, seen = threading.get_ident(), Counter[str]()
    pause, end = 1 / hertz, time.monotonic() + seconds
    while time.monotonic() < end:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident != own:
                name = names.get(ident, "native thread").replace(";", ",")
                stack = ";".join([name, *frames_of(frame)])
                seen[stack if stack in seen or len(seen) < MOST_STACKS else OTHERS] += 1
        time.sleep(pause)
    return seen


def collapsed(seen: Counter[str]) -> str:
    """Return stacks as text, one a line with its count, the most frequent first."""
    return "".join(f"{stack} {count}\n" for stack, count in seen.most_common())
