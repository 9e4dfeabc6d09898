"""What a salesperson does, step by step, drawn from the seed: the same seed does the same. Pure."""

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from client.load.planning.plan import Mode

MAKES: Final = ("Toyota", "Honda", "Ford", "Hyundai", "Kia", "Subaru", "Nissan", "Chevrolet")
BODIES: Final = ("SUV", "Sedan", "Pickup")
SORTS: Final = ("price", "-price", "mileage", "year", "days_in_stock")
FIRST_TERMS: Final[dict[str, Any]] = {
    "payment_max_cents": None,
    "cash_down_cents": 0,
    "cash_down_max_cents": 4_000_000,
    "tax_rate_bp": 700,
}
"""The structure of a deal of the generator: most cars fit it."""


class StepKind(StrEnum):
    """A thing to do with a deal."""

    SEARCH = "search"
    NOTE = "note"
    EDIT = "terms"
    SELECT = "select"
    SUBMIT = "submit"
    COUNTER = "counter"


DAY: Final = (
    *(StepKind.SEARCH, StepKind.NOTE, StepKind.EDIT, StepKind.SEARCH),
    *(StepKind.SELECT, StepKind.SUBMIT, StepKind.COUNTER),
)
"""The script after the join, over and over: after a counter the next edit takes the deal back to work."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``fields`` are those of its command; ``draw`` (0 to 1) chooses a car of the list."""

    kind: StepKind
    fields: dict[str, Any] = field(default_factory=dict)
    draw: float = 0.0


class Script:
    """The steps of one salesperson."""

    def __init__(self, mode: Mode, seed: int, number: int, matches: int) -> None:
        self._steps = (StepKind.SEARCH,) if mode is Mode.SEARCH else DAY
        self._chance = random.Random(f"{seed}:script:{number}")  # noqa: S311 - repeatable  # nosec B311
        self._matches = matches
        self._place = 0
        self._edits = number

    def next(self) -> Step:
        """Return the next step."""
        kind = self._steps[self._place % len(self._steps)]
        self._place += 1
        return Step(kind, self._fields(kind), self._chance.random())

    def _fields(self, kind: StepKind) -> dict[str, Any]:
        match kind:
            case StepKind.SEARCH:
                return {
                    "filters": self._filters(),
                    "sort": self._chance.choice(SORTS),
                    "limit": self._matches,
                }
            case StepKind.EDIT:
                # Never twice the same: the server would rightly do nothing.
                self._edits += 1
                return {"changes": {"cash_down_cents": 100_00 + 10_00 * (self._edits % 97)}}
            case StepKind.SUBMIT:
                return {"reason": "customer_agrees"}
            case StepKind.COUNTER:
                cash = self._chance.randrange(2_000_00, 4_000_00, 50_00)
                return {"reason": "cash_too_low", "changes": {"cash_down_cents": cash}}
        return {}

    def _filters(self) -> dict[str, Any]:
        match self._chance.randrange(4):
            case 0:
                return {}
            case 1:
                return {"makes": sorted(self._chance.sample(MAKES, 2))}
            case 2:
                return {"bodies": [self._chance.choice(BODIES)]}
        return {"year_min": self._chance.randrange(2016, 2023)}


def note_text(due_us: int, size: int) -> str:
    """Return a note's text: it says when it was due, so that whoever sees it knows how long it took."""
    return f"load @{due_us} ".ljust(size, "x")
