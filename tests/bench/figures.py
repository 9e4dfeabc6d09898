"""What is measured: a figure, the floor that the same machine allowed in the same run, and the goal."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. With ``rate`` more is better, and ``goal`` is the least ratio."""

    name: str
    unit: str
    ours: float
    floor: float
    floor_is: str
    goal: float | None = None
    rate: bool = False

    @property
    def ratio(self) -> float:
        """Ours in floors."""
        return self.ours / self.floor

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where none is set."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.rate else self.ratio <= self.goal


def percentile(values: Sequence[float], share: float) -> float:
    """Return the measured value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def show(figures: Sequence[Figure], notes: Sequence[str]) -> None:
    """Print the table."""
    table = Table("figure", "unit", "ours", "floor", "ratio", "goal", "met", "the floor is", title="Measured")
    for figure in figures:
        sign = "≥" if figure.rate else "≤"
        table.add_row(
            figure.name,
            figure.unit,
            f"{figure.ours:,.2f}",
            f"{figure.floor:,.2f}",
            f"{figure.ratio:.2f}",
            "—" if figure.goal is None else f"{sign} {figure.goal:g}",
            {True: "yes", False: "NO", None: "—"}[figure.met],
            figure.floor_is,
        )
    console = Console(width=160)
    console.print(table)
    for note in notes:
        console.print(note)


def write(figures: Sequence[Figure], notes: Sequence[str], path: Path) -> None:
    """Write what was measured as JSON."""
    lines = [asdict(figure) | {"ratio": figure.ratio, "met": figure.met} for figure in figures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"figures": lines, "notes": list(notes)}, indent=2) + "\n")
