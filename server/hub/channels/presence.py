"""Who is here: one channel's people as this process knows them. No I/O; times are any clock's seconds.

Every process says who watches through it, and hears what the others say. A person counts once, however many
sockets they have; whoever loses the connection stays for a while, so that nobody flickers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocol.events import Present
from protocol.records import View
from server.hub.sight.visible import STRUCTURE_FIELDS

GRACE_SECONDS: Final = 15.0
"""How long somebody is still here after the connection was lost."""

SPACING_SECONDS: Final = 0.5
"""Presence of one channel is sent at most twice a second."""


@dataclass(slots=True)
class Visit:
    """One watcher of a channel. ``at`` is when its focus moved last, ``until`` when a lost one is over."""

    person: Present
    at: float
    until: float | None = None


@dataclass(slots=True)
class Room:
    """A channel. ``visits`` are this process's, by any key; ``others`` are what other processes said."""

    visits: dict[object, Visit] = field(default_factory=dict)
    others: dict[str, list[Present]] = field(default_factory=dict)
    sent: list[Present] | None = None
    sent_at: float | None = None

    def enter(self, key: object, person: Present, now: float) -> None:
        """Let somebody in."""
        self.visits[key] = Visit(person, now)

    def lose(self, key: object, now: float) -> None:
        """Take note that a watcher is gone without a word: they may come back."""
        visit = self.visits.get(key)
        if visit is not None and visit.until is None:
            visit.until = now + GRACE_SECONDS

    def leave(self, key: object) -> None:
        """Let somebody go at once."""
        self.visits.pop(key, None)

    def focus(self, key: object, name: str | None, now: float) -> bool:
        """Move a watcher's focus; returns whether that changes anything."""
        visit = self.visits.get(key)
        if visit is None or visit.person.focus == name:
            return False
        person = visit.person
        visit.person = Present(
            user_id=person.user_id, name=person.name, role=person.role, focus=name, deal_id=person.deal_id
        )
        visit.at = now
        return True

    def expire(self, now: float) -> bool:
        """Let those go whose grace is over; returns whether there were any."""
        over = [key for key, visit in self.visits.items() if visit.until is not None and visit.until <= now]
        for key in over:
            del self.visits[key]
        return bool(over)

    def next_expiry(self) -> float | None:
        """Return when the next grace is over; None where nobody is missing."""
        return min((visit.until for visit in self.visits.values() if visit.until is not None), default=None)

    def own(self) -> list[Present]:
        """Return whom this process tells the others of: each person once, where their focus moved last."""
        newest: dict[tuple[str, str | None], Visit] = {}
        # Of a person's visits one that is there counts before one that is missing.
        for visit in sorted(self.visits.values(), key=lambda visit: (visit.until is None, visit.at)):
            newest[visit.person.user_id, visit.person.deal_id] = visit
        return _sorted(visit.person for visit in newest.values())

    def here(self) -> list[Present]:
        """Return everybody, each person once: here before elsewhere, with a focus before without."""
        merged: dict[tuple[str, str | None], Present] = {}
        for people in (*self.others.values(), self.own()):
            for person in people:
                key = (person.user_id, person.deal_id)
                if key not in merged or person.focus is not None:
                    merged[key] = person
        return _sorted(merged.values())

    def wait(self, now: float) -> float | None:
        """Return after how many seconds the present state is to be sent; None where it has been."""
        if self.sent == self.here():
            return None
        return 0.0 if self.sent_at is None else max(0.0, self.sent_at + SPACING_SECONDS - now)

    def mark_sent(self, here: list[Present], now: float) -> None:
        """Take note of what was sent."""
        self.sent, self.sent_at = here, now


def seen_by(here: Iterable[Present], view: View) -> list[Present]:
    """Return who is here as ``view`` sees it: no focus on what it does not show; customers see nobody."""
    if view is View.CUSTOMER:
        return []
    shown = STRUCTURE_FIELDS[view]
    return [
        person
        if person.focus is None or person.focus in shown
        else Present(
            user_id=person.user_id, name=person.name, role=person.role, focus=None, deal_id=person.deal_id
        )
        for person in here
    ]


def others_of(said: Mapping[str, list[Present]], own: str) -> dict[str, list[Present]]:
    """Return what processes besides ``own`` said."""
    return {process: people for process, people in said.items() if process != own}


def _sorted(people: Iterable[Present]) -> list[Present]:
    return sorted(people, key=lambda person: (person.name, person.user_id, person.deal_id or ""))
