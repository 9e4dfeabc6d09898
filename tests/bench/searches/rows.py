"""Measure how fast a search of 20,000 matches reaches one client."""

from contextlib import AsyncExitStack
from pathlib import Path

from client import Deal
from protocol.events import SearchEnded
from tests.bench import goals
from tests.bench.bare.floors import Floors, open_floors
from tests.bench.clients.hearing import Heard, connected, search, stages
from tests.bench.results.figures import Figure, Report, median
from tests.bench.stage import MS, make_easy, stock
from tests.services import Services, start_web

CARS = 60_000
MATCHES = 20_000


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure without workers, which would take the processor from both sides."""
    stage = await stock(services, folder, CARS)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        floors = await running.enter_async_context(open_floors(stage))
        workspace = await running.enter_async_context(connected(web.url, stage))
        return await _in_turns(await workspace.join(stage.channel), floors, repeats)


async def _in_turns(deal: Deal, floors: Floors, repeats: int) -> Report:
    ours: list[float] = []
    floor: list[float] = []
    heard: list[Heard] = []
    for turn in range(repeats + 1):
        one = await search(deal, MATCHES, SearchEnded)
        bare = await floors.rows_per_second(one.rows)
        if turn:
            heard.append(one)
            ours.append(one.rows / one.ended * MS)
            floor.append(bare)
    figure = Figure(
        f"rows to one client, {heard[0].rows:,} matches",
        "rows/s",
        median(ours),
        median(floor),
        "bare cursor, 250 rows a fetch",
        goal=goals.ROWS_TO_ONE_CLIENT,
        rate=True,
        samples=tuple(ours),
        floor_samples=tuple(floor),
    )
    return [figure], [f"Stages of the large search, p50 ms: {stages(heard)}"]
