"""Round trips, one after the other, and nothing else meanwhile."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from server.doctor.subjects.latency import Latency, latency_of

PINGS: Final = 50
MOST_SECONDS: Final = 1.0
"""Slow round trips are fewer: some of them say it as well."""


async def ping(
    ask: Callable[[], Awaitable[Any]], *, count: int = PINGS, seconds: float = MOST_SECONDS
) -> Latency:
    """Return the percentiles of up to ``count`` round trips, at least one of them. Raises what ``ask``
    raises.
    """
    samples: list[float] = []
    ends = time.monotonic() + seconds
    await ask()  # the first one may open a connection, or prepare a statement
    while not samples or (len(samples) < count and time.monotonic() < ends):
        began = time.perf_counter()
        await ask()
        samples.append((time.perf_counter() - began) * 1000)
    found = latency_of(samples)
    if found is None:
        raise ValueError("no round trip")
    return found
