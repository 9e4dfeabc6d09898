"""What all clients of one generating process share: the clock, what is measured, what is counted."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final

from client.load.checking.ledger import Ledger
from client.load.clients.wire import Connect
from client.load.measuring.latencies import Latencies
from client.load.planning.plan import DEFAULTS, Plan
from client.load.planning.schedule import Phase, Shape

NEAR_SECONDS: Final = 0.0015
"""A timer of the loop is up to a millisecond late; the rest is waited for turn by turn."""


MOST_SAID: Final = 20


@dataclass(slots=True)
class Tally:
    """How often things happened."""

    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """By ``command:code``."""
    unanswered: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    """Steps whose condition was not met, such as a submit without a car."""
    closes: Counter[str] = field(default_factory=Counter)
    """Connections that ended, by code."""
    slow: Counter[str] = field(default_factory=Counter)
    """What became of the clients that did not read."""
    totals: Counter[str] = field(default_factory=Counter)
    """Clients, joins, events, bytes."""
    said: Counter[str] = field(default_factory=Counter)
    """What the server said with its refusals."""

    def refuse(self, kind: str, error: dict[str, Any]) -> None:
        """Count a refusal."""
        self.refused[f"{kind}:{error.get('code')}"] += 1
        if len(self.said) < MOST_SAID:
            self.said[f"{kind}: {error.get('message')}"] += 1

    def add(self, other: dict[str, dict[str, int]]) -> None:
        """Add what another process counted."""
        for name, counts in other.items():
            getattr(self, name).update(counts)

    def plain(self) -> dict[str, dict[str, int]]:
        """Return it for JSON."""
        return {each.name: dict(sorted(getattr(self, each.name).items())) for each in fields(self)}

    @property
    def errors_percent(self) -> float:
        """The share of commands that were refused or not answered."""
        bad = self.refused.total() + self.unanswered.total()
        # What waited behind something unanswered was never sent.
        return min(100.0, 100.0 * bad / max(1, self.sent.total() + self.unanswered.total()))


class Office:
    """The shared parts. ``now`` returns seconds of a clock that all processes of this machine share."""

    def __init__(self, plan: Plan, connect: Connect, now: Callable[[], float] = time.monotonic) -> None:
        self.plan = plan
        self.connect = connect
        self.now = now
        self.shape = Shape.of(plan)
        self.ledger = Ledger()
        self.latencies = Latencies(DEFAULTS[plan.mode].metric)
        self.tally = Tally()
        self.is_over = False
        self.began = 0.0
        self.chance = random.Random(f"{plan.seed}:office")  # noqa: S311 - repeatable  # nosec B311
        self.heard_by_second: Counter[int] = Counter()

    def begin(self, at: float) -> None:
        """Begin the run at a time of the clock."""
        self.began = at

    @property
    def at(self) -> float:
        """Seconds since the run began."""
        return self.now() - self.began

    async def until(self, at: float) -> float:
        """Wait until ``at`` seconds of the run; return by how much it is late."""
        while (left := at - self.at) > 0:  # noqa: ASYNC110 - time is waited for
            await asyncio.sleep(max(0.0, left - NEAR_SECONDS))
        return -left

    def measure(self, name: str, due: float) -> None:
        """Record that what was due at ``due`` seconds of the run is done now."""
        self.latencies.record(name, self.shape.phase(max(0.0, due)), self.at - due, due)

    def phase(self, due: float) -> Phase:
        """Return the phase of a time of the run."""
        return self.shape.phase(due)

    def heard(self, events: int) -> None:
        """Count events that a client heard now."""
        self.heard_by_second[int(self.at)] += events

    def plain(self) -> dict[str, Any]:
        """Return what was measured and counted, for JSON."""
        return {
            "latencies": self.latencies.encode(),
            "tally": self.tally.plain(),
            "findings": self.ledger.findings.plain(),
            "heard": [[at, count] for at, count in sorted(self.heard_by_second.items())],
        }
