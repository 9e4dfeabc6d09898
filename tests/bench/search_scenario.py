"""Searches of 500 matches, and what they cost all processes: run by ``tests.bench.previous`` in two trees.

It says ``ready``, and answers each line of its input with the processor milliseconds of one search: those of
every process that it started, also of PostgreSQL and Redis. It is copied into older trees, so it uses only
what both have.
"""

import asyncio
import itertools
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from client import Deal
from protocol.events import SearchValued
from tests.bench.stage import make_easy, open_services, stock
from tests.flow.shop import connect
from tests.services import Services, start_web, start_worker

CARS = 4_000
MATCHES = 500
WORKERS = 2
SEARCHES = 10
"""Of one turn, so that the clock of the processes can tell."""

WARM_UP = 3
MS = 1_000
NANOSECONDS = 1_000_000_000
GUARD_SECONDS = 60.0
PAUSE_SECONDS = 0.25
"""Between searches: a connection has 50 commands in 10 seconds."""


async def serve(services: Services, folder: Path) -> None:
    """Start everything, then search as told."""
    stage = await stock(services, folder, CARS)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(stage.settings, folder))
        await make_easy(web.url, stage)
        for _ in range(WORKERS):
            await stack.enter_async_context(start_worker(stage.settings, folder))
        workspace = await stack.enter_async_context(connect(web.url, stage.token))
        deal = await workspace.join(stage.channel)
        # A repeated search is answered from memory, so each is another one; on the average, of MATCHES.
        limits = (MATCHES + (number // 2 if number % 2 else -number // 2) for number in itertools.count(1))
        for _ in range(WARM_UP):
            await search(deal, next(limits))
        say("ready")
        while await asyncio.to_thread(sys.stdin.readline):
            before = started_by(os.getpid(), folder)
            for _ in range(SEARCHES):
                await search(deal, next(limits))
            after = started_by(os.getpid(), folder)
            # A backend that ended meanwhile has taken its time with it: what is left of it is not known.
            spent = sum(after[pid] - before.get(pid, 0) for pid in after)
            say(f"{spent / NANOSECONDS * MS / SEARCHES:.3f}")


async def search(deal: Deal, limit: int) -> None:
    """Search, wait for all values, and for a while."""
    async with asyncio.timeout(GUARD_SECONDS):
        asked = asyncio.create_task(deal.search(limit=limit))
        async for event in deal:
            if isinstance(event, SearchValued):
                break
        await asked
    await asyncio.sleep(PAUSE_SECONDS)


def started_by(root: int, services: Path) -> dict[int, int]:
    """Return the nanoseconds of each process that ``root`` started, directly or not; its own are left out.

    The embedded services leave their parent. Their command lines name their folder below ``services``.
    """
    parents: dict[int, int] = {}
    found = {root}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "stat").read_text().rpartition(")")[2].split()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(process.name)] = int(words[1])
        if bytes(services) in command:
            found.add(int(process.name))
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: nanoseconds(pid) for pid in found - {root}}


def nanoseconds(pid: int) -> int:
    """Return the processor time of a process, all its threads together; 0 where it has ended."""
    try:
        files = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return sum(int(file.read_text().split()[0]) for file in files)
    except OSError:
        return 0


def say(line: str) -> None:
    """Write one line to whoever runs this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Told to end, it leaves as by Ctrl-C, and the services end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_services() as (found, place):
        asyncio.run(serve(found, place))
