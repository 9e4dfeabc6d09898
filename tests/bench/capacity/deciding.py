"""What decisions, quotes and searches cost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from client import Deal
from client.rows import Row
from protocol.events import SearchValued
from protocol.records import View
from server.database.core.pool import connect_as_owner
from tests.bench.capacity.bench import EVENT_BYTES, EVENTS, Bench, connected, size_kib, used_kib
from tests.bench.capacity.meters import Spent
from tests.bench.clients.hearing import search

CREW: Final = 5
"""Connections that decide in turns: one has 50 commands in ten seconds."""

WINDOW_SECONDS: Final = 11.0
FEW, MANY = 500, 2_000
PAUSE_SECONDS: Final = 0.05
WARM_UP: Final = 3


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decisions, quotes and searches cost."""

    note: Spent
    note_kib: float
    select: Spent
    select_kib: float
    quote: Spent
    search: Spent
    match: Spent
    match_redis_kib: float


async def measure_deciding(bench: Bench, repeats: int) -> Deciding:
    """Measure decisions, quotes, and searches of two sizes."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect_as_owner(bench.stage.settings.database_owner_url))

        async def another() -> Deal:
            workspace = await stack.enter_async_context(connected(bench))
            return await workspace.join(bench.stage.channel, View.MANAGER)

        # Alone: what a search costs has one watcher in it.
        deal = await another()
        # Plans, caches and code are warm in a system that runs.
        await _searches(deal, MANY, WARM_UP)
        few = await bench.spent(partial(_searches, deal, FEW, repeats), repeats)
        used = await used_kib(bench.ours.redis)
        many = await bench.spent(partial(_searches, deal, MANY, repeats), repeats)
        more = await used_kib(bench.ours.redis) - used
        match = (many - few).times(1 / (MANY - FEW))
        cars = [row.vehicle_id for row in deal.rows.values() if _is_offered(row)][:EVENTS]
        assert len(cars) == EVENTS, "too few cars have an offer"
        crew = [deal, *[await another() for _ in range(CREW - 1)]]
        size = await size_kib(database)
        await _in_turns(crew, _select, cars[:CREW])
        await _in_turns(crew, _quote, cars[:CREW])
        await asyncio.sleep(WINDOW_SECONDS)
        note = await bench.spent(partial(_in_turns, crew, _note, cars), EVENTS)
        noted = await size_kib(database)
        await asyncio.sleep(WINDOW_SECONDS)
        select = await bench.spent(partial(_in_turns, crew, _select, cars), EVENTS)
        selected = await size_kib(database)
        await asyncio.sleep(WINDOW_SECONDS)
        quote = await bench.spent(partial(_in_turns, crew, _quote, cars), EVENTS)
    return Deciding(
        note=note,
        note_kib=(noted - size) / EVENTS,
        select=select,
        select_kib=(selected - noted) / EVENTS,
        quote=quote,
        search=few - match.times(FEW),
        match=match,
        match_redis_kib=more / (MANY - FEW),
    )


async def _searches(deal: Deal, matches: int, repeats: int) -> None:
    for _ in range(repeats):
        await search(deal, matches, SearchValued)
        await asyncio.sleep(PAUSE_SECONDS)


async def _in_turns(crew: list[Deal], act: Callable[[Deal, str], Awaitable[None]], cars: list[str]) -> None:
    for number, car in enumerate(cars):
        await act(crew[number % len(crew)], car)


async def _note(deal: Deal, car: str) -> None:
    await deal.desk.note(f"Asked for {car}. " + "x" * EVENT_BYTES)


async def _select(deal: Deal, car: str) -> None:
    await deal.desk.select(car)


async def _quote(deal: Deal, car: str) -> None:
    await deal.quote(car, terms_months=(48, 60, 72, 84), cash_down_cents=(0, 100_000, 200_000))


def _is_offered(row: Row) -> bool:
    return row.offer is not None and row.offer["payment_cents"] is not None
