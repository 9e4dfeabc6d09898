"""The budgets of a person and a store: units of work that all processes together allow. No I/O.

A process counts at once by itself, and reconciles with the others a moment later: ``take_fresh`` returns what
they have not counted yet, ``settle`` takes what all have counted. So a command never waits for Redis. A
person may exceed the budget by what each process allows until it knows the counts of the others. While Redis
is unreachable, each process counts alone.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from protocol.closing import CommandError, ErrorCode
from protocol.commands import Cost
from server.counts.usage import Usage

WINDOW_SECONDS: Final = 10.0
PERSON_UNITS: Final = 500
"""More than one connection can use with quotes alone, at its own limit of 50 commands in 10 s: 400."""
CUSTOMER_UNITS: Final = 100
"""Of all pages that are open by one link: twelve presentations."""
STORE_UNITS: Final = 2_000
EAGER_UNITS: Final = 50
"""If this many units of a store are not reconciled yet, that happens at once and not with the next round."""


class Budget(StrEnum):
    """Which budget is used up."""

    PERSON = "person"
    STORE = "store"


_USED_UP: Final = {
    Budget.PERSON: "You have reached the limit for one person, across all windows and programs.",
    Budget.STORE: "Your store has reached its limit, and you have used more than your share.",
}


class OverBudget(CommandError):
    """A command exceeds a budget. It may be tried again after ``seconds``."""

    def __init__(self, budget: Budget, seconds: int) -> None:
        super().__init__(
            ErrorCode.RATE_LIMITED,
            f"{_USED_UP[budget]} Try again in {seconds} s.",
            budget=budget.value,
            retry_after_seconds=seconds,
        )


@dataclass(slots=True)
class _Store:
    """The units of a store's people: in the current window, in the previous one, and not reconciled yet."""

    began: float
    running: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    fresh: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)

    def roll(self, now: float) -> None:
        """Move on to the window of ``now``."""
        passed = math.floor((now - self.began) / WINDOW_SECONDS)
        if passed <= 0:
            return
        self.before = self.running if passed == 1 else Counter()
        self.running = Counter()
        self.began += passed * WINDOW_SECONDS

    def parts(self, person_id: str | None) -> tuple[float, float]:
        """Return what a person, or everyone, used in the previous window and since it ended."""
        if person_id is None:
            since = self.running.total() + self.fresh.total() + self.sent.total()
            return self.before.total(), since
        return self.before[person_id], self.running[person_id] + self.fresh[person_id] + self.sent[person_id]

    def used(self, now: float, person_id: str | None) -> float:
        """Return what a person, or everyone, used in the last WINDOW_SECONDS, assuming even use."""
        before, since = self.parts(person_id)
        return before * (1 - (now - self.began) / WINDOW_SECONDS) + since

    def wait(self, now: float, person_id: str | None, most: float) -> int:
        """Return the seconds, rounded up, until at most ``most`` units are used if none are added."""
        before, since = self.parts(person_id)
        if since <= most and before > 0:
            seconds = (1 - (most - since) / before) * WINDOW_SECONDS - (now - self.began)
        else:
            seconds = self.began + WINDOW_SECONDS - now + (1 - max(most, 0) / max(since, 1)) * WINDOW_SECONDS
        return max(1, math.ceil(seconds))

    def people(self) -> set[str]:
        """Return the people who used any units."""
        return {name for part in (self.running, self.before, self.fresh, self.sent) for name in part}


class Budgets:
    """Decides whether a command is within the budgets. ``clock`` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stores: dict[str, _Store] = {}
        self._due: set[str] = set()
        self.is_due = asyncio.Event()
        """Set while units wait to be reconciled."""
        self.is_urgent = asyncio.Event()
        """Set while the waiting units are to be reconciled at once."""

    def charge(self, store_id: str, person_id: str, units: int, most: int | None = None) -> None:
        """Charge units to the budgets of a person, who has ``most`` (None: as people have), and a store.

        A store over its budget still serves people who are within an equal share of it. Raises OverBudget;
        then nothing is charged.
        """
        now = self._clock()
        most = PERSON_UNITS if most is None else most
        store = self._store(store_id, now)
        mine = store.used(now, person_id)
        if mine + units > most:
            raise OverBudget(Budget.PERSON, store.wait(now, person_id, most - units))
        if store.used(now, None) + units > STORE_UNITS:
            share = max(STORE_UNITS / len(store.people() | {person_id}), Cost.SEARCHING)
            if mine + units > share:
                raise OverBudget(Budget.STORE, store.wait(now, person_id, share - units))
        store.fresh[person_id] += units
        self._make_due(store_id, urgent=store.fresh.total() >= EAGER_UNITS)

    def expect(self, store_id: str) -> None:
        """Fetch the counts of other processes soon: a person of the store has just connected."""
        self._store(store_id, self._clock())
        self._make_due(store_id, urgent=True)

    def take_fresh(self) -> dict[str, Mapping[str, int]]:
        """Return the units to reconcile, by store and person: those that other processes do not know yet."""
        due: dict[str, Mapping[str, int]] = {}
        for store_id in self._due:
            store = self._stores[store_id]
            store.sent, store.fresh = store.fresh, Counter()
            due[store_id] = dict(store.sent)
        self._due = set()
        self.is_due.clear()
        self.is_urgent.clear()
        return due

    def settle(self, store_id: str, usage: Usage) -> None:
        """Take the counts of all processes for a store, which include what ``take_fresh`` last returned."""
        store = self._stores[store_id]
        store.began = self._clock() - usage.elapsed_seconds
        store.running, store.before, store.sent = Counter(usage.running), Counter(usage.before), Counter()

    def count_alone(self, store_id: str) -> None:
        """Continue with the counts of this process alone: the others could not be reached."""
        store = self._stores[store_id]
        store.roll(self._clock())
        store.running += store.sent
        store.sent = Counter()

    def _store(self, store_id: str, now: float) -> _Store:
        store = self._stores.get(store_id)
        if store is None:
            store = self._stores[store_id] = _Store(began=now)
        store.roll(now)
        return store

    def _make_due(self, store_id: str, *, urgent: bool) -> None:
        self._due.add(store_id)
        self.is_due.set()
        if urgent:
            self.is_urgent.set()
