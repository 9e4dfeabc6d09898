"""The search for the largest level at which a condition holds. Pure: the caller measures.

Levels double until the condition breaks, then the gap is halved until it is small.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

NEAR: Final = 0.1
"""The search ends if the level that breaks is at most so much above the one that holds."""

MOST_STEPS: Final = 20


class Ending(StrEnum):
    """Why the search ended."""

    FOUND = "found"
    """The level above the capacity broke the condition."""
    TOO_LOW = "the first level breaks the condition"
    AT_MOST = "the highest level allowed holds"
    GENERATOR = "the generator is saturated"
    """The next level says more of the generator than of the server."""
    STOPPED = "stopped"


class Level(StrEnum):
    """What a step at a level found."""

    HOLDS = "holds"
    BREAKS = "breaks"
    INVALID = "invalid"
    """The generator was saturated."""


@dataclass(slots=True)
class Ladder:
    """Which level comes next. ``first`` is the first one, ``most`` the highest that is allowed."""

    first: int
    most: int
    holds: int = 0
    breaks: int | None = None
    ending: Ending | None = None
    steps: list[tuple[int, Level]] = field(default_factory=list)

    @property
    def capacity(self) -> int:
        """The highest level that held; 0 if none did."""
        return self.holds

    def next(self) -> int | None:
        """Return the level to measure next; None if the search is over."""
        if self.ending is not None:
            return None
        if not self.steps:
            return self.first
        if self.breaks is None:
            return min(self.most, 2 * self.holds)
        return (self.holds + self.breaks) // 2

    def record(self, level: int, found: Level) -> None:
        """Take the result of a step."""
        self.steps.append((level, found))
        if found is Level.INVALID:
            self.ending = Ending.GENERATOR
            return
        if found is Level.HOLDS:
            self.holds = max(self.holds, level)
        else:
            self.breaks = level if self.breaks is None else min(self.breaks, level)
        self.ending = self._ending()

    def _ending(self) -> Ending | None:
        if self.breaks is None:
            return Ending.AT_MOST if self.holds >= self.most or len(self.steps) >= MOST_STEPS else None
        if self.holds == 0 and self.breaks == self.first:
            return Ending.TOO_LOW
        near = self.breaks - self.holds <= max(1, NEAR * self.breaks)
        return Ending.FOUND if near or len(self.steps) >= MOST_STEPS else None


async def climb(ladder: Ladder, measure: Callable[[int], Awaitable[Level | None]]) -> Ladder:
    """Measure level after level until the search is over, or ``measure`` returns None: stop."""
    while (level := ladder.next()) is not None:
        found = await measure(level)
        if found is None:
            ladder.ending = Ending.STOPPED
            break
        ladder.record(level, found)
    return ladder
