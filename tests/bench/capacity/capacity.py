"""Measure what one of each thing costs: a socket, an open deal, a delivery, a decision, a quote, a search.

Processor time of every process of a deployment, by part, over many of each and less what the deployment uses
at rest. ``tests.bench.capacity.simulation`` reckons with it.
"""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.capacity.bench import REST_SECONDS, SETTLE_SECONDS, Bench
from tests.bench.capacity.costs import OPERATIONS, Costs, write
from tests.bench.capacity.deciding import CREW, measure_deciding
from tests.bench.capacity.meters import Meter, Spent
from tests.bench.capacity.queueing import measure_job
from tests.bench.capacity.watching import CHANNELS, measure_channels, measure_watching
from tests.bench.fanout import open_ours
from tests.bench.results.figures import Figure, Report
from tests.bench.results.machine import describe
from tests.bench.stage import make_easy, stock
from tests.services import Services, free_port, start_web, start_worker

CARS: Final = 4_000
WORKERS: Final = 2


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure every cost; write them as JSON beside the bench's results."""
    stage = await stock(services, folder, CARS, deals=CHANNELS, stores=1)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(open_ours(stage, folder))
        await make_easy(f"http://127.0.0.1:{stage.settings.port}", stage)
        workers = [
            await stack.enter_async_context(start_worker(stage.settings, folder)) for _ in range(WORKERS)
        ]
        elsewhere = replace(stage.settings, port=free_port())
        other = await stack.enter_async_context(start_web(elsewhere, folder))
        meter = Meter((ours.pid, other.pid), tuple(worker.pid for worker in workers), folder)
        await asyncio.sleep(SETTLE_SECONDS)
        before = meter.read()
        await asyncio.sleep(REST_SECONDS)
        rest = (meter.read() - before).times(1 / REST_SECONDS)
        bench = Bench(stage, ours, elsewhere.port, meter, rest)
        costs = _without_noise(await _all(bench, repeats))
    write(costs, Path(".data/bench/capacity.json"))
    figures = [
        Figure(
            f"{name.replace('_', ' ')}, all processes", "ms CPU", sum(getattr(costs, name).parts), None, ""
        )
        for name in OPERATIONS
    ]
    return figures, [f"At rest, milliseconds of processor time a second: {_parts(rest)}", *_said(costs)]


async def _all(bench: Bench, repeats: int) -> Costs:
    watching = await measure_watching(bench)
    channels = await measure_channels(bench)
    deciding = await measure_deciding(bench, repeats)
    # A decision has its event in it, but not those who watch.
    watched = watching.delivery.times(CREW)
    return Costs(
        machine=describe(),
        socket_second=watching.socket_second,
        channel_second=channels.second,
        stirred_second=channels.stirred,
        join=watching.join,
        event=watching.event,
        process=watching.process,
        delivery=watching.delivery,
        note=deciding.note - watched,
        select=deciding.select - watched,
        quote=deciding.quote,
        search=deciding.search,
        match=deciding.match,
        job=await measure_job(bench),
        socket_kib=watching.socket_kib,
        channel_kib=channels.kib,
        channel_redis_kib=channels.redis_kib,
        match_redis_kib=deciding.match_redis_kib,
        note_postgres_kib=deciding.note_kib,
        select_postgres_kib=deciding.select_kib,
    )


def _without_noise(costs: Costs) -> Costs:
    return msgspec.structs.replace(
        costs, **{name: getattr(costs, name).without_noise() for name in OPERATIONS}
    )


def _parts(spent: Spent) -> str:
    names = Spent.__struct_fields__
    return ", ".join(f"{name} {part:.3g}" for name, part in zip(names, spent.parts, strict=True))


def _said(costs: Costs) -> list[str]:
    lines = [f"{name.replace('_', ' ')}, ms: {_parts(getattr(costs, name))}" for name in OPERATIONS]
    kept = {name: round(getattr(costs, name), 2) for name in Costs.__struct_fields__ if name.endswith("_kib")}
    return [*lines, json.dumps(kept)]
