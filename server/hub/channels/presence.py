"""Presence: the people of one channel as this process knows them. No I/O; times are seconds of any clock.

Every process reports who watches through it, and receives the reports of the others. A person counts once,
however many sockets they have. A person who loses the connection stays for a while, so that the list does not
flicker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocol.events import Present
from protocol.records import View
from server.hub.sight.visible import STRUCTURE_FIELDS

GRACE_SECONDS: Final = 15.0
"""How long a person stays present after the connection was lost."""

SPACING_SECONDS: Final = 0.5
"""Presence of one channel is sent at most twice a second."""


@dataclass(slots=True)
class Visit:
    """One watcher of a channel. ``at`` is when its focus last moved, ``until`` when a lost one expires."""

    person: Present
    at: float
    until: float | None = None


@dataclass(slots=True)
class Room:
    """A channel's people. ``visits`` are this process's, by any key; ``others`` are the others' reports."""

    visits: dict[object, Visit] = field(default_factory=dict)
    others: dict[str, list[Present]] = field(default_factory=dict)
    sent: list[Present] | None = None
    sent_at: float | None = None

    def enter(self, key: object, person: Present, now: float) -> None:
        """Add a watcher."""
        self.visits[key] = Visit(person, now)

    def lose(self, key: object, now: float) -> None:
        """Note that a watcher's connection was lost: the person may come back."""
        visit = self.visits.get(key)
        if visit is not None and visit.until is None:
            visit.until = now + GRACE_SECONDS

    def leave(self, key: object) -> None:
        """Remove a watcher at once."""
        self.visits.pop(key, None)

    def focus(self, key: object, name: str | None, now: float) -> bool:
        """Move a watcher's focus; return whether it changed."""
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
        """Remove the watchers whose grace is over; return whether there were any."""
        over = [key for key, visit in self.visits.items() if visit.until is not None and visit.until <= now]
        for key in over:
            del self.visits[key]
        return bool(over)

    def next_expiry(self) -> float | None:
        """Return when the next grace is over; None if no connection is lost."""
        return min((visit.until for visit in self.visits.values() if visit.until is not None), default=None)

    def own(self) -> list[Present]:
        """Return the people to report to other processes: each once, with the focus that moved last."""
        newest: dict[tuple[str, str | None], Visit] = {}
        # A person's connected visits take precedence over lost ones.
        for visit in sorted(self.visits.values(), key=lambda visit: (visit.until is None, visit.at)):
            newest[visit.person.user_id, visit.person.deal_id] = visit
        return _sorted(visit.person for visit in newest.values())

    def here(self) -> list[Present]:
        """Return everyone, each person once: with a focus if there is one, preferably from this process."""
        merged: dict[tuple[str, str | None], Present] = {}
        for people in (*self.others.values(), self.own()):
            for person in people:
                key = (person.user_id, person.deal_id)
                if key not in merged or person.focus is not None:
                    merged[key] = person
        return _sorted(merged.values())

    def wait(self, now: float) -> float | None:
        """Return after how many seconds the current state is to be sent; None if it was sent."""
        if self.sent == self.here():
            return None
        return 0.0 if self.sent_at is None else max(0.0, self.sent_at + SPACING_SECONDS - now)

    def mark_sent(self, here: list[Present], now: float) -> None:
        """Record what was sent."""
        self.sent, self.sent_at = here, now


def seen_by(here: Iterable[Present], view: View) -> list[Present]:
    """Return who is here as ``view`` sees it: no focus on hidden fields; customers see nobody."""
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
    """Return the reports of the processes other than ``own``."""
    return {process: people for process, people in said.items() if process != own}


def _sorted(people: Iterable[Present]) -> list[Present]:
    return sorted(people, key=lambda person: (person.name, person.user_id, person.deal_id or ""))
