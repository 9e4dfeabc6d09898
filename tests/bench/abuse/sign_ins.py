"""Measure what wrong sign-ins from one address cost a right one: ``python -m tests.bench.abuse.sign_ins``.

A real web process. A person signs in a few times in peace, then while sixty wrong passwords come at once from
another address of this machine. Every run ends by itself.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table

from server.database.core.migrate import migrate
from server.database.sample.seed import SeedPlan, seed
from server.settings import Settings
from tests.bench.stage import MS, open_services
from tests.services import Services, free_port, settings_for, start_web
from tests.web.site import csrf_of

ADDRESS, HOSTILE_ADDRESS = "127.0.0.2", "127.0.0.1"
RIGHT: Final = 5
WRONG: Final = 60
ANSWER_SECONDS: Final = 60.0


def browser(settings: Settings, address: str) -> httpx.AsyncClient:
    """Return a browser that comes from an address of this machine."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{settings.port}",
        transport=httpx.AsyncHTTPTransport(local_address=address),
        headers={"origin": f"http://127.0.0.1:{settings.port}"},
        timeout=ANSWER_SECONDS,
    )


async def sign_in(visitor: httpx.AsyncClient, login: str, password: str) -> int:
    """Send the form as the page would; return the status of the answer."""
    token = csrf_of(await visitor.get("/login"))
    form = {"csrf_token": token, "login": login, "password": password, "next": "/"}
    return (await visitor.post("/login", data=form)).status_code


async def right_ones(settings: Settings) -> list[float]:
    """Sign in rightly, one after the other; return the milliseconds of each."""
    took = []
    for _ in range(RIGHT):
        async with browser(settings, ADDRESS) as visitor:
            began = time.perf_counter()
            status = await sign_in(visitor, "riverside-sales", "demo")
            took.append((time.perf_counter() - began) * MS)
            assert status == httpx.codes.SEE_OTHER
    return took


async def measure(services: Services, folder: Path) -> tuple[list[float], list[float], int]:
    """Return the times in peace, those under attack, and how many wrong ones were answered meanwhile."""
    database = services.create()
    await asyncio.to_thread(migrate, database.owner_url)
    await seed(database.owner_url, SeedPlan(vehicles=10, customers=2, deals=2, stores=2))
    settings = settings_for(database, services.redis_url, free_port())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(start_web(settings, folder))
        before = await right_ones(settings)
        answered = 0

        async def wrong(number: int) -> None:
            nonlocal answered
            async with browser(settings, HOSTILE_ADDRESS) as visitor:
                await sign_in(visitor, f"nobody-{number}", "wrong")
            answered += 1

        attack = [asyncio.create_task(wrong(number)) for number in range(WRONG)]
        await asyncio.sleep(0.1)
        under = await right_ones(settings)
        await asyncio.gather(*attack)
        return before, under, answered


def main() -> None:
    """Measure and print."""
    with open_services() as (services, folder):
        before, under, answered = asyncio.run(measure(services, folder))
    table = Table(
        "", "in peace", "under attack", "ratio", title=f"A right sign-in beside {answered} wrong ones, ms"
    )
    for name, figure in (("median", median), ("worst", max)):
        first, second = figure(before), figure(under)
        table.add_row(name, f"{first:,.0f}", f"{second:,.0f}", f"{second / first:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
