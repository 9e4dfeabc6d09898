"""Conditions on what was measured, such as ``p95<500ms`` or ``search.p99 <= 2s``. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from client.load.measuring.latencies import Latencies
from client.load.planning.plan import PlanError

GRAMMAR: Final = (
    "a condition such as p95<500ms, first_matches.p99<=2s, max<3s or errors<1%;"
    " more than one are joined by commas"
)
_FIGURE: Final = r"(?:(?P<name>[a-z_]+)\.)?(?:p(?P<percent>\d{1,2}(?:\.\d+)?|100)|(?P<max>max))"
_LATENCY: Final = re.compile(rf"{_FIGURE}\s*(?P<sign><=?)\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)")
_ERRORS: Final = re.compile(r"errors\s*(?P<sign><=?)\s*(?P<value>\d+(?:\.\d+)?)\s*%")
ERRORS_BELOW: Final = "errors<1%"
"""What is required of every run, unless a condition on errors replaces it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. ``name`` of a latency, or ``errors``; ``most`` is in milliseconds, or in percent."""

    text: str
    name: str
    percent: float
    most: float
    inclusive: bool

    def holds(self, value: float | None) -> bool:
        """Return whether a value meets it; what was not measured does not."""
        if value is None:
            return False
        return value <= self.most if self.inclusive else value < self.most


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition and what was measured; None if nothing was."""

    condition: Condition
    value: float | None

    @property
    def met(self) -> bool:
        """Whether the condition holds."""
        return self.condition.holds(self.value)

    def plain(self) -> Mapping[str, object]:
        """Return it for JSON."""
        unit = "percent" if self.condition.name == "errors" else "ms"
        return {"condition": self.condition.text, "value": self.value, "unit": unit, "met": self.met}


def parse_conditions(text: str, usual: str, option: str) -> list[Condition]:
    """Return the conditions in ``text``; one without a name is about the latency ``usual``.

    Raises PlanError that names ``option``.
    """
    parts = [part.strip() for part in text.split(",")]
    return [_parse(part, usual, option) for part in parts]


def judge(conditions: Sequence[Condition], latencies: Latencies, errors_percent: float) -> list[Verdict]:
    """Return a verdict on each condition, in the steady phase."""
    return [
        Verdict(
            each,
            errors_percent if each.name == "errors" else latencies.percentile(each.name, each.percent),
        )
        for each in conditions
    ]


def _parse(text: str, usual: str, option: str) -> Condition:
    if found := _ERRORS.fullmatch(text):
        return Condition(text, "errors", 0.0, float(found["value"]), found["sign"] == "<=")
    found = _LATENCY.fullmatch(text)
    if found is None:
        raise PlanError(option, f"{GRAMMAR}; got {text!r}")
    percent = 100.0 if found["max"] else float(found["percent"])
    most = float(found["value"]) * (1000 if found["unit"] == "s" else 1)
    return Condition(text, found["name"] or usual, percent, most, found["sign"] == "<=")
