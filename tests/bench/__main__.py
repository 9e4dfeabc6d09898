"""Measure Deal Architect against the floor of this machine, and against peers: ``python -m tests.bench``.

The floor is the same work done by the bare parts in the same run, in turns with ours. Only the ratios count:
a machine that others use too is slow in both. ``docs/benchmarks.md`` says what is measured and why.
"""

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.bench.parts import PARTS, Part, chosen
from tests.bench.results.figures import Report
from tests.bench.results.machine import describe
from tests.bench.results.report import write_report
from tests.bench.results.results import read, show_all, write
from tests.bench.stage import open_services

FOLDER = Path(".data/bench")


def measure(parts: Iterable[Part], repeats: int, given: dict[str, Any]) -> dict[str, Report]:
    """Run the parts one after the other, each on services of its own; say how long each took.

    A part that fails is told and left out: the others have taken their time.
    """
    reports: dict[str, Report] = {}
    for part in parts:
        began = time.monotonic()
        try:
            with open_services() as (services, folder):
                reports[part.name] = asyncio.run(part.measure(services, folder, repeats, given))
        except Exception:
            traceback.print_exc()
            print(f"{part.name}: failed", file=sys.stderr, flush=True)
            continue
        print(f"{part.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return reports


def main() -> None:
    """Measure, print the table, write the JSON and the report."""
    names = "\n".join(f"  {part.name:<12} {part.answers}" for part in PARTS)
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        epilog=f"parts:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", metavar="PARTS", help="these parts, separated by commas")
    parser.add_argument("--repeats", type=int, default=30, help="turns of the search figures (%(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for JSON and report (%(default)s)")
    parser.add_argument(
        "--keep", action="store_true", help="keep the other parts of the last run in JSON and report"
    )
    parser.add_argument(
        "--previous",
        default="",
        metavar="REV",
        help="what to compare a search with; else the last tag, else a commit of previous.py",
    )
    options = parser.parse_args()
    try:
        parts = list(chosen(options.only))
    except ValueError as error:
        parser.error(str(error))
    machine = describe()
    reports = measure(parts, options.repeats, vars(options))
    show_all(reports, machine)
    results = options.folder / "bench.json"
    if options.keep and results.exists():
        reports = read(results) | reports
    write(reports, machine, results)
    report = options.folder / "report.html"
    write_report(reports, machine, report)
    print(f"{results} and {report}", file=sys.stderr)
    if any(part.name not in reports for part in parts):
        sys.exit(1)


if __name__ == "__main__":
    main()
