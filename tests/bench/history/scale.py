"""Payment histories of three sizes: ``python -m tests.bench.history.scale``. Needs 2 GB of disk.

For each size, in a process of its own: the first aggregation, one changed month, and what `calibrate` does
after it. Prints time and peak memory, the line through them, and what it makes of 295 million rows.
"""

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from server.history.aggregates.aggregation import aggregate, edges_of
from server.history.aggregates.files import HistoryFiles
from server.history.calibration import Wish, calibrate
from server.history.report.page import write_page
from tests.bench.history.growth import draw, grown, told
from tests.history.books import LONG, RECOVERED, kinds_of, known_model
from tests.history.generating import Plan, generate

ROWS = (3_000_000, 10_000_000, 30_000_000)
PAYMENTS_PER_LOAN = 32.6
MIB = 1_024
STEPS = ("first aggregation", "one changed month", "calibrate")
LATE = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)


def write_history(folder: Path, rows: int) -> None:
    """Write a history of about so many payments: 84 months, loans originated in the first 48."""
    plan = Plan(loans=round(rows / PAYMENTS_PER_LOAN), recovered=RECOVERED)
    generate(folder, kinds_of(known_model(LONG)), plan, memory_mib=4_096)


def first_aggregation(folder: Path) -> dict[str, float]:
    """Aggregate every month."""
    done = aggregate(HistoryFiles(folder), edges_of(known_model(LONG)))
    return {"rows": done.rows}


def one_changed_month(folder: Path) -> dict[str, float]:
    """Aggregate the month in which a payment came late."""
    done = aggregate(HistoryFiles(folder), edges_of(known_model(LONG)))
    return {"rows": done.rows_read, "months": done.made}


def calibrate_anew(folder: Path) -> dict[str, float]:
    """Estimate, compare, write the report."""
    wish = Wish(version="new", effective=dt.date(2024, 2, 1), as_of=dt.date(2024, 1, 15))
    found, done = calibrate(folder, known_model(LONG), wish)
    write_page(found, folder / "report.html")
    errors = [
        abs(band.cnl / true.cnl - 1.0)
        for band, true in zip(found.estimate.bands, known_model(LONG).curves, strict=True)
    ]
    return {"rows": done.rows, "mean error of CNL": float(np.mean(errors))}


def add_late_payment(folder: Path) -> None:
    """Add a batch of one payment to a month in the middle of the history."""
    row = ("late", "L000000001", dt.date(2020, 6, 15), 0, 0, 0, 1_000_00, "current", 0, 0, LATE)
    HistoryFiles(folder).write_payments("late", [row])


WORK: dict[str, Callable[[Path], dict[str, float]]] = dict(
    zip(STEPS, (first_aggregation, one_changed_month, calibrate_anew), strict=True)
)


def step(name: str, folder: Path) -> dict[str, float]:
    """Run one step here; return seconds, processor seconds, peak MiB and what it says itself."""
    began = time.perf_counter()
    said = WORK[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": time.perf_counter() - began,
        "processor": used.ru_utime + used.ru_stime,
        "peak MiB": peak_mib(),
        **said,
    }


def peak_mib() -> float:
    """Return this process's peak memory; ``ru_maxrss`` may be that of the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / MIB


def measured(name: str, folder: Path) -> dict[str, float]:
    """Run one step in a process of its own."""
    words = [sys.executable, "-m", "tests.bench.history.scale", "--step", name, "--folder", str(folder)]
    run = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def measure(rows: int, room: Path | None) -> list[dict[str, float | str]]:
    """Write a history and measure its steps, each once."""
    found: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory(prefix="deal-history-", dir=room) as made:
        folder = Path(made)
        began = time.perf_counter()
        write_history(folder, rows)
        print(f"{rows:,}: generated in {time.perf_counter() - began:.0f} s", flush=True)
        for name in STEPS:
            if name == STEPS[1]:
                add_late_payment(folder)
            found.append({"step": name, **measured(name, folder)})
            print(f"{rows:,}: {found[-1]}", flush=True)
    return found


def main() -> None:
    """Measure, or run one step."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.history.scale", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=list(ROWS), help="sizes (%(default)s)")
    parser.add_argument("--results", type=Path, help="keep the results here, and count those of earlier runs")
    parser.add_argument("--plot", type=Path, help="draw the growth into this SVG")
    parser.add_argument("--folder", type=Path, help="where histories are written")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(step(options.step, options.folder)))
        return
    kept = options.results
    results = json.loads(kept.read_text()) if kept and kept.exists() else []
    for rows in options.rows:
        results += measure(rows, options.folder)
        if kept:
            kept.write_text(json.dumps(results, indent=1))
    growth = grown(results, STEPS)
    for line in told(growth):
        print(line)
    if options.plot:
        options.plot.write_text(draw(growth))


if __name__ == "__main__":
    main()
