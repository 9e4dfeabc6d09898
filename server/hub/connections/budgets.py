"""What people may ask of all processes together, in units of work: a person's budget and a store's. No I/O.

A process counts by itself at once, and settles with the others a moment later: ``take_fresh`` is what they
have not heard of yet, ``settle`` what all have counted. So a command never waits for Redis, and a person may
go over the budget by what each process lets through until it hears of the others. While Redis is away, each
process counts alone.
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
STORE_UNITS: Final = 2_000
EAGER_UNITS: Final = 50
"""So many units of a store are settled at once, and not with the next round."""


class Budget(StrEnum):
    """Which budget is used up."""

    PERSON = "person"
    STORE = "store"


_USED_UP: Final = {
    Budget.PERSON: "You have reached the limit for one person, across all windows and programs.",
    Budget.STORE: "Your store has reached its limit, and you have used more than your share.",
}


class OverBudget(CommandError):
    """A command that its person or store may not have now, and in how many seconds it may be had."""

    def __init__(self, budget: Budget, seconds: int) -> None:
        super().__init__(
            ErrorCode.RATE_LIMITED,
            f"{_USED_UP[budget]} Try again in {seconds} s.",
            budget=budget.value,
            retry_after_seconds=seconds,
        )


@dataclass(slots=True)
class _Store:
    """What a store's people used: in the window that runs, in the one before, and since all was settled."""

    began: float
    running: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    fresh: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)

    def roll(self, now: float) -> None:
        """Let windows that are over count as such."""
        passed = math.floor((now - self.began) / WINDOW_SECONDS)
        if passed <= 0:
            return
        self.before = self.running if passed == 1 else Counter()
        self.running = Counter()
        self.began += passed * WINDOW_SECONDS

    def parts(self, person_id: str | None) -> tuple[float, float]:
        """Return what a person, or everybody, used in the window before and since it ended."""
        if person_id is None:
            since = self.running.total() + self.fresh.total() + self.sent.total()
            return self.before.total(), since
        return self.before[person_id], self.running[person_id] + self.fresh[person_id] + self.sent[person_id]

    def used(self, now: float, person_id: str | None) -> float:
        """Return what a person, or everybody, used in the last WINDOW_SECONDS, spread evenly over windows."""
        before, since = self.parts(person_id)
        return before * (1 - (now - self.began) / WINDOW_SECONDS) + since

    def wait(self, now: float, person_id: str | None, most: float) -> int:
        """Return the whole seconds until no more than ``most`` will be used, if nothing is added."""
        before, since = self.parts(person_id)
        if since <= most and before > 0:
            seconds = (1 - (most - since) / before) * WINDOW_SECONDS - (now - self.began)
        else:
            seconds = self.began + WINDOW_SECONDS - now + (1 - max(most, 0) / max(since, 1)) * WINDOW_SECONDS
        return max(1, math.ceil(seconds))

    def people(self) -> set[str]:
        """Return who used anything."""
        return {name for part in (self.running, self.before, self.fresh, self.sent) for name in part}


class Budgets:
    """Says whether a command may be had. ``clock`` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stores: dict[str, _Store] = {}
        self._due: set[str] = set()
        self.is_due = asyncio.Event()
        """Set while something waits to be settled."""
        self.is_urgent = asyncio.Event()
        """Set while so much waits that it is settled at once."""

    def charge(self, store_id: str, person_id: str, units: int) -> None:
        """Take units of a person's and of the store's budget.

        A store that is over its budget still serves those of its people who stay within an even share of it.
        Raises OverBudget; nothing is taken then.
        """
        now = self._clock()
        store = self._store(store_id, now)
        mine = store.used(now, person_id)
        if mine + units > PERSON_UNITS:
            raise OverBudget(Budget.PERSON, store.wait(now, person_id, PERSON_UNITS - units))
        if store.used(now, None) + units > STORE_UNITS:
            share = max(STORE_UNITS / len(store.people() | {person_id}), Cost.SEARCHING)
            if mine + units > share:
                raise OverBudget(Budget.STORE, store.wait(now, person_id, share - units))
        store.fresh[person_id] += units
        self._make_due(store_id, urgent=store.fresh.total() >= EAGER_UNITS)

    def expect(self, store_id: str) -> None:
        """Learn what other processes counted: somebody of the store has come and is about to ask."""
        self._store(store_id, self._clock())
        self._make_due(store_id, urgent=True)

    def take_fresh(self) -> dict[str, Mapping[str, int]]:
        """Return what is to be settled: by store and person, the units that others have not heard of."""
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
        """Go on from what all processes counted for a store, including what ``take_fresh`` took last."""
        store = self._stores[store_id]
        store.began = self._clock() - usage.elapsed_seconds
        store.running, store.before, store.sent = Counter(usage.running), Counter(usage.before), Counter()

    def count_alone(self, store_id: str) -> None:
        """Go on from what this process counted: the others could not be told."""
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
