"""What an attack costs the others: ``python -m tests.bench.abuse.attacks [--only WORD] [--seconds N]``.

A real web process; ten well-behaved sockets of one person ask ``ping`` as often as they may, first in peace,
then while one and six hostile clients flood the same process (``tests/bench/clients/hostile.py``). They all
share the machine's processors with the server. Every run ends by itself.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect

from server.database.core.migrate import migrate
from server.database.sample.seed import SeedPlan, seed
from server.settings import Settings, process_environment
from tests.bench.clients.hostile import KINDS
from tests.bench.results.figures import percentile
from tests.bench.stage import MS, open_services
from tests.flow.shop import token_of
from tests.services import ROOT, Services, free_port, settings_for, start_web

SOCKETS: Final = 10
PAUSE_SECONDS: Final = 0.22
"""Between two pings of a socket: just below what a person may send."""

WARM_UP_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 30.0
CLIENTS: Final = (1, 6)


@dataclass(frozen=True, slots=True)
class Row:
    """One attack: the milliseconds of each ping before it and meanwhile."""

    kind: str
    clients: int
    before: list[float]
    under: list[float]
    opened: int
    cpu_before: float
    cpu_under: float
    """Seconds of a processor that the web process took: other programs on the machine change it little."""


async def ping_once(socket: ClientConnection, ref: int) -> float:
    """Return the milliseconds until a ping is answered."""
    began = time.perf_counter()
    await socket.send(json.dumps({"type": "ping", "ref": ref}))
    async with asyncio.timeout(ANSWER_SECONDS):
        while json.loads(await socket.recv()).get("ref") != ref:
            pass
    return (time.perf_counter() - began) * MS


async def ping(sockets: list[ClientConnection], seconds: float) -> list[float]:
    """Ping on each socket for a while, evenly spread, and return the milliseconds of each."""
    until = time.monotonic() + seconds
    took: list[float] = []

    async def keep_asking(place: int, socket: ClientConnection) -> None:
        await asyncio.sleep(PAUSE_SECONDS * place / len(sockets))
        ref = time.monotonic_ns() // 1_000_000
        while time.monotonic() < until:
            ref += 1
            spent = await ping_once(socket, ref)
            took.append(spent)
            await asyncio.sleep(max(0.0, PAUSE_SECONDS - spent / MS))

    async with asyncio.TaskGroup() as asking:
        for place, socket in enumerate(sockets):
            asking.create_task(keep_asking(place, socket))
    return took


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken, from what Linux says of it; elsewhere 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def hostile(
    kind: str, clients: int, seconds: float, settings: Settings
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Start hostile clients that wait. What is yielded lets them loose, and returns their sockets."""
    arguments = (kind, str(clients), str(seconds), str(settings.port))
    environment = process_environment() | {"HOSTILE_TOKEN": await token_of(settings, "riverside-sales")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.bench.clients.hostile", *arguments),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"

    async def let_loose() -> int:
        out, _ = await process.communicate(b"\n")
        return int(out)

    try:
        yield let_loose
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def measure(settings: Settings, folder: Path, kind: str, clients: int, seconds: float) -> Row:
    """Measure one attack on a web process of its own."""
    theirs = await token_of(settings, "riverside-manager")
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(start_web(settings, folder))
        address = web.url.replace("http", "ws", 1) + "/ws"
        sockets = [
            await stack.enter_async_context(
                connect(
                    address,
                    additional_headers={"Authorization": f"Bearer {theirs}"},
                    subprotocols=["deal.v1"],  # type: ignore[list-item]
                    compression=None,
                    ping_interval=None,
                )
            )
            for _ in range(SOCKETS)
        ]
        let_loose = await stack.enter_async_context(hostile(kind, clients, seconds, settings))
        await ping(sockets, WARM_UP_SECONDS)
        began = cpu_seconds(web.pid)
        before = await ping(sockets, seconds)
        between = cpu_seconds(web.pid)
        attacking = asyncio.create_task(let_loose())
        under = await ping(sockets, seconds)
        cpu = (between - began, cpu_seconds(web.pid) - between)
        return Row(kind, clients, before, under, await attacking, *cpu)


async def measure_all(services: Services, folder: Path, only: str, seconds: float) -> list[Row]:
    """Measure each attack by one and by six clients."""
    database = services.create()
    await asyncio.to_thread(migrate, database.owner_url)
    await seed(database.owner_url, SeedPlan(vehicles=60, customers=6, deals=6, stores=2))
    settings = settings_for(database, services.redis_url, free_port())
    return [
        await measure(settings, folder, kind, clients, seconds)
        for kind in KINDS
        if only in kind
        for clients in CLIENTS
    ]


def show(rows: list[Row]) -> None:
    """Print the table; the ratio is that of the 99th percentiles."""
    table = Table("attack", "clients", "sockets", title="Another person's ping, ms")
    for name in ("p50 before", "under", "p99 before", "under", "worst", "ratio", "cpu s before", "under"):
        table.add_column(name, justify="right")
    for row in rows:
        p50, p99 = percentile(row.before, 0.5), percentile(row.before, 0.99)
        under = percentile(row.under, 0.99)
        figures = (p50, percentile(row.under, 0.5), p99, under, max(row.under), under / p99)
        shown = (*figures, row.cpu_before, row.cpu_under)
        table.add_row(row.kind, str(row.clients), str(row.opened), *(f"{figure:,.1f}" for figure in shown))
    Console(width=140).print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.abuse.attacks", description=__doc__)
    parser.add_argument("--only", default="", help="attacks with this word in their name")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement (%(default)s)")
    options = parser.parse_args()
    with open_services() as (services, folder):
        rows = asyncio.run(measure_all(services, folder, options.only, options.seconds))
    show(rows)


if __name__ == "__main__":
    main()
