"""When load arrives: an open-loop schedule, made before the run from its seed. Pure.

The rate grows linearly during the ramp, stays, and falls linearly to nothing during the drain. Nobody waits
for an answer before the next arrival is due: what a slow server delays is measured from the time that was
intended.
"""

import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from client.load.planning.plan import Arrivals, Plan


class Phase(StrEnum):
    """A part of a run, by the intended time of what is measured."""

    RAMP = "ramp"
    STEADY = "steady"
    DRAIN = "drain"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something to do: ``at`` seconds after the start, by the client with this number."""

    at: float
    client: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The rate over time: up, level, down."""

    rate: float
    ramp: float
    steady: float
    drain: float

    @classmethod
    def of(cls, plan: Plan) -> "Shape":
        """Return the shape of a plan."""
        return cls(plan.rate, plan.ramp, plan.steady, plan.drain)

    @property
    def total(self) -> float:
        """How many arrivals are expected."""
        return self.rate * (self.ramp / 2 + self.steady + self.drain / 2)

    def phase(self, at: float) -> Phase:
        """Return the phase of a time."""
        if at < self.ramp:
            return Phase.RAMP
        return Phase.STEADY if at < self.ramp + self.steady else Phase.DRAIN

    def when(self, count: float) -> float:
        """Return the time by which ``count`` arrivals are expected; 0 <= count <= total."""
        rising, level = self.rate * self.ramp / 2, self.rate * self.steady
        if count < rising:
            return math.sqrt(2 * count * self.ramp / self.rate)
        if count < rising + level:
            return self.ramp + (count - rising) / self.rate
        left = max(0.0, self.total - count)
        return self.ramp + self.steady + self.drain - math.sqrt(2 * left * self.drain / self.rate)


def arrivals(plan: Plan, joined: Sequence[float]) -> list[Arrival]:
    """Return all arrivals of a plan in order, for clients that join at the times ``joined``.

    The same seed gives the same. Clients take turns, in an order drawn from the seed, so that no connection
    exceeds its rate of commands; whoever has not joined by then is passed over.
    """
    chance = random.Random(f"{plan.seed}:arrivals")  # noqa: S311 - repeatable on purpose  # nosec B311
    shape = Shape.of(plan)
    if not joined or shape.total <= 0:
        return []
    turns = deque(chance.sample(range(len(joined)), len(joined)))
    poisson = plan.arrivals is Arrivals.POISSON
    found: list[Arrival] = []
    for count in _poisson(shape.total, chance) if poisson else _constant(shape.total):
        at = shape.when(count)
        for _ in range(len(turns)):
            client = turns[0]
            turns.rotate(-1)
            if joined[client] <= at:
                found.append(Arrival(at, client))
                break
    return found


def joins(plan: Plan, clients: int) -> list[float]:
    """Return when each client joins: evenly over the first four fifths of the ramp."""
    return [0.8 * plan.ramp * number / clients for number in range(clients)]


def _poisson(total: float, chance: random.Random) -> Iterator[float]:
    """Yield the arrivals of a process of rate 1: what ``when`` maps has the rate of the shape."""
    count = chance.expovariate(1.0)
    while count < total:
        yield count
        count += chance.expovariate(1.0)


def _constant(total: float) -> Iterator[float]:
    yield from (number + 0.5 for number in range(int(total)))
