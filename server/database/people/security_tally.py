"""Repeated events are counted: the same event within a minute gives one row at its start and one at its end.

No I/O. Events that strangers can cause at will produce a bounded number of rows per minute, whatever they
vary.
"""

import dataclasses
from collections.abc import Hashable
from typing import Final

from server.database.people.security_events import REFUSALS, CountedEvent, SecurityEvent, SecurityKind

WINDOW_SECONDS: Final = 60.0
MOST_REFUSALS: Final = 100
"""The most distinct refusals in a window; beyond it, those of a kind are counted together."""

UNCOUNTED: Final = frozenset({SecurityKind.EXPORTED, SecurityKind.SIGNED_IN, SecurityKind.EVENTS_LOST})
"""Events that are never merged."""


@dataclasses.dataclass(slots=True)
class _Window:
    began: float
    last: SecurityEvent
    count: int = 0


class Tally:
    """Counts events of one process. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        # In the order of their start, so that expired windows come first.
        self._windows: dict[Hashable, _Window] = {}
        self._refusals = 0

    def add(self, event: SecurityEvent, now: float) -> list[CountedEvent]:
        """Take an event; return the rows to write now."""
        over = self.over(now)
        if event.kind in UNCOUNTED:
            return [*over, CountedEvent(event, 1, event.at)]
        key = _key(event)
        if key not in self._windows and event.kind in REFUSALS and self._refusals >= MOST_REFUSALS:
            event = SecurityEvent(event.kind, event.at, detail={"places": "many"})
            key = _key(event)
        window = self._windows.get(key)
        if window is None:
            self._windows[key] = _Window(now, event)
            self._refusals += event.kind in REFUSALS
            return [*over, CountedEvent(event, 1, event.at)]
        window.last = event
        window.count += 1
        return over

    def over(self, now: float) -> list[CountedEvent]:
        """Close expired windows; return their counts after the first event."""
        ended = []
        while self._windows:
            key = next(iter(self._windows))
            if now - self._windows[key].began < WINDOW_SECONDS:
                break
            ended.append(self._windows.pop(key))
        return self._counted(ended)

    def close(self) -> list[CountedEvent]:
        """Close all windows; return their counts after the first event."""
        ended = list(self._windows.values())
        self._windows.clear()
        return self._counted(ended)

    def _counted(self, ended: list[_Window]) -> list[CountedEvent]:
        self._refusals -= sum(window.last.kind in REFUSALS for window in ended)
        return [CountedEvent(each.last, each.count, each.last.at) for each in ended if each.count]


def _key(event: SecurityEvent) -> Hashable:
    who = (event.kind, event.address, event.store_id, event.user_id, event.login, event.typed_login)
    if event.kind in REFUSALS:
        # Not the deal: someone who guesses names many.
        return who, event.detail.get("what"), event.detail.get("places")
    return who, event.deal_id, event.customer_ids, tuple(sorted(event.detail.items()))
