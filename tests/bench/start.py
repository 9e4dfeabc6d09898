"""Measure a web process from its start to its readiness."""

import asyncio
from compileall import compile_dir
from pathlib import Path

from server.run.privileges import PACKAGES, without_owner
from server.settings import process_environment
from tests.bench import goals
from tests.bench.results.figures import Figure, Report, median
from tests.bench.stage import running, stock, stopwatch, until_answered
from tests.services import Services, free_port

CARS = 4_000
PROCESS = ("-m", "server.run.processes", "web")
"""As the Procfile has it."""


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Start ours and a bare one in turns; the first of each warms up the file cache.

    Both have their bytecode, as the set-up leaves it: an environment may keep processes from writing it.
    """
    for sources in (*PACKAGES, Path(__file__).parent):
        await asyncio.to_thread(compile_dir, sources, quiet=2)
    stage = await stock(services, folder, CARS)
    ours: list[float] = []
    floor: list[float] = []
    settings = stage.settings
    for _ in range(repeats + 1):
        port = free_port()
        environment = without_owner(process_environment() | settings.environment())
        environment["DEAL_PORT"] = str(port)
        environment["DEAL_ALLOWED_ORIGINS"] = f"http://127.0.0.1:{port}"
        ours.append(await _started(PROCESS, environment, port, "/readyz"))
        port = free_port()
        hello = ("-m", "tests.bench.bare.hello", str(port), settings.database_url, settings.redis_url)
        floor.append(await _started(hello, process_environment(), port, "/"))
    figure = Figure(
        "web process: start → ready",
        "ms",
        median(ours[1:]),
        median(floor[1:]),
        "uvicorn + asyncpg + redis hello",
        goal=goals.START,
        samples=tuple(ours[1:]),
        floor_samples=tuple(floor[1:]),
    )
    return [figure], []


async def _started(arguments: tuple[str, ...], environment: dict[str, str], port: int, path: str) -> float:
    elapsed = stopwatch()
    async with running(arguments, environment):
        await until_answered(port, path)
        return elapsed()
