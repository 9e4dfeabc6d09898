"""Measure how long 2,000 matches take to all values, against 500 matches of an earlier revision.

Both trees search the same store of 4,000 cars, each with its own client, web process, two workers, PostgreSQL
and Redis, and take turns in one run.
"""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tests.bench import goals
from tests.bench.previous import Unavailable, answered, checked_out, scenario
from tests.bench.results.figures import Figure, Report, median
from tests.services import ROOT, Services

BASE: Final = "b1f0404"
"""The commit before the whole stock was valued by default."""

SCENARIO: Final = Path(__file__).with_name("whole_scenario.py")
MATCHES, MATCHES_BEFORE = 2_000, 500


async def measure(_services: Services, _folder: Path, repeats: int, previous: str = "") -> Report:
    """Measure both trees in turns; the first turn warms up."""
    revision = previous or BASE
    ours: list[float] = []
    same: list[float] = []
    before: list[float] = []
    failed = ""
    async with AsyncExitStack() as stack:
        mine = await stack.enter_async_context(scenario(ROOT, SCENARIO, str(MATCHES)))
        few = await stack.enter_async_context(scenario(ROOT, SCENARIO, str(MATCHES_BEFORE)))
        try:
            tree = stack.enter_context(checked_out(revision, SCENARIO))
            other = await stack.enter_async_context(scenario(tree, SCENARIO, str(MATCHES_BEFORE)))
        except Unavailable as error:
            other, failed = None, f": not measured, {error}"
        for turn in range(1 + repeats):
            times = [await answered(mine), await answered(few)]
            times.append([] if other is None else await answered(other))
            if turn:
                for samples, found in zip((ours, same, before), times, strict=True):
                    samples.extend(found)
    return [
        Figure(
            f"all values of {MATCHES:,} matches of 4,000 cars, p50",
            "ms",
            median(ours),
            median(before) if before else None,
            f"{MATCHES_BEFORE} matches at revision {revision}{failed}",
            goals.ALL_VALUES,
            samples=tuple(ours),
            floor_samples=tuple(before),
        ),
        Figure(
            f"all values of {MATCHES_BEFORE} matches of 4,000 cars, p50",
            "ms",
            median(same),
            median(before) if before else None,
            f"the same at revision {revision}{failed}",
            samples=tuple(same),
            floor_samples=tuple(before),
        ),
    ], []
