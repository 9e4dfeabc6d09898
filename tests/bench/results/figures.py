"""A figure: ours, the floor or peer of the same run on the same machine, and the goal."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

RATIO_DIGITS = 3
WIDTH = 170


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. With ``rate`` more is better, and ``goal`` is the least ratio.

    A ``floor`` of None was not measured, and ``floor_is`` says why. The samples are the single turns behind
    both medians, for the plot.
    """

    name: str
    unit: str
    ours: float
    floor: float | None
    floor_is: str
    goal: float | None = None
    rate: bool = False
    samples: tuple[float, ...] = ()
    floor_samples: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Ours in floors."""
        return self.ours / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where none is set, or there is nothing to compare with."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio >= self.goal if self.rate else self.ratio <= self.goal

    @property
    def verdict(self) -> str:
        """Say whether the goal is met, in a word or two."""
        if self.goal is None:
            return "no goal"
        return {True: "met", False: "missed", None: "not measured"}[self.met]

    @property
    def goal_text(self) -> str:
        """Write the goal as the table shows it."""
        return "—" if self.goal is None else f"{'≥' if self.rate else '≤'} {self.goal:g}x"

    @property
    def ratio_text(self) -> str:
        """Write the ratio as the table shows it."""
        return "—" if self.ratio is None else f"{self.ratio:,.{RATIO_DIGITS}g}x"


Report = tuple[list[Figure], list[str]]
"""What a part returns: its figures, and notes that explain them, such as the profile of a missed goal."""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the measured value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def number(value: float | None) -> str:
    """Write a measured value with three significant digits at least."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{RATIO_DIGITS}g}"


def show(figures: Sequence[Figure], notes: Sequence[str], title: str = "Measured") -> None:
    """Print the figures of one part."""
    table = Table(title=title)
    for name in ("figure", "unit"):
        table.add_column(name)
    for name in ("ours", "floor or peer", "ratio", "goal"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("verdict", "the floor or peer is"):
        table.add_column(name)
    for figure in figures:
        numbers = (number(figure.ours), number(figure.floor), figure.ratio_text, figure.goal_text)
        table.add_row(figure.name, figure.unit, *numbers, figure.verdict, figure.floor_is)
    console = Console(width=WIDTH)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False)
