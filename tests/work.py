"""How much work a computation does: function calls and memory, which are the same on every machine."""

import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")


class TooMuchWorkError(AssertionError):
    """A computation made more calls than it may: it is ended there, however long it would have gone on."""


@dataclass(frozen=True, slots=True)
class Work:
    """``calls`` of Python and C functions, and the most ``bytes`` that were allocated at a time."""

    calls: int
    bytes: int


def work_of(compute: Callable[[], Result], most_calls: int) -> tuple[Result, Work]:
    """Return what ``compute`` returns, and its work. Raises TooMuchWorkError beyond ``most_calls``."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        if event in {"call", "c_call"}:
            calls += 1
            if calls > most_calls:
                sys.setprofile(None)
                raise TooMuchWorkError(f"more than {most_calls:,} calls")

    tracemalloc.start()
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        result = compute()
    finally:
        sys.setprofile(before)
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return result, Work(calls, most_bytes)
