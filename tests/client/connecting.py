"""A workspace that does not dawdle."""

from typing import Any

from client import Deal, Workspace
from client.backoff import Timing
from protocol.events import DealChanged

QUICK = Timing(first_pause=0.001, longest_pause=0.01, penalty=0.01, open_timeout=5)


def connect(url: str, **options: Any) -> Workspace:
    """Return a workspace that does not dawdle."""
    return Workspace.connect(url, "secret", timing=options.pop("timing", QUICK), **options)


async def versions(deal: Deal, count: int) -> list[Any]:
    """Return the next ``count`` events: an edit as its version, anything else as it is."""
    events = [await anext(deal) for _ in range(count)]
    return [event.version if isinstance(event, DealChanged) else event for event in events]
