"""Measure Deal Architect against the floor of this machine: ``python -m tests.bench [--json FILE]``.

The floor is the same work done by the bare parts in the same run, in turns with ours. Only the ratios count:
a machine that others use too is slow in both.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from client import Overflow, Workspace
from tests.bench import fanout, measures, queue, scale
from tests.bench.figures import Figure, show, write
from tests.bench.floors import open_floors
from tests.bench.stage import Stage, make_easy, open_services, stock
from tests.bench.structures import measure_structures
from tests.services import Services, start_web, start_worker

SMALL_STOCK, LARGE_STOCK = 4_000, 60_000
LARGE_SEARCH = 20_000
WORKERS = 2

Report = tuple[list[Figure], list[str]]


async def measure_small(services: Services, folder: Path, repeats: int) -> Report:
    """Measure a stock of 4,000 cars with one web process and two workers, then starts of web processes."""
    stage = await stock(services, folder, SMALL_STOCK)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await running.enter_async_context(start_worker(stage.settings, folder))
        floors = await running.enter_async_context(open_floors(stage))
        workspace = await running.enter_async_context(connected(web.url, stage))
        deal = await workspace.join(stage.channel)
        figures, notes = await measures.measure_search(deal, floors, repeats)
    more, more_notes = await measures.measure_start(stage, min(repeats, 7))
    return figures + more, notes + more_notes


async def measure_large(services: Services, folder: Path, repeats: int) -> Report:
    """Measure a search of 20,000 matches without workers, which would take the processor from both sides."""
    stage = await stock(services, folder, LARGE_STOCK)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        floors = await running.enter_async_context(open_floors(stage))
        workspace = await running.enter_async_context(connected(web.url, stage))
        deal = await workspace.join(stage.channel)
        figures, notes = await measures.measure_rows(deal, floors, LARGE_SEARCH, min(repeats, 5))
        more, more_notes = await queue.measure(stage)
        return figures + more, notes + more_notes


def connected(url: str, stage: Stage) -> Workspace:
    """Return a client that hears every event."""
    return Workspace.connect(url.replace("http", "ws", 1) + "/ws", stage.token, overflow=Overflow.PAUSE)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=Path(".data/bench.json"), help="where to write (%(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=30, help="turns of the search figures (%(default)s)")
    options = parser.parse_args()
    figures, notes = measure_structures(min(options.repeats, 7))
    with open_services() as (services, folder):
        for measure in (measure_small, measure_large, fanout.measure, scale.measure):
            more, more_notes = asyncio.run(measure(services, folder, options.repeats))
            figures += more
            notes += more_notes
    show(figures, notes)
    write(figures, notes, options.json)


if __name__ == "__main__":
    main()
