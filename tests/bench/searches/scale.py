"""First matches at 4,000 and 1,000,000 cars, by order and filter: ``python -m tests.bench.searches.scale``.

Through the search service in this process, from the command to the first ``matches`` in the log, or to the
end where nothing matches. The two stocks take turns. It takes some minutes, most of them to fill the stock.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.records import Filters, Sort
from tests.bench import goals
from tests.bench.results.figures import Figure, median
from tests.bench.stage import MS, open_services, stock
from tests.flow.searches.searching import Searching, open_searching
from tests.services import Services

SMALL, LARGE = 4_000, 1_000_000
REPEATS = 5
LIMIT = 16
PATIENCE_SECONDS = 60.0
FILTERS = {
    "no filter": Filters(),
    "make and year": Filters(makes=["Toyota"], year_min=2022),
    "price band": Filters(price_min_cents=20_000_00, price_max_cents=23_000_00),
    "mileage": Filters(mileage_max=30_000),
    "text that exists": Filters(text="camry"),
    "text that does not": Filters(text="zzqqz"),
}


@dataclass(slots=True)
class Clock:
    """Tells when a search has published its first matches, or its end where it has none."""

    searching: Searching
    first: "asyncio.Future[float] | None" = None

    def listen(self) -> None:
        """Note what the service publishes."""
        for name in ("matches", "end_search"):
            searches = self.searching.log.searches
            setattr(searches, name, self._noting(getattr(searches, name)))

    async def first_matches(self, sort: Sort, filters: Filters, limit: int) -> float:
        """Return the milliseconds from the command to the first matches.

        A search that was asked before is answered from memory: each has a ``limit`` of its own.
        """
        deal = await self.searching.deal()
        self.first = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await self.searching.begin(deal, limit=limit, sort=sort, filters=filters)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self.first - began) * MS

    def _noting(self, publish: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def noted(*args: Any, **given: Any) -> Any:
            outcome = await publish(*args, **given)
            if self.first is not None and not self.first.done():
                self.first.set_result(time.perf_counter())
            return outcome

        return noted


async def measure(services: Services, folder: Path, repeats: int = REPEATS) -> tuple[list[Figure], list[str]]:
    """Measure all combinations: the large stock's first matches against the small one's."""
    clocks: list[Clock] = []
    async with AsyncExitStack() as held:
        for cars in (SMALL, LARGE):
            stage = await stock(services, folder, cars)
            clock = Clock(await held.enter_async_context(open_searching(stage.settings)))
            clock.listen()
            clocks.append(clock)
        return [
            await _figure(clocks, name, sort, min(repeats, REPEATS)) for name in FILTERS for sort in Sort
        ], []


async def _figure(clocks: list[Clock], name: str, sort: Sort, repeats: int) -> Figure:
    took: list[list[float]] = [[], []]
    # Nobody values these matches: without this their jobs would fill the queue.
    await clocks[0].searching.redis.flushdb()
    for turn in range(repeats + 1):
        for clock, times in zip(clocks, took, strict=True):
            one = await clock.first_matches(sort, FILTERS[name], LIMIT + turn)
            if turn:  # the first one warms up caches on both sides
                times.append(one)
    small, large = median(took[0]), median(took[1])
    title = f"first matches at {LARGE:,} cars: {name}, {sort.value}"
    return Figure(title, "ms", large, small, f"the same at {SMALL:,}", goal=goals.MILLION_CARS)


def table(figures: list[Figure]) -> str:
    """Return the figures as a table: a row for each filter, milliseconds of both stocks for each order."""
    lines = [" ".join(["large/small ms".ljust(20), *(sort.value.rjust(16) for sort in Sort)])]
    by_title = {figure.name.rpartition(": ")[2]: figure for figure in figures}
    for name in FILTERS:
        cells = (by_title[f"{name}, {sort.value}"] for sort in Sort)
        row = (f"{one.ours:.1f}/{one.floor:.1f}{'' if one.met else ' !'}".rjust(16) for one in cells)
        lines.append(" ".join([name.ljust(20), *row]))
    met = sum(bool(figure.met) for figure in figures)
    return "\n".join([*lines, f"{met} of {len(figures)} within {goals.MILLION_CARS} times"])


if __name__ == "__main__":
    with open_services() as (opened, own_folder):
        measured, _ = asyncio.run(measure(opened, own_folder))
    sys.stdout.write(table(measured) + "\n")
    if len(sys.argv) > 1:
        lines = [[one.name, one.ours, one.floor] for one in measured]
        Path(sys.argv[1]).write_text(json.dumps(lines))
