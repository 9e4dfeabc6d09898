"""What happens to connections on purpose: lost networks, an avalanche, clients that do not read."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from typing import Final

from client.load.clients.office import Office
from client.load.clients.people import SlowReader
from client.load.clients.seat import Seat
from client.load.planning.plan import Mode

DOZE_SHARE: Final = 0.8
"""The part of the steady phase in which slow readers do not read."""


def disturbances(
    office: Office, watchers: Sequence[Seat], everybody: Sequence[Seat]
) -> list[Awaitable[None]]:
    """Return what a mode does to connections, each to be run as a task."""
    plan = office.plan
    match plan.mode:
        case Mode.JITTER:
            return [jitter(office, seat, number) for number, seat in enumerate(watchers)]
        case Mode.AVALANCHE if plan.drops:
            return [avalanche(office, everybody)]
        case Mode.SLOW_READER:
            begin, end = plan.ramp, plan.ramp + DOZE_SHARE * plan.steady
            return [seat.doze(begin, end) for seat in watchers if isinstance(seat, SlowReader)]
    return []


async def jitter(office: Office, seat: Seat, number: int) -> None:
    """Break a connection again and again in the steady phase; each has its own beat."""
    plan = office.plan
    chance = random.Random(f"{plan.seed}:jitter:{number}")  # noqa: S311 - repeatable  # nosec B311
    at = plan.ramp + chance.uniform(0, plan.jitter_every)
    while at < plan.ramp + plan.steady:
        await office.until(at)
        seat.drop(plan.jitter_away)
        at += plan.jitter_every


async def avalanche(office: Office, everybody: Sequence[Seat]) -> None:
    """Break every connection in the middle of the steady phase: all come back at once."""
    await office.until(office.plan.ramp + office.plan.steady / 2)
    for seat in everybody:
        seat.drop(0.0)


async def run_all(parts: Sequence[Awaitable[None]]) -> None:
    """Run the parts side by side."""
    await asyncio.gather(*parts)
