"""Time the pure parts of the grid in Node: sorting, facets and filters of 100,000 cars, without a browser."""

import json
import subprocess
import sys
from typing import Final

from tests.bench.results.figures import Figure
from tests.services import ROOT

COMMAND: Final = (sys.executable, "tools/bootstrap.py", "npm", "run", "--silent", "bench")
MOST_MS: Final = 100.0


def measure_ranking() -> list[Figure]:
    """Return a figure for each part; the goal is that none makes a long task."""
    told = subprocess.run(COMMAND, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    times: dict[str, float] = json.loads(told.splitlines()[-1])
    return [
        Figure(f"in Node: {name}", "ms", took, MOST_MS, f"the goal: {MOST_MS:.0f} ms", 1.0)
        for name, took in times.items()
    ]
