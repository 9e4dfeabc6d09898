"""What a run found, as a file, and on the terminal."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.results.figures import WIDTH, Figure, Report, show


def show_all(reports: Mapping[str, Report], machine: Mapping[str, str]) -> None:
    """Print every part, the goals that were missed, and the machine."""
    for name, (figures, notes) in reports.items():
        show(figures, notes, title=name)
    console = Console(width=WIDTH)
    every = [figure for figures, _ in reports.values() for figure in figures]
    missed = [figure for figure in every if figure.met is False]
    aimed = [figure for figure in every if figure.met is not None]
    console.print(f"\n{len(aimed) - len(missed)} of {len(aimed)} goals met.")
    for figure in missed:
        console.print(f"  missed: {figure.name}: {figure.ratio_text}, goal {figure.goal_text}", markup=False)
    console.print("Machine: " + ", ".join(f"{key} {value}" for key, value in machine.items()), markup=False)


def write(reports: Mapping[str, Report], machine: Mapping[str, str], path: Path) -> None:
    """Write what was measured as JSON, by part."""
    parts: dict[str, Any] = {
        name: {"figures": [_plain(figure) for figure in figures], "notes": notes}
        for name, (figures, notes) in reports.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": dict(machine), "parts": parts}, indent=2) + "\n")


def read(path: Path) -> dict[str, Report]:
    """Return what ``write`` wrote, so that parts measured apart become one report."""
    parts = json.loads(path.read_text())["parts"]
    return {
        name: ([_figure(one) for one in part["figures"]], list(part["notes"])) for name, part in parts.items()
    }


def _plain(figure: Figure) -> dict[str, Any]:
    return asdict(figure) | {"ratio": figure.ratio, "met": figure.met}


def _figure(plain: Mapping[str, Any]) -> Figure:
    own = {name: plain[name] for name in Figure.__slots__}
    return Figure(**own | {name: tuple(own[name]) for name in ("samples", "floor_samples")})
