"""Searches of one store with 4,000 cars, from the command to all values: run by ``tests.bench.whole``.

It says ``ready``, and answers each line of its input with the milliseconds of some searches. It is copied
into older trees, so it uses only what both have.
"""

import asyncio
import itertools
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from client import Deal
from protocol.events import SearchValued
from tests.bench.stage import make_easy, open_services, stock
from tests.flow.shop import connect
from tests.services import Services, start_web, start_worker

CARS = 4_000
WORKERS = 2
SEARCHES = 3
WARM_UP = 4
MS = 1_000
GUARD_SECONDS = 60.0
PAUSE_SECONDS = 0.3
"""Between searches: a connection has 50 commands in 10 seconds."""


async def serve(services: Services, folder: Path, matches: int) -> None:
    """Start everything, then search as told."""
    stage = await stock(services, folder, CARS, stores=1)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await stack.enter_async_context(start_worker(stage.settings, folder))
        workspace = await stack.enter_async_context(connect(web.url, stage.token))
        deal = await workspace.join(stage.channel)
        # A repeated search is answered from memory, so each is another one, a match smaller.
        limits = itertools.count(matches, -1)
        for _ in range(WARM_UP):
            await search(deal, next(limits))
        say("ready")
        while await asyncio.to_thread(sys.stdin.readline):
            say(" ".join([f"{await search(deal, next(limits)):.3f}" for _ in range(SEARCHES)]))


async def search(deal: Deal, matches: int) -> float:
    """Search and wait for all values; return the milliseconds that it took."""
    began = time.perf_counter()
    async with asyncio.timeout(GUARD_SECONDS):
        asked = asyncio.create_task(deal.search(limit=matches))
        async for event in deal:
            if isinstance(event, SearchValued):
                if event.offers != matches:
                    raise ValueError(f"expected {matches} matches, got {event.offers}")
                break
        took = time.perf_counter() - began
        await asked
    await asyncio.sleep(PAUSE_SECONDS)
    return took * MS


def say(line: str) -> None:
    """Write one line to whoever runs this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Told to end, it leaves as by Ctrl-C, and the services end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_services() as (found, place):
        asyncio.run(serve(found, place, int(sys.argv[1])))
