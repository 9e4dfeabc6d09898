"""What the measurements run on: services of their own, a stocked database, processes as in production."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.database.core.migrate import migrate
from server.database.core.pool import connect_as_owner
from server.database.sample.seed import SeedPlan, seed
from server.embedded import EmbeddedServices
from server.settings import Settings
from tests.flow.shop import EASY, a_deal_of, connect, token_of
from tests.services import ROOT, Services, free_port, open_folder, settings_for

MS = 1_000
POLL_SECONDS = 0.005
START_SECONDS = 60.0
WELL_PAID_CENTS = 5_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """A stocked database with a deal that nearly every car suits, and who may see it."""

    settings: Settings
    channel: str
    token: str
    folder: Path


@contextmanager
def open_services() -> Iterator[tuple[Services, Path]]:
    """Start PostgreSQL and Redis in a folder of their own; both are gone afterwards.

    From now on SIGTERM is like Ctrl-C: whoever is told to end takes the services along.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_folder("bench-") as folder, EmbeddedServices(folder / "data", fleeting=True) as embedded:
        yield Services(embedded), folder


async def stock(services: Services, folder: Path, vehicles: int, *, deals: int = 4, stores: int = 2) -> Stage:
    """Make a database with so many cars and deals in its stores, for customers with a good income."""
    database = services.create()
    await asyncio.to_thread(migrate, database.owner_url)
    plan = SeedPlan(vehicles=vehicles, customers=max(20, deals), deals=deals, stores=stores)
    await seed(database.owner_url, plan)
    settings = settings_for(database, services.redis_url, free_port())
    async with connect_as_owner(settings.database_owner_url) as connection:
        await connection.execute("UPDATE customers SET monthly_income_cents = $1", WELL_PAID_CENTS)
        await connection.execute("VACUUM ANALYZE")
    channel, token = await a_deal_of(settings), await token_of(settings, "riverside-manager")
    return Stage(settings, channel, token, folder)


async def make_easy(url: str, stage: Stage) -> None:
    """Change the deal's terms so that most cars match."""
    async with connect(url, stage.token) as workspace:
        await (await workspace.join(stage.channel)).terms(EASY)


@asynccontextmanager
async def running(
    arguments: Sequence[str], environment: dict[str, str], stdin: int = asyncio.subprocess.DEVNULL
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python process for the length of the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env=environment,
        stdin=stdin,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def until_answered(port: int, path: str) -> None:
    """Return once a GET of ``path`` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                with contextlib.closing(writer):
                    writer.write(request)
                    if b" 200 " in await reader.readline():
                        return
            await asyncio.sleep(POLL_SECONDS)


def stopwatch() -> Callable[[], float]:
    """Return a function that tells the milliseconds since now."""
    began = time.perf_counter()
    return lambda: (time.perf_counter() - began) * MS
