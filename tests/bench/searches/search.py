"""Measure first matches, all values, and the delivery of values: 4,000 cars, one web process, two workers."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from client import Deal
from protocol import codec
from protocol.events import SearchValued
from tests.bench import goals
from tests.bench.bare.floors import Floors, open_floors
from tests.bench.clients.hearing import Heard, connected, search, stages
from tests.bench.results.figures import Figure, Report, median, percentile
from tests.bench.stage import make_easy, stock
from tests.services import Services, start_web, start_worker

CARS = 4_000
WORKERS = 2
PAUSE_SECONDS = 0.5


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure ours and the floors in turns."""
    stage = await stock(services, folder, CARS)
    async with AsyncExitStack() as running:
        web = await running.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await running.enter_async_context(start_worker(stage.settings, folder))
        floors = await running.enter_async_context(open_floors(stage))
        workspace = await running.enter_async_context(connected(web.url, stage))
        return await _in_turns(await workspace.join(stage.channel), floors, repeats)


async def _in_turns(deal: Deal, floors: Floors, repeats: int) -> Report:
    """Measure first matches, all values and the delivery of values, on the smaller stock."""
    heard: list[Heard] = []
    first_floor: list[float] = []
    fetches: list[float] = []
    values_floor: list[float] = []
    trips: list[float] = []
    repeated: list[Heard] = []
    for turn in range(repeats + 2):
        ours = await search(deal, 500, SearchValued)
        # A person has 50 commands in 10 seconds.
        await asyncio.sleep(PAUSE_SECONDS)
        again = await search(deal, 500, SearchValued, again=True)
        # As before ours: what has idled finds its caches cold, and takes several times as long.
        await asyncio.sleep(PAUSE_SECONDS)
        parts = [await floors.first_rows(), await floors.pubsub_trip(), await floors.socket_trip()]
        values = await floors.all_values(ours.chunks)
        same_messages = [await floors.pubsub_trip(codec.encode(event)) for event in ours.offers]
        if turn >= 2:  # the first ones warm up caches and plans on both sides
            heard.append(ours)
            repeated.append(again)
            first_floor.append(sum(parts))
            fetches.append(parts[0])
            values_floor.append(values)
            trips += same_messages
    deliveries = [delivery for one in heard for delivery in one.deliveries]
    figures = [
        Figure(
            "first matches at a client, p50",
            "ms",
            median([one.first for one in heard]),
            median(first_floor),
            "cursor's first fetch + pub/sub trip + socket trip",
            goal=goals.FIRST_MATCHES,
            samples=tuple(one.first for one in heard),
            floor_samples=tuple(first_floor),
        ),
        Figure(
            f"all values of {heard[0].rows} matches, p50",
            "ms",
            median([one.valued for one in heard]),
            median(values_floor),
            "read, screen, value on one core + queue and pub/sub trip a chunk",
            samples=tuple(one.valued for one in heard),
            floor_samples=tuple(values_floor),
        ),
    ]
    figures += [
        Figure(
            f"a repeated search, {name}, p50",
            "ms",
            median(ours),
            median(theirs),
            "the same search, read from the stock",
            samples=tuple(ours),
            floor_samples=tuple(theirs),
        )
        for name, ours, theirs in (
            ("first matches", [one.first for one in repeated], [one.first for one in heard]),
            ("all values", [one.valued for one in repeated], [one.valued for one in heard]),
        )
    ]
    figures += [
        Figure(
            f"worker done → client, p{share * 100:g}",
            "ms",
            percentile(deliveries, share),
            percentile(trips, share),
            "Redis publish → message, the same bytes",
            goal=goal,
            samples=tuple(deliveries),
            floor_samples=tuple(trips),
        )
        for share, goal in ((0.5, goals.WORKER_TO_CLIENT_P50), (0.99, goals.WORKER_TO_CLIENT_P99))
    ]
    notes = [
        f"Asked → search_started at the client, p50 ms: {median([one.started for one in heard]):.2f}",
        f"Floor of the first matches, p50 ms: first fetch {median(fetches):.2f}, the rest is trips",
        f"Stages of a search, p50 ms: {stages(heard)}",
        f"Rows a chunk: {heard[-1].chunks}",
    ]
    return figures, notes
